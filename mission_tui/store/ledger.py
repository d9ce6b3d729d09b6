"""The append-only log of what happened to a mission, and the state it adds up to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mission_tui.domain.events import AnyEvent, Recorded
from mission_tui.domain.gates import GateRefused, Violation
from mission_tui.domain.mission import Mission
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import DamagedDatabase
from mission_tui.store.rows import EVENT_COLUMNS, START_OF_CHAIN, a_fold, chained, encoded, event_of, recorded
from mission_tui.store.summary import StoredState, summarised

Gate = Callable[[Mission, AnyEvent], Sequence[Violation]]
"""Every rule that an event would break in a state; empty when it may happen."""


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the ledger adds up to."""

    mission: Mission = field(default_factory=Mission)
    chain: str = START_OF_CHAIN
    state: StoredState = field(default_factory=StoredState)


class Ledger:
    """Gate, fold and insert in one transaction. Folds the whole ledger once, when it is made."""

    def __init__(self, db: MissionDatabase, gate: Gate, clock: Callable[[], float]) -> None:
        self.clock = clock
        """Gives Unix time in seconds."""
        self._db = db
        self._gate = gate
        self._memory = self._folded()

    @property
    def mission(self) -> Mission:
        """The state after every event so far."""
        return self._memory.mission

    def append(self, *events: AnyEvent) -> list[Recorded]:
        """Store facts and fold them in: all of them, or none in memory and on disk.

        Each is gated in the state that those before it give. Raises GateRefused, and what `MissionDatabase.atomic`
        raises. Inside a caller's transaction a later rollback takes the facts back here as well.
        """
        if not events:
            return []
        with self._db.atomic("ledger.append"):
            before = self._memory
            mission, rows, stored = before.mission, list[tuple[Any, ...]](), list[Recorded]()
            at = float(self.clock())
            for offered in events:
                event, data = encoded(offered, self._db.redactor)
                self._refuse_what_may_not_be(mission, event)
                mission = mission.apply(event)
                rows.append((mission.seq, at, event.kind, event.run_id, data))
                stored.append(Recorded.model_construct(seq=mission.seq, at=at, event=event))
            self._insert(rows, [r.event.command_id for r in stored])
            self._remember(mission, rows, stored[-1])
            self._db.on_rollback(lambda: self._restore(before))
        return stored

    def since(self, seq: int) -> list[Recorded]:
        """Everything after a sequence number, oldest first."""
        rows = self._db.conn.execute(f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq", (seq,))
        return [recorded(row) for row in rows]

    def _refuse_what_may_not_be(self, mission: Mission, event: AnyEvent) -> None:
        violations = list(self._gate(mission, event))
        if event.command_id is not None and event.command_id in mission.commands:
            message = f"command {event.command_id} has been applied already"
            violations.append(Violation(rule="repeated_command", offender=event.command_id, message=message))
        if violations:
            raise GateRefused(violations)

    def _insert(self, rows: Sequence[tuple[Any, ...]], commands: Sequence[str | None]) -> None:
        self._db.conn.executemany(
            f"INSERT INTO events ({EVENT_COLUMNS}, command_id) VALUES (?, ?, ?, ?, ?, ?)",
            [(*row, command) for row, command in zip(rows, commands, strict=True)],
        )

    def _remember(self, mission: Mission, rows: Sequence[tuple[Any, ...]], last: Recorded) -> None:
        chain = self._memory.chain
        for row in rows:
            chain = chained(chain, row)
        state = summarised(mission, last, (self._memory.mission, self._memory.state))
        self._db.conn.execute(
            "INSERT INTO state (id, seq, chain, summary) VALUES (1, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, chain = excluded.chain, summary = excluded.summary",
            (mission.seq, chain, state.model_dump_json()),
        )
        self._memory = _Memory(mission, chain, state)

    def _restore(self, memory: _Memory) -> None:
        self._memory = memory

    def _folded(self) -> _Memory:
        mission, chain = Mission(), START_OF_CHAIN
        try:
            with a_fold():
                for row in self._db.conn.execute(f"SELECT {EVENT_COLUMNS} FROM events ORDER BY seq"):
                    mission = mission.apply(event_of(row))
                    chain = chained(chain, row)
        except (ValueError, KeyError) as error:
            raise DamagedDatabase(self._db.path, f"event {mission.seq + 1} makes no sense") from error
        stored = self._db.conn.execute("SELECT seq, chain, summary FROM state").fetchone()
        if stored is None and mission.seq == 0:
            return _Memory()
        if stored is None or stored[:2] != (mission.seq, chain):
            raise DamagedDatabase(self._db.path, "the ledger is not as it was written")
        return _Memory(mission, chain, StoredState.model_validate_json(stored[2]))
