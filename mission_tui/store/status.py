"""A mission and its events as JSON for scripts; the fields are a contract of the command line."""

from mission_tui.domain.budget import Spend
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import JsonObject
from mission_tui.domain.state.runs import RunState


def status_json(
    mission: Mission, spend: Spend, engine_pid: int | None, active_step: int = 0, repeated_calls: int = 0
) -> JsonObject:
    """What `status --json` prints. `active_step` is the number of the latest step of `active_run(mission)`."""
    created = mission.created
    return {
        "id": mission.id,
        "title": created.title if created else "",
        "state": mission.status,
        "repo": created.repo if created else "",
        "branch": created.branch if created else "",
        "base_commit": created.base_commit if created else "",
        "head_commit": mission.head,
        "seq": mission.seq,
        "end_reason": mission.end_reason,
        "engine": {"alive": engine_pid is not None, "pid": engine_pid},
        "usage": {**usage_json(spend), "repeated_calls": repeated_calls},
        "assertions": {"total": len(mission.contract.assertions), **mission.counts()},
        "stale": _stale(mission),
        "milestones": _milestones(mission),
        "features": _features(mission),
        "active_run": _active(active_run(mission), active_step),
        "decisions": decisions_json(mission),
    }


def event_json(recorded: Recorded) -> JsonObject:
    """One line of `events --json`; the run's id stands beside the data, and only where there is one."""
    event = recorded.event
    line: JsonObject = {"seq": recorded.seq, "at": recorded.at, "kind": event.kind}
    if event.run_id is not None:
        line["run_id"] = event.run_id
    line["data"] = event.model_dump(mode="json", exclude={"kind", "run_id"})
    return line


def usage_json(spend: Spend) -> JsonObject:
    usage = spend.usage
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "usd": usage.usd,
        "usd_known": usage.usd_known,
        "wall_s": round(spend.wall_s, 3),
        "runs": spend.runs,
        "steps": spend.steps,
    }


def decisions_json(mission: Mission) -> list[JsonObject]:
    """Open decisions, oldest first."""
    return [decision.model_dump(mode="json", exclude={"payload"}) for decision in mission.decisions.open]


def active_run(mission: Mission) -> RunState | None:
    """The run that leads: the first active one that no other run asked for."""
    runs = [mission.runs.runs[run_id] for run_id in mission.runs.active]
    return next((run for run in runs if run.started.parent is None), None)


def _active(run: RunState | None, step: int) -> JsonObject | None:
    if run is None:
        return None
    started = run.started
    return {"id": run.id, "role": started.role, "feature": started.feature, "model": started.model, "step": step}


def _stale(mission: Mission) -> list[JsonObject]:
    """Passes that say nothing of the present any more, each with what made it so."""
    return [
        {"id": name, "because": list(mission.validation.why_stale(name))}
        for name in mission.contract.assertions
        if mission.assertion_status(name) == "stale"
    ]


def _milestones(mission: Mission) -> list[JsonObject]:
    return [
        {
            "id": name,
            "title": state.milestone.title,
            "state": mission.milestone_status(name),
            "round": len(mission.validation.rounds.get(name, ())),
        }
        for name, state in mission.plan.milestones.items()
    ]


def _features(mission: Mission) -> list[JsonObject]:
    return [
        {
            "id": name,
            "title": state.feature.title,
            "milestone": state.feature.milestone,
            "state": state.status,
            "origin": state.origin,
            "fulfills": list(state.feature.fulfills),
            "commits": list(state.commits),
            "attempts": state.attempts,
        }
        for name, state in mission.plan.features.items()
    ]
