"""Handoffs as lines: what was claimed beside what was observed, what was left, and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from mission_tui.domain.events import HandoffRecorded
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.issues import IssueState
from mission_tui.ui.look import Line, Piece, Tone
from mission_tui.ui.text import clean, counted, cut, money, one_line, padded, wrapped
from mission_tui.ui.widgets.lines import Painted

LABEL = 11
CLAIMED, OBSERVED, MARK = 9, 11, 14
SEVERITY = {"blocking": "blocking", "non_blocking": "minor", "suggestion": "suggestion"}


@dataclass(frozen=True, slots=True)
class Handoffs:
    """Builds the lines for one state and width. `unfolded` holds run ids."""

    mission: Mission
    unfolded: frozenset[str]
    width: int

    def rows(self) -> list[Painted]:
        rows: list[Painted] = []
        for record in reversed(self.mission.runs.handoffs):
            rows += self._handoff(record)
        return rows

    def _handoff(self, record: HandoffRecorded) -> Iterator[Painted]:
        key = record.run_id or ""
        yield Painted(key, *self._head(record, key in self.unfolded))
        if key not in self.unfolded:
            return
        for text in wrapped(clean(record.handoff.summary), self.width - 2, 6):
            yield Painted(key, (f"  {text}", "plain"))
        yield from self._claims(record, key)
        issues = issues_of(self.mission, record)
        yield from self._rest(record, key, issues)
        for state in issues:
            yield from self._issue(key, state)
        yield from self._procedure(record, key)
        yield Painted(key)

    def _head(self, record: HandoffRecorded, unfolded: bool) -> Line:
        state = self.mission.plan.features.get(record.feature)
        title = clean(state.feature.title, 80) if state else ""
        wrong = sum(1 for claim in record.claims if claim.contradicted)
        end: Piece = (f" ✖ {wrong} contradicted", "bad") if wrong else (" ✔ claims hold", "good")
        if not record.claims:
            end = (" no claims", "faint")
        facts = self._facts(record)
        room = self.width - 2 - len(record.feature) - 1 - len(end[0])
        if room - len(title) < len(facts):
            facts = f" · {record.run_id}"
        name = padded(cut(title, room - len(facts)) + facts, room)
        return ((f"{'▾' if unfolded else '▸'} ", "faint"), (f"{record.feature} ", "strong"), (name, "plain"), end)

    def _facts(self, record: HandoffRecorded) -> str:
        parts = [record.run_id or ""]
        run = self.mission.runs.runs.get(record.run_id or "")
        if run is not None and run.ended is not None:
            parts += [counted(run.ended.steps, "step"), money(run.ended.usage.usd, run.ended.usage.usd_known)]
        if record.attempt > 1:
            parts.append(f"attempt {record.attempt}")
        if record.partial:
            parts.append("partial")
        return f" · {' · '.join([*parts, record.head[:7]])}"

    def _claims(self, record: HandoffRecorded, key: str) -> Iterator[Painted]:
        """The table of claimed and observed exit codes."""
        if not record.claims:
            return
        room = min(60, self.width - 2 - CLAIMED - OBSERVED - MARK)
        yield Painted(key, (f"  {padded('command', room)}{'claimed':<{CLAIMED}}{'observed':<{OBSERVED}}", "faint"))
        for claim in record.claims:
            wrong = claim.contradicted
            seen = "never ran" if not claim.ran else exit_code(claim.observed_exit)
            yield Painted(
                key,
                (f"  {padded(one_line(claim.command), room - 1)} ", "code"),
                (f"{exit_code(claim.claimed_exit):<{CLAIMED}}", "plain"),
                (f"{seen:<{OBSERVED}}", "bad" if wrong else "plain"),
                ("✖ contradicted" if wrong else "✔ holds", "bad" if wrong else "good"),
            )

    def _rest(self, record: HandoffRecorded, key: str, issues: list[IssueState]) -> Iterator[Painted]:
        known = {state.issue.summary for state in issues}
        for undone in record.handoff.undone:
            if f"left undone: {undone}" not in known:
                yield from self._labelled(key, "undone", undone, "plain")
        for issue in record.handoff.issues:
            if issue.summary not in known:
                yield from self._labelled(key, "issue", f"{SEVERITY[issue.severity]}: {issue.summary}", "plain")

    def _issue(self, key: str, state: IssueState) -> Iterator[Painted]:
        issue = state.issue
        became = "open" if state.resolution is None else state.resolution
        label = {"leftover": "undone", "contradiction": "false claim"}.get(issue.source, "issue")
        summary = issue.summary.removeprefix("left undone: ")
        if issue.source == "contradiction":
            summary = "opened as a blocking issue"
        elif issue.source == "handoff":
            summary = f"{SEVERITY[issue.severity]}: {summary}"
        yield from self._labelled(key, label, f"{summary} → {became}", "wait" if became == "open" else "plain")

    def _procedure(self, record: HandoffRecorded, key: str) -> Iterator[Painted]:
        followed = record.handoff.procedure_followed
        text = "followed" if followed else f"✖ not followed: {record.handoff.deviations or 'no reason given'}"
        yield from self._labelled(key, "procedure", text, "faint" if followed else "plain")

    def _labelled(self, key: str, label: str, text: str, tone: Tone) -> Iterator[Painted]:
        for place, part in enumerate(wrapped(one_line(text, 1000), self.width - LABEL - 3, 6)):
            yield Painted(key, (f"  {(label if place == 0 else '').ljust(LABEL)} ", "faint"), (part, tone))


def exit_code(code: int | None) -> str:
    """`exit 1`, or that the command was killed."""
    return "killed" if code is None else f"exit {code}"


def issues_of(mission: Mission, record: HandoffRecorded) -> list[IssueState]:
    """Issues that a handoff brought up."""
    said = {issue.summary for issue in record.handoff.issues} | {f"left undone: {u}" for u in record.handoff.undone}
    mine = [s for s in mission.issues.issues.values() if s.issue.feature == record.feature]
    return [
        s
        for s in mine
        if s.issue.source in ("handoff", "leftover", "contradiction")
        and (s.issue.summary in said or _is_contradiction(s.issue, record))
    ]


def _is_contradiction(issue: Issue, record: HandoffRecorded) -> bool:
    return issue.source == "contradiction" and any(
        c.contradicted and f"`{c.command}`" in issue.summary for c in record.claims
    )
