"""What a mission does next, read from its state and never remembered."""

from dataclasses import dataclass

from mission_tui.domain.control import (
    base_is_unproved,
    base_problems,
    complaints,
    to_control,
    vacuous_controls,
    waiting_for_signature,
)
from mission_tui.domain.gates.validation import signed_over, unproved
from mission_tui.domain.mission import Mission


@dataclass(frozen=True, slots=True)
class Stop:
    """The mission has ended."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Only the human can go on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """A run was cut off, or waited for an answer that has come."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Orchestrate:
    """Something needs judgement."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProveBase:
    """Run checks and mechanical proofs on the untouched base."""


@dataclass(frozen=True, slots=True)
class ReviewContract:
    """A contract reviewer reads the draft before it is shown to the human."""


@dataclass(frozen=True, slots=True)
class AskApproval:
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    feature: str


@dataclass(frozen=True, slots=True)
class StartRound:
    milestone: str
    round: int


@dataclass(frozen=True, slots=True)
class AskRoundCap:
    milestone: str
    round: int


@dataclass(frozen=True, slots=True)
class Scrutinise:
    milestone: str


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer per feature, in parallel."""

    milestone: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prove:
    """Mechanical proofs, by the engine itself."""

    milestone: str
    assertions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """The negative control: proofs on trees without the work, where they have to fail."""

    milestone: str
    assertions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskVacuous:
    """The human signs a proof that passes without the work, or has it changed."""

    assertion: str


@dataclass(frozen=True, slots=True)
class UserTest:
    milestone: str
    assertions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conclude:
    milestone: str
    passed: bool
    summary: str
    signed: bool = False


@dataclass(frozen=True, slots=True)
class AskReview:
    milestone: str


@dataclass(frozen=True, slots=True)
class Seal:
    milestone: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class OpenFixMilestone:
    assertions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    """Everything is sealed and holds."""


Action = (
    Stop
    | Wait
    | Resume
    | Orchestrate
    | ProveBase
    | ReviewContract
    | AskApproval
    | Work
    | StartRound
    | AskRoundCap
    | Scrutinise
    | Review
    | Prove
    | Control
    | AskVacuous
    | UserTest
    | Conclude
    | AskReview
    | Seal
    | OpenFixMilestone
    | Complete
)

HARD_STOPS = ("raise_cap", "provider", "box")
"""Decisions without which not even the orchestrator can work."""


NOT_LOOKED_AT = ("is stale", "is pending", "on this tree", "the negative control")
"""How a reason ends that only says that the engine has yet to look; the next round will."""


def next_action(mission: Mission) -> Action:
    """The first thing that applies."""
    forced = _stopped(mission) or _run_to_resume(mission)
    if forced is not None:
        return forced
    if mission.conversation.undelivered or not mission.plan.submitted:
        return _unless_given_up(mission, Orchestrate(judgement_needed(mission)))
    if base_is_unproved(mission):
        return ProveBase()
    if not mission.plan.approved:
        settled = _before_approval(mission)
        if settled is not None:
            return _unless_given_up(mission, settled)
    if mission.decisions.open:
        return Wait(mission.decisions.open[0].summary)
    problems = base_problems(mission)
    if not mission.plan.approved or problems:
        return AskApproval(problems)
    return _execution(mission)


def _stopped(mission: Mission) -> Stop | Wait | None:
    if mission.ended:
        return Stop()
    if mission.paused:
        return Wait(f"paused: {mission.paused.reason}")
    blocked = [d for d in mission.decisions.open if d.kind in HARD_STOPS]
    return Wait(blocked[0].summary) if blocked else None


def _unless_given_up(mission: Mission, action: Orchestrate | ReviewContract) -> Action:
    """Whether to try once more a role whose runs keep failing is asked; until that is answered none is started."""
    role = "orchestrator" if isinstance(action, Orchestrate) else "contract_reviewer"
    runs = mission.runs.runs
    for decision in mission.decisions.open:
        failed = runs.get(str(decision.payload.get("failed_run", "")))
        if failed is not None and failed.started.role == role:
            return Wait(decision.summary)
    return action


