"""A mission that goes on for weeks: its plan, the people and models in it, and the clock they live by.

Nobody in it waits in real time: a model's answer takes a minute of the clock, the human looks twice a day, and the
provider is away for nights and once for a whole day.
"""

import asyncio
import itertools
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mission_tui.domain.ports import (
    Delta,
    JsonObject,
    Message,
    Model,
    ModelRequest,
    ModelUnavailable,
    QuotaExhausted,
    Reply,
    ToolCall,
    Usage,
)
from mission_tui.llm.script import as_arguments

HOUR, DAY = 3600.0, 86_400.0
ANSWER_S = 62.0
"""How long a model takes to answer."""
HUMAN_S = 5 * HOUR
"""How long the human takes to answer."""
FILES = 50
WORKER, REVIEWER, ORCHESTRATOR = 19, 9, 7
"""Turns of a run of each role."""
TURNS_PER_FEATURE = WORKER + REVIEWER + ORCHESTRATOR / 2
"""Every second feature wakes the orchestrator. A turn is two steps: the answer, and the call in it."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long a mission is. A feature is two runs and a half."""

    milestones: int
    features: int
    """In each milestone."""
    old_features: int
    old_steps: int
    restarts: int

    @property
    def runs(self) -> int:
        return self.milestones * self.features * 5 // 2

    def old(self) -> list[tuple[str, str]]:
        """Milestone and feature of what was done before."""
        return [(f"P{n // self.features + 1}", f"H{n + 1}") for n in range(self.old_features)]

    def new(self) -> list[tuple[str, str]]:
        """Milestone and feature of what is to be done."""
        names = itertools.product(range(1, self.milestones + 1), range(1, self.features + 1))
        return [(f"M{m}", f"F{(m - 1) * self.features + f}") for m, f in names]


class VirtualClock:
    """Time that only waits and answers pass. It lies in memory that forked engines share."""

    def __init__(self, now: float) -> None:
        self._time = mmap.mmap(-1, 8)
        self._set(now)
        self.nobody_answers: Callable[[], None] = lambda: None
        """Called when the engine waits for the human."""

    def now(self) -> float:
        return float(struct.unpack("d", self._time)[0])

    def monotonic(self) -> float:
        return self.now()

    def pass_(self, seconds: float) -> None:
        self._set(self.now() + seconds)

    async def wait(self, news: asyncio.Event, limit_s: float | None) -> None:
        """The time is over at once, unless there is news before; for the human it is waited in earnest."""
        await asyncio.sleep(0)
        if news.is_set():
            return
        if limit_s is None:
            self.nobody_answers()
            self.pass_(HUMAN_S)
            await news.wait()
        else:
            self.pass_(limit_s)

    def _set(self, now: float) -> None:
        self._time[:] = struct.pack("d", now)


class Weather:
    """When the provider can be reached: not for one whole day in ten, and for two hours each third night."""

    def __init__(self, began: float) -> None:
        self.began = began

    def check(self, now: float) -> None:
        """Raises what a provider's client would."""
        day, second = divmod(now - self.began, DAY)
        if int(day) % 10 == 3:
            raise ModelUnavailable("the network is down")
        if int(day) % 3 == 1 and second < 2 * HOUR:
            raise QuotaExhausted("the quota of the day is used up", retry_at=now - second + 2 * HOUR)


class TirelessModel:
    """Plays every role by the number of turns it has had; a resumed run goes on as it would have."""

    name = "scripted:tireless"

    def __init__(self, clock: VirtualClock, weather: Weather, asked: Callable[[], None]) -> None:
        self._clock = clock
        self._weather = weather
        self._asked = asked

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        self._weather.check(self._clock.now())
        self._asked()
        self._clock.pass_(ANSWER_S)
        await asyncio.sleep(0)
        turn = sum(message.role == "assistant" for message in request.messages)
        text, calls = answer(request.messages[0].content, request.messages[1].content, turn)
        on_delta(Delta(kind="text", text=text))
        made = tuple(
            ToolCall(id=f"call_{turn}_{place}", name=name, arguments=as_arguments(arguments))
            for place, (name, arguments) in enumerate(calls)
        )
        usage = Usage(input_tokens=3000 + 400 * turn, cached_tokens=2900 + 380 * turn, output_tokens=220, usd=0.01)
        return Reply(message=Message(role="assistant", content=text, tool_calls=made), usage=usage)


