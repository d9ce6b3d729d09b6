"""Milestones and features, and how far each has come."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, assert_never

from mission_tui.domain.base import replace
from mission_tui.domain.events import (
    FeatureAdded,
    FeatureCancelled,
    FeatureChanged,
    FeatureCompleted,
    FeatureEvent,
    FeatureFailed,
    MilestoneAdded,
    MilestoneSealed,
    PlanApproved,
    PlanDrafted,
    PlanEvent,
    PlanReturned,
    PlanSubmitted,
    RunStarted,
    VacuousSigned,
)
from mission_tui.domain.layers import Layers
from mission_tui.domain.plan import Feature, FeatureOrigin, Milestone, Services
from mission_tui.domain.states import FeatureStatus

StateT = TypeVar("StateT")


@dataclass(frozen=True)
class FeatureState:
    feature: Feature
    origin: FeatureOrigin = "plan"
    status: FeatureStatus = "pending"
    attempts: int = 0
    parent: str | None = None
    """Commit from before its first attempt: the tree without any of its work."""
    base: str | None = None
    """Commit that its completed attempt started from."""
    head: str | None = None
    commits: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Files its commits changed."""
    reason: str = ""
    """Why it failed or was cancelled."""

    @property
    def open(self) -> bool:
        return self.status in ("pending", "in_progress")


@dataclass(frozen=True)
class MilestoneState:
    milestone: Milestone
    sealed: bool = False
    provisional: bool = False
    head: str | None = None
    """The commit at which it was sealed."""


@dataclass(frozen=True)
class PlanState:
    milestones: dict[str, MilestoneState] = field(default_factory=dict[str, MilestoneState])
    features: Layers[str, FeatureState] = field(default_factory=Layers[str, FeatureState])
    services: Services = field(default_factory=Services)
    submitted: bool = False
    approved: bool = False
    signed_vacuous: frozenset[str] = frozenset()
    """Assertions that pass on the base and that the human keeps all the same."""
    signed_base: bool = False
    """The human approved knowing what the proof of the base found."""

    def apply(self, event: PlanEvent) -> "PlanState":
        match event:
            case PlanDrafted():
                return self._drafted(event)
            case PlanSubmitted():
                return replace(self, submitted=True)
            case PlanReturned():
                return replace(self, submitted=False, approved=False, signed_base=False)
            case PlanApproved():
                signed = self.signed_vacuous | set(event.signed_vacuous)
                return replace(
                    self, approved=True, submitted=True, signed_vacuous=signed, signed_base=event.base_was_proved
                )
            case VacuousSigned():
                return replace(self, signed_vacuous=self.signed_vacuous | {event.assertion})
            case MilestoneAdded():
                return self._with_milestone(MilestoneState(event.milestone))
            case MilestoneSealed():
                return self._sealed(event)
        assert_never(event)

    def apply_feature(self, event: FeatureEvent) -> "PlanState":
        match event:
            case FeatureAdded():
                return self._with_feature(FeatureState(event.feature, event.origin))
            case FeatureChanged():
                return self._changed(event)
            case FeatureCancelled():
                old = self.features[event.id]
                return self._with_feature(replace(old, status="cancelled", reason=event.reason))
            case FeatureCompleted():
                return self._completed(event)
            case FeatureFailed():
                old = self.features[event.id]
                return self._with_feature(replace(old, status="failed", reason=event.reason))
        assert_never(event)

    def start(self, event: RunStarted) -> "PlanState":
        """A worker's run puts its feature in progress."""
        old = self.features[event.feature or ""]
        parent = old.parent or event.base
        return self._with_feature(replace(old, status="in_progress", attempts=old.attempts + 1, parent=parent))

    @cached_property
    def owners(self) -> dict[str, str]:
        """The feature that answers for each assertion: the last live one that names it, so a fix takes over."""
        return {
            assertion: state.feature.id
            for state in self.features.values()
            if state.status != "cancelled"
            for assertion in state.feature.fulfills
        }

    def in_milestone(self, milestone: str) -> tuple[FeatureState, ...]:
        """Its features that were not cancelled, in plan order."""
        return tuple(f for f in self.by_milestone.get(milestone, ()) if f.status != "cancelled")

    @cached_property
    def by_milestone(self) -> dict[str, list[FeatureState]]:
        """All features, in plan order."""
        found: dict[str, list[FeatureState]] = {}
        for state in self.features.values():
            found.setdefault(state.feature.milestone, []).append(state)
        return found

    def current_milestone(self) -> str | None:
        return next((name for name, m in self.milestones.items() if not m.sealed), None)

    def last_milestone(self) -> str | None:
        return next(reversed(self.milestones), None)

    def _drafted(self, event: PlanDrafted) -> "PlanState":
        milestones = dict(self.milestones)
        for milestone in event.milestones:
            milestones[milestone.id] = MilestoneState(milestone)
        features = dict(self.features)
        for feature in event.features:
            features[feature.id] = FeatureState(feature)
        for name in event.removed:
            milestones.pop(name, None)
            features.pop(name, None)
        services = event.services or self.services
        return replace(
            self,
            milestones=_in_order(milestones, event.order),
            features=Layers(_in_order(features, event.order)),
            services=services,
            submitted=self.approved,
        )

    def _changed(self, event: FeatureChanged) -> "PlanState":
        old = self.features[event.feature.id]
        status = "pending" if event.retry and old.status == "failed" else old.status
        return self._with_feature(replace(old, feature=event.feature, status=status))

    def _completed(self, event: FeatureCompleted) -> "PlanState":
        old = self.features[event.id]
        return self._with_feature(
            replace(old, status="completed", base=event.base, head=event.head, commits=event.commits, paths=event.paths)
        )

    def _sealed(self, event: MilestoneSealed) -> "PlanState":
        sealed = replace(self.milestones[event.id], sealed=True, provisional=event.provisional, head=event.head)
        if event.provisional:
            return self._with_milestone(sealed)
        accepted = {name: replace(m, provisional=False) if m.provisional else m for name, m in self.milestones.items()}
        return replace(self, milestones={**accepted, event.id: sealed})

    def _with_feature(self, state: FeatureState) -> "PlanState":
        return replace(self, features=self.features.with_(state.feature.id, state))

    def _with_milestone(self, state: MilestoneState) -> "PlanState":
        return replace(self, milestones={**self.milestones, state.milestone.id: state})


def _in_order(parts: dict[str, StateT], order: tuple[str, ...]) -> dict[str, StateT]:
    """Those that are named come first, in that order."""
    named = [name for name in order if name in parts]
    return {name: parts[name] for name in dict.fromkeys((*named, *parts))} if named else parts
