"""Steps of runs: intent, then result, each on the disk before the engine goes on."""

from collections.abc import Callable, Container, Iterable, Sequence

from mission_tui.domain.budget import Spend
from mission_tui.domain.ports import JsonObject, Usage
from mission_tui.store.codec import from_json, to_json
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import StepNotRunning
from mission_tui.store.steps import (
    COUNTERS,
    STEP_COLUMNS,
    STEPS_WITH_ARTIFACTS,
    TOTALS,
    USAGE_COLUMNS,
    FinishedStep,
    NewStep,
    RunTotals,
    StepKind,
    StepRecord,
    StepStatus,
    artifacts_named,
    spend_of,
    step_of,
    totals_of,
    usage_of,
    usage_row,
)

_ADD_UP = ", ".join(f"{c} = {c} + excluded.{c}" for c in ("steps", *USAGE_COLUMNS.split(", ")[:-1]))


class Journal:
    """Writes and reads steps. Its methods raise what `MissionDatabase.atomic` raises."""

    def __init__(self, db: MissionDatabase, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    def open_run(self, run_id: str, context: JsonObject) -> None:
        """Store what a run begins with, its first messages and tools. Opening it again changes nothing."""
        with self._db.atomic("journal.open_run"):
            inserted = self._db.conn.execute(
                "INSERT OR IGNORE INTO contexts (run_id, opened_at, context) VALUES (?, ?, ?)",
                (run_id, self._clock(), self._text(context)),
            )
            if inserted.rowcount:
                self._db.conn.execute("UPDATE counters SET runs = runs + 1")
                self._count(run_id, 0, Usage())

    def context(self, run_id: str) -> JsonObject | None:
        """What the run was opened with; None if it has not been."""
        row = self._db.conn.execute("SELECT context FROM contexts WHERE run_id = ?", (run_id,)).fetchone()
        return from_json(row[0]) if row else None

    def advance(self, finish: Sequence[FinishedStep] = (), start: Sequence[NewStep] = ()) -> list[StepRecord]:
        """Finish these steps and start those, in one transaction; returns the started ones, as they are stored.

        Raises StepNotRunning, and changes nothing, if one of the former is not running.
        """
        if not finish and not start:
            return []
        now = self._clock()
        with self._db.atomic("journal.advance"):
            for step in finish:
                self._finish(step, now)
            return [self._start(step, now) for step in start]

    def settle(self, run_id: str, reason: str) -> None:
        """Leave no step of a run that has ended running: its outcome is unknown, for the reason given."""
        cut = [step for step in self.running() if step.run_id == run_id]
        self.advance([FinishedStep(run_id=run_id, n=s.n, status="unknown", result={"text": reason}) for s in cut])

    def steps(self, run_id: str, after: int = 0) -> list[StepRecord]:
        """The steps of a run with a number above `after`, in order."""
        return self._select("run_id = ? AND n > ? ORDER BY n", run_id, after)

    def running(self) -> list[StepRecord]:
        """Steps that were begun and not finished, by run and number; after a crash, those that were cut off."""
        return self._select("status = 'running' ORDER BY run_id, n")

    def spend(self) -> Spend:
        """What all runs have used so far."""
        return spend_of(self._db.conn.execute(COUNTERS).fetchone())

    def add_wall(self, seconds: float) -> None:
        """Count time during which the engine worked."""
        with self._db.atomic("journal.add_wall"):
            self._db.conn.execute("UPDATE counters SET wall_s = wall_s + ?", (seconds,))

    def run_usage(self, run_id: str) -> Usage:
        """What one run has used so far."""
        row = self._db.conn.execute(f"SELECT {USAGE_COLUMNS} FROM run_totals WHERE run_id = ?", (run_id,)).fetchone()
        return usage_of(row) if row else Usage()

    def run_list(self) -> list[RunTotals]:
        """What every run has done and used, in the order in which they began."""
        return [totals_of(row) for row in self._db.conn.execute(TOTALS)]

    def artifacts(self, without: Container[str] = ()) -> set[str]:
        """What the steps of all runs, but for those named, refer to."""
        rows = self._db.conn.execute(STEPS_WITH_ARTIFACTS)
        return {sha for run_id, _, sha in artifacts_named(rows) if run_id not in without}

    def _finish(self, step: FinishedStep, now: float) -> None:
        updated = self._db.conn.execute(
            f"UPDATE steps SET status = ?, result = ?, ended_at = ?, ({USAGE_COLUMNS}) = (?, ?, ?, ?, ?) "
            "WHERE run_id = ? AND n = ? AND status = 'running'",
            (step.status, self._text(step.result), now, *usage_row(step.usage), step.run_id, step.n),
        )
        if not updated.rowcount:
            raise StepNotRunning(step.run_id, step.n)
        if step.usage != Usage():
            self._count(step.run_id, 0, step.usage)

    def _start(self, step: NewStep, now: float) -> StepRecord:
        conn = self._db.conn
        n = conn.execute("SELECT coalesce(max(n), 0) + 1 FROM steps WHERE run_id = ?", (step.run_id,)).fetchone()[0]
        request = self._text(step.request)
        result = None if step.done_result is None else self._text(step.done_result)
        status, ended = ("running", None) if result is None else ("done", now)
        row = (
            step.run_id,
            n,
            step.kind,
            step.name,
            step.call_id,
            status,
            now,
            ended,
            *usage_row(Usage()),
            request,
            result,
        )
        conn.execute(f"INSERT INTO steps ({STEP_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
        if step.kind != "note":
            self._count(step.run_id, 1, Usage())
        return step_of(row)

    def _count(self, run_id: str, steps: int, usage: Usage) -> None:
        row = (steps, *usage_row(usage))
        self._db.conn.execute(
            f"INSERT INTO run_totals (run_id, steps, {USAGE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) "
            f"ON CONFLICT (run_id) DO UPDATE SET {_ADD_UP}, usd_known = usd_known AND excluded.usd_known",
            (run_id, *row),
        )
        self._db.conn.execute(
            "UPDATE counters SET steps = steps + ?, input_tokens = input_tokens + ?, "
            "cached_tokens = cached_tokens + ?, output_tokens = output_tokens + ?, usd = usd + ?, "
            "usd_known = usd_known AND ?",
            row,
        )

    def _select(self, where: str, *values: object) -> list[StepRecord]:
        rows: Iterable[tuple[object, ...]] = self._db.conn.execute(
            f"SELECT {STEP_COLUMNS} FROM steps WHERE {where}", values
        )
        return [step_of(row) for row in rows]

    def _text(self, value: JsonObject) -> str:
        return self._db.redactor.json_text(to_json(value))


__all__ = ["FinishedStep", "Journal", "NewStep", "RunTotals", "StepKind", "StepRecord", "StepStatus"]
