"""What a model sees: a projection of a run's first messages and its journaled steps."""

from collections.abc import Sequence
from typing import Any

from mission_tui.domain.ports import JsonObject, Message, ToolCall, ToolSpec
from mission_tui.store.journal import StepRecord

COMPACTION = "compaction"
"""Purpose of a model call that sums a conversation up; the model is not shown the call, only its result."""


def opening(system: str, briefing: str, tools: Sequence[ToolSpec]) -> JsonObject:
    """The part of a conversation that is fixed when its run begins."""
    messages = (Message(role="system", content=system), Message(role="user", content=briefing))
    return {
        "messages": [m.model_dump(mode="json") for m in messages],
        "tools": [t.model_dump(mode="json") for t in tools],
    }


def messages_of(context: JsonObject, steps: Sequence[StepRecord]) -> tuple[Message, ...]:
    """The whole conversation so far; the same steps always give the same messages, so prompt caches hold."""
    return Conversation(context).messages(steps)


class Conversation:
    """One run's conversation, which grows: what is finished is projected once."""

    def __init__(self, context: JsonObject) -> None:
        self.tools = tuple(ToolSpec.model_validate(t) for t in context["tools"])
        self._opening = tuple(Message.model_validate(m) for m in context["messages"])
        self._known: dict[int, Message | None] = {}
        """By step; None for steps that the model is not shown."""

    def messages(self, steps: Sequence[StepRecord]) -> tuple[Message, ...]:
        """The opening, the latest summary if there is one, and what came after the part that it replaces."""
        for step in steps:
            if step.n not in self._known and step.status != "running":
                self._known[step.n] = _message(step)
        summary = latest_summary(steps)
        if summary is not None:
            first = int((summary.result or {})["keep_from"])
            steps = [summary, *(s for s in steps if s.n >= first and "keep_from" not in (s.result or {}))]
        shown = (self._known.get(step.n) for step in steps)
        return (*self._opening, *(message for message in shown if message is not None))


def latest_summary(steps: Sequence[StepRecord]) -> StepRecord | None:
    """The note that stands for everything before its `keep_from`."""
    notes = (s for s in reversed(steps) if s.kind == "note")
    return next((s for s in notes if "keep_from" in (s.result or {})), None)


def _message(step: StepRecord) -> Message | None:
    result: dict[str, Any] = step.result or {}
    if step.kind == "model":
        if step.request.get("purpose") == COMPACTION:
            return None
        return Message.model_validate(result["message"]) if step.status == "done" else None
    if step.kind == "note":
        return Message(role="user", content=result["text"])
    if step.status == "running":
        return None
    return Message(role="tool", content=result["text"], tool_call_id=step.call_id)


def pending_calls(steps: Sequence[StepRecord]) -> tuple[tuple[ToolCall, StepRecord | None], ...]:
    """Calls of the last reply that have no result yet, each with its step if one was begun."""
    last = next((i for i in range(len(steps) - 1, -1, -1) if is_answer(steps[i])), None)
    if last is None:
        return ()
    begun = {s.call_id: s for s in steps[last + 1 :] if s.kind == "tool"}
    return tuple(
        (call, begun.get(call.id))
        for call in last_reply(steps)
        if call.id not in begun or begun[call.id].status == "running"
    )


def last_reply(steps: Sequence[StepRecord]) -> tuple[ToolCall, ...]:
    """All calls of the last reply."""
    last = next((step for step in reversed(steps) if is_answer(step)), None)
    return () if last is None else Message.model_validate((last.result or {})["message"]).tool_calls


def is_answer(step: StepRecord) -> bool:
    """Whether a step is a reply that the run goes by."""
    return step.kind == "model" and step.status == "done" and step.request.get("purpose") != COMPACTION


def with_unique_ids(message: Message, step: int) -> Message:
    """Some providers leave call ids empty or repeat them; results are matched by id, so each call gets its own."""
    seen: set[str] = set()
    calls: list[ToolCall] = []
    for place, call in enumerate(message.tool_calls):
        unique = call.id if call.id and call.id not in seen else f"call_{step}_{place}"
        seen.add(unique)
        calls.append(call.model_copy(update={"id": unique}))
    return message.model_copy(update={"tool_calls": tuple(calls)})
