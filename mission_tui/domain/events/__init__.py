"""Every fact that can change a mission: frozen, in the past tense, one union per noun.

The ledger stores them with a sequence number and a time; the state of a mission is their fold.
"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter

from mission_tui.domain.base import Frozen
from mission_tui.domain.events.base import Event
from mission_tui.domain.events.execution import (
    DecisionAnswered,
    DecisionOpened,
    DecisionWithdrawn,
    FindingSeen,
    HandoffRecorded,
    IssueDismissed,
    IssueOpened,
    RunEnded,
    RunStarted,
)
from mission_tui.domain.events.lifecycle import (
    ArtifactsCollected,
    BudgetChanged,
    CommitRecorded,
    ConstraintBroadcast,
    MessageSaid,
    MessagesDelivered,
    MissionAborted,
    MissionCompleted,
    MissionCreated,
    MissionFailed,
    MissionPaused,
    MissionResumed,
    MissionRolledBack,
    SeatChanged,
    SeatSwitched,
    SkillsCommitted,
    SkillWritten,
)
from mission_tui.domain.events.planning import (
    AssertionOverridden,
    ContractAmended,
    ContractDrafted,
    FeatureAdded,
    FeatureCancelled,
    FeatureChanged,
    FeatureCompleted,
    FeatureFailed,
    MilestoneAdded,
    MilestoneSealed,
    PlanApproved,
    PlanDrafted,
    PlanReturned,
    PlanSubmitted,
    VacuousSigned,
)
from mission_tui.domain.events.validation import (
    BaseProved,
    ContractReviewed,
    ControlRecorded,
    FlowReplayed,
    ReplayRecorded,
    ReplayRequested,
    ReviewRecorded,
    ScrutinyRecorded,
    UserTestingRecorded,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
)

LifecycleEvent = (
    MissionPaused
    | MissionResumed
    | MissionAborted
    | MissionCompleted
    | MissionFailed
    | BudgetChanged
    | SeatChanged
    | SeatSwitched
    | ArtifactsCollected
)
ConversationEvent = MessageSaid | MessagesDelivered | ConstraintBroadcast | SkillWritten | SkillsCommitted
ContractEvent = ContractDrafted | ContractAmended | AssertionOverridden
PlanEvent = PlanDrafted | PlanSubmitted | PlanReturned | PlanApproved | VacuousSigned | MilestoneAdded | MilestoneSealed
FeatureEvent = FeatureAdded | FeatureChanged | FeatureCancelled | FeatureCompleted | FeatureFailed
RunEvent = RunStarted | RunEnded | HandoffRecorded
IssueEvent = IssueOpened | FindingSeen | IssueDismissed
ControlEvent = ControlRecorded | FlowReplayed | ReplayRequested | ReplayRecorded
ValidationEvent = (
    BaseProved
    | ContractReviewed
    | ValidationStarted
    | ScrutinyRecorded
    | ReviewRecorded
    | VerdictRecorded
    | ControlEvent
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
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(
    Annotated[AnyEvent, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)


def event_from(kind: str, run_id: str | None, data: dict[str, Any]) -> AnyEvent:
    """Rebuild an event from its stored columns. Raises pydantic.ValidationError when they do not fit."""
    return EVENT.validate_python({"kind": kind, "run_id": run_id, **data})


class Recorded(Frozen):
    """An event with its place in the ledger."""

    seq: int = Field(ge=1)
    at: float
    """Unix time in seconds."""
    event: Annotated[AnyEvent, Field(discriminator="kind")]


__all__ = [
    "EVENT",
    "AnyEvent",
    "ArtifactsCollected",
    "AssertionOverridden",
    "BaseProved",
    "BudgetChanged",
    "CommitRecorded",
    "ConstraintBroadcast",
    "ContractAmended",
    "ContractDrafted",
    "ContractEvent",
    "ContractReviewed",
    "ControlEvent",
    "ControlRecorded",
    "ConversationEvent",
    "DecisionAnswered",
    "DecisionEvent",
    "DecisionOpened",
    "DecisionWithdrawn",
    "Event",
    "FeatureAdded",
    "FeatureCancelled",
    "FeatureChanged",
    "FeatureCompleted",
    "FeatureEvent",
    "FeatureFailed",
    "FindingSeen",
    "FlowReplayed",
    "HandoffRecorded",
    "IssueDismissed",
    "IssueEvent",
    "IssueOpened",
    "LifecycleEvent",
    "MessageSaid",
    "MessagesDelivered",
    "MilestoneAdded",
    "MilestoneSealed",
    "MissionAborted",
    "MissionCompleted",
    "MissionCreated",
    "MissionFailed",
    "MissionPaused",
    "MissionResumed",
    "MissionRolledBack",
    "PlanApproved",
    "PlanDrafted",
    "PlanEvent",
    "PlanReturned",
    "PlanSubmitted",
    "Recorded",
    "ReplayRecorded",
    "ReplayRequested",
    "ReviewRecorded",
    "RunEnded",
    "RunEvent",
    "RunStarted",
    "ScrutinyRecorded",
    "SeatChanged",
    "SeatSwitched",
    "SkillWritten",
    "SkillsCommitted",
    "UserTestingRecorded",
    "VacuousSigned",
    "ValidationConcluded",
    "ValidationEvent",
    "ValidationStarted",
    "VerdictRecorded",
    "event_from",
]
