"""Every fact that can change a mission: frozen, in the past tense, one union per noun.

The ledger stores them with a sequence number and a time; the state of a mission is their fold.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from mission_tui.domain.base import Frozen
from mission_tui.domain.budget import Limits
from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.decision import Answer, Decision
from mission_tui.domain.handoff import Handoff, Issue, ObservedClaim
from mission_tui.domain.plan import Feature, FeatureOrigin, Milestone, Services
from mission_tui.domain.ports import Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.verdict import BaseResult, CheckComparison, CheckOutcome, Finding, Verdict


class Event(Frozen):
    """A fact. `command_id` names the human command that caused it, so that each is applied exactly once."""

    run_id: str | None = None
    command_id: str | None = None


# The mission itself


class MissionCreated(Event):
    kind: Literal["mission_created"] = "mission_created"
    id: str
    title: str
    goal: str
    repo: str
    branch: str
    base_commit: str
    base_tree: str
    """Fingerprint of the base commit's tree."""
    review: str = Field(default="milestone", pattern=r"^(auto|milestone|every:[1-9][0-9]*)$")
    seats: dict[str, SeatSettings]
    limits: Limits = Limits()
    network: Literal["none", "registries", "open"] = "none"
    skills: tuple[str, ...] = ()
    """Names of the skills that features may ask for."""
    notes: tuple[str, ...] = ()
    """What the human should know, for instance that the checkout was dirty."""
    round_cap: int = Field(default=5, ge=1)


class MissionPaused(Event):
    kind: Literal["mission_paused"] = "mission_paused"
    reason: str
    at_once: bool = False


class MissionResumed(Event):
    kind: Literal["mission_resumed"] = "mission_resumed"


class MissionAborted(Event):
    kind: Literal["mission_aborted"] = "mission_aborted"
    reason: str


class MissionCompleted(Event):
    kind: Literal["mission_completed"] = "mission_completed"
    tree: str


class MissionFailed(Event):
    kind: Literal["mission_failed"] = "mission_failed"
    reason: str


class MissionRolledBack(Event):
    """Code, contract, verdicts, plan and skills go back together to a checkpoint."""

    kind: Literal["mission_rolled_back"] = "mission_rolled_back"
    to: str
    """`base`, or the id of a sealed milestone whose end is meant."""
    reason: str


class BudgetChanged(Event):
    kind: Literal["budget_changed"] = "budget_changed"
    limits: Limits


class SeatChanged(Event):
    kind: Literal["seat_changed"] = "seat_changed"
    role: str
    seat: SeatSettings


class CommitRecorded(Event):
    kind: Literal["commit_recorded"] = "commit_recorded"
    commit: str
    tree: str
    """Fingerprint of the tree without `.mission/` and `.agents/`."""
    paths: tuple[str, ...]
    reason: str


class MessageSaid(Event):
    kind: Literal["message_said"] = "message_said"
    author: Literal["human", "orchestrator"]
    text: str = Field(min_length=1)


class MessagesDelivered(Event):
    """An orchestrator run was shown every message up to number `upto` (count of messages said)."""

    kind: Literal["messages_delivered"] = "messages_delivered"
    upto: int = Field(ge=0)


class ConstraintBroadcast(Event):
    kind: Literal["constraint_broadcast"] = "constraint_broadcast"
    text: str = Field(min_length=1)


class SkillWritten(Event):
    kind: Literal["skill_written"] = "skill_written"
    name: str
    author: Literal["orchestrator", "worker", "human"]
    lesson: str | None = None


# Contract


class ContractDrafted(Event):
    """Assertions of a contract not yet approved, upserted by id."""

    kind: Literal["contract_drafted"] = "contract_drafted"
    assertions: tuple[Assertion, ...] = ()
    removed: tuple[str, ...] = ()


class ContractAmended(Event):
    kind: Literal["contract_amended"] = "contract_amended"
    amendment: Amendment
    signed: bool
    """Whether the human signed it; pure additions need no signature."""


class AssertionOverridden(Event):
    kind: Literal["assertion_overridden"] = "assertion_overridden"
    assertion: str
    reason: str = Field(min_length=1)


# Plan


class PlanDrafted(Event):
    """Milestones and features of a plan not yet approved, upserted by id."""

    kind: Literal["plan_drafted"] = "plan_drafted"
    milestones: tuple[Milestone, ...] = ()
    features: tuple[Feature, ...] = ()
    services: Services | None = None
    removed: tuple[str, ...] = ()


class PlanSubmitted(Event):
    kind: Literal["plan_submitted"] = "plan_submitted"


class PlanReturned(Event):
    """The human sent the plan back with a note."""

    kind: Literal["plan_returned"] = "plan_returned"
    note: str


class PlanApproved(Event):
    kind: Literal["plan_approved"] = "plan_approved"
    contract_version: int
    base_commit: str
    signed_vacuous: tuple[str, ...] = ()
    """Assertions that pass on the base and that the human keeps all the same."""
    base_was_proved: bool = False
    """Whether the human saw what the proof of the base found."""


class FeatureAdded(Event):
    kind: Literal["feature_added"] = "feature_added"
    feature: Feature
    origin: FeatureOrigin
    resolves: tuple[str, ...] = ()
    """Issues that this feature answers."""


class FeatureChanged(Event):
    kind: Literal["feature_changed"] = "feature_changed"
    feature: Feature
    retry: bool = False
    """Whether a failed feature becomes pending again."""


class FeatureCancelled(Event):
    kind: Literal["feature_cancelled"] = "feature_cancelled"
    id: str
    reason: str = Field(min_length=1)


