"""A conversation that no longer fits is summed up: by the model, or by code when even that call gives nothing.

The opening stays byte for byte, so does what came last; everything between is replaced by one journaled note. The
request for the summary is the conversation itself with a question at its end, so that the provider's prompt cache
still serves it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mission_tui.content.resources import prompts_dir
from mission_tui.domain.ports import JsonObject, Message
from mission_tui.engine.conversation import COMPACTION, Conversation, is_answer, latest_summary
from mission_tui.store.journal import StepRecord
from mission_tui.tools.base import both_ends

SHARE = 0.75
"""Of the context window: a conversation that has grown beyond it is summed up before it overflows."""
KEPT_SHARE = 0.1
"""Of the context window: how much of the newest turns is kept word for word."""
CHARS_PER_TOKEN = 3
"""On the careful side: code and JSON have fewer characters to a token than prose."""
KEPT_CHARS = 24_000
"""What is kept of the newest turns when the window is not known."""
SHORTENED = (2_000, 300)
"""Characters that are left of a result in a first and a second request for a summary that must itself fit."""
OLD_SUMMARY = 6_000
TOLD_STEPS = 80


@dataclass(frozen=True, slots=True)
class Plan:
    """How to compact now."""

    level: int
    """0: nothing has overflowed yet. 1: it has. 2: even a compacted conversation, or the request for a summary, has."""
    keep_from: int
    """The first step that is kept as it is."""

    @property
    def by_code(self) -> bool:
        return self.level > 1


class StillTooLong(Exception):
    """What is left cannot be made shorter."""


def due(steps: Sequence[StepRecord], window: int | None) -> Plan | None:
    """Whether the conversation must be compacted before the next call. Raises StillTooLong when that was tried."""
    overflowed, compacted = 0, 0
    for step in reversed(steps):
        if is_answer(step):
            break
        result = step.result or {}
        overflowed += bool(result.get("overflow")) and step.request.get("purpose") != COMPACTION
        compacted += "keep_from" in result
    if overflowed > compacted:
        if compacted > 1:
            raise StillTooLong("the conversation does not fit into the model's context, even summed up")
        level = 1 + compacted
        return Plan(level, _keep_from(steps, 0 if level > 1 else _kept(window) // 2))
    if compacted or window is None or _tokens(steps) <= SHARE * window:
        return None
    return Plan(0, _keep_from(steps, _kept(window)))


def question(conversation: Conversation, steps: Sequence[StepRecord], level: int, attempt: int) -> tuple[Message, ...]:
    """The conversation with the request for its summary; shortened when it has overflowed."""
    messages = conversation.messages(steps)
    cut = level + attempt
    if cut:
        limit = SHORTENED[min(cut, len(SHORTENED)) - 1]
        messages = tuple(_shorter(message, limit) for message in messages)
    return (*messages, Message(role="user", content=prompt()))


@cache
def prompt() -> str:
    """What the model is asked for."""
    return (prompts_dir() / "requests" / "compaction.md").read_text(encoding="utf-8").strip()


def note(summary: str, by_code: bool) -> str:
    """What stands in the place of the conversation."""
    who = "a list that the engine made from its journal" if by_code else "your own summary"
    return f"The earlier part of this conversation no longer fits. In its place stands {who}:\n\n{summary}"


def summary_by_code(steps: Sequence[StepRecord]) -> str:
    """What was done, from the journal alone: the newest steps, one line each, after the summary before."""
    before = latest_summary(steps)
    lines = [both_ends(str((before.result or {})["text"]), OLD_SUMMARY)] if before is not None else []
    first = before.n if before is not None else 0
    told = [line for step in steps if step.n > first and (line := _line(step))]
    if len(told) > TOLD_STEPS:
        lines.append(f"({len(told) - TOLD_STEPS} earlier steps are left out)")
    return "\n".join([*lines, *told[-TOLD_STEPS:]]) or "nothing was done yet"


def _line(step: StepRecord) -> str:
    result: JsonObject = step.result or {}
    if is_answer(step):
        said = " ".join(str(result["message"].get("content") or "").split())
        return f"- you said: {both_ends(said, 300)}" if said else ""
    if step.kind != "tool":
        return ""
    ended = f"exit {result['exit_code']}" if "exit_code" in result else step.status
    arguments = " ".join(str(step.request.get("arguments") or "").split())
    return f"- {step.name} {both_ends(arguments, 200)}: {ended}"


def _tokens(steps: Sequence[StepRecord]) -> int:
    """What the next request will hold: what the last answer was counted as, and an estimate of what came after."""
    total, counted = 0, False
    for step in reversed(steps):
        result = step.result or {}
        if is_answer(step):
            usage: JsonObject = result.get("usage") or {}
            total += int(usage.get("input_tokens", 0)) + int(usage.get("output_tokens", 0))
            counted = True
            break
        total += len(str(result.get("text", ""))) // CHARS_PER_TOKEN
    return total if counted else 0


def _kept(window: int | None) -> int:
    return KEPT_CHARS if window is None else min(KEPT_CHARS, int(window * KEPT_SHARE * CHARS_PER_TOKEN))


def _keep_from(steps: Sequence[StepRecord], limit: int) -> int:
    """The first of the newest turns that together have at most `limit` characters; beyond the end if none does."""
    first = (steps[-1].n if steps else 0) + 1
    size = 0
    for step in reversed(steps):
        size += len(json.dumps(step.result or {}))
        if size > limit or "keep_from" in (step.result or {}):
            break
        if is_answer(step):
            first = step.n
    return first


def _shorter(message: Message, limit: int) -> Message:
    if message.role == "system":
        return message
    calls = tuple(
        call if len(call.arguments) <= limit else call.model_copy(update={"arguments": _omitted(call.arguments)})
        for call in message.tool_calls
    )
    content = both_ends(message.content, limit)
    return message.model_copy(update={"content": content, "tool_calls": calls, "thinking": "", "provider_data": {}})


def _omitted(arguments: str) -> str:
    return json.dumps({"omitted": f"{len(arguments):,} characters"})
