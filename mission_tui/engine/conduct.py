"""How a run is going, read from its steps: malformed answers, repetition, going in circles, nothing new.

An agent is warned once, in words; if that changes nothing its run is ended, with what it has done said honestly.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pydantic_core
from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import JsonObject, ToolCall
from mission_tui.engine.conversation import COMPACTION
from mission_tui.store.journal import StepRecord
from mission_tui.tools.base import ToolProblem
from mission_tui.tools.registry import TOOLS

Kind = Literal["malformed", "repeated", "circling", "stale", "reading"]


class Thresholds(Frozen):
    """Numbers of turns in a row: when the agent is warned, and when its run is ended."""

    malformed_end: int = Field(default=6, gt=1)
    """Turns of which nothing could be carried out; each had its own correction."""
    repeated: tuple[int, int] = (4, 8)
    """The same calls with the same results."""
    rounds: tuple[int, int] = (4, 8)
    """Times through the same circle of two to `longest_circle` turns, with the same results."""
    longest_circle: int = Field(default=4, ge=2)
    stale: tuple[int, int] = (12, 24)
    """Turns in which every call and its result had been seen in this run before."""
    reading: tuple[int, int] = (50, 100)
    """Turns that only read: nothing written, run, decided or judged."""


THRESHOLDS = Thresholds()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is going wrong; `ends` when the agent had its warning."""

    kind: Kind
    ends: bool
    text: str
    """For the agent, or, if it ends the run, the reason that the orchestrator is given."""


@dataclass(slots=True)
class Turn:
    """One reply and what came of it."""

    calls: list[str] = field(default_factory=list[str])
    """Fingerprints of calls with their results."""
    warned: set[str] = field(default_factory=set[str])
    carried_out: bool = False
    acted: bool = False
    new: bool = False

    @property
    def print(self) -> tuple[str, ...]:
        return tuple(self.calls)


class Conduct:
    """Fed with a run's steps as they come; the same steps give the same alarms, also after a restart."""

    def __init__(self, thresholds: Thresholds = THRESHOLDS) -> None:
        self._limits = thresholds
        self._turns: list[Turn] = []
        self._seen: set[str] = set()
        self._upto = 0

    def alarm(self, steps: Sequence[StepRecord]) -> Alarm | None:
        """What is to be said now, if anything; no step may be running."""
        fresh = [step for step in steps[max(0, self._upto - 1) :] if step.n > self._upto]
        for step in fresh:
            self._take(step)
        self._upto = steps[-1].n if steps else 0
        found = (self._malformed(), self._repeated(), self._circling(), self._stale(), self._reading())
        told = self._turns[-1].warned if self._turns else set[str]()
        alarms = [a for a in found if a is not None and (a.ends or a.kind not in told)]
        return next((a for a in alarms if a.ends), alarms[0] if alarms else None)

    def _take(self, step: StepRecord) -> None:
        result = step.result or {}
        if step.kind == "model":
            answered = step.status == "done" and step.request.get("purpose") != COMPACTION
            if answered or result.get("malformed"):
                self._turns.append(Turn())
        elif self._turns and step.kind == "note":
            self._turns[-1].warned.add(str(result.get("alarm", "")))
        elif self._turns and step.kind == "tool":
            self._take_call(self._turns[-1], step)

    def _take_call(self, turn: Turn, step: StepRecord) -> None:
        mark = _fingerprint(step)
        turn.calls.append(mark)
        turn.new |= mark not in self._seen
        self._seen.add(mark)
        if step.status != "failed":
            turn.carried_out = True
            turn.acted |= step.name not in TOOLS or TOOLS[step.name].kind != "read"

    # Detectors

    def _malformed(self) -> Alarm | None:
        count = _trailing(self._turns, lambda turn: not turn.carried_out)
        if count < self._limits.malformed_end:
            return None
        return Alarm("malformed", True, f"{count} turns in a row had no call that could be carried out")

    def _repeated(self) -> Alarm | None:
        last = self._turns[-1].print if self._turns else ()
        count = _trailing(self._turns, lambda turn: bool(last) and turn.print == last)
        return self._graded(
            "repeated", count, self._limits.repeated, f"the same call gave the same result {count} times"
        )

    def _circling(self) -> Alarm | None:
        for period in range(2, self._limits.longest_circle + 1):
            rounds = self._rounds(period)
            said = f"the same {period} turns came round {rounds} times with the same results"
            alarm = self._graded("circling", rounds, self._limits.rounds, said)
            if alarm is not None:
                return alarm
        return None

    def _rounds(self, period: int) -> int:
        """How often the last `period` turns, which are not all alike, have come round."""
        prints = [turn.print for turn in self._turns[-period * (self._limits.rounds[1] + 1) :]]
        circle = prints[-period:]
        if len(set(circle)) < 2 or not all(circle):
            return 0
        rounds = 0
        while prints[len(prints) - (rounds + 1) * period : len(prints) - rounds * period] == circle:
            rounds += 1
        return rounds

    def _stale(self) -> Alarm | None:
        count = _trailing(self._turns, lambda turn: not turn.new)
        return self._graded("stale", count, self._limits.stale, f"nothing in the last {count} turns was new")

    def _reading(self) -> Alarm | None:
        count = _trailing(self._turns, lambda turn: not turn.acted)
        said = f"the last {count} turns changed nothing: they only read"
        return self._graded("reading", count, self._limits.reading, said)

    def _graded(self, kind: Kind, count: int, limits: tuple[int, int], said: str) -> Alarm | None:
        warn, end = limits
        if count >= end:
            return Alarm(kind, True, said)
        if count != warn:
            return None
        advice = "Do something else, or end the run honestly with what is done and what is not"
        return Alarm(kind, False, f"A check on this run noticed: {said}. {advice}; going on like this ends it soon.")