Calls = list[tuple[str, JsonObject]]


def answer(system: str, briefing: str, turn: int) -> tuple[str, Calls]:
    """What a role says in its n-th turn."""
    role = system.partition("# Role: ")[2].split("\n")[0].strip()
    if role == "worker":
        return _work(_feature(briefing), turn)
    if role == "reviewer":
        return _review(turn)
    return _orchestrate(turn)


def _feature(briefing: str) -> str:
    return briefing.partition("Your feature: ")[2].split(" ")[0]


def file_of(feature: str) -> str:
    return f"src/part{int(feature[1:]) % FILES}.txt"


def _work(feature: str, turn: int) -> tuple[str, Calls]:
    path = file_of(feature)
    if turn == 0:
        return "I look first.", [("read_file", {"path": path})]
    if turn >= WORKER - 1:
        commands = [{"command": f"grep -c . {path} # {turn - 2}", "exit_code": 0}]
        handoff = {"summary": f"{feature} is written", "completed": [path], "commands": commands}
        return "", [("submit_handoff", {**handoff, "procedure_followed": True, "deviations": ""})]
    if turn % 2:
        lines = "".join(f"{feature} wrote this in turn {n}\n" for n in range(1, turn + 1))
        return f"Part {turn}.", [("write_file", {"path": path, "content": lines})]
    return "I try it.", [("run_command", {"command": f"grep -c . {path} # {turn}"})]


def _review(turn: int) -> tuple[str, Calls]:
    if turn >= REVIEWER - 1:
        return "", [("submit_review", {"summary": "as specified", "findings": []})]
    return "", [("read_file", {"path": f"src/part{turn * 5 % FILES}.txt"})]


def _orchestrate(turn: int) -> tuple[str, Calls]:
    if turn >= ORCHESTRATOR - 1:
        return "", [("continue_mission", {"note": "noted"})]
    return "", [("search", {"pattern": f"turn {turn + 1}$", "path": "src"})]


def plan(size: Size) -> dict[str, Any]:
    """The work that was done before, and the work to do."""
    past = [
        {"id": name, "title": f"Old {name}", "milestone": milestone, "spec": "write", "enabling": "it was wanted"}
        for milestone, name in size.old()
    ]
    first = size.new()[0][1]
    coming = [
        {"id": name, "title": f"Part {name}", "milestone": milestone, "spec": f"write {file_of(name)}",
         **({"fulfills": ["VAL-PART-001"]} if name == first else {"enabling": "it is wanted"})}
        for milestone, name in size.new()
    ]  # fmt: skip
    return {
        "title": "A long way",
        "contract": [_claim("VAL-KEPT-001", "test -f base.txt", guard=True),
                     _claim("VAL-PART-001", f"grep -q 'F[0-9]* wrote' {file_of(first)}")],
        "milestones": [{"id": m, "title": f"Stage {m}"} for m in dict([*size.old(), *size.new()])],
        "features": [*past, *coming],
    }  # fmt: skip


def _claim(name: str, command: str, **more: Any) -> dict[str, Any]:
    proof = {"by": "command", "procedure": "run it", "evidence": ["exit_code"], "checks": [{"run": command}]}
    return {"id": name, "title": name, "statement": f"`{command}` succeeds", "proof": proof, **more}


__all__ = ["Model", "Size", "TirelessModel", "VirtualClock", "Weather", "plan"]
