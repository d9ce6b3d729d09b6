"""What a mission still needs of what it stored. What only dropped attempts named may go.

A mission can be seen as it is and, because it can be rolled back, as it was at each of its checkpoints: whatever
counts in one of these views lives.
"""

from collections.abc import Iterator, Sequence

from mission_tui.domain.mission import Mission
from mission_tui.domain.state.plan import PlanState
from mission_tui.domain.state.runs import RunState
from mission_tui.domain.state.validation import ValidationState


def living_evidence(mission: Mission) -> frozenset[str]:
    """Artifacts of every verdict, check, flow and replay that is shown, or would be again after a rollback."""
    views = (mission.validation, *(point.validation for point in mission.checkpoints.values()))
    return frozenset(artifact for view in views for artifact in _evidence(view))


def dropped_runs(mission: Mission) -> frozenset[str]:
    """Runs that have ended and whose work counts in no view.

    They were rolled back, their feature was cancelled, or they did not finish what another run finished later.
    """
    runs = list(mission.runs.runs.values())
    views = [(runs, mission.plan), *((runs[: p.runs], p.plan) for p in mission.checkpoints.values())]
    dropped = frozenset(run.id for run in runs if run.ended is not None)
    for seen, plan in views:
        if not dropped:
            break
        dropped -= _living(seen, plan, mission.runs.rolled_back)
    return dropped


def _living(runs: Sequence[RunState], plan: PlanState, rolled_back: frozenset[str]) -> set[str]:
    living, finished = set[str](), set[tuple[str | None, ...]]()
    for run in reversed(runs):
        started, task = run.started, _task(run)
        state = plan.features.get(started.feature) if started.role == "worker" and started.feature else None
        cancelled = state is not None and state.status == "cancelled"
        done_later = run.ended is not None and run.ended.outcome != "finished" and task in finished
        stands = run.id not in rolled_back and not cancelled and not done_later
        if stands or started.role == "orchestrator":
            living.add(run.id)
        if run.id not in rolled_back and run.ended is not None and run.ended.outcome == "finished":
            finished.add(task)
    return living


def _task(run: RunState) -> tuple[str | None, ...]:
    """What another run must have been for, to have done this one's work."""
    started = run.started
    return (started.role, started.feature, started.milestone, started.parent, *started.assertions)


def _evidence(view: ValidationState) -> Iterator[str]:
    checks = [*(view.base.checks if view.base else ())]
    for rounds in view.rounds.values():
        checks += [check for one in rounds if one.scrutiny is not None for check in one.scrutiny.checks]
    yield from (check.output.artifact for check in checks if check.output is not None)
    for history in view.verdicts.values():
        yield from (evidence.artifact for verdict in history for evidence in verdict.evidence)
    for flow in (*view.flows.values(), *view.replays.values()):
        yield from (evidence.artifact for evidence in (flow.evidence if flow is not None else ()))
