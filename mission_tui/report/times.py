"""When things happened: how long decisions waited, how long runs took, and where the wall time went."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mission_tui.domain.control import base_is_unproved
from mission_tui.domain.events import (
    AssertionOverridden,
    ContractAmended,
    DecisionAnswered,
    DecisionOpened,
    MilestoneSealed,
    PlanApproved,
    Recorded,
    RunEnded,
    RunStarted,
    ValidationConcluded,
)
from mission_tui.domain.mission import Mission

HUMAN = "waiting for you"


@dataclass(frozen=True, slots=True)
class Phase:
    """Something that took time."""

    name: str
    seconds: float
    share: float
    """Of the whole, 0 to 1."""


@dataclass(slots=True)
class Moments:
    """Times in Unix seconds, by id."""

    opened: dict[str, float] = field(default_factory=dict[str, float])
    answered: dict[str, float] = field(default_factory=dict[str, float])
    runs: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    signed: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """When, who, what."""

    def waited(self, decision: str) -> float | None:
        """Seconds between question and answer."""
        if decision not in self.answered:
            return None
        return self.answered[decision] - self.opened.get(decision, self.answered[decision])

    def run_s(self, run_id: str) -> float:
        began, ended = self.runs.get(run_id, (0.0, 0.0))
        return ended - began


def moments(events: Sequence[Recorded]) -> Moments:
    """Read the times off the ledger."""
    result = Moments()
    who = "you"
    for one in events:
        _note(result, one)
        if isinstance(one.event, DecisionAnswered):
            who = "recorded answer" if one.event.answer.by == "recorded" else "you"
        if what := _signature(one):
            result.signed.append((one.at, who, what))
    return result


def phases(events: Sequence[Recorded]) -> tuple[Phase, ...]:
    """The time from each event to the next, summed by what was going on; the longest first."""
    sums: dict[str, float] = {}
    for name, seconds in _spans(events):
        sums[name] = sums.get(name, 0.0) + seconds
    whole = sum(sums.values()) or 1.0
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    return tuple(Phase(name, seconds, seconds / whole) for name, seconds in ordered if seconds >= 0.05)


def _spans(events: Sequence[Recorded]) -> Iterator[tuple[str, float]]:
    mission = Mission()
    for one, following in pairwise(events):
        mission = mission.apply(one.event)
        yield _going_on(mission), max(0.0, following.at - one.at)


def _going_on(mission: Mission) -> str:
    leads = [mission.runs.runs[name].started for name in mission.runs.active]
    lead = next((run for run in leads if run.parent is None), None)
    asked = {d.subject for d in mission.decisions.open if d.kind == "answer"}
    if lead is not None and lead.run_id not in asked and not mission.paused:
        return lead.role.replace("_", " ")
    if mission.paused or mission.decisions.open:
        return HUMAN
    if mission.plan.submitted and base_is_unproved(mission):
        return "proving the base"
    milestone = mission.plan.current_milestone()
    last = mission.validation.last_round(milestone) if milestone else None
    return "checks and proofs" if last is not None and last.concluded is None else "engine"


def _note(result: Moments, one: Recorded) -> None:
    match one.event:
        case DecisionOpened():
            result.opened[one.event.decision.id] = one.at
        case DecisionAnswered():
            result.answered[one.event.id] = one.at
        case RunStarted():
            result.runs[one.event.run_id or ""] = (one.at, one.at)
        case RunEnded():
            began, _ = result.runs.get(one.event.run_id or "", (one.at, one.at))
            result.runs[one.event.run_id or ""] = (began, one.at)
        case _:
            pass


def _signature(one: Recorded) -> str:
    match one.event:
        case PlanApproved():
            return f"approved the contract, version {one.event.contract_version}, and the plan"
        case AssertionOverridden():
            return f"signed {one.event.assertion} over: {one.event.reason}"
        case ContractAmended() if one.event.signed:
            return f"signed an amendment: {one.event.amendment.reason}"
        case ValidationConcluded() if one.event.signed:
            return f"signed round {one.event.round} of {one.event.milestone} over"
        case MilestoneSealed():
            return f"sealed {one.event.id}{' for now' if one.event.provisional else ''}"
        case _:
            return ""
