"""Gates on proof: a pass carries its evidence, a seal carries its passes."""

from collections.abc import Iterator

from mission_tui.domain.control import complaints, to_control
from mission_tui.domain.events import (
    AnyEvent,
    ControlRecorded,
    FlowReplayed,
    MilestoneSealed,
    MissionCompleted,
    ReplayRequested,
    ReviewRecorded,
    ScrutinyRecorded,
    UserTestingRecorded,
    VacuousSigned,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.gates.base import Violation
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Verdict


def a_pass_carries_its_evidence(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """`passed` without every declared kind of evidence is refused."""
    if not isinstance(event, VerdictRecorded) or event.verdict.status != "passed":
        return
    verdict = event.verdict
    assertion = mission.contract.assertions.get(verdict.assertion)
    if assertion is None:
        return
    missing = [k for k in assertion.proof.evidence if k not in {e.kind for e in verdict.evidence}]
    if missing:
        yield Violation(
            rule="missing_evidence",
            offender=verdict.assertion,
            message=f"{verdict.assertion}: `passed` needs evidence of kind {', '.join(missing)}; observe it and attach "
            "its id, or record failed, blocked or inconclusive",
        )
    if not assertion.proof.evidence:
        yield Violation(
            rule="missing_evidence",
            offender=verdict.assertion,
            message=f"{verdict.assertion}: declares no evidence, so it cannot pass",
        )


def a_verdict_is_about_the_present(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """It names a live assertion, the tree of the mission's head, and a prover who can have proved it."""
    if not isinstance(event, VerdictRecorded):
        return
    verdict = event.verdict
    assertion = mission.contract.assertions.get(verdict.assertion)
    if assertion is None:
        yield Violation(
            rule="unknown_assertion", offender=verdict.assertion, message=f"{verdict.assertion}: is not in the contract"
        )
    elif verdict.prover == "mechanical" and not (mission.mechanical(verdict.assertion) or _replayed(mission, verdict)):
        yield Violation(
            rule="prover",
            offender=verdict.assertion,
            message=f"{verdict.assertion}: has no checks and no flow whose replay agrees, so it cannot be proved "
            "mechanically",
        )
    if verdict.tree != mission.tree:
        yield Violation(
            rule="old_tree",
            offender=verdict.assertion,
            message=f"{verdict.assertion}: was proved on tree {verdict.tree[:8]}, but the mission is at "
            f"{mission.tree[:8]}; prove it again",
        )


def _replayed(mission: Mission, verdict: Verdict) -> bool:
    """Whether the engine has seen in this round what the verdict says, and seen it fail without the work if it can."""
    flow = mission.validation.flows.get(verdict.assertion)
    if flow is None or (flow.milestone, flow.round) != (verdict.milestone, verdict.round):
        return False
    vacuous = flow.control is not None and flow.control.outcome == "vacuous"
    return flow.agreed and flow.status == verdict.status and not (vacuous and verdict.status == "passed")


def a_pass_does_not_contradict_its_replay(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Once the engine saw the product do otherwise, only a replay that agrees makes it a pass."""
    if not isinstance(event, VerdictRecorded) or event.verdict.status != "passed":
        return
    verdict = event.verdict
    flow = mission.validation.contradicted(verdict.assertion, verdict.milestone, verdict.round)
    if flow is not None:
        yield Violation(
            rule="replay_differs",
            offender=verdict.assertion,
            message=f"{verdict.assertion}: the engine replayed your flow and saw otherwise ({flow.reason}); give a "
            "flow whose replay passes, or record failed or inconclusive",
        )


def controls_and_replays_name_live_assertions(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """What is not in the contract has no proof; a review is no flow; a guard has nobody's work to take away."""
    names: tuple[str, ...] = ()
    if isinstance(event, ControlRecorded):
        names = tuple(r.assertion for r in event.results)
    elif isinstance(event, FlowReplayed | VacuousSigned | ReplayRequested):
        names = (event.assertion,)
    for name in names:
        if name not in mission.contract.assertions:
            yield Violation(rule="unknown_assertion", offender=name, message=f"{name}: no live assertion has this id")
    if isinstance(event, FlowReplayed) and event.assertion in mission.contract.assertions:
        by = mission.contract.assertions[event.assertion].proof.by
        if event.proof.by != by or by == "review":
            yield Violation(
                rule="flow_kind", offender=event.assertion, message=f"{event.assertion}: a {by} proof has no such flow"
            )


def only_what_the_engine_proves_is_replayed(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Without checks and without a flow that stands there is nothing to carry out."""
    if not isinstance(event, ReplayRequested) or event.assertion not in mission.contract.assertions:
        return
    if not mission.mechanical(event.assertion):
        yield Violation(
            rule="not_replayable",
            offender=event.assertion,
            message=f"{event.assertion}: has no checks and no flow that stands, so only a validator can prove it",
        )


def a_round_begins_when_its_features_are_done(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Validation looks at a finished milestone, one round after the other, up to the cap."""
    if not isinstance(event, ValidationStarted):
        return
    unfinished = [f.feature.id for f in mission.plan.in_milestone(event.milestone) if f.status != "completed"]
    if unfinished:
        yield Violation(
            rule="unfinished_features",
            offender=event.milestone,
            message=f"{event.milestone}: {', '.join(unfinished)} not completed, so it cannot be validated",
        )
    last = mission.validation.last_round(event.milestone)
    if last is not None and last.concluded is None:
        yield Violation(
            rule="round_open", offender=event.milestone, message=f"{event.milestone}: round {last.round} is not over"
        )
    if event.round != (last.round if last else 0) + 1:
        yield Violation(
            rule="round_number", offender=event.milestone, message=f"{event.milestone}: rounds are numbered in order"
        )


def reports_belong_to_an_open_round(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Checks, reviews, tests and conclusions are recorded in the round that is under way; checks once."""
    if not isinstance(
        event, ScrutinyRecorded | ReviewRecorded | ControlRecorded | UserTestingRecorded | ValidationConcluded
    ):
        return
    last = mission.validation.last_round(event.milestone)
    fits = last is not None and last.concluded is None and last.round == event.round
    if not fits or (isinstance(event, ScrutinyRecorded) and last is not None and last.scrutiny is not None):
        yield Violation(
            rule="not_this_round",
            offender=event.milestone,
            message=f"{event.milestone}: a {event.kind} of round {event.round} does not fit the validation under way",
        )


def milestones_exist(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Only a milestone of the plan is validated or sealed, and it is sealed once for good."""
    if not isinstance(event, ValidationStarted | MilestoneSealed):
        return
    name = event.milestone if isinstance(event, ValidationStarted) else event.id
    state = mission.plan.milestones.get(name)
    if state is None:
        yield Violation(rule="unknown_milestone", offender=name, message=f"{name}: no milestone has this id")
    elif state.sealed:
        yield Violation(rule="sealed_milestone", offender=name, message=f"{name}: is sealed already")


def _unsettled(mission: Mission, name: str) -> str:
    """Why an assertion does not hold yet, in words."""
    if mission.holds(name):
        return f"{name} has yet to be proved on this tree"
    return f"{name} is {mission.assertion_status(name)}"


def unproved(mission: Mission, milestone: str) -> list[str]:
    """What keeps the milestone from being sealed, in words; empty when all holds."""
    reasons = [
        _unsettled(mission, name) for name in mission.to_prove(milestone) if not mission.settled(milestone, name)
    ]
    last = mission.validation.last_round(milestone)
    if last is None or last.scrutiny is None:
        return [*reasons, "the repository's own checks have not been run"]
    reasons += [f"check {c.name} {c.blocking(5)}" for c in last.scrutiny.comparisons if not c.ok]
    reasons += complaints(mission, mission.to_prove(milestone))
    reasons += [f"{name} has not been through the negative control" for name in to_control(mission, milestone)]
    if last.tree != mission.tree:
        reasons.append("the tree has changed since the last round")
    return reasons


def signed_over(mission: Mission, milestone: str) -> bool:
    """Whether the human accepted, at the round cap, what does not hold."""
    return any(
        d.decision.kind == "round_cap"
        and (d.decision.subject or "").partition("#")[0] == milestone
        and d.answer is not None
        and d.answer.choice == "accept"
        for d in mission.decisions.decisions.values()
    )


def a_conclusion_says_what_was_proved(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """A round ends as passed only if everything holds, unless the human signs over what does not."""
    if not isinstance(event, ValidationConcluded) or not event.passed:
        return
    if event.signed and signed_over(mission, event.milestone):
        return
    for reason in unproved(mission, event.milestone):
        yield Violation(rule="unproved", offender=event.milestone, message=f"{event.milestone} cannot pass: {reason}")


def a_seal_needs_a_passed_round(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Its assertions hold, its features are done, and no issue is open."""
    if not isinstance(event, MilestoneSealed):
        return
    last = mission.validation.last_round(event.id)
    if last is None or last.concluded is None or not last.concluded.passed:
        yield Violation(
            rule="not_validated", offender=event.id, message=f"{event.id}: its last validation round did not pass"
        )
    for name in mission.to_prove(event.id):
        if not mission.settled(event.id, name):
            yield Violation(
                rule="unproved",
                offender=name,
                message=f"{_unsettled(mission, name)}, so {event.id} cannot be sealed",
            )
    for feature in mission.plan.in_milestone(event.id):
        if feature.status != "completed":
            yield Violation(
                rule="unfinished_features",
                offender=feature.feature.id,
                message=f"{feature.feature.id}: is {feature.status}, so {event.id} cannot be sealed",
            )
    for issue in mission.issues.open:
        yield Violation(
            rule="open_issue",
            offender=issue.id,
            message=f"{issue.id}: is open ({issue.summary}), so {event.id} cannot be sealed",
        )


def a_mission_completes_when_all_is_sealed_and_holds(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Done means: every milestone sealed and reviewed, every live assertion passed on this tree or signed over."""
    if not isinstance(event, MissionCompleted):
        return
    for name, state in mission.plan.milestones.items():
        if not state.sealed:
            yield Violation(rule="unsealed", offender=name, message=f"{name}: is not sealed, so the mission goes on")
    if not mission.plan.milestones:
        yield Violation(rule="unsealed", offender="plan", message="there is no milestone, so nothing can be complete")
    for name in mission.contract.assertions:
        if not mission.proved_here(name):
            yield Violation(
                rule="unproved",
                offender=name,
                message=f"{_unsettled(mission, name)}, so the mission goes on",
            )
    for issue in mission.issues.open:
        yield Violation(rule="open_issue", offender=issue.id, message=f"{issue.id}: is open, so the mission goes on")


RULES = (
    a_pass_carries_its_evidence,
    a_verdict_is_about_the_present,
    a_pass_does_not_contradict_its_replay,
    controls_and_replays_name_live_assertions,
    only_what_the_engine_proves_is_replayed,
    a_round_begins_when_its_features_are_done,
    reports_belong_to_an_open_round,
    milestones_exist,
    a_conclusion_says_what_was_proved,
    a_seal_needs_a_passed_round,
    a_mission_completes_when_all_is_sealed_and_holds,
)
