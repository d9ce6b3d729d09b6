"""Stored files: what facts and steps name is there and is what its name says, unless it was cleared away, rightly."""

from collections.abc import Iterator
from functools import cache

from mission_tui.domain.events import (
    BaseProved,
    FlowReplayed,
    Recorded,
    ReplayRecorded,
    ScrutinyRecorded,
    VerdictRecorded,
)
from mission_tui.domain.mission import Mission
from mission_tui.domain.upkeep import dropped_runs, living_evidence
from mission_tui.domain.verdict import Evidence
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.queries import Connection
from mission_tui.store.steps import STEPS_WITH_ARTIFACTS, artifacts_named
from mission_tui.store.verify.findings import EVIDENCE, Broken


class StoredFiles:
    """Collects what is named while the ledger is walked through, and looks whether it is there at the end."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._whole = cache(artifacts.verify)
        self._lacking: list[tuple[int, Evidence]] = []

    def look(self, _mission: Mission, one: Recorded) -> Iterator[Broken]:
        """Whether what an event names may be judged only at the end: a later rollback may have dropped it."""
        self._lacking += [(one.seq, evidence) for evidence in _evidence(one) if not self._whole(evidence.artifact)]
        yield from ()

    def check(self, db: Connection, mission: Mission, complete: bool) -> Iterator[Broken]:
        """What is named and is neither there nor was rightly cleared away, given the last state.

        Where the ledger could not be folded to its end nothing is known of what steps store.
        """
        living = living_evidence(mission)
        for seq, evidence in self._lacking:
            if evidence.artifact in living or not self._cleared(mission, evidence.artifact):
                what = f"event {seq}: {evidence.kind} evidence {evidence.artifact[:12]} is missing or was changed"
                yield Broken(invariant=EVIDENCE, what=what)
        if not complete:
            return
        dropped = dropped_runs(mission)
        for run_id, n, sha in artifacts_named(db.rows(STEPS_WITH_ARTIFACTS), exactly=True):
            if not self._whole(sha) and (run_id not in dropped or not self._cleared(mission, sha)):
                what = f"step {n} of run {run_id}: its output {sha[:12]} is missing or was changed"
                yield Broken(invariant=EVIDENCE, what=what)

    def _cleared(self, mission: Mission, sha: str) -> bool:
        return sha in mission.collected and not self._artifacts.path(sha).exists()


def _evidence(one: Recorded) -> Iterator[Evidence]:
    match one.event:
        case VerdictRecorded():
            yield from one.event.verdict.evidence
        case FlowReplayed() | ReplayRecorded():
            yield from one.event.evidence
        case BaseProved() | ScrutinyRecorded():
            yield from (check.output for check in one.event.checks if check.output is not None)
        case _:
            return
