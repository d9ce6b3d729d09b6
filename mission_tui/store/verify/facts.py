"""Single facts of the ledger, each judged in the state in which it was stored, with rules written independently of
the gates that let it in."""

from collections.abc import Callable, Iterator, Sequence

from mission_tui.domain.control import complaints
from mission_tui.domain.events import (
    CommitRecorded,
    FeatureCompleted,
    MilestoneSealed,
    MissionCompleted,
    Recorded,
    RunStarted,
    VerdictRecorded,
)
from mission_tui.domain.mission import Mission
from mission_tui.store.verify.findings import EVIDENCE, ONE_WRITER, PROOF, WORK, Broken
from mission_tui.store.verify.ledger import FactCheck

OWN_FOLDERS = (".mission/", ".agents/")


def a_completion_follows_one_handoff(mission: Mission, one: Recorded) -> Iterator[Broken]:
    """Exactly one accepted handoff of the completing run, stored before."""
    event = one.event
    if not isinstance(event, FeatureCompleted):
        return
    handoffs = [
        h
        for h in mission.runs.handoffs
        if h.feature == event.id
        and not h.partial
        and (h.run_id == event.run_id if event.run_id else h.head == event.head)
    ]
    if len(handoffs) != 1:
        what = f"event {one.seq}: {event.id} was completed with {len(handoffs)} accepted handoffs before it, not one"
        yield Broken(invariant=WORK, what=what)


def one_run_writes_at_a_time(mission: Mission, one: Recorded) -> Iterator[Broken]:
    event = one.event
    if isinstance(event, RunStarted) and event.role == "worker":
        for other in mission.runs.active:
            if mission.runs.runs[other].started.role == "worker":
                what = f"event {one.seq}: run {event.run_id} began to write while {other} was writing"
                yield Broken(invariant=ONE_WRITER, what=what)


def only_workers_change_the_product(mission: Mission, one: Recorded) -> Iterator[Broken]:
    """Whoever plans or validates works on a copy; of theirs only the mission's own papers and skills are committed."""
    event = one.event
    run = mission.runs.runs.get(event.run_id or "")
    if not isinstance(event, CommitRecorded) or run is None:
        return
    role = run.started.role
    foreign = [path for path in event.paths if not path.startswith(OWN_FOLDERS)]
    if role != "worker" and foreign:
        what = f"event {one.seq}: run {event.run_id}, a {role}'s, committed {foreign[0]}, which only workers change"
        yield Broken(invariant=ONE_WRITER, what=what)


def a_pass_has_its_evidence(mission: Mission, one: Recorded) -> Iterator[Broken]:
    event = one.event
    if not isinstance(event, VerdictRecorded) or event.verdict.status != "passed":
        return
    verdict = event.verdict
    assertion = mission.contract.assertions.get(verdict.assertion)
    declared = assertion.proof.evidence if assertion else ()
    attached = {e.kind for e in verdict.evidence}
    missing = [kind for kind in declared if kind not in attached]
    if missing or not attached:
        lacking = ", ".join(missing) or "any"
        what = f"event {one.seq}: {verdict.assertion} passed without evidence of kind {lacking}"
        yield Broken(invariant=EVIDENCE, what=what)


def what_is_sealed_holds(mission: Mission, one: Recorded) -> Iterator[Broken]:
    """Passed on the tree it was sealed with, signed over one by one, or signed over as a round."""
    event = one.event
    if not isinstance(event, MilestoneSealed):
        return
    last = mission.validation.last_round(event.id)
    signed = last is not None and last.concluded is not None and last.concluded.signed
    for name in mission.to_prove(event.id):
        if not signed and not mission.settled(event.id, name):
            what = f"event {one.seq}: {event.id} was sealed although {name} was {mission.assertion_status(name)}"
            yield Broken(invariant=PROOF, what=what)
    for complaint in () if signed else complaints(mission, mission.to_prove(event.id)):
        yield Broken(invariant=PROOF, what=f"event {one.seq}: {event.id} was sealed although {complaint}")


def what_is_completed_holds(mission: Mission, one: Recorded) -> Iterator[Broken]:
    if not isinstance(one.event, MissionCompleted):
        return
    for name in mission.contract.assertions:
        if not mission.proved_here(name):
            what = f"event {one.seq}: the mission was completed although {name} was {mission.assertion_status(name)}"
            yield Broken(invariant=PROOF, what=what)
    for name, state in mission.plan.milestones.items():
        if not state.sealed:
            yield Broken(invariant=PROOF, what=f"event {one.seq}: the mission was completed with {name} unsealed")


def commits_on_the_branch(mission: Mission, is_ancestor: Callable[[str], bool | None]) -> Iterator[Broken]:
    """The work of every feature that counts as completed is on the mission branch."""
    for name, state in mission.plan.features.items():
        if state.status != "completed":
            continue
        if not state.commits:
            yield Broken(invariant=WORK, what=f"{name} is completed without a commit")
        ends = {state.head} if state.head else set[str]()
        for commit in sorted({*state.commits, *ends}):
            if is_ancestor(commit) is False:
                yield Broken(invariant=WORK, what=f"{name}: commit {commit[:12]} is not on the mission branch")


FACT_CHECKS: Sequence[FactCheck] = (
    a_completion_follows_one_handoff,
    one_run_writes_at_a_time,
    only_workers_change_the_product,
    a_pass_has_its_evidence,
    what_is_sealed_holds,
    what_is_completed_holds,
)
"""Every check of a single event."""
