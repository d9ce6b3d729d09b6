"""The ledger itself: gapless, unchanged since it was written, and folding to the stored state."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mission_tui.domain.budget import Limits
from mission_tui.domain.events import BudgetChanged, MissionCreated, Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store.queries import BATCH, Connection
from mission_tui.store.rows import EVENT_COLUMNS, START_OF_CHAIN, chained, recorded
from mission_tui.store.summary import StoredState, summarised
from mission_tui.store.verify.findings import LEDGER, Broken

FactCheck = Callable[[Mission, Recorded], Iterable[Broken]]
"""What is wrong with an event, given the state before it."""


@dataclass
class LedgerReport:
    """What the walk through the ledger found. `mission` is the state up to the first event that makes no sense."""

    broken: list[Broken] = field(default_factory=list[Broken])
    mission: Mission = field(default_factory=Mission)
    caps: list[tuple[float, Limits]] = field(default_factory=list[tuple[float, Limits]])
    """Limits and since when they held, in Unix seconds."""
    chain: str = START_OF_CHAIN
    last: Recorded | None = None
    summed_up: tuple[Mission, StoredState] = field(default_factory=lambda: (Mission(), StoredState()))
    """An earlier state, and what of it the summary needs to tell when things were opened."""
    complete: bool = True
    """False where an event could not be folded: the rest is unknown."""

    def say(self, what: str) -> None:
        self.broken.append(Broken(invariant=LEDGER, what=what))


def check_ledger(db: Connection, checks: Sequence[FactCheck]) -> LedgerReport:
    """Walk through all events once, asking every check about each."""
    report = LedgerReport()
    problems = [str(row[0]) for row in db.rows("PRAGMA quick_check(10)")]
    for problem in problems:
        if problem != "ok":
            report.say(f"the database file is damaged: {problem}")
    for row in _rows(db):
        report.chain = chained(report.chain, row)
        if not _take(report, row, checks):
            report.complete = False
            return report
    _compare_with_stored_state(db, report)
    return report


def _rows(db: Connection) -> Iterator[tuple[Any, ...]]:
    last = -1
    while batch := db.rows(f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (last, BATCH)):
        yield from batch
        last = batch[-1][0]


def _take(report: LedgerReport, row: tuple[Any, ...], checks: Sequence[FactCheck]) -> bool:
    """Fold one event in; False when nothing after it can be judged."""
    expected = report.mission.seq + 1
    if row[0] != expected:
        report.say(f"event {expected} is missing from the ledger")
        return False
    try:
        event = recorded(row)
        after = report.mission.apply(event.event)
    except (ValueError, KeyError, IndexError) as error:
        report.say(f"event {expected} ({row[2]}) makes no sense where it stands: {_line(error)}")
        return False
    for check in checks:
        report.broken.extend(check(report.mission, event))
    if isinstance(event.event, MissionCreated | BudgetChanged):
        report.caps.append((event.at, event.event.limits))
    known, _ = report.summed_up
    if not known.seq or after.decisions is not known.decisions:
        report.summed_up = after, summarised(after, event, report.summed_up)
    report.mission, report.last = after, event
    return True


def _compare_with_stored_state(db: Connection, report: LedgerReport) -> None:
    rows = db.rows("SELECT seq, chain, summary FROM state")
    if not rows:
        if report.mission.seq:
            report.say("the stored state is missing")
        return
    seq, chain, summary = rows[0]
    if seq != report.mission.seq:
        report.say(f"the stored state is that of event {seq}, but the ledger ends with event {report.mission.seq}")
    elif chain != report.chain:
        report.say("an event was changed after it was written")
    elif report.last and _state_in(summary) != summarised(report.mission, report.last, report.summed_up):
        report.say("the stored state is not the fold of the ledger")


def _state_in(summary: str) -> StoredState | None:
    try:
        return StoredState.model_validate_json(summary)
    except ValueError:
        return None


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
