"""Facts about runs, handoffs, issues and decisions."""

from typing import Literal

from pydantic import Field

from mission_tui.domain.decision import Answer, Decision
from mission_tui.domain.events.base import Event
from mission_tui.domain.handoff import Handoff, Issue, ObservedClaim, Severity
from mission_tui.domain.ports import Usage


class RunStarted(Event):
    kind: Literal["run_started"] = "run_started"
    role: str
    model: str
    feature: str | None = None
    milestone: str | None = None
    base: str
    """Commit the run started from."""
    purpose: str = ""
    parent: str | None = None
    """The run that asked for it (researchers)."""
    assertions: tuple[str, ...] = ()
    """What a validator was asked to prove."""


class RunEnded(Event):
    kind: Literal["run_ended"] = "run_ended"
    outcome: Literal["finished", "partial", "failed", "cancelled"]
    summary: str
    usage: Usage
    steps: int


class HandoffRecorded(Event):
    kind: Literal["handoff_recorded"] = "handoff_recorded"
    feature: str
    attempt: int
    handoff: Handoff
    claims: tuple[ObservedClaim, ...]
    base: str
    head: str
    partial: bool = False
    """Written by the engine for a run that was ended by a cap."""


class IssueOpened(Event):
    kind: Literal["issue_opened"] = "issue_opened"
    issue: Issue


class FindingSeen(Event):
    """A validator met a known finding again, in a later round or another milestone."""

    kind: Literal["finding_seen"] = "finding_seen"
    id: str
    milestone: str
    round: int
    severity: Severity
    detail: str
    file: str | None = None
    line: int | None = None


class IssueDismissed(Event):
    kind: Literal["issue_dismissed"] = "issue_dismissed"
    id: str
    reason: str = Field(min_length=1)
    backlog: bool = False
    """It is right, and left for after the mission."""


class DecisionOpened(Event):
    kind: Literal["decision_opened"] = "decision_opened"
    decision: Decision


class DecisionAnswered(Event):
    kind: Literal["decision_answered"] = "decision_answered"
    id: str
    answer: Answer


class DecisionWithdrawn(Event):
    """It no longer needs an answer, for instance because the plan changed."""

    kind: Literal["decision_withdrawn"] = "decision_withdrawn"
    id: str
    reason: str
