"""A file of any size as lines: it is mapped, not read, and only what is in view is decoded and cleaned."""

import mmap
import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from mission_tui.ui.look import Tone
from mission_tui.ui.text import clean
from mission_tui.ui.widgets.lines import Painted

LEAST_WIDTH = 20
TAB = 4


class FileRows(Sequence[Painted]):
    """Rows of at most `width` cells. A longer line goes on below itself.

    A byte of UTF-8 never takes more than one cell, so a row is cut after `width` bytes at the latest; a tab counts as
    the cells it may take. That keeps the index a plain scan, whatever the file holds. Raises OSError.
    """

    def __init__(self, source: Path | bytes, width: int, tone: Tone = "plain") -> None:
        self.width = max(LEAST_WIDTH, width)
        self._tone: Tone = tone
        self._data: mmap.mmap | bytes = source if isinstance(source, bytes) else _mapped(source)
        self.size = len(self._data)
        self._starts = array("Q")
        self._index()

    def _index(self) -> None:
        data, starts, end = self._data, self._starts, self.size
        place = 0
        while place < end:
            line_end = data.find(b"\n", place)
            line_end = end if line_end < 0 else line_end
            if line_end - place <= self.width and b"\t" not in data[place:line_end]:
                starts.append(place)
            else:
                self._pieces(place, line_end)
            place = line_end + 1

    def _pieces(self, place: int, line_end: int) -> None:
        """Where the rows of one long line begin: between words where that is near enough."""
        while place < line_end:
            self._starts.append(place)
            room = self.width
            window = self._data[place : min(line_end, place + room)]
            tabs = window.count(b"\t")
            take = len(window)
            if tabs:
                take = _fitting(window, room)
            if place + take < line_end:
                take = _at_a_boundary(self._data[place : place + take + 1])
            place += max(1, take)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Painted: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Painted]: ...
    def __getitem__(self, index: int | slice) -> Painted | Sequence[Painted]:
        if isinstance(index, slice):
            return [self._row(place) for place in range(*index.indices(len(self)))]
        return self._row(index if index >= 0 else len(self) + index)

    def _row(self, place: int) -> Painted:
        start = self._starts[place]
        end = self._starts[place + 1] if place + 1 < len(self._starts) else self.size
        text = self._data[start:end].decode("utf-8", "replace").rstrip("\r\n")
        return Painted(str(place), (clean(text).replace("\n", " "), self._tone))

    def search(self, found: re.Pattern[str], row: int, by: int) -> int | None:
        """The row of the next place after (or before, with `by` below 0) a row; round the end, None when nowhere."""
        wanted = re.compile(found.pattern.encode(), found.flags & re.IGNORECASE)
        if by > 0:
            after = self._starts[row + 1] if row + 1 < len(self) else self.size
            hit = wanted.search(self._data, after) or wanted.search(self._data)
            return None if hit is None else self._row_of(hit.start())
        last: int | None = None
        before = self._starts[row] if row < len(self) else self.size
        for hit in wanted.finditer(self._data):
            if hit.start() >= before and last is not None:
                break
            last = hit.start()
        return None if last is None else self._row_of(last)

    def count(self, value: object) -> int:
        """How often a pattern occurs."""
        if not isinstance(value, re.Pattern):
            return 0
        wanted = re.compile(str(value.pattern).encode(), value.flags & re.IGNORECASE)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - any pattern is asked for as text
        return sum(1 for _ in wanted.finditer(self._data))

    def _row_of(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)


def _mapped(path: Path) -> mmap.mmap | bytes:
    with path.open("rb") as stream:
        empty = path.stat().st_size == 0
        return b"" if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _fitting(window: bytes, room: int) -> int:
    """How many bytes fit when every tab goes on to the next stop."""
    cells = 0
    for place, byte in enumerate(window):
        cells += TAB - cells % TAB if byte == 0x09 else 1
        if cells > room:
            return place
    return len(window)


def _at_a_boundary(window: bytes) -> int:
    """Bytes of a row, given one more than fit: up to a blank in its last third, else a whole character."""
    most = len(window) - 1
    blank = window.rfind(b" ", most * 2 // 3)
    if blank > 0:
        return min(most, blank + 1)
    while most > 1 and window[most] & 0xC0 == 0x80:
        most -= 1
    return most
