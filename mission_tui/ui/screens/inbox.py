"""Everything that waits for the human, across missions."""

import time
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Vertical

from mission_tui.ui.attention import Waiting
from mission_tui.ui.look import DECISION
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import ago, cut, one_line
from mission_tui.ui.widgets.lines import LineView, Painted


class Chosen(NamedTuple):
    mission: str
    decision: str


class InboxScreen(Dialog[Chosen]):
    """Gives the decision to open. Those of the mission that is open come first."""

    def __init__(self, waiting: list[Waiting], here: str | None) -> None:
        super().__init__()
        self.waiting = sorted(waiting, key=lambda w: w.mission != here)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -waits" if self.waiting else "dialog") as box:
            box.border_title = f"{len(self.waiting)} waiting for you"
            yield LineView(id="list", things=True)
            yield words(("enter opens, then the next one follows · esc closes", "faint"))

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        lines.empty = "Nothing waits for you."
        lines.styles.height = max(1, min(3 * len(self.waiting), self.size.height - 8))
        lines.focus()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        event.view.set_rows(waiting_rows(self.waiting, event.view.line_width))

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        mission, _, decision = event.key.rpartition("/")
        self.dismiss(Chosen(mission, decision))


def waiting_rows(waiting: list[Waiting], width: int) -> list[Painted]:
    """Three lines each: what kind, whose and since when; the question; what it blocks and the safe default."""
    rows: list[Painted] = []
    now = time.time()
    for one in waiting:
        key = f"{one.mission}/{one.decision.id}"
        kind = f"▲ {one.decision.id} {DECISION[one.decision.kind]}"
        since = ago(now - one.decision.opened_at) if one.decision.opened_at else ""
        title = cut(one_line(one.title), max(0, width - len(kind) - len(since) - 5))
        gap = " " * max(1, width - len(kind) - 2 - len(title) - len(since) - 1)
        rows.append(Painted(key, (kind, "wait"), (f"  {title}", "strong"), (f"{gap}{since}", "faint")))
        rows.append(Painted(key, ("  ", "plain"), (cut(one_line(one.decision.summary), width - 2), "plain")))
        default = f" · safe default: {one_line(one.decision.default, 60)}" if one.decision.default else ""
        blocks = f"blocks {one_line(one.decision.blocks) or 'the mission'}{default}"
        rows.append(Painted(key, ("  ", "plain"), (cut(blocks, width - 2), "faint")))
    return rows
