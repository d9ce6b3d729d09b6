"""Read-only views of a mission for screen and command line. Reads are short: an open one makes the log grow."""

import json
from collections.abc import Collection, Sequence
from threading import Lock
from typing import Any

from mission_tui.domain.budget import Spend
from mission_tui.domain.events import DecisionOpened, Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import JsonObject, Usage
from mission_tui.store import schema
from mission_tui.store.codec import from_json
from mission_tui.store.connection import Connection
from mission_tui.store.errors import (
    DamagedDatabase,
    LockedDatabase,
    NewerDatabase,
    NoDatabase,
    StoreError,
)
from mission_tui.store.layout import MissionFiles
from mission_tui.store.rows import EVENT_COLUMNS, a_fold, event_of, recorded
from mission_tui.store.steps import (
    COUNTERS,
    STEP_COLUMNS,
    TOTALS,
    TOTALS_OF_SOME,
    USAGE_COLUMNS,
    WRONG,
    RunTotals,
    StepRecord,
    holding,
    spend_of,
    step_of,
    totals_of,
    usage_of,
)
from mission_tui.store.summary import MissionSummary, StoredState

BATCH = 2000
"""Rows of one read while a ledger is folded."""


class Reader:
    """A mission as it is on the disk right now, whether or not an engine works on it.

    Raises NoDatabase, NewerDatabase, DamagedDatabase or LockedDatabase, here and in every method.
    """

    def __init__(self, files: MissionFiles) -> None:
        self._db = Connection(files.database)
        self._folding = Lock()
        self._mission = Mission()
        self._opened: dict[str, float] = {}

    def mission(self) -> Mission:
        """The present state. Folds only what is new since the last call."""
        with self._folding, a_fold():
            query = f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
            while batch := self._db.rows(query, (self._mission.seq, BATCH)):
                for row in batch:
                    self._fold(row)
                if len(batch) < BATCH:
                    break
            return self._mission

    def seq(self) -> int:
        """Number of the last event; 0 for an empty ledger."""
        return int(self._db.rows("SELECT coalesce(max(seq), 0) FROM events")[0][0])

    def writers(self) -> int:
        """How many engines have claimed it so far: one more as soon as one can write."""
        return int(self._db.rows("SELECT number FROM fence")[0][0])

    def version(self) -> int:
        """A number that changes whenever anything was written since the last call: the cheapest way to poll."""
        return int(self._db.rows("PRAGMA data_version")[0][0])

    def events(self, since: int = 0, limit: int = 1000, kinds: Sequence[str] = ()) -> list[Recorded]:
        """At most `limit` events (-1: all) after a sequence number, oldest first; only of `kinds` if there are any."""
        among = f"AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        query = f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? {among} ORDER BY seq LIMIT ?"
        rows = self._db.rows(query, (since, *kinds, limit))
        try:
            return [recorded(row) for row in rows]
        except ValueError as error:
            raise DamagedDatabase(self._db.path, f"an event after {since} makes no sense") from error

    def opened_at(self, decision_id: str) -> float | None:
        """When a decision was put to the human, in Unix seconds."""
        self.mission()
        return self._opened.get(decision_id)

    def steps(self, run_id: str, after: int = 0, limit: int = 500) -> list[StepRecord]:
        """At most `limit` steps of a run with a number above `after`, in order.

        A step that was running when it was read is read again by asking from below its number.
        """
        where = "run_id = ? AND n > ? ORDER BY n LIMIT ?"
        return [
            step_of(row)
            for row in self._db.rows(f"SELECT {STEP_COLUMNS} FROM steps WHERE {where}", (run_id, after, limit))
        ]

    def step(self, run_id: str, n: int) -> StepRecord | None:
        rows = self._db.rows(f"SELECT {STEP_COLUMNS} FROM steps WHERE run_id = ? AND n = ?", (run_id, n))
        return step_of(rows[0]) if rows else None

    def last_step(self, run_id: str) -> int:
        """Number of the run's latest step; 0 before its first."""
        return int(self._db.rows("SELECT coalesce(max(n), 0) FROM steps WHERE run_id = ?", (run_id,))[0][0])

    def find_step(self, run_id: str, n: int, by: int, text: str | None = None) -> int | None:
        """The next step after `n` (or before it, with `by` below 0) that holds a text; round the end of the run.

        Without a text: the next one that failed, was cut off, or ran a command that did not exit with 0. Capitals
        matter once there is one.
        """
        where, values = (WRONG, ()) if text is None else holding(text)
        order = "n > ? ORDER BY n" if by > 0 else "n < ? ORDER BY n DESC"
        for start in (n, 0 if by > 0 else 2**62):
            query = f"SELECT n FROM steps WHERE run_id = ? AND ({where}) AND {order} LIMIT 1"
            rows = self._db.rows(query, (run_id, *values, start))
            if rows:
                return int(rows[0][0])
        return None

    def context(self, run_id: str) -> JsonObject | None:
        """The messages and tools that the run began with."""
        rows = self._db.rows("SELECT context FROM contexts WHERE run_id = ?", (run_id,))
        return from_json(rows[0][0]) if rows else None

    def spend(self) -> Spend:
        """What all runs have used so far."""
        return spend_of(self._db.rows(COUNTERS)[0])

    def repeated_calls(self) -> int:
        """Model calls that were cut off and made again, so that the provider may have billed them twice."""
        return int(self._db.rows(f"SELECT count(*) FROM steps WHERE {schema.REPEATED}")[0][0])

    def run_usage(self, run_id: str) -> Usage:
        """What one run has used so far."""
        rows = self._db.rows(f"SELECT {USAGE_COLUMNS} FROM run_totals WHERE run_id = ?", (run_id,))
        return usage_of(rows[0]) if rows else Usage()

    def run_list(self, only: Collection[str] | None = None) -> list[RunTotals]:
        """What every run, or those named, has done and used, in the order in which they began."""
        if only is None:
            return [totals_of(row) for row in self._db.rows(TOTALS)]
        return [totals_of(row) for row in self._db.rows(TOTALS_OF_SOME, (json.dumps(list(only)),))]

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fold(self, row: tuple[Any, ...]) -> None:
        seq, at = row[:2]
        if seq != self._mission.seq + 1:
            raise DamagedDatabase(self._db.path, f"event {self._mission.seq + 1} is missing")
        try:
            event = event_of(row)
        except ValueError as error:
            raise DamagedDatabase(self._db.path, f"event {seq} makes no sense") from error
        try:
            self._mission = self._mission.apply(event)
        except (KeyError, IndexError) as error:
            raise DamagedDatabase(self._db.path, f"event {seq} names what is not there: {error}") from error
        if isinstance(event, DecisionOpened):
            self._opened[event.decision.id] = at


def summary(files: MissionFiles) -> MissionSummary:
    """One line of the mission list, without folding the ledger. Raises what Reader raises."""
    db = Connection(files.database)
    try:
        columns = COUNTERS.removeprefix("SELECT ").removesuffix(" FROM counters")
        row = db.rows(f"SELECT state.summary, {columns} FROM counters LEFT JOIN state ON state.id = 1")[0]
    finally:
        db.close()
    state = StoredState.model_validate_json(row[0]) if row[0] else StoredState(id=files.id)
    return MissionSummary.model_construct(**dict(state), spend=spend_of(row[1:]))


__all__ = [
    "Connection",
    "DamagedDatabase",
    "LockedDatabase",
    "MissionSummary",
    "NewerDatabase",
    "NoDatabase",
    "Reader",
    "RunTotals",
    "StepRecord",
    "StoreError",
    "summary",
]
