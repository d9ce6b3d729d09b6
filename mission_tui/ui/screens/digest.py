"""What happened since the human last looked, in a few lines."""

from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from mission_tui.domain import events as e
from mission_tui.domain.budget import Spend
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store.seen import Seen
from mission_tui.ui.look import Tone
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import ago, clean, counted, money, one_line, wrapped
from mission_tui.ui.widgets.lines import LineView, Painted

AWAY_S = 300.0
"""How long one must have looked away for a digest to be shown by itself."""
LABEL = 12


class DigestScreen(Dialog[None]):
    """Any of enter, space and escape closes it."""

    BINDINGS = [Binding("enter,space", "close", "close", show=False, priority=True)]  # noqa: RUF012 - as Textual wants it

    def __init__(self, seen: Seen, mission: Mission, spend: Spend, news: Sequence[Recorded], now: float) -> None:
        super().__init__()
        self._title = f"Since you last looked, {ago(now - seen.at)}"
        self._facts = list(digest(seen, mission, spend, news))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            yield LineView(id="list", cursor=False)
            yield words(("enter goes on", "faint"))

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        rows: list[Painted] = []
        for label, text, tone in self._facts:
            for place, part in enumerate(wrapped(clean(text), event.view.line_width - LABEL - 1, 4)):
                rows.append(Painted("", ((label if place == 0 else "").ljust(LABEL), "faint"), (part, tone)))
        event.view.set_rows(rows)
        event.view.styles.height = max(1, min(len(rows), self.size.height - 6))
        event.view.focus()


def digest(seen: Seen, mission: Mission, spend: Spend, news: Sequence[Recorded]) -> Iterator[tuple[str, str, Tone]]:
    """Label, text and tone of each line; what did not happen has none."""
    happened = [one.event for one in news]
    done = [x.id for x in happened if isinstance(x, e.FeatureCompleted)]
    failed = [x.id for x in happened if isinstance(x, e.FeatureFailed)]
    sealed = [x.id for x in happened if isinstance(x, e.MilestoneSealed)]
    rounds = [x for x in happened if isinstance(x, e.ValidationConcluded)]
    lost = [f"{x.milestone} round {x.round}" for x in rounds if not x.passed]
    opened = sum(1 for x in happened if isinstance(x, e.IssueOpened))
    yield from _line("built", done, "good")
    yield from _line("failed", failed, "bad")
    yield from _line("accepted", sealed, "good")
    yield from _line("proved", _proved(happened), "plain")
    yield from _line("not proved", lost, "bad")
    yield from _line(
        "issues", [f"{counted(opened, 'new one')}, {len(mission.issues.open)} open now"] * (opened > 0), "odd"
    )
    yield from _line("skills", _unique(x.name for x in happened if isinstance(x, e.SkillWritten)), "plain")
    said = [x.text for x in happened if isinstance(x, e.MessageSaid) and x.author == "orchestrator"]
    yield from _line("said", [one_line(said[-1], 300)] if said else [], "plain")
    runs = sum(1 for x in happened if isinstance(x, e.RunStarted))
    spent = max(0.0, spend.usage.usd - seen.usd)
    yield from _line(
        "cost", [f"{money(spent, spend.usage.usd_known)}, {counted(runs, 'run')}"] if runs else [], "plain"
    )
    if mission.ended:
        yield "ended", f"{mission.ended}: {one_line(mission.end_reason)}", "strong"
    for decision in mission.decisions.open:
        yield "waits", f"▲ {decision.id} {one_line(decision.summary)}", "wait"


def _proved(happened: Sequence[e.AnyEvent]) -> list[str]:
    verdicts = {x.verdict.assertion: x.verdict.status for x in happened if isinstance(x, e.VerdictRecorded)}
    passed = sum(1 for status in verdicts.values() if status == "passed")
    return [f"{passed} of {counted(len(verdicts), 'assertion')} that were tried"] if verdicts else []


def _unique(names: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _line(label: str, parts: Sequence[str], tone: Tone) -> Iterator[tuple[str, str, Tone]]:
    if parts:
        more = f" and {len(parts) - 8} more" if len(parts) > 8 else ""
        yield label, ", ".join(parts[:8]) + more, tone
