"""The top border of a pane: its number and name at the left, its figures at the right."""

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from mission_tui.ui.look import Line, Tone
from mission_tui.ui.text import cut

_COLOURS: dict[Tone, str] = {
    "plain": "$foreground",
    "faint": "$faint",
    "strong": "$foreground bold",
    "good": "$success",
    "bad": "$error",
    "odd": "$secondary",
    "live": "$accent",
    "wait": "$attention",
    "rule": "$rule",
    "key": "$accent bold",
}
LEAST_NAME = 16
"""Cells that a name must have left beside figures."""
CORNERS = 6
"""Cells of the border that the title may not use: corners, their dashes and the blanks around the title."""


def content(line: Line) -> Content:
    """A line as Textual's own text; never parsed as markup."""
    return Content.assemble(*((text, _COLOURS.get(tone, "$foreground")) for text, tone in line))


class Framed(Widget):
    """A pane with a titled border; the rule between title and figures is part of the border."""

    def frame(self, name: Line, figures: Line = ()) -> None:
        """Set the border's title. What does not fit of the name is cut, then the figures go."""
        room = self.outer_size.width - CORNERS
        if room <= 0:
            return
        right = sum(cell_len(text) for text, _ in figures)
        if figures and right + LEAST_NAME <= room:
            name = _shortened(name, room - right - 3)
            left = sum(cell_len(text) for text, _ in name)
            rule = "─" * (room - left - right - 2)
            line: Line = (*name, (f" {rule} ", "live" if self.has_class("-current") else "rule"), *figures)
        else:
            line = _shortened(name, room)
        title = content(line)
        shown = (title.plain, title.spans)
        if getattr(self, "_shown_title", None) != shown:
            self._shown_title = shown
            self.border_title = title  # pyright: ignore[reportAttributeAccessIssue] - the descriptor takes Content


def _shortened(line: Line, room: int) -> Line:
    pieces: list[tuple[str, Tone]] = []
    for text, tone in line:
        pieces.append((cut(text, room), tone))
        room -= cell_len(text)
        if room <= 0:
            break
    return tuple(pieces)
