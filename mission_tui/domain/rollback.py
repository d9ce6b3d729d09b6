"""What falls back when a mission is rolled back to a checkpoint, said before it happens."""

from dataclasses import dataclass

from mission_tui.domain.mission import Checkpoint, Mission


@dataclass(frozen=True, slots=True)
class Fallback:
    """The preview of one rollback."""

    to: str
    head: str
    """The commit that the branch goes back to; later ones stay reachable but leave it."""
    unsealed: tuple[str, ...]
    """Milestones that were accepted and will be open again."""
    undone: tuple[str, ...]
    """Features whose finished work leaves the branch."""
    forgotten: tuple[str, ...]
    """Features, planned since, that will no longer exist."""
    unproved: tuple[str, ...]
    """Assertions that hold now and will have to be proved again."""
    contract: tuple[str, ...]
    """Assertions that were added, changed or dropped since."""
    constraints: tuple[str, ...]
    """What was told to every agent since."""
    issues: tuple[str, ...]
    """Open issues that are dismissed with the work they are about."""
    blocked_by: str | None
    """The run that must end first, if one is under way."""


def preview(mission: Mission, to: str) -> Fallback:
    """What `MissionRolledBack(to)` would change. Raises KeyError for a name that is no checkpoint."""
    point = mission.checkpoints[to]
    features, before = mission.plan.features, point.plan.features
    return Fallback(
        to=to,
        head=point.head,
        unsealed=tuple(m for m, s in mission.plan.milestones.items() if s.sealed and not _sealed(point, m)),
        undone=tuple(
            name
            for name, s in features.items()
            if s.status == "completed" and (name not in before or before[name].status != "completed")
        ),
        forgotten=tuple(name for name in features if name not in before),
        unproved=tuple(a for a in mission.contract.assertions if mission.holds(a) and not _held(point, a)),
        contract=_changed(mission, point),
        constraints=mission.conversation.constraints[len(point.constraints) :],
        issues=tuple(i.id for i in mission.issues.open),
        blocked_by=next((r for r in mission.runs.active if mission.runs.runs[r].started.role != "orchestrator"), None),
    )


def checkpoint_before(mission: Mission, milestone: str) -> str:
    """The checkpoint at which the milestone had not begun."""
    names = list(mission.plan.milestones)
    earlier = names[: names.index(milestone)] if milestone in names else []
    return next((m for m in reversed(earlier) if m in mission.checkpoints), "base")


def _sealed(point: Checkpoint, milestone: str) -> bool:
    state = point.plan.milestones.get(milestone)
    return state is not None and state.sealed


def _held(point: Checkpoint, assertion: str) -> bool:
    verdict = point.validation.latest(assertion)
    passed = verdict is not None and verdict.status == "passed" and assertion not in point.validation.stale
    return passed or assertion in point.contract.overrides


def _changed(mission: Mission, point: Checkpoint) -> tuple[str, ...]:
    now, then = mission.contract.assertions, point.contract.assertions
    return tuple(name for name in dict.fromkeys((*now, *then)) if now.get(name) != then.get(name))