def _before_approval(mission: Mission) -> ReviewContract | Orchestrate | None:
    """An interviewed plan is read with fresh eyes once, and its problems go to the orchestrator before the human."""
    interviewed = mission.created is not None and mission.created.interviewed
    if interviewed and mission.validation.contract_review is None:
        return ReviewContract()
    reasons = judgement_needed(mission)
    return Orchestrate(reasons) if reasons else None


def _run_to_resume(mission: Mission) -> Resume | Wait | None:
    active = [mission.runs.runs[r] for r in mission.runs.active]
    roots = [r for r in active if r.started.parent is None]
    if not roots:
        return None
    waiting = [d for d in mission.decisions.open if d.kind == "answer" and d.subject == roots[0].id]
    return Wait(waiting[0].summary) if waiting else Resume(roots[0].id)


def _execution(mission: Mission) -> Action:
    milestone = mission.plan.current_milestone()
    last = mission.validation.last_round(milestone) if milestone else None
    if milestone and last is not None and last.concluded is None:
        return _validation(mission, milestone)
    reasons = judgement_needed(mission)
    if reasons:
        return Orchestrate(reasons)
    unsigned = waiting_for_signature(mission)
    if unsigned:
        return AskVacuous(unsigned[0].assertion)
    if milestone is None:
        open_ends = tuple(a for a in mission.contract.assertions if not mission.proved_here(a))
        return OpenFixMilestone(open_ends) if open_ends else Complete()
    feature = next((f.feature.id for f in mission.plan.in_milestone(milestone) if f.open), None)
    if feature is not None:
        return Work(feature)
    if last is not None and last.concluded is not None and last.concluded.passed and last.basis == mission.basis:
        return _acceptance(mission, milestone)
    return _round(mission, milestone, last.round + 1 if last else 1)


def _round(mission: Mission, milestone: str, number: int) -> Action:
    cap = mission.created.round_cap if mission.created else 5
    answered = any(
        d.decision.subject == f"{milestone}#{number}" and d.answer and d.answer.choice in ("retry", "accept")
        for d in mission.decisions.decisions.values()
    )
    if number > cap and not answered:
        return AskRoundCap(milestone, number)
    return StartRound(milestone, number)


def _validation(mission: Mission, milestone: str) -> Action:
    """Cheap before dear; all that costs no tokens is looked at before a round is given up."""
    current = mission.validation.rounds[milestone][-1]
    if current.scrutiny is None:
        return Scrutinise(milestone)
    unreviewed = _never_reviewed(mission, milestone)
    if unreviewed:
        return Review(milestone, unreviewed)
    mechanical = _left_to_prove(mission, milestone, current.proved)
    if mechanical:
        return Prove(milestone, mechanical)
    if _already_red(mission, milestone):
        return _conclusion(mission, milestone)
    unseen = to_control(mission, milestone)
    if unseen:
        return Control(milestone, unseen)
    if vacuous_controls(mission):
        return _conclusion(mission, milestone)
    again = _to_review_again(mission, milestone)
    if again:
        return Review(milestone, again)
    return _user_testing(mission, milestone) or _conclusion(mission, milestone)


def _left_to_prove(mission: Mission, milestone: str, proved: frozenset[str]) -> tuple[str, ...]:
    names = (a for a in mission.to_prove(milestone) if mission.mechanical(a) and a not in proved)
    return tuple(a for a in names if not mission.settled(milestone, a))


def _conclusion(mission: Mission, milestone: str) -> Conclude:
    reasons = [f"{i.id} {i.summary}" for i in mission.issues.open if i.severity == "blocking"]
    reasons = _telling([*unproved(mission, milestone), *reasons])
    if reasons and signed_over(mission, milestone):
        return Conclude(milestone, True, f"signed over: {'; '.join(reasons)}", signed=True)
    return Conclude(milestone, not reasons, "; ".join(reasons) or "every assertion holds")


def _telling(reasons: list[str]) -> list[str]:
    """Without what was not looked at because something else was red already."""
    return [r for r in reasons if not r.endswith(NOT_LOOKED_AT)] or reasons


