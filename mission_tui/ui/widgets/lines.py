"""A list of prepared lines, of which only the visible ones are drawn: one widget, however many lines."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, Protocol, get_args

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mission_tui.ui.look import Line, Tone
from mission_tui.ui.text import wrapped

TONES: tuple[Tone, ...] = get_args(Tone)


class Row(Protocol):
    """One line of a list."""

    @property
    def key(self) -> str:
        """What the line belongs to; several lines of one thing share it, and the cursor finds it again by it."""
        ...

    def paint(self, width: int) -> Line:
        """The line in pieces, at most `width` cells long. Text in it must be clean."""
        ...


class Drawn:
    """A line of coloured cells, such as one of a picture."""

    __slots__ = ("key", "segments")

    def __init__(self, key: str, segments: Sequence[Segment]) -> None:
        self.key = key
        self.segments = list(segments)

    def paint(self, width: int) -> Line:
        return tuple((segment.text, "plain") for segment in self.segments)


class Painted:
    """A line that is already laid out."""

    __slots__ = ("key", "line")

    def __init__(self, key: str, *line: tuple[str, Tone]) -> None:
        self.key = key
        self.line: Line = line

    def paint(self, width: int) -> Line:
        return self.line


class LineView(ScrollView, can_focus=True):
    """Lines with a cursor. Rows are replaced as a whole; the cursor stays on the thing it was on."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{tone}" for tone in TONES} | {"line--cursor", "line--found"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "edge(0)", "top", show=False),
        Binding("end,G", "edge(1)", "end", show=False),
        Binding("enter", "open", "open", show=False),
        Binding("space", "fold", "fold", show=False),
    ]
    empty: reactive[str] = reactive("")
    """Shown while there are no rows: what will appear, and what to press."""

    class Opened(Message):
        """Enter was pressed on a line."""

        def __init__(self, view: "LineView", key: str) -> None:
            super().__init__()
            self.view = view
            self.key = key

        @property
        def control(self) -> "LineView":
            return self.view

    class Folded(Opened):
        """Space was pressed on a line."""

    class Moved(Message):
        """The human moved the cursor or scrolled; `following` of the view says whether it is at the end now."""

        def __init__(self, view: "LineView") -> None:
            super().__init__()
            self.view = view

    class Rewrapped(Message):
        """The width of a line has changed: rows that were laid out for another one are out of date."""

        def __init__(self, view: "LineView") -> None:
            super().__init__()
            self.view = view

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        cursor: bool = True,
        things: bool = False,
        tail: bool = False,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.rows: Sequence[Row] = ()
        self.cursor = 0
        self.has_cursor = cursor
        self.by_things = things
        """Whether the cursor goes from thing to thing, each of which may have several lines."""
        self.following = tail
        """Whether new rows at the end come into view; ends when the human moves up, begins again at the end."""
        self._tail = tail
        self._width = 0
        self.found: re.Pattern[str] | None = None
        """What was searched for; where it stands in a line it is marked."""
        self._styles_of: dict[Tone, Style] = {}
        self._empty_lines: list[str] = []

    @property
    def line_width(self) -> int:
        """Cells of a line."""
        return self.scrollable_content_region.width

    @property
    def key(self) -> str | None:
        """What the cursor is on."""
        return self.rows[self.cursor].key if 0 <= self.cursor < len(self.rows) else None

    @property
    def top(self) -> int:
        """The first row in view."""
        return int(self.scroll_offset.y)

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y >= self.max_scroll_y

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows. What was in view stays, or the end does while it is followed."""
        key, cursor, top = self.key, self.cursor, self.scroll_offset.y
        was = self._first(key) if key is not None else cursor
        self.rows = rows
        self.virtual_size = Size(self.line_width, len(rows))
        if self.following:
            self.cursor = max(0, len(rows) - 1)
            self._scroll(self.max_scroll_y)
        else:
            found = self._first(key) if key is not None else -1
            self.cursor = max(0, min(found + cursor - was if found >= 0 else cursor, len(rows) - 1))
            self._scroll(min(max(0, top + self.cursor - cursor), self.max_scroll_y))
        self.refresh()

    def go_to(self, key: str) -> None:
        """Put the cursor on the first line of a thing."""
        place = self._first(key)
        if place >= 0:
            self.move_to(place)

    def move_to(self, row: int) -> None:
        """Put the cursor on a row, and the row into view."""
        self.cursor = max(0, min(row, len(self.rows) - 1))
        self._into_view()
        self._moved(self.cursor >= len(self.rows) - 1)
        self.refresh()

    def show_row(self, row: int) -> None:
        """Bring a row into view, with some of what stands before it, and the cursor to it."""
        height = self.scrollable_content_region.height
        if not self.top <= row < self.top + height:
            self._scroll(max(0, min(row - height // 3, len(self.rows) - height)))
        self.cursor = row
        self._moved(row >= len(self.rows) - 1)
        self.refresh()

    def _moved(self, at_end: bool) -> None:
        self.following = self._tail and at_end
        self.post_message(self.Moved(self))

    def _first(self, key: str | None) -> int:
        return next((i for i, row in enumerate(self.rows) if row.key == key), -1)

    def _scroll(self, y: float) -> None:
        # Forced: whether a scrollbar is needed is only known after the next layout.
        self.scroll_to(y=y, animate=False, force=True)

    def _into_view(self) -> None:
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if self.cursor < top:
            self._scroll(self.cursor)
        elif height and self.cursor >= top + height:
            self._scroll(self.cursor - height + 1)

    def on_resize(self) -> None:
        if self.line_width != self._width:
            self._width = self.line_width
            self._empty_lines = wrapped(self.empty, self._width)
            self.virtual_size = Size(self.line_width, len(self.rows))
            self.post_message(self.Rewrapped(self))
        if self.following:
            self._scroll(self.max_scroll_y)
        elif self.has_cursor:
            self._into_view()

    # Keys and mouse

    def action_move(self, by: int) -> None:
        if self.by_things:
            self.move_to(self._thing(by))
        elif self.has_cursor:
            self.move_to(self.cursor + by)
        else:
            self._scroll(self.scroll_offset.y + by)

    def _thing(self, by: int) -> int:
        """The first line of the thing before or after the one the cursor is on."""
        keys = list(dict.fromkeys(row.key for row in self.rows if row.key))
        if self.key not in keys:
            return 0
        return self._first(keys[max(0, min(keys.index(self.key) + by, len(keys) - 1))])

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, end: int) -> None:
        self.move_to(len(self.rows) - 1 if end else 0)
        self._scroll(self.max_scroll_y if end else 0)

    def action_open(self) -> None:
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))

    def action_fold(self) -> None:
        if self.key is not None:
            self.post_message(self.Folded(self, self.key))

    def on_click(self, event: events.Click) -> None:
        row = event.get_content_offset(self)
        if row is None or not self.has_cursor:
            return
        again = row.y + self.scroll_offset.y == self.cursor
        self.move_to(row.y + self.scroll_offset.y)
        if again or event.chain > 1:
            self.action_open()

    def on_mouse_scroll_up(self) -> None:
        self.call_after_refresh(self._scrolled)

    def on_mouse_scroll_down(self) -> None:
        self.call_after_refresh(self._scrolled)

    def on_scroll_to(self) -> None:
        self.call_after_refresh(self._scrolled)

    def _scrolled(self) -> None:
        self._moved(self.at_end)

    # Drawing

    def mark(self, found: re.Pattern[str] | None) -> None:
        """Mark this wherever it stands, or nothing any more."""
        if found != self.found:
            self.found = found
            self.refresh()

    def notify_style_update(self) -> None:
        self._styles_of.clear()
        super().notify_style_update()

    def watch_empty(self) -> None:
        self._empty_lines = wrapped(self.empty, self._width or 60)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.line_width
        place = y + self.scroll_offset.y
        if not self.rows and y < len(self._empty_lines):
            return self._strip(((self._empty_lines[y], "faint"),), width)
        if place >= len(self.rows):
            return Strip.blank(width, self._tone("plain"))
        here = self.has_cursor and self.has_focus and self._under_cursor(place)
        row = self.rows[place]
        if isinstance(row, Drawn):
            return Strip(row.segments).adjust_cell_length(width, self._tone("plain"))
        return self._strip(row.paint(width), width, here)

    def _under_cursor(self, place: int) -> bool:
        return place == self.cursor or (self.by_things and self.rows[place].key == self.key)

    def _strip(self, line: Line, width: int, here: bool = False) -> Strip:
        behind = Style(bgcolor=self.get_component_rich_style("line--cursor").bgcolor) if here else Style.null()
        segments = [Segment(text, self._tone(tone) + behind) for text, tone in line]
        length = sum(cell_len(text) for text, _ in line)
        if self.found is not None:
            segments = _marked(segments, self.found, self.get_component_rich_style("line--found"))
        return Strip(segments, length).adjust_cell_length(width, self._tone("plain") + behind)

    def _tone(self, tone: Tone) -> Style:
        style = self._styles_of.get(tone)
        if style is None:
            style = self._styles_of[tone] = self.get_component_rich_style(f"line--{tone}")
        return style


def _marked(segments: list[Segment], found: re.Pattern[str], style: Style) -> list[Segment]:
    """The segments, cut so that what was found has a style of its own wherever the cuts of the line were."""
    text = "".join(segment.text for segment in segments)
    cuts = {edge for match in found.finditer(text) if match.group() for edge in match.span()}
    if not cuts:
        return segments
    inside = [match.span() for match in found.finditer(text) if match.group()]
    result: list[Segment] = []
    start = 0
    for segment in segments:
        end = start + len(segment.text)
        edges = [start, *sorted(edge for edge in cuts if start < edge < end), end]
        for left, right in pairwise(edges):
            here = any(first <= left < last for first, last in inside)
            own = segment.style or Style.null()
            result.append(Segment(text[left:right], own + style if here else own))
        start = end
    return result
