"""Pane 4: what workers handed off, newest first."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from mission_tui.domain.mission import Mission
from mission_tui.ui.look import Line
from mission_tui.ui.panes.handoff_rows import Handoffs
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint
from mission_tui.ui.widgets.lines import LineView


class HandoffPane(Framed):
    """The newest handoff is unfolded until the human folds it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("o", "inspect", "inspect", show=False)]

    class Opened(Message):
        """This run's handoff is to be shown in full."""

        def __init__(self, run_id: str) -> None:
            super().__init__()
            self.run_id = run_id

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.mission = Mission()
        self.unfolded: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield LineView(id="handoff-lines")

    def on_mount(self) -> None:
        self.lines.empty = "When a worker hands off, its claims appear here beside what was observed."

    @property
    def lines(self) -> LineView:
        return self.query_one(LineView)

    def show(self, mission: Mission) -> None:
        old, self.mission = self.mission, mission
        if old.runs is mission.runs and old.issues is mission.issues and old.plan is mission.plan and old.seq:
            return
        new = mission.runs.handoffs
        if new and new[-1:] != old.runs.handoffs[-1:]:
            last = old.runs.handoffs[-1].run_id if old.runs.handoffs else None
            self.unfolded = (self.unfolded - {last or ""}) | {new[-1].run_id or ""}
            self._rebuild()
            self.lines.action_edge(0)
        else:
            self._rebuild()
        self.reframe()

    def hints(self) -> tuple[Hint, ...]:
        """Keys of this pane."""
        if not self.mission.runs.handoffs:
            return ()
        return (Hint("o", "inspect: diff, issues, cost", "in_pane('inspect')"), Hint("enter", "unfold", "open"))

    def action_inspect(self) -> None:
        """Open the handoff that the cursor is on."""
        if self.lines.key:
            self.post_message(self.Opened(self.lines.key))

    def reframe(self) -> None:
        handoffs = self.mission.runs.handoffs
        wrong = sum(1 for h in handoffs for c in h.claims if c.contradicted)
        figures: Line = ((f"{len(handoffs)}", "plain"),) if handoffs else ()
        if wrong:
            figures = (*figures, (f"  {wrong} ✖ contradicted", "bad"))
        self.frame((("4 ", "key"), ("Handoffs", "strong")), figures)

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        event.stop()
        self._rebuild()
        self.reframe()

    def _rebuild(self) -> None:
        if not self.lines.line_width:
            return
        self.lines.set_rows(Handoffs(self.mission, self.unfolded, self.lines.line_width).rows())

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        event.stop()
        self.unfolded ^= {event.key}
        self._rebuild()

    def on_line_view_folded(self, event: LineView.Folded) -> None:
        self.on_line_view_opened(event)
