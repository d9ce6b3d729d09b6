"""Whether a stored mission is what it must be: every invariant that its database and artifacts can answer for."""

from collections.abc import Callable

from mission_tui.store.artifacts import Artifacts
from mission_tui.store.errors import DamagedDatabase
from mission_tui.store.layout import MissionFiles
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
from mission_tui.store.verify.spending import check_spending


def verify(
    files: MissionFiles,
    is_ancestor: Callable[[str], bool | None] = lambda _: None,
    redactor: Redactor = NO_SECRETS,
) -> list[Broken]:
    """Everything that is broken in a mission; empty when it is whole. Changes nothing.

    `is_ancestor` says whether a commit is reachable from the mission branch's head, None where that is unknown;
    `redactor` knows the secrets that must be nowhere. Raises NoDatabase, NewerDatabase and LockedDatabase.
    """
    try:
        db = Connection(files.database)
    except DamagedDatabase as damage:
        return [Broken(invariant=LEDGER, what=str(damage))]
    artifacts = Artifacts(files.artifacts)
    stored = StoredFiles(artifacts)
    try:
        with artifacts.held():
            ledger = check_ledger(db, (*FACT_CHECKS, stored.look))
            broken = [*ledger.broken, *stored.check(db, ledger.mission, ledger.complete)]
        return [
            *broken,
            *(check_journal(db, ledger.mission) if ledger.complete else ()),
            *commits_on_the_branch(ledger.mission, is_ancestor),
            *check_spending(db, ledger.caps),
            *check_leftovers(db, files, ledger.mission, redactor),
        ]
    except DamagedDatabase as damage:
        return [Broken(invariant=LEDGER, what=str(damage))]
    finally:
        db.close()


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
