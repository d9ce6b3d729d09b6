"""Everything that waits for the human in one mission."""

from textual.app import ComposeResult
from textual.containers import Vertical

from mission_tui.domain.decision import Decision
from mission_tui.ui.look import DECISION
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import cut, one_line
from mission_tui.ui.widgets.lines import LineView, Painted


class InboxScreen(Dialog[str]):
    """Gives the id of the decision to open."""

    def __init__(self, waiting: tuple[Decision, ...]) -> None:
        super().__init__()
        self.waiting = waiting

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -waits" if self.waiting else "dialog") as box:
            box.border_title = f"{len(self.waiting)} waiting for you"
            yield LineView(id="list", things=True)
            yield words(("enter opens · esc closes", "faint"))

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        lines.empty = "Nothing waits for you."
        lines.styles.height = max(1, 2 * len(self.waiting))
        lines.focus()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        width = event.view.line_width
        rows: list[Painted] = []
        for one in self.waiting:
            rows.append(
                Painted(one.id, (f"▲ {one.id} {DECISION[one.kind]}", "wait"), (f"  blocks {one.blocks}", "faint"))
            )
            rows.append(Painted(one.id, (f"  {cut(one_line(one.summary), width - 2)}", "plain")))
        event.view.set_rows(rows)

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.dismiss(event.key)
