"""Facts about contract, plan and features."""

from typing import Literal

from pydantic import Field

from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.events.base import Event
from mission_tui.domain.plan import Feature, FeatureOrigin, Milestone, Services


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


class VacuousSigned(Event):
    """The human keeps an assertion although its proof passes without the work."""

    kind: Literal["vacuous_signed"] = "vacuous_signed"
    assertion: str
    reason: str = Field(min_length=1)


class PlanDrafted(Event):
    """Milestones and features of a plan not yet approved, upserted by id."""

    kind: Literal["plan_drafted"] = "plan_drafted"
    milestones: tuple[Milestone, ...] = ()
    features: tuple[Feature, ...] = ()
    services: Services | None = None
    removed: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    """Milestones and features in the order wanted; those left out come after, as they were."""


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
