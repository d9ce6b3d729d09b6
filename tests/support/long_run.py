"""Plays a mission of weeks to its end, through restarts, and measures what it costs on the way."""

import asyncio
import gc
import os
import random
import resource
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mission_tui.domain.events import FeatureCompleted, Recorded
from mission_tui.domain.ports import Model
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.host import HostOptions, run_mission
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide, Say
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import summary
from tests.support.crash_mission import empty_environment
from tests.support.long_mission import TURNS_PER_FEATURE, Size, TirelessModel, VirtualClock, Weather

QUIET = (0.4, 0.6)
"""The part of the way in which no engine is restarted: what one engine piles up shows there."""
BUCKETS = 40
"""Parts of the way that are compared."""
COMPARED = 4
"""How many of them at either end."""
BROKEN = 99
"""Exit code of a forked engine that failed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Where the engine was when a model was asked."""

    turn: int
    wall_s: float
    cpu_s: float
    """Processor time of this process and its ended children."""
    memory_mb: float
    open_files: int


@dataclass
class Figures:
    """What was seen on the way."""

    restarts: int = 0
    killed: int = 0
    """Restarts after a SIGKILL; the others were told to stop."""
    spans: list[tuple[Sample, Sample]] = field(default_factory=list[tuple[Sample, Sample]])
    """First and last look of stretches in which one engine worked."""
    seconds: float = 0.0

    def edge(self, first: bool) -> list[tuple[Sample, Sample]]:
        """Stretches in the first or the last tenth of the way. The engine has warmed up by then."""
        last = self.spans[-1][1].turn
        part = last * COMPARED / BUCKETS
        warm = part / 4
        return [(a, b) for a, b in self.spans if (warm <= a.turn <= part if first else a.turn >= last - part)]

    def per_turn(self, first: bool, cost: Callable[[Sample], float]) -> float:
        """Seconds per turn over the first or the last tenth of the way."""
        among = self.edge(first)
        return sum(cost(b) - cost(a) for a, b in among) / max(1, sum(b.turn - a.turn for a, b in among))


class LongRun:
    """One mission on its way."""

    def __init__(self, files: MissionFiles, size: Size, clock: VirtualClock, seed: int = 1) -> None:
        self.files = files
        self.size = size
        self.clock = clock
        self.figures = Figures()
        self._weather = Weather(clock.now())
        self._turns = 0
        """Answers that were asked of a model in this process, and an estimate for those that were killed."""
        self._stop_at: float = 0
        self._kill = False
        self._span: list[Sample] = []
        self._engine: asyncio.Task[int] | None = None
        self._restarts = self._planned(random.Random(seed))
        clock.nobody_answers = self._answer_all

    def play(self) -> int:
        """Run the mission to its end; the engine's exit code."""
        empty_environment(self.files)
        began = time.monotonic()
        while True:
            at, self._kill = self._restarts.pop(0) if self._restarts else (float("inf"), False)
            self._stop_at = at
            code = self._in_a_fork() if self._kill else asyncio.run(self._in_this_process())
            gc.collect()  # in real life an engine's memory goes with its process
            if code is not None:
                self.figures.seconds = time.monotonic() - began
                return code
            self.figures.restarts += 1
            if self.figures.restarts % 50 == 0:
                look = sample(self._turns)
                print(
                    f"{self.figures.restarts} restarts, {look.turn:,} turns, {time.monotonic() - began:.0f} s, "
                    f"{look.cpu_s:.0f} s of processor time, {look.memory_mb:.0f} MB",
                    flush=True,
                )

    def _planned(self, rng: random.Random) -> list[tuple[float, bool]]:
        """At which turns the engine goes, and whether it is killed: none of them in the quiet part."""
        turns = int(TURNS_PER_FEATURE * len(self.size.new()))
        free = [n for n in range(3, int(turns * 0.95)) if not QUIET[0] < n / turns < QUIET[1]]
        return [(float(n), k % 2 == 0) for k, n in enumerate(sorted(rng.sample(free, self.size.restarts)))]

    async def _in_this_process(self) -> int | None:
        """None when the engine was told to stop, as by SIGTERM."""
        self._span = []
        self._engine = asyncio.create_task(run_mission(self.files, self._options()))
        try:
            return await self._engine
        except asyncio.CancelledError:
            return None
        finally:
            if len(self._span) > 1:
                self.figures.spans.append((self._span[0], self._span[-1]))

    def _in_a_fork(self) -> int | None:
        child = os.fork()
        if child == 0:
            try:
                os._exit(asyncio.run(self._in_this_process()) or 0)
            except BaseException:
                traceback.print_exc()
                os._exit(BROKEN)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return code
        self._turns = int(self._stop_at)
        self.figures.killed += 1
        return None

    def _options(self) -> HostOptions:
        return HostOptions(wait=True, make_model=self._model, clock=self.clock, on_event=self._see)

    def _model(self, seat: SeatSettings, _: object) -> Model:
        return TirelessModel(self.clock, self._weather, self._asked)

    def _asked(self) -> None:
        """A model is asked: the engine may be made to go now, in this call or in what follows from it."""
        self._turns += 1
        look = sample(self._turns)
        self._span = [self._span[0], look] if self._span else [look]
        if self._turns < self._stop_at:
            return
        self._stop_at = float("inf")
        if self._kill:
            _later(self._turns, lambda: os.kill(os.getpid(), signal.SIGKILL))
        elif self._engine is not None:
            _later(self._turns, self._engine.cancel)

    # The human

    def _see(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, FeatureCompleted) and int(event.id[1:]) % 2 == 0:
            inbox.send(self.files, Say(id=f"well-{event.id}", text=f"{event.id} looks well"))

    def _answer_all(self) -> None:
        """Everything is accepted; an answer that is sent again is applied once."""
        for decision in summary(self.files).decisions:
            if decision.kind != "review_milestone":
                raise AssertionError(f"nobody expected to be asked: {decision.summary}")
            answer = Decide(id=f"answer-{decision.id}", decision=decision.id, choice=decision.default)
            inbox.send(self.files, answer)


def sample(turn: int) -> Sample:
    """What this process has used and holds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        turn=turn,
        wall_s=time.monotonic(),
        cpu_s=time.process_time() + children.ru_utime + children.ru_stime,
        memory_mb=pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        open_files=sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1,
    )


def _later(turn: int, action: Callable[[], object]) -> None:
    """In one of the next 60 ms: in the model call, in what its answer asks for, or in a commit."""
    asyncio.get_running_loop().call_later(turn * 37 % 61 / 1000, action)
