"""One handoff in full, as lines: the report beside what was observed, what became of it, its cost and its diff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mission_tui.domain.events import HandoffRecorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.issues import IssueState
from mission_tui.ui.look import ASSERTION, Tone
from mission_tui.ui.panes.handoff_rows import SEVERITY, exit_code, issues_of
from mission_tui.ui.text import clean, counted, money, one_line, padded, tokens, wrapped
from mission_tui.ui.widgets.diff_rows import DiffLines, FileDiff, totals
from mission_tui.ui.widgets.lines import Painted

LABEL = 11
CLAIMED, OBSERVED, MARK = 9, 11, 14


@dataclass(frozen=True, slots=True)
class HandoffLines:
    """Builds the lines of one handoff for one width."""

    mission: Mission
    record: HandoffRecorded
    width: int

    def rows(self, files: Sequence[FileDiff] | None, unfolded: frozenset[str], trouble: str = "") -> list[Painted]:
        """`files`: what its commits changed; None while that is being read."""
        return [
            *self._report(),
            Painted(""),
            *self._claims(),
            *self._issues(),
            *self._settled(),
            Painted(""),
            *self._diff(files, unfolded, trouble),
        ]

    def _report(self) -> Iterator[Painted]:
        handoff, record = self.record.handoff, self.record
        if record.partial:
            yield from self._labelled("partial", "the engine ended the run and wrote this report itself", "odd")
        yield from self._labelled("summary", handoff.summary, "strong")
        for place, item in enumerate(handoff.completed):
            yield from self._labelled("done" if place == 0 else "", f"✔ {item}")
        if not handoff.undone:
            yield from self._labelled("undone", "nothing was left undone", "faint")
        followed = handoff.procedure_followed
        how = "✔ followed" if followed else f"✖ not followed: {handoff.deviations or 'no reason given'}"
        yield from self._labelled("procedure", how, "plain" if followed else "odd")

    def _claims(self) -> Iterator[Painted]:
        """Every command with the exit code that was claimed and the one that was observed."""
        if not self.record.claims:
            yield from self._labelled("commands", "none were claimed", "faint")
            return
        room = self.width - LABEL - CLAIMED - OBSERVED - MARK - 9
        head = f"{padded('command', room)} {'claimed':<{CLAIMED}}{'observed':<{OBSERVED}}"
        yield Painted("", ("commands".ljust(LABEL), "faint"), (head, "faint"))
        for claim in self.record.claims:
            wrong = claim.contradicted
            judged = "✖ contradicted" if wrong else "✔ holds"
            seen = "never ran" if not claim.ran else exit_code(claim.observed_exit)
            step = f"step {claim.step}" if claim.step else ""
            lines = wrapped(one_line(claim.command, 2000), room, 4)
            for place, part in enumerate(lines):
                first = place == 0
                yield Painted(
                    f"step:{claim.step}" if claim.step else "",
                    (" " * LABEL, "plain"),
                    (f"{padded(part, room)} ", "code"),
                    (f"{exit_code(claim.claimed_exit) if first else '':<{CLAIMED}}", "plain"),
                    (f"{seen if first else '':<{OBSERVED}}", "bad" if wrong else "plain"),
                    (judged.ljust(MARK) if first else "", "bad" if wrong else "good"),
                    (f"{step:>8}" if first else "", "faint"),
                )

    def _issues(self) -> Iterator[Painted]:
        issues = issues_of(self.mission, self.record)
        if issues:
            yield Painted("")
        for place, state in enumerate(issues):
            yield from self._issue("issues" if place == 0 else "", state)

    def _issue(self, label: str, state: IssueState) -> Iterator[Painted]:
        issue = state.issue
        kind = {"leftover": "left undone", "contradiction": "false claim"}.get(issue.source, SEVERITY[issue.severity])
        summary = issue.summary.removeprefix("left undone: ")
        yield from self._labelled(label, f"{issue.id} {kind}: {summary}")
        if issue.detail:
            yield from self._labelled("", issue.detail, "faint")
        became = state.resolution or "open: it must become a feature or be dismissed before the mission goes on"
        yield from self._labelled("", f"→ {became}", "wait" if state.resolution is None else "good")

    def _settled(self) -> Iterator[Painted]:
        """Assertions, commits and cost."""
        yield Painted("")
        state = self.mission.plan.features.get(self.record.feature)
        for place, name in enumerate(state.feature.fulfills if state else ()):
            look = ASSERTION[self.mission.assertion_status(name)]
            yield Painted(
                "", (("fulfils" if place == 0 else "").ljust(LABEL), "faint"), (f"{look.glyph} ", look.tone),
                (f"{name}  ", "code"), (look.word, look.tone),
            )  # fmt: skip
        mine = state is not None and state.head == self.record.head
        commits = state.commits if state is not None and mine and state.commits else (self.record.head,)
        yield from self._labelled("commits", "  ".join(c[:10] for c in commits), "code")
        yield from self._labelled("cost", self._cost())

    def _cost(self) -> str:
        run = self.mission.runs.runs.get(self.record.run_id or "")
        if run is None or run.ended is None:
            return "the run has not ended"
        usage = run.ended.usage
        cached = 100 * usage.cached_tokens // usage.input_tokens if usage.input_tokens else 0
        steps = counted(run.ended.steps, "step")
        return (
            f"{money(usage.usd, usage.usd_known)} · {steps} · {tokens(usage.input_tokens)} in "
            f"({cached}% cached) · {tokens(usage.output_tokens)} out · {one_line(run.started.model, 80)}"
        )

    def _diff(self, files: Sequence[FileDiff] | None, unfolded: frozenset[str], trouble: str) -> Iterator[Painted]:
        if trouble or files is None:
            yield from self._labelled("diff", trouble or "reading …", "odd" if trouble else "faint")
            return
        if not files:
            yield from self._labelled("diff", "no file was changed", "faint")
            return
        yield Painted("", ("diff".ljust(LABEL), "faint"), *totals(files))
        yield from DiffLines(self.width).rows(files, unfolded)

    def _labelled(self, label: str, text: str, tone: Tone = "plain") -> Iterator[Painted]:
        for place, part in enumerate(wrapped(clean(text), self.width - LABEL, 60)):
            yield Painted("", ((label if place == 0 else "").ljust(LABEL), "faint"), (part, tone))
