"""Where the human types what to look for. It stands at the foot of what it searches, and only while it is used."""

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from mission_tui.ui.look import Line
from mission_tui.ui.widgets.frame import content
from mission_tui.ui.widgets.lines import Row

WIDEST = 1000
"""Cells of a row that is painted to be searched: nothing of it is cut off."""


def pattern(text: str) -> re.Pattern[str] | None:
    """What is typed, taken literally; capitals matter once there is one. None for nothing."""
    if not text.strip():
        return None
    return re.compile(re.escape(text), 0 if text != text.lower() else re.IGNORECASE)


def search_rows(rows: Sequence[Row], found: re.Pattern[str], row: int, by: int) -> int | None:
    """The row of the next place after (or before) a row, round the end; None when it is nowhere."""
    count = len(rows)
    for away in range(1, count + 1):
        place = (row + by * away) % count
        if found.search("".join(text for text, _ in rows[place].paint(WIDEST))):
            return place
    return None


class FindBar(Horizontal):
    """Hidden until `open`. Enter keeps what was found and gives the focus back; escape forgets it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False),
        Binding("up", "step(-1)", "previous", show=False),
        Binding("down", "step(1)", "next", show=False),
    ]

    class Typed(Message):
        """The words to look for have changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Stepped(Message):
        """Go to the next place, or the previous one."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Left(Message):
        """The human is done: `kept` says whether what was found stays."""

        def __init__(self, kept: bool) -> None:
            super().__init__()
            self.kept = kept

    def __init__(self, prompt: str = "/") -> None:
        super().__init__(classes="find-bar")
        self._prompt = prompt
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(content(((self._prompt, "key"),)), classes="find-prompt", markup=False)
        yield Input(compact=True)
        yield Static("", classes="find-says", markup=False)

    @property
    def text(self) -> str:
        return self.query_one(Input).value

    def open(self) -> None:
        """Show it, with what was last looked for."""
        self.display = True
        field = self.query_one(Input)
        field.focus()
        field.action_end()

    def says(self, line: Line) -> None:
        """How many places there are, or that there is none."""
        self.query_one(".find-says", Static).update(content(line))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave(kept=bool(self.text.strip()))

    def action_step(self, by: int) -> None:
        self.post_message(self.Stepped(by))

    def action_close(self) -> None:
        self.forget()
        self._leave(kept=False)

    def forget(self) -> None:
        """Look for nothing any more."""
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.says(())
        self.display = False

    def _leave(self, kept: bool) -> None:
        self.display = kept
        self.post_message(self.Left(kept))
