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
    undone = mission.runs.rolled_back
    redone = _redone(runs, undone)
    dropped = [(n, run) for n, run in enumerate(runs) if run.ended is not None and run.started.role != "orchestrator"]
    views = [(len(runs), mission.plan), *((point.runs, point.plan) for point in mission.checkpoints.values())]
    for seen, plan in views:
        dropped = [
            (n, run)
            for n, run in dropped
            if n >= seen or run.id in undone or _is_cancelled(run, plan) or redone.get(n, seen) < seen
        ]
    return frozenset(run.id for _, run in dropped)


def _redone(runs: Sequence[RunState], undone: frozenset[str]) -> dict[int, int]:
    """By the place of each run that did not finish: the place of the next one that finished its work."""
    redone, finished = dict[int, int](), dict[tuple[str | None, ...], int]()
    for place in range(len(runs) - 1, -1, -1):
        run, task = runs[place], _task(runs[place])
        if run.ended is None:
            continue
        if run.ended.outcome != "finished":
            if task in finished:
                redone[place] = finished[task]
        elif run.id not in undone:
            finished[task] = place
    return redone


def _is_cancelled(run: RunState, plan: PlanState) -> bool:
    started = run.started
    state = plan.features.get(started.feature) if started.role == "worker" and started.feature else None
    return state is not None and state.status == "cancelled"


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
