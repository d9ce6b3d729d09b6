"""Issues: what must become a feature, go to the backlog or be dismissed before the mission goes on."""

from dataclasses import dataclass, field
from typing import assert_never

from mission_tui.domain.base import replace
from mission_tui.domain.events import FindingSeen, IssueDismissed, IssueEvent, IssueOpened
from mission_tui.domain.handoff import Issue


@dataclass(frozen=True)
class IssueState:
    issue: Issue
    resolution: str | None = None
    """`feature ID`, `backlog: REASON` or `dismissed: REASON`; None while open."""
    seen: tuple[tuple[str, int], ...] = ()
    """Milestone and round of each time a validator met it."""

    @property
    def settled_by(self) -> str | None:
        """The feature that it became."""
        kind, _, name = (self.resolution or "").partition(" ")
        return name if kind == "feature" else None


@dataclass(frozen=True)
class IssuesState:
    issues: dict[str, IssueState] = field(default_factory=dict[str, IssueState])

    @property
    def open(self) -> tuple[Issue, ...]:
        return tuple(i.issue for i in self.issues.values() if i.resolution is None)

    @property
    def findings(self) -> tuple[IssueState, ...]:
        return tuple(i for i in self.issues.values() if i.issue.source == "finding")

    def next_id(self) -> str:
        return f"I{len(self.issues) + 1}"

    def apply(self, event: IssueEvent) -> "IssuesState":
        match event:
            case IssueOpened():
                return self._with(IssueState(event.issue, seen=_first_sight(event.issue)))
            case FindingSeen():
                return self._seen(event)
            case IssueDismissed():
                return self.resolve((event.id,), f"{'backlog' if event.backlog else 'dismissed'}: {event.reason}")
        assert_never(event)

    def resolve(self, ids: tuple[str, ...], resolution: str | None) -> "IssuesState":
        if not ids:
            return self
        changed = {name: replace(self.issues[name], resolution=resolution) for name in ids}
        return replace(self, issues={**self.issues, **changed})

    def forget_rounds(self, milestones: frozenset[str]) -> "IssuesState":
        """Rounds of milestones that were rolled back are counted anew."""
        kept = {
            name: replace(state, seen=tuple(s for s in state.seen if s[0] not in milestones))
            for name, state in self.issues.items()
        }
        return replace(self, issues=kept)

    def _seen(self, event: FindingSeen) -> "IssuesState":
        state = self.issues[event.id]
        worse = event.severity == "blocking" and state.issue.severity != "blocking"
        issue = state.issue.model_copy(
            update={
                "severity": event.severity,
                "detail": event.detail,
                "file": event.file or state.issue.file,
                "line": event.line or state.issue.line,
            }
        )
        # What was dismissed stays so, unless it has turned out to be worse than it looked.
        resolution = None if worse else state.resolution
        seen = dict.fromkeys((*state.seen, (event.milestone, event.round)))
        return self._with(IssueState(issue, resolution, tuple(seen)))

    def _with(self, state: IssueState) -> "IssuesState":
        return replace(self, issues={**self.issues, state.issue.id: state})


def _first_sight(issue: Issue) -> tuple[tuple[str, int], ...]:
    return tuple((issue.milestone, r) for r in issue.rounds) if issue.milestone else ()
