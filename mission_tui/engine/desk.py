"""What every part of the engine shares: the stores, the repository, the seats and the state."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from mission_tui.content.roles import Role
from mission_tui.domain.base import Frozen
from mission_tui.domain.budget import Spend
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import AnyEvent, DecisionOpened, Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import Model
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.states import DecisionKind
from mission_tui.engine.clock import Clock, SystemClock
from mission_tui.engine.wakeful import Wakeful
from mission_tui.llm.retry import Retries
from mission_tui.proof.secrets import Secrets
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import Journal
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from mission_tui.store.live import LiveWriter
from mission_tui.workspace.git import MissionRepository


class Patience(Frozen):
    """How long to stay parked when a provider named no time, in seconds; it doubles while nothing answers."""

    first_s: float = Field(default=60.0, gt=0)
    longest_s: float = Field(default=900.0, gt=0)


ModelMaker = Callable[[SeatSettings, Retries], Model]


@dataclass
class Desk:
    """The engine's things. Only the holder of the mission's lock has one."""

    files: MissionFiles
    db: MissionDatabase
    ledger: Ledger
    journal: Journal
    artifacts: Artifacts
    repo: MissionRepository
    roles: dict[str, Role]
    make_model: ModelMaker
    browser: Path | None = None
    """The Chromium that browser proofs use."""
    take_commands: Callable[[], None] = lambda: None
    """Applies what the human sent since; set by the loop."""
    on_event: Callable[[Recorded], None] = lambda _: None
    on_notice: Callable[[str], None] = lambda _: None
    """Told, in one line each, why a provider is asked again."""
    patience: Patience = field(default_factory=Patience)
    clock: Clock = field(default_factory=SystemClock)
    wakeful: Wakeful = field(default_factory=lambda: Wakeful("", wanted=False))
    slots: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    """How many boxes may prove at the same time."""
    _live: dict[str, LiveWriter] = field(default_factory=dict[str, LiveWriter])
    _worked_until: float = field(init=False)

    def __post_init__(self) -> None:
        self._worked_until = self.clock.monotonic()

    @property
    def mission(self) -> Mission:
        return self.ledger.mission

    def append(self, *events: AnyEvent) -> None:
        """Store facts, or raise GateRefused and store nothing."""
        for recorded in self.ledger.append(*events):
            self.on_event(recorded)

    def transaction(self, name: str = "transaction") -> AbstractContextManager[object]:
        """Ledger and journal writes inside become durable together. The name is for `crashpoints`."""
        return self.db.atomic(name)

    @property
    def secrets(self) -> Secrets:
        """What the services manifest declares, from the engine's environment; from now on it is kept out of records."""
        found = Secrets.of(self.mission.plan.services.secrets, os.environ)
        self.db.redactor.learn(found.values)
        return found

    def seat(self, role: str) -> SeatSettings:
        return self.mission.seats.get(role) or self.mission.seats["default"]

    def live(self, run_id: str) -> LiveWriter:
        if run_id not in self._live:
            self._live[run_id] = LiveWriter(self.files, run_id, self.db.redactor)
        return self._live[run_id]

    def spend(self) -> Spend:
        """What is spent so far, the time of the present work included, though it is not stored yet."""
        stored = self.journal.spend()
        return stored.model_copy(update={"wall_s": stored.wall_s + self.clock.monotonic() - self._worked_until})

    def clock_work(self, idle: bool = False, at_least_s: float = 1.0) -> None:
        """Add the time since the last call to the mission's working hours, unless the engine only waited.

        Less than `at_least_s` seconds are left to the next call: not every look is worth a transaction.
        """
        now, before = self.clock.monotonic(), self._worked_until
        if idle:
            self._clocked(now)
        elif now - before > at_least_s:
            with self.transaction("journal.add_wall"):
                self.journal.add_wall(now - before)
                self._clocked(now)
                self.db.on_rollback(lambda: self._clocked(before))

    def _clocked(self, until: float) -> None:
        self._worked_until = until

    def clock_unanswered(self, seconds: float) -> None:
        """Time in which a provider was asked in vain is its time: it uses up no hours, unless others worked in it."""
        self.clock_work()
        if len(self.mission.runs.active) <= 1:
            self.journal.add_wall(-min(seconds, self.journal.spend().wall_s))

    def open_decision(
        self, kind: DecisionKind, summary: str, choices: tuple[str, ...], default: str, **more: object
    ) -> None:
        """Ask the human something, once: an open decision of the same kind and subject is not asked again."""
        subject = more.get("subject")
        if any(d.kind == kind and d.subject == subject for d in self.mission.decisions.open):
            return
        decision = Decision.model_validate(
            {
                "id": self.mission.decisions.next_id(),
                "kind": kind,
                "summary": summary,
                "choices": choices,
                "default": default,
                **more,
            }
        )
        self.append(DecisionOpened(decision=decision))

    def ask_for_a_higher_cap(self, cap: str) -> None:
        self.open_decision(
            "raise_cap", f"{cap}; raise it with `budget`, then the mission goes on", ("retry", "abort"), "retry"
        )