class FeatureCompleted(Event):
    kind: Literal["feature_completed"] = "feature_completed"
    id: str
    base: str
    head: str
    commits: tuple[str, ...]
    paths: tuple[str, ...] = ()


class FeatureFailed(Event):
    kind: Literal["feature_failed"] = "feature_failed"
    id: str
    reason: str


class MilestoneAdded(Event):
    """A milestone that the engine opened because finishing found regressions."""

    kind: Literal["milestone_added"] = "milestone_added"
    milestone: Milestone


class MilestoneSealed(Event):
    kind: Literal["milestone_sealed"] = "milestone_sealed"
    id: str
    head: str
    provisional: bool = False
    """Accepted for now under `every:N`; a later review may reject it."""


# Runs


class RunStarted(Event):
    kind: Literal["run_started"] = "run_started"
    role: str
    model: str
    feature: str | None = None
    milestone: str | None = None
    base: str
    """Commit the run started from."""
    purpose: str = ""
    parent: str | None = None
    """The run that asked for it (researchers)."""
    assertions: tuple[str, ...] = ()
    """What a validator was asked to prove."""


class RunEnded(Event):
    kind: Literal["run_ended"] = "run_ended"
    outcome: Literal["finished", "partial", "failed", "cancelled"]
    summary: str
    usage: Usage
    steps: int


class HandoffRecorded(Event):
    kind: Literal["handoff_recorded"] = "handoff_recorded"
    feature: str
    attempt: int
    handoff: Handoff
    claims: tuple[ObservedClaim, ...]
    base: str
    head: str
    partial: bool = False
    """Written by the engine for a run that was ended by a cap."""


class IssueOpened(Event):
    kind: Literal["issue_opened"] = "issue_opened"
    issue: Issue


class IssueDismissed(Event):
    kind: Literal["issue_dismissed"] = "issue_dismissed"
    id: str
    reason: str = Field(min_length=1)


# Validation


class BaseProved(Event):
    """What checks and mechanical proofs said about the untouched base."""

    kind: Literal["base_proved"] = "base_proved"
    contract_version: int
    checks: tuple[CheckOutcome, ...]
    results: tuple[BaseResult, ...]
    setup_problem: str | None = None
    """Why the base could not be set up, if so."""


class ValidationStarted(Event):
    kind: Literal["validation_started"] = "validation_started"
    milestone: str
    round: int
    tree: str
    basis: str = ""


class ScrutinyRecorded(Event):
    kind: Literal["scrutiny_recorded"] = "scrutiny_recorded"
    milestone: str
    round: int
    checks: tuple[CheckOutcome, ...]
    comparisons: tuple[CheckComparison, ...]


class ReviewRecorded(Event):
    kind: Literal["review_recorded"] = "review_recorded"
    milestone: str
    round: int
    feature: str
    summary: str
    findings: tuple[Finding, ...] = ()


class VerdictRecorded(Event):
    kind: Literal["verdict_recorded"] = "verdict_recorded"
    verdict: Verdict


class UserTestingRecorded(Event):
    kind: Literal["user_testing_recorded"] = "user_testing_recorded"
    milestone: str
    round: int
    summary: str
    findings: tuple[Finding, ...] = ()


class ValidationConcluded(Event):
    kind: Literal["validation_concluded"] = "validation_concluded"
    milestone: str
    round: int
    passed: bool
    summary: str


# Decisions


class DecisionOpened(Event):
    kind: Literal["decision_opened"] = "decision_opened"
    decision: Decision


class DecisionAnswered(Event):
    kind: Literal["decision_answered"] = "decision_answered"
    id: str
    answer: Answer


class DecisionWithdrawn(Event):
    """It no longer needs an answer, for instance because the plan changed."""

    kind: Literal["decision_withdrawn"] = "decision_withdrawn"
    id: str
    reason: str


LifecycleEvent = (
    MissionPaused | MissionResumed | MissionAborted | MissionCompleted | MissionFailed | BudgetChanged | SeatChanged
)
ConversationEvent = MessageSaid | MessagesDelivered | ConstraintBroadcast | SkillWritten
ContractEvent = ContractDrafted | ContractAmended | AssertionOverridden
PlanEvent = PlanDrafted | PlanSubmitted | PlanReturned | PlanApproved | MilestoneAdded | MilestoneSealed
FeatureEvent = FeatureAdded | FeatureChanged | FeatureCancelled | FeatureCompleted | FeatureFailed
RunEvent = RunStarted | RunEnded | HandoffRecorded
IssueEvent = IssueOpened | IssueDismissed
ValidationEvent = (
    BaseProved
    | ValidationStarted
    | ScrutinyRecorded
    | ReviewRecorded
    | VerdictRecorded
    | UserTestingRecorded
    | ValidationConcluded
)
DecisionEvent = DecisionOpened | DecisionAnswered | DecisionWithdrawn
AnyEvent = (
    MissionCreated
    | MissionRolledBack
    | CommitRecorded
    | LifecycleEvent
    | ConversationEvent
    | ContractEvent
    | PlanEvent
    | FeatureEvent
    | RunEvent
    | IssueEvent
    | ValidationEvent
    | DecisionEvent
)
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(Annotated[AnyEvent, Field(discriminator="kind")])


def event_from(kind: str, run_id: str | None, data: dict[str, Any]) -> AnyEvent:
    """Rebuild an event from its stored columns. Raises pydantic.ValidationError when they do not fit."""
    return EVENT.validate_python({"kind": kind, "run_id": run_id, **data})


class Recorded(Frozen):
    """An event with its place in the ledger."""

    seq: int = Field(ge=1)
    at: float
    """Unix time in seconds."""
    event: Annotated[AnyEvent, Field(discriminator="kind")]
