"""Findings across rounds: which are known already, and whether a milestone converges."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.issues import IssueState
from mission_tui.domain.verdict import Finding

NEAR_LINES = 10
"""How far a place may have moved between two rounds and still be proposed as the same."""
SIMILAR = 0.6
"""Share of equal characters from which two titles are proposed as the same."""


@dataclass(frozen=True, slots=True)
class RoundFindings:
    """Issue ids of one validation round, by what became of them."""

    milestone: str
    round: int
    new: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    """Reported before, and there again."""
    regressed: tuple[str, ...] = ()
    """Looked at and gone in between, or settled in an earlier milestone, and there again."""
    gone: tuple[str, ...] = ()
    """Looked at again and not found."""


def same(finding: Finding, issue: Issue) -> bool:
    """The same defect beyond doubt: the same title in the same file."""
    return finding.file == issue.file and _plain(finding.title) == _plain(issue.summary)


def proposed(finding: Finding, known: Iterable[IssueState]) -> Issue | None:
    """A known finding at the same place, which a validator must confirm or deny."""
    at_place = [i.issue for i in known if _near(finding, i.issue)]
    return max(at_place, key=lambda i: _likeness(finding.title, i.summary), default=None)


def earlier(mission: Mission, milestone: str, feature: str | None) -> tuple[IssueState, ...]:
    """Findings that a validator of this feature (None: of the whole product) is asked to look at again."""
    paths = mission.plan.features[feature].paths if feature and feature in mission.plan.features else ()
    return tuple(
        i
        for i in mission.issues.findings
        if (feature is not None and i.settled_by == feature) or _belongs(i.issue, milestone, feature, paths)
    )


def outside(mission: Mission, issue: Issue) -> bool:
    """Whether it lies in a file that the features of its milestone did not touch."""
    if issue.file is None or issue.milestone is None:
        return False
    return all(issue.file not in f.paths for f in mission.plan.in_milestone(issue.milestone))


def trend(mission: Mission, milestone: str) -> tuple[RoundFindings, ...]:
    """Round by round: what was new, repeated, regressed and gone."""
    rounds: list[RoundFindings] = []
    gone: set[str] = set()
    for state in mission.validation.rounds.get(milestone, ()):
        seen = [i for i in mission.issues.findings if (milestone, state.round) in i.seen]
        reports = (*state.reviews, *((state.user_testing,) if state.user_testing else ()))
        shown = [name for r in reports for name in r.shown]
        now = {i.issue.id for i in seen}
        back = {i.issue.id for i in seen if i.issue.id in gone or i.seen[0][0] != milestone}
        new = {i.issue.id for i in seen if i.seen[0] == (milestone, state.round)}
        rounds.append(
            RoundFindings(
                milestone=milestone,
                round=state.round,
                new=_in_order(seen, new),
                repeated=_in_order(seen, now - new - back),
                regressed=_in_order(seen, back),
                gone=tuple(dict.fromkeys(name for name in shown if name not in now)),
            )
        )
        gone = (gone | set(shown)) - now
    return tuple(rounds)


def _in_order(seen: list[IssueState], chosen: set[str]) -> tuple[str, ...]:
    return tuple(i.issue.id for i in seen if i.issue.id in chosen)


def _belongs(issue: Issue, milestone: str, feature: str | None, paths: tuple[str, ...]) -> bool:
    if feature is None:
        return issue.milestone == milestone and issue.feature is None
    return (issue.milestone == milestone and issue.feature == feature) or issue.file in paths


def _near(finding: Finding, issue: Issue) -> bool:
    if finding.file != issue.file:
        return False
    if finding.line and issue.line and abs(finding.line - issue.line) <= NEAR_LINES:
        return True
    return _likeness(finding.title, issue.summary) >= SIMILAR


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _plain(one), _plain(other)).ratio()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