def _never_reviewed(mission: Mission, milestone: str) -> tuple[str, ...]:
    reviewed = mission.validation.reviewed_features()
    features = mission.plan.in_milestone(milestone)
    return tuple(f.feature.id for f in features if f.status == "completed" and f.feature.id not in reviewed)


def _to_review_again(mission: Mission, milestone: str) -> tuple[str, ...]:
    """Features whose review-proved assertions do not hold, or no longer."""
    this_round = {r.feature for r in mission.validation.rounds[milestone][-1].reviews}
    owners = mission.plan.owners
    live = mission.contract.assertions
    again = {
        owners[a]
        for a in mission.to_prove(milestone)
        if live[a].proof.by == "review" and not mission.holds(a) and a in owners
    }
    return tuple(f for f, s in mission.plan.features.items() if f in again - this_round and s.status == "completed")


def _user_testing(mission: Mission, milestone: str) -> UserTest | None:
    """An agent proves what the engine cannot and, once a milestone, uses the product freely."""
    current = mission.validation.rounds[milestone][-1]
    if current.user_testing is not None:
        return None
    live = mission.contract.assertions
    left = tuple(
        a
        for a in mission.to_prove(milestone)
        if live[a].proof.by != "review" and not mission.holds(a) and a not in current.proved
    )
    used_before = any(r.user_testing for r in mission.validation.rounds[milestone])
    surface = any(
        mission.contract.assertions[a].proof.by in ("http", "browser", "terminal") for a in mission.to_prove(milestone)
    )
    if not left and (used_before or not surface or not mission.plan.in_milestone(milestone)):
        return None
    return UserTest(milestone, left)


def _already_red(mission: Mission, milestone: str) -> bool:
    current = mission.validation.rounds[milestone][-1]
    red = any(mission.assertion_status(a) in ("failed", "blocked", "inconclusive") for a in current.proved)
    checks = current.scrutiny is not None and any(not c.ok for c in current.scrutiny.comparisons)
    return red or checks or any(i.severity == "blocking" for i in mission.issues.open)


def _acceptance(mission: Mission, milestone: str) -> AskReview | Seal:
    review = mission.created.review if mission.created else "milestone"
    if review == "auto":
        return Seal(milestone, provisional=False)
    every = int(review.partition(":")[2] or 1)
    waiting = sum(1 for m in mission.plan.milestones.values() if m.provisional)
    last = mission.plan.last_milestone() == milestone
    if waiting + 1 < every and not last:
        return Seal(milestone, provisional=True)
    return AskReview(milestone)


def judgement_needed(mission: Mission) -> tuple[str, ...]:
    """What only the orchestrator can settle, in words; empty when the plan can simply go on."""
    reasons = [f"the human says: {m.text}" for m in mission.conversation.undelivered]
    if not mission.plan.submitted:
        reasons.append("the contract and the plan are not submitted yet")
    reasons += [f"issue {i.id} ({i.severity}) is open: {i.summary}" for i in mission.issues.open]
    if mission.plan.approved:
        owners = mission.plan.owners
        reasons += [
            f"{name} has no feature that fulfils it"
            for name, a in mission.contract.assertions.items()
            if not a.guard and name not in owners
        ]
    reasons += [
        f"feature {f.feature.id} failed: {f.reason}" for f in mission.plan.features.values() if f.status == "failed"
    ]
    milestone = mission.plan.current_milestone()
    last = mission.validation.last_round(milestone) if milestone else None
    if milestone and last is not None and last.concluded is not None and not last.concluded.passed:
        working = any(f.open for f in mission.plan.in_milestone(milestone))
        if not working and last.basis == mission.basis:
            undecided = complaints(mission, tuple(r.assertion for r in waiting_for_signature(mission)))
            found = [r for r in unproved(mission, milestone) if r not in undecided and not r.endswith(NOT_LOOKED_AT)]
            reasons += [f"milestone {milestone} failed round {last.round}: {r}" for r in found]
    return tuple(reasons)
