"""Gates on the mission as a whole: when it may change, who may run, and what the human must answer."""

from collections.abc import Iterator

from mission_tui.domain.events import (
    AnyEvent,
    ArtifactsCollected,
    DecisionAnswered,
    DecisionOpened,
    DecisionWithdrawn,
    FindingSeen,
    HandoffRecorded,
    IssueDismissed,
    IssueOpened,
    MissionCreated,
    MissionRolledBack,
    PlanApproved,
    RunEnded,
    RunStarted,
)
from mission_tui.domain.gates.base import Violation
from mission_tui.domain.mission import Mission
from mission_tui.domain.upkeep import living_evidence


def a_mission_begins_once_and_ends_once(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Nothing comes before its creation, and nothing but the end of its runs after its end."""
    if isinstance(event, MissionCreated) != (mission.created is None):
        yield Violation(rule="creation", offender=mission.id or event.kind, message="a mission is created once, first")
    if mission.ended and not isinstance(event, RunEnded):
        yield Violation(
            rule="ended", offender=mission.id, message=f"the mission is {mission.ended}; nothing can change it any more"
        )


def a_run_starts_only_when_it_may(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Not while paused; code is written only for an approved plan, by one run at a time, with no issue open."""
    if not isinstance(event, RunStarted):
        return
    offender = event.run_id or event.role
    if mission.paused:
        yield Violation(rule="paused", offender=offender, message="the mission is paused; resume it first")
    if event.run_id in mission.runs.runs or not event.run_id:
        yield Violation(rule="duplicate_id", offender=offender, message=f"{offender}: a run needs an id of its own")
    if event.role == "worker":
        yield from _may_write(mission, event, offender)


def _may_write(mission: Mission, event: RunStarted, offender: str) -> Iterator[Violation]:
    if not mission.plan.approved:
        yield Violation(
            rule="not_approved", offender=offender, message="the plan is not approved, so no code is written"
        )
    writers = [r for r in mission.runs.active if mission.runs.runs[r].started.role == "worker"]
    if writers:
        yield Violation(rule="one_writer", offender=offender, message=f"{writers[0]} is still writing")
    for issue in mission.issues.open:
        yield Violation(
            rule="open_issue",
            offender=issue.id,
            message=f"{issue.id}: must become a feature or be dismissed with a reason before the next feature starts",
        )
    state = mission.plan.features.get(event.feature or "")
    if state is None or not state.open:
        yield Violation(
            rule="feature_state", offender=event.feature or offender, message="there is no such feature to work on"
        )
        return
    for name in state.feature.after:
        if mission.plan.features[name].status != "completed":
            yield Violation(
                rule="precondition",
                offender=state.feature.id,
                message=f"{state.feature.id}: comes after {name}, which is not completed",
            )


def a_run_ends_once(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Only an active run ends or hands off."""
    if isinstance(event, RunEnded | HandoffRecorded) and event.run_id not in mission.runs.active:
        yield Violation(rule="run_state", offender=str(event.run_id), message=f"{event.run_id}: is not active")
    if isinstance(event, HandoffRecorded) and mission.runs.handoff_of(event.run_id or ""):
        yield Violation(
            rule="second_handoff", offender=str(event.run_id), message=f"{event.run_id}: has handed off already"
        )


def issues_are_answered_once(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """An id is new when it is opened and open when it is dismissed."""
    if isinstance(event, IssueOpened) and event.issue.id in mission.issues.issues:
        yield Violation(rule="duplicate_id", offender=event.issue.id, message=f"{event.issue.id}: exists already")
    if isinstance(event, IssueDismissed) and event.id not in {i.id for i in mission.issues.open}:
        open_ids = ", ".join(i.id for i in mission.issues.open) or "none"
        yield Violation(
            rule="unknown_issue",
            offender=event.id,
            message=f"{event.id}: no open issue has this id (open: {open_ids})",
        )


def a_finding_seen_again_is_known(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Only what a validator found before is seen again."""
    if not isinstance(event, FindingSeen):
        return
    state = mission.issues.issues.get(event.id)
    if state is None or state.issue.source != "finding":
        yield Violation(rule="unknown_finding", offender=event.id, message=f"{event.id}: no finding has this id")


def decisions_are_answered_once(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """An answer names an open decision and one of its choices."""
    if isinstance(event, DecisionOpened) and event.decision.id in mission.decisions.decisions:
        yield Violation(rule="duplicate_id", offender=event.decision.id, message=f"{event.decision.id}: exists already")
    if not isinstance(event, DecisionAnswered | DecisionWithdrawn):
        return
    state = mission.decisions.decisions.get(event.id)
    if state is None or not state.open:
        open_ids = ", ".join(d.id for d in mission.decisions.open) or "none"
        yield Violation(
            rule="unknown_decision",
            offender=event.id,
            message=f"{event.id}: no open decision has this id (open: {open_ids})",
        )
    elif isinstance(event, DecisionAnswered) and not _is_choice(event.answer.choice, state.decision.choices):
        choices = ", ".join(state.decision.choices)
        yield Violation(
            rule="unknown_choice",
            offender=event.id,
            message=f"{event.id}: {event.answer.choice!r} is not a choice; choose {choices}",
        )


def _is_choice(choice: str, choices: tuple[str, ...]) -> bool:
    return not choices or choice in choices


def approval_follows_submission(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Only a submitted plan is approved, for the contract as it is."""
    if not isinstance(event, PlanApproved):
        return
    if not mission.plan.submitted:
        yield Violation(rule="not_submitted", offender="plan", message="the plan has not been submitted")
    if event.contract_version != mission.contract.version:
        yield Violation(
            rule="contract_version",
            offender="contract",
            message=f"the contract is at version {mission.contract.version}, not {event.contract_version}; look again",
        )


def a_rollback_has_a_place_to_go(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """It goes to the base or the end of a sealed milestone, while no run is active."""
    if not isinstance(event, MissionRolledBack):
        return
    if event.to not in mission.checkpoints:
        known = ", ".join(mission.checkpoints) or "none"
        yield Violation(
            rule="unknown_checkpoint", offender=event.to, message=f"{event.to}: is no checkpoint (there are: {known})"
        )
    busy = [r for r in mission.runs.active if mission.runs.runs[r].started.role != "orchestrator"]
    if busy:
        yield Violation(rule="run_state", offender=busy[0], message=f"{busy[0]} is active; let it end first")


def what_is_still_shown_is_not_collected(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Evidence that the state names, or one that a rollback would bring back, stays."""
    if isinstance(event, ArtifactsCollected):
        for artifact in sorted(living_evidence(mission).intersection(event.artifacts)):
            yield Violation(rule="still_named", offender=artifact, message=f"{artifact[:12]}: is evidence that counts")


RULES = (
    a_mission_begins_once_and_ends_once,
    a_run_starts_only_when_it_may,
    a_run_ends_once,
    issues_are_answered_once,
    a_finding_seen_again_is_known,
    decisions_are_answered_once,
    approval_follows_submission,
    a_rollback_has_a_place_to_go,
    what_is_still_shown_is_not_collected,
)