def _trailing(turns: Sequence[Turn], holds: Callable[[Turn], bool]) -> int:
    count = 0
    for turn in reversed(turns):
        if not holds(turn):
            break
        count += 1
    return count


_PASSING = re.compile(
    r"\d+(?:\.\d+)?\s?(?:ms|s|sec|seconds)\b|\b\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?\b|\b0x[0-9a-f]+\b|\bE\d+\b",
    re.IGNORECASE,
)
"""Durations, times of day, addresses and ids of evidence: what differs between two runs of the same command."""


def _fingerprint(step: StepRecord) -> str:
    result: JsonObject = step.result or {}
    said = _PASSING.sub("#", str(result.get("text", "")))
    text = json.dumps([step.name, _canonical(step.request.get("arguments")), said, result.get("exit_code")])
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _canonical(arguments: object) -> object:
    try:
        return json.dumps(pydantic_core.from_json(str(arguments or "{}")), sort_keys=True)
    except (ValueError, TypeError):
        return arguments


def correction(content: str, finish: str, terminal: Sequence[str]) -> str:
    """What an answer without any tool call is told."""
    ends = " or ".join(terminal) or "a text answer"
    if finish == "length":
        return f"Your answer reached the model's output limit before any call. Do less per turn; {_GO_ON} {ends}."
    if finish == "content_filter":
        return (
            "The provider withheld your answer (content filter). Go on in other words, or leave that part out and say "
            f"so; {_GO_ON} {ends}."
        )
    if not content.strip():
        return f"That turn was empty: neither text nor a tool call arrived. Go on with a tool call; {_GO_ON} {ends}."
    return (
        f"That turn had no tool call, so nothing happened. Go on with a tool call; {_GO_ON} {ends}. "
        "If you cannot or will not do this, say so there: unfinished work that is told is fine."
    )


_GO_ON = "the run ends only with"
TOO_LONG = (
    "Your answer was longer than {limit:,} characters and was dropped unread. Answer in far less; split large files."
)
CUT_ARGUMENTS = (
    "Your last answer reached the model's output limit, so its calls arrived cut. Send less per call: write a large "
    "file in parts, and make one call at a time."
)


def misplaced_end(call: ToolCall, reply: Sequence[ToolCall]) -> str | None:
    """Why a call that would end the run is not accepted where it stands: only one may, and only as the last."""
    if not _ends(call):
        return None
    ends = [other for other in reply if _ends(other)]
    if len(ends) > 1:
        names = ", ".join(other.name for other in ends)
        return (
            f"{call.name}: this turn has {len(ends)} calls that end the run ({names}), so none was accepted. "
            "Decide on one and send it alone"
        )
    if reply[-1].id != call.id:
        return (
            f"{call.name}: it ends the run, but other calls come after it and would be lost. Send it again as the last"
        )
    return None


def _ends(call: ToolCall) -> bool:
    tool = TOOLS.get(call.name)
    try:
        return tool is not None and tool.ends(tool.parse(call.arguments))
    except ToolProblem:
        return False
