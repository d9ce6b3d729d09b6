"""Runs, the handoffs that ended them, and the issues that came of them."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from mission_tui.domain.events import (
    HandoffRecorded,
    IssueDismissed,
    IssueEvent,
    IssueOpened,
    RunEnded,
    RunEvent,
    RunStarted,
)
from mission_tui.domain.handoff import Issue


@dataclass(frozen=True, slots=True)
class RunState:
    id: str
    started: RunStarted
    ended: RunEnded | None = None


@dataclass(frozen=True, slots=True)
class RunsState:
    runs: dict[str, RunState] = field(default_factory=dict[str, RunState])
    active: tuple[str, ...] = ()
    handoffs: tuple[HandoffRecorded, ...] = ()

    def apply(self, event: RunEvent) -> "RunsState":
        match event:
            case RunStarted():
                return self._started(event)
            case RunEnded():
                return self._ended(event)
            case HandoffRecorded():
                return replace(self, handoffs=(*self.handoffs, event))
        assert_never(event)

    def next_id(self) -> str:
        return f"R{len(self.runs) + 1}"

    def handoff_of(self, run_id: str) -> HandoffRecorded | None:
        return next((h for h in reversed(self.handoffs) if h.run_id == run_id), None)

    def _started(self, event: RunStarted) -> "RunsState":
        run_id = event.run_id or ""
        runs = {**self.runs, run_id: RunState(run_id, event)}
        return replace(self, runs=runs, active=(*self.active, run_id))

    def _ended(self, event: RunEnded) -> "RunsState":
        run_id = event.run_id or ""
        runs = {**self.runs, run_id: replace(self.runs[run_id], ended=event)}
        return replace(self, runs=runs, active=tuple(r for r in self.active if r != run_id))


@dataclass(frozen=True, slots=True)
class IssueState:
    issue: Issue
    resolution: str | None = None
    """`feature ID`, or `dismissed: REASON`; None while open."""


@dataclass(frozen=True, slots=True)
class IssuesState:
    issues: dict[str, IssueState] = field(default_factory=dict[str, IssueState])

    @property
    def open(self) -> tuple[Issue, ...]:
        return tuple(i.issue for i in self.issues.values() if i.resolution is None)

    def next_id(self) -> str:
        return f"I{len(self.issues) + 1}"

    def apply(self, event: IssueEvent) -> "IssuesState":
        match event:
            case IssueOpened():
                return replace(self, issues={**self.issues, event.issue.id: IssueState(event.issue)})
            case IssueDismissed():
                return self.resolve((event.id,), f"dismissed: {event.reason}")
        assert_never(event)

    def resolve(self, ids: tuple[str, ...], resolution: str) -> "IssuesState":
        if not ids:
            return self
        changed = {name: replace(self.issues[name], resolution=resolution) for name in ids}
        return replace(self, issues={**self.issues, **changed})
