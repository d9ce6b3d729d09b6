"""Missions as a faulty engine, or somebody else, could have written them, and what verify must say of them."""

import sqlite3
from pathlib import Path

from mission_tui.domain.events import AnyEvent, MilestoneSealed, VerdictRecorded
from mission_tui.domain.ports import Usage
from mission_tui.domain.verdict import Evidence
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import FinishedStep, Journal, NewStep
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from mission_tui.store.verify import Broken
from tests.support.missions import proved
from tests.support.stores import ticking


def write(data: Path, events: list[AnyEvent]) -> MissionFiles:
    """A mission whose ledger takes anything, with its evidence stored: what a faulty engine could have written."""
    files = MissionFiles(data / "missions" / "demo-1")
    db = MissionDatabase.create(files)
    artifacts = Artifacts(files.artifacts)
    Ledger(db, lambda _mission, _event: (), ticking()).append(*(with_real_evidence(e, artifacts) for e in events))
    db.close()
    return files


def with_real_evidence(event: AnyEvent, artifacts: Artifacts) -> AnyEvent:
    if not isinstance(event, VerdictRecorded):
        return event
    kept: list[Evidence] = []
    for one in event.verdict.evidence:
        sha = artifacts.put_bytes(f"{event.verdict.assertion} {one.kind}".encode())
        kept.append(one.model_copy(update={"artifact": sha}))
    return VerdictRecorded(verdict=event.verdict.model_copy(update={"evidence": tuple(kept)}))


def whole() -> list[AnyEvent]:
    return [*proved(), MilestoneSealed(id="M1", head="c1")]


def tamper(files: MissionFiles, *statements: str) -> None:
    """Write behind the program's back."""
    conn = sqlite3.connect(files.database, isolation_level=None)
    triggers = conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        conn.execute(f"DROP TRIGGER {name}")
    conn.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        conn.execute(statement)
    for _, sql in triggers:
        conn.execute(sql)
    conn.close()


def journal_of(files: MissionFiles, start: float = 2000.0) -> Journal:
    return Journal(MissionDatabase.open(files), ticking(start))


def broken(found: list[Broken], invariant: int, *words: str) -> None:
    assert [b for b in found if b.invariant != invariant] == []
    assert found, "nothing was found"
    for word in words:
        assert any(word in b.what for b in found), (word, found)
    for one in found:
        assert "\n" not in one.what


def spend(files: MissionFiles, *usages: Usage, start: float = 2000.0) -> None:
    journal = journal_of(files, start)
    journal.open_run("R1", {})
    for usage in usages:
        [step] = journal.advance(start=[NewStep(run_id="R1", kind="model", name="m")])
        journal.advance(finish=[FinishedStep(run_id="R1", n=step.n, status="done", result={}, usage=usage)])
