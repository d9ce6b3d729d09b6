"""Writing the plan, and changing it feature by feature."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field, ValidationError

from mission_tui.domain.base import Frozen
from mission_tui.domain.events import (
    AnyEvent,
    FeatureAdded,
    FeatureCancelled,
    FeatureChanged,
    PlanDrafted,
    PlanSubmitted,
)
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Feature, FeatureOrigin, Milestone, Services
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop
from mission_tui.tools.contract import withdrawn_approval


class WritePlan(Frozen):
    milestones: tuple[Milestone, ...] = ()
    features: tuple[Feature, ...] = ()
    services: Services | None = None
    remove: tuple[str, ...] = Field(default=(), description="ids of milestones or features to take out")
    submit: bool = Field(default=False, description="hand contract and plan over for approval and end this run")


class NewFeature(Feature):
    resolves: tuple[str, ...] = Field(default=(), description="ids of open issues that this feature answers")


class AddFeature(Frozen):
    feature: NewFeature


class ChangeFeature(Frozen):
    id: str
    changes: dict[str, Any] = Field(
        description="fields of the feature to replace; retry: true starts a failed one again"
    )


class CancelFeature(Frozen):
    id: str
    reason: str = Field(min_length=1)


async def write_plan(args: WritePlan, workshop: Workshop) -> ToolResult:
    run_id = workshop.assignment.run_id
    if args.submit:
        _refuse_with_open_issues(workshop.mission)

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        events: list[AnyEvent] = []
        if args.milestones or args.features or args.services is not None or args.remove:
            events.append(
                PlanDrafted(
                    run_id=run_id,
                    milestones=args.milestones,
                    features=args.features,
                    services=args.services,
                    removed=args.remove,
                )
            )
        events += withdrawn_approval(mission)
        if args.submit:
            events.append(PlanSubmitted(run_id=run_id))
        return events

    done = "submitted" if args.submit else "written, not submitted yet"
    written = f"{len(args.milestones)} milestones and {len(args.features)} features"
    return ToolResult(f"{written if args.milestones or args.features else 'the plan'} {done}", facts)


def _refuse_with_open_issues(mission: Mission) -> None:
    """They would only wake the orchestrator once more, after the base was proved again."""
    left = ", ".join(i.id for i in mission.issues.open)
    if left:
        raise ToolProblem(
            f"write_plan: {left} still open; once each is mended, or is not to be, call `dismiss_issue` with what you "
            "did and why, then submit"
        )


def _submits(args: WritePlan) -> bool:
    return args.submit


async def add_feature(args: AddFeature, workshop: Workshop) -> ToolResult:
    run_id = workshop.assignment.run_id
    resolves = args.feature.resolves
    feature = Feature.model_validate(args.feature.model_dump(exclude={"resolves"}))

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        owned = mission.plan.owners
        origin: FeatureOrigin = "fix" if resolves or any(a in owned for a in feature.fulfills) else "rescope"
        return (FeatureAdded(run_id=run_id, feature=feature, origin=origin, resolves=resolves),)

    answered = f", which answers {', '.join(resolves)}" if resolves else ""
    return ToolResult(f"added {feature.id} to {feature.milestone}{answered}", facts)


async def change_feature(args: ChangeFeature, workshop: Workshop) -> ToolResult:
    state = workshop.mission.plan.features.get(args.id)
    if state is None:
        raise ToolProblem(
            f"change_feature: no feature {args.id!r}; there are {', '.join(workshop.mission.plan.features)}"
        )
    changes = dict(args.changes)
    retry = bool(changes.pop("retry", False))
    try:
        feature = Feature.model_validate({**state.feature.model_dump(), **changes, "id": args.id})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise ToolProblem(f"change_feature: {problems}") from None
    changed = FeatureChanged(run_id=workshop.assignment.run_id, feature=feature, retry=retry)
    return ToolResult(f"changed {args.id}{', which will be tried again' if retry else ''}", lambda _: (changed,))


async def cancel_feature(args: CancelFeature, workshop: Workshop) -> ToolResult:
    cancelled = FeatureCancelled(run_id=workshop.assignment.run_id, id=args.id, reason=args.reason)
    return ToolResult(f"cancelled {args.id}", lambda _: (cancelled,))


TOOLS = (
    Tool("write_plan", WritePlan, "state", write_plan, _submits),
    Tool("add_feature", AddFeature, "state", add_feature),
    Tool("change_feature", ChangeFeature, "state", change_feature),
    Tool("cancel_feature", CancelFeature, "state", cancel_feature),
)
