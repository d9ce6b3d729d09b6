"""Pane 2: the conversation with the orchestrator, and where the human writes."""

from collections.abc import Sequence
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
    """Grows with what is written; enter sends, and what is typed is never lost by leaving.

    Up and down at the ends recall what was sent before; after `@` tab completes the name of a file.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,shift+enter,alt+enter", "new_line", "new line", show=False),
    ]
    said: ClassVar[list[str]] = []
    """What was sent in this program, oldest first."""

    class Sent(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    paths: Sequence[str] = ()
    """Files that `@` may name."""
    _place: int | None = None
    """Which of the history is shown; None while something of its own is written."""
    _own: str = ""

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self._send()
        elif event.key in ("up", "down") and self._recalls(event.key == "up"):
            event.stop()
            event.prevent_default()
        elif event.key == "tab" and self._at_word() is not None:
            event.stop()
            event.prevent_default()
            self._complete()
        else:
            await super()._on_key(event)

    def _send(self) -> None:
        text = self.text.strip()
        if text:
            if text not in self.said[-1:]:
                self.said.append(text)
            self._place = None
            self.post_message(self.Sent(text))
            self.clear()

    def action_new_line(self) -> None:
        self.insert("\n")

    # Recalling

    def _recalls(self, earlier: bool) -> bool:
        """Whether the key went through the history rather than through the text."""
        row = self.cursor_location[0]
        if row != (0 if earlier else self.document.line_count - 1) or not self.said:
            return False
        place = len(self.said) if self._place is None else self._place
        if self._place is None:
            self._own = self.text
        place += -1 if earlier else 1
        if place < 0 or (not earlier and self._place is None):
            return False
        self._place = place if place < len(self.said) else None
        self.text = self._own if self._place is None else self.said[place]
        self.move_cursor((0, 0) if earlier else self.document.end)
        return True

    # Naming files

    def _at_word(self) -> str | None:
        """What stands between an `@` and the cursor."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        word = before.rpartition(" ")[2]
        return word[1:] if word.startswith("@") else None

    def matches(self) -> list[str]:
        """Files that fit what was typed after `@`: those that begin so, then those that hold it."""
        word = (self._at_word() or "").casefold()
        first = [p for p in self.paths if p.casefold().startswith(word)]
        return first or [p for p in self.paths if word in p.casefold()]

    def update_suggestion(self) -> None:
        """What tab would write is shown behind the cursor."""
        word = self._at_word()
        found = self.matches()[:1] if word else []
        begins = bool(found) and found[0].casefold().startswith((word or "").casefold())
        self.suggestion = found[0][len(word or "") :] if begins else ""

    def _complete(self) -> None:
        """The whole name of the first file that fits."""
        word, found = self._at_word() or "", self.matches()
        if found:
            row, column = self.cursor_location
            self.replace(f"{found[0]} ", (row, column - len(word)), (row, column))
            self.move_cursor((row, column - len(word) + len(found[0]) + 1))


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
        self.query_one(
            Composer
        ).placeholder = "message the orchestrator · enter sends · ctrl+j new line · @ names a file"

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
