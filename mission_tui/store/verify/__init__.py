"""Whether a stored mission is what it must be: every invariant that its database and artifacts can answer for."""

from collections.abc import Callable

from mission_tui.store.artifacts import Artifacts
from mission_tui.store.errors import DamagedDatabase
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
from mission_tui.store.queries import Connection
from mission_tui.store.redact import NO_SECRETS, Redactor
from mission_tui.store.verify.artifacts import StoredFiles
from mission_tui.store.verify.facts import FACT_CHECKS, commits_on_the_branch
from mission_tui.store.verify.findings import (
    EVIDENCE,
    JOURNAL,
    LEDGER,
    LEFTOVERS,
    ONE_WRITER,
    PROOF,
    SPEND,
    SURROUNDINGS,
    WORK,
    Broken,
)
from mission_tui.store.verify.journal import check_journal
from mission_tui.store.verify.ledger import check_ledger
from mission_tui.store.verify.leftovers import check_leftovers
from mission_tui.store.verify.shape import check_guards, check_tables
from mission_tui.store.verify.spending import check_spending


def verify(
    files: MissionFiles,
    is_ancestor: Callable[[str], bool | None] = lambda _: None,
    redactor: Redactor = NO_SECRETS,
) -> list[Broken]:
    """Everything that is broken in a mission; empty when it is whole. Changes nothing.

    An engine may work meanwhile: what is looked at is one moment.

    `is_ancestor` says whether a commit is reachable from the mission branch's head, None where that is unknown;
    `redactor` knows the secrets that must be nowhere. Raises NoDatabase, NewerDatabase and LockedDatabase.
    """
    worked_on = holder(files) is not None
    try:
        db = Connection(files.database)
    except DamagedDatabase as damage:
        return [Broken(invariant=LEDGER, what=str(damage))]
    artifacts = Artifacts(files.artifacts)
    try:
        # First of all nothing is removed any more: of what the moment says is there nothing may go meanwhile.
        with artifacts.held(), db.one_moment():
            return check_tables(db) or _check(db, files, artifacts, is_ancestor, redactor, worked_on)
    except DamagedDatabase as damage:
        return [Broken(invariant=LEDGER, what=str(damage))]
    finally:
        db.close()


def _check(
    db: Connection,
    files: MissionFiles,
    artifacts: Artifacts,
    is_ancestor: Callable[[str], bool | None],
    redactor: Redactor,
    worked_on: bool,
) -> list[Broken]:
    stored = StoredFiles(artifacts)
    ledger = check_ledger(db, (*FACT_CHECKS, stored.look))
    return [
        *check_guards(db),
        *ledger.broken,
        *stored.check(db, ledger.mission, ledger.complete),
        *commits_on_the_branch(ledger.mission, is_ancestor),
        *(check_journal(db, ledger.mission) if ledger.complete else ()),
        *check_spending(db, ledger.caps),
        *check_leftovers(db, files, ledger.mission, redactor, worked_on),
    ]


__all__ = [
    "EVIDENCE",
    "JOURNAL",
    "LEDGER",
    "LEFTOVERS",
    "ONE_WRITER",
    "PROOF",
    "SPEND",
    "SURROUNDINGS",
    "WORK",
    "Broken",
    "verify",
]
