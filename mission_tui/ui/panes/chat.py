"""Pane 2: the conversation with the orchestrator, and where the human writes."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.ui.look import Line
from mission_tui.ui.panes.chat_rows import Talk
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint
from mission_tui.ui.widgets.lines import LineView, Painted


class Composer(TextArea):
    """Grows with what is written; enter sends, and what is typed is never lost by leaving."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter,alt+enter", "new_line", "new line", show=False),
    ]

    class Sent(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            if self.text.strip():
                self.post_message(self.Sent(self.text.strip()))
                self.clear()
            return
        await super()._on_key(event)

    def action_new_line(self) -> None:
        self.insert("\n")


class ChatPane(Framed):
    """What was said and asked, oldest first, held at the end unless the human scrolls up."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.mission = Mission()
        self.records: list[Recorded] = []
        self._rows: list[Painted] = []

    def compose(self) -> ComposeResult:
        yield LineView(id="chat-lines", tail=True)
        yield Composer(
            id="composer", soft_wrap=True, show_line_numbers=False, compact=True, highlight_cursor_line=False
        )

    def on_mount(self) -> None:
        self.lines.empty = "What you and the orchestrator say appears here. m writes a message."
        self.query_one(Composer).placeholder = "message the orchestrator · enter sends · ctrl+j new line"

    @property
    def lines(self) -> LineView:
        return self.query_one("#chat-lines", LineView)

    def show(self, mission: Mission) -> None:
        old, self.mission = self.mission, mission
        if old.decisions is not mission.decisions:
            self._rebuild()
        if old.decisions is not mission.decisions or old.runs is not mission.runs:
            self.reframe()

    def add(self, records: list[Recorded]) -> None:
        """More of the conversation."""
        self.records += records
        if self.lines.line_width:
            self._rows += self._talk().rows(records)
            self.lines.set_rows(self._rows)

    def hints(self) -> tuple[Hint, ...]:
        """Keys of this pane."""
        return (Hint("esc", "leave the writing", "pane('chat')"),) if self.query_one(Composer).has_focus else ()

    def reframe(self) -> None:
        figures: Line = ()
        if any(d.kind == "answer" for d in self.mission.decisions.open):
            figures = (("▲ asks you", "wait"),)
        elif any(self.mission.runs.runs[r].started.role == "orchestrator" for r in self.mission.runs.active):
            figures = (("● working", "live"),)
        self.frame((("2 ", "key"), ("Orchestrator", "strong")), figures)

    def write(self) -> None:
        """Let the human type."""
        self.query_one(Composer).focus()

    def on_key(self, event: events.Key) -> None:
        """Escape leaves the writing, not the mission; what is typed stays."""
        if event.key == "escape" and self.query_one(Composer).has_focus:
            event.stop()
            self.lines.focus()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        event.stop()
        self._rebuild()
        self.reframe()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        event.stop()
        self.write()

    def _talk(self) -> Talk:
        return Talk(frozenset(d.id for d in self.mission.decisions.open), self.lines.line_width)

    def _rebuild(self) -> None:
        if not self.lines.line_width:
            return
        self._rows = self._talk().rows(self.records)
        self.lines.set_rows(self._rows)
