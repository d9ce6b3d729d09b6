"""A text editor that shows what is wrong beside the line it stands on."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from mission_tui.ui.readings import Problem
from mission_tui.ui.text import cut, one_line
from mission_tui.ui.typed import app_of

LEAST = 14
"""Cells beside a line from which a problem is written there; below, the line gets a mark only."""


class Editor(TextArea):
    """Problems are drawn at the end of their lines, outside of the text. Escape leaves the editor, never the text."""

    class Left(Message):
        """Escape was pressed."""

    def __init__(self, language: str, id: str) -> None:
        super().__init__(
            "",
            language=language,
            theme="css",
            soft_wrap=True,
            show_line_numbers=True,
            tab_behavior="indent",
            compact=True,
            highlight_cursor_line=False,
            id=id,
        )
        self.problems: dict[int, str] = {}
        self._left = False

    def mark(self, problems: Sequence[Problem]) -> None:
        """Show these problems; lines count from 1, and the first of a line is shown."""
        found: dict[int, str] = {}
        for problem in problems:
            found.setdefault(min(max(1, problem.line), self.document.line_count), problem.text)
        if found != self.problems:
            self.problems = found
            self.clear_caches()
            self.refresh()

    def clear_caches(self) -> None:
        """Textual keeps drawn lines, in which a problem may be missing."""
        self._line_cache.clear()  # pyright: ignore[reportUnknownMemberType] - Textual leaves its type open

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.prevent_default()
            if not self._left:
                event.stop()
                self._left = True
                self.post_message(self.Left())
            # A second one, pressed before the focus had gone, is for what lies behind.
            return
        await super()._on_key(event)

    def on_focus(self) -> None:
        self._left = False

    def on_resize(self) -> None:
        """Problems that appear below take a row: what is being typed stays in view."""
        if self.has_focus:
            self.call_after_refresh(self.scroll_cursor_visible)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        problem = self.problems.get(self._line_at(y)) if self.problems else None
        return strip if problem is None else self._with_problem(strip, problem)

    def _line_at(self, y: int) -> int:
        """The line, from 1, whose first drawn row this is; 0 for the rows it goes on in."""
        rows = self.wrapped_document._offset_to_line_info  # pyright: ignore[reportPrivateUsage] - no public way from a row to its line
        place = y + self.scroll_offset.y
        if not 0 <= place < len(rows):
            return 0
        line, section = rows[place]
        return line + 1 if section == 0 else 0

    def _with_problem(self, strip: Strip, problem: str) -> Strip:
        width = strip.cell_length
        used = cell_len(strip.text.rstrip())
        room = width - used - 2
        text = f"✖ {one_line(problem)}" if room >= LEAST else "✖"
        if room < 1:
            return strip
        style = Style(color=app_of(self).theme_variables.get("error", "red"), bold=True)
        told = Segment(f" {cut(text, room)}", style + self.rich_style.background_style)
        return Strip([*strip.crop(0, used + 1), told]).adjust_cell_length(width, self.rich_style.background_style)
