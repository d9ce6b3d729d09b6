"""The journal: one intent and at most one result per step, and nothing left running in a run that is over."""

from collections.abc import Iterator

from mission_tui.domain.mission import Mission
from mission_tui.store.queries import Connection
from mission_tui.store.verify.findings import JOURNAL, Broken


def check_journal(db: Connection, mission: Mission) -> Iterator[Broken]:
    """A running step of an active run is whole: its engine works on it, or the next one will settle it."""
    for what in (
        *_strangers(db, mission),
        *_unopened(db, mission),
        *_gaps(db),
        *_half_steps(db),
        *_left_running(db, mission),
        *_repeated_calls(db),
    ):
        yield Broken(invariant=JOURNAL, what=what)


def _strangers(db: Connection, mission: Mission) -> Iterator[str]:
    for run_id, count in db.rows("SELECT run_id, count(*) FROM steps GROUP BY run_id"):
        if run_id not in mission.runs.runs:
            yield f"the journal has {count} steps of run {run_id}, of which the ledger knows nothing"


def _unopened(db: Connection, mission: Mission) -> Iterator[str]:
    query = "SELECT DISTINCT run_id FROM steps WHERE kind = 'model' AND run_id NOT IN (SELECT run_id FROM contexts)"
    for (run_id,) in db.rows(query):
        if run_id in mission.runs.runs:
            yield f"run {run_id} called a model, but what it began with is not stored"


def _gaps(db: Connection) -> Iterator[str]:
    query = "SELECT run_id, count(*), max(n) FROM steps GROUP BY run_id HAVING count(*) <> max(n)"
    for run_id, count, last in db.rows(query):
        yield f"run {run_id} has {count} steps, but its last is number {last}"


def _half_steps(db: Connection) -> Iterator[str]:
    query = "SELECT run_id, n, status FROM steps WHERE (status = 'running') <> (result IS NULL OR ended_at IS NULL)"
    for run_id, n, status in db.rows(query):
        yield f"step {n} of run {run_id} is {status}, which does not fit its result"


def _left_running(db: Connection, mission: Mission) -> Iterator[str]:
    for run_id, n, name in db.rows("SELECT run_id, n, name FROM steps WHERE status = 'running' ORDER BY id"):
        if run_id not in mission.runs.active:
            yield f"step {n} ({name}) of run {run_id} is still running, but the run is over"


def _repeated_calls(db: Connection) -> Iterator[str]:
    """A call is one reply's: providers may use its id again in a later one."""
    begun: dict[tuple[str, str], int] = {}
    for run_id, n, kind, call_id in db.rows("SELECT run_id, n, kind, call_id FROM steps ORDER BY run_id, n"):
        if kind == "model":
            begun.clear()
        elif call_id is not None:
            first = begun.setdefault((run_id, call_id), n)
            if first != n:
                yield f"call {call_id} of run {run_id} was begun twice, as steps {first} and {n}"
