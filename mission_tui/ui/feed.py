"""Follows one mission on the disk from a thread of its own, and tells the screen what changed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from textual.message import Message

from mission_tui.domain.budget import Spend
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.store.errors import LockedDatabase, StoreError
from mission_tui.store.layout import MissionFiles
from mission_tui.store.live import LiveText, read_live
from mission_tui.store.queries import Reader
from mission_tui.store.steps import StepRecord

POLL_S = 0.1
"""How long a change may go unnoticed."""
ENGINE_EVERY = 10
"""Polls between two looks at whether the engine is alive."""
BATCH = 200
"""Steps of one read."""
TALK = (
    "message_said",
    "constraint_broadcast",
    "decision_opened",
    "decision_answered",
    "decision_withdrawn",
    "plan_submitted",
    "plan_returned",
    "plan_approved",
    "milestone_sealed",
    "mission_rolled_back",
    "mission_completed",
    "mission_failed",
    "mission_aborted",
)
"""Events that the conversation pane shows."""


class MissionChanged(Message):
    """Something was written: the new state, and what has been used so far."""

    def __init__(self, mission: Mission, spend: Spend) -> None:
        super().__init__()
        self.mission = mission
        self.spend = spend


class TalkRead(Message):
    """What was said and decided since the last such message."""

    def __init__(self, events: list[Recorded]) -> None:
        super().__init__()
        self.events = events


class StepsRead(Message):
    """Steps of a run, new ones and ones that have changed; `last` is the number of its latest step."""

    def __init__(self, run_id: str, steps: list[StepRecord], last: int) -> None:
        super().__init__()
        self.run_id = run_id
        self.steps = steps
        self.last = last


class StepFound(Message):
    """Where a run has what was sought; `n` is None when it is nowhere."""

    def __init__(self, sought: "Sought", n: int | None) -> None:
        super().__init__()
        self.sought = sought
        self.n = n


class LiveChanged(Message):
    """What the run's model is saying right now."""

    def __init__(self, run_id: str, live: LiveText | None) -> None:
        super().__init__()
        self.run_id = run_id
        self.live = live


class EngineSeen(Message):
    """The engine's process id, or None when no engine works on the mission."""

    def __init__(self, pid: int | None) -> None:
        super().__init__()
        self.pid = pid


class CommandSettled(Message):
    """The engine took a command (`refused` is None) or refused it, and why."""

    def __init__(self, command: inbox.Command, refused: str | None) -> None:
        super().__init__()
        self.command = command
        self.refused = refused


class FeedProblem(Message):
    """The mission cannot be read: in words, with what to do. None once it can be read again."""

    def __init__(self, problem: str | None) -> None:
        super().__init__()
        self.problem = problem


class Sought(NamedTuple):
    """A step that the human looks for: with a text, or (None) one that went wrong."""

    run_id: str
    n: int
    """The step from which to look on."""
    by: int
    text: str | None


@dataclass
class Watch:
    """The run whose steps are wanted."""

    run_id: str
    settled: int | None = None
    """Every step up to this number is known and will not change; None before the first read."""
    stamp: int = -1
    """When its live text last changed, in nanoseconds."""


@dataclass
class Feed:
    """Owned by a screen; `follow` runs in a thread, everything else may be called from the event loop."""

    files: MissionFiles
    post: Callable[[Message], object]
    engine_alive: Callable[[], int | None]
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _watch: Watch | None = None
    _wanted: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    _sought: Sought | None = None
    _sent: list[inbox.Command] = field(default_factory=list[inbox.Command])
    _spoken: int = 0
    _problem: str | None = None
    _pid: int | None = -1
    _round: int = 0

    def watch(self, run_id: str | None) -> None:
        """From now on read this run's latest steps, and what follows."""
        self._watch = Watch(run_id) if run_id is not None else None
        self._wake.set()

    def read_steps(self, run_id: str, after: int) -> None:
        """Read one batch of a run's older steps."""
        self._wanted.append((run_id, max(0, after)))
        self._wake.set()

    def find(self, sought: Sought) -> None:
        """Look for a step; what was looked for before and not yet found is given up."""
        self._sought = sought
        self._wake.set()

    def send(self, command: inbox.Command) -> None:
        """Leave a command for the engine, and say when it is settled."""
        inbox.send(self.files, command)
        self._sent.append(command)

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    # In the thread

    def follow(self) -> None:
        """Until `stop`: look, and wait a little."""
        while not self._stop.is_set():
            try:
                with Reader(self.files) as reader:
                    self._follow(reader)
            except StoreError as error:
                self._tell_problem(error.beside(self.files.root))
                self._look_at_engine()
                self._stop.wait(1.0)

    def _follow(self, reader: Reader) -> None:
        version: int | None = None
        while not self._stop.is_set():
            now = reader.version()
            try:
                self._read(reader, changed=now != version)
                version = now
                self._tell_problem(None)
            except LockedDatabase as error:
                self._tell_problem(error.beside(self.files.root))
            self._look_at_engine()
            self._look_at_commands()
            self._wake.wait(POLL_S)
            self._wake.clear()

    def _read(self, reader: Reader, changed: bool) -> None:
        if changed:
            mission = reader.mission()
            self.post(MissionChanged(mission, reader.spend()))
            if mission.seq > self._spoken:
                self._read_talk(reader, mission.seq)
        watch = self._watch
        if watch is not None:
            if changed or watch.settled is None:
                self._read_watched(reader, watch)
            self._read_live(watch)
        while self._wanted:
            run_id, after = self._wanted.pop(0)
            self.post(StepsRead(run_id, reader.steps(run_id, after, BATCH), reader.last_step(run_id)))
        sought, self._sought = self._sought, None
        if sought is not None:
            self.post(StepFound(sought, reader.find_step(*sought)))

    def _read_talk(self, reader: Reader, seq: int) -> None:
        events = reader.events(self._spoken, limit=-1, kinds=TALK)
        self._spoken = max(seq, events[-1].seq if events else 0)
        if events:
            self.post(TalkRead(events))

    def _read_watched(self, reader: Reader, watch: Watch) -> None:
        last = reader.last_step(watch.run_id)
        first = watch.settled is None
        if watch.settled is None:
            watch.settled = max(0, last - BATCH)
        steps = reader.steps(watch.run_id, watch.settled, BATCH * 2)
        if steps or first:
            self.post(StepsRead(watch.run_id, steps, last))
        for step in steps:
            if step.status == "running":
                break
            watch.settled = step.n

    def _read_live(self, watch: Watch) -> None:
        try:
            stamp = (self.files.live / f"{watch.run_id}.json").stat().st_mtime_ns
        except OSError:
            stamp = 0
        if stamp != watch.stamp:
            watch.stamp = stamp
            self.post(LiveChanged(watch.run_id, read_live(self.files, watch.run_id) if stamp else None))

    def _look_at_engine(self) -> None:
        self._round += 1
        if self._round % ENGINE_EVERY != 1:
            return
        try:
            pid = self.engine_alive()
        except StoreError:
            pid = None  # The mission's folder is gone, which the reader says in words.
        if pid != self._pid:
            self._pid = pid
            self.post(EngineSeen(pid))

    def _look_at_commands(self) -> None:
        for command in list(self._sent):
            outcome = inbox.outcome(self.files, command.id)
            if isinstance(outcome, inbox.Pending):
                continue
            self._sent.remove(command)
            refused = outcome.reason if isinstance(outcome, inbox.Refused) else None
            self.post(CommandSettled(command, refused))

    def _tell_problem(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self.post(FeedProblem(problem))
