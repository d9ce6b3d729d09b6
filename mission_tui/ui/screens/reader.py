"""One stored file over the whole screen: text of any size, a difference file by file, or a picture."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from re import Pattern
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from mission_tui.store.layout import MissionFiles
from mission_tui.store.steps import StepRecord
from mission_tui.ui.look import Line
from mission_tui.ui.outside import COPIED, CannotOpen, copy, open_outside
from mission_tui.ui.panes.step_rows import step_text
from mission_tui.ui.text import one_line, sized
from mission_tui.ui.widgets.diff_rows import DiffLines, FileDiff, file_diffs, totals
from mission_tui.ui.widgets.file_rows import FileRows
from mission_tui.ui.widgets.find import FindBar, pattern, search_rows
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView, Row
from mission_tui.ui.widgets.picture import picture_rows

DIFF_BYTES = 8_000_000
"""A difference larger than this is shown as plain text."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the mission's artifacts, and what it is called."""

    path: Path
    name: str
    media_type: str
    about: str = ""
    """Where it comes from, shown beside its name."""
    data: bytes | None = None
    """Content that is in no file of its own."""

    def read(self, most: int = -1) -> bytes:
        """Raises OSError."""
        if self.data is not None:
            return self.data if most < 0 else self.data[:most]
        with self.path.open("rb") as stream:
            return stream.read(most)

    @property
    def size(self) -> int:
        return len(self.data) if self.data is not None else self.path.stat().st_size

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def is_diff(self) -> bool:
        return self.media_type == "text/x-diff" and self.size <= DIFF_BYTES


class ReaderScreen(Screen[None]):
    """Read only. Files of a difference fold; everything else is searched and scrolled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "back", show=False),
        Binding("slash", "find", "find", show=False),
        Binding("n", "found(1)", "next", show=False),
        Binding("N", "found(-1)", "previous", show=False),
        Binding("o", "outside", "open outside", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("left", "fold_all(True)", "fold all", show=False),
        Binding("right", "fold_all(False)", "unfold all", show=False),
    ]

    class Laid(Message):
        """The lines are there, or why there are none."""

        def __init__(self, rows: Sequence[Row], figures: Line, files: Sequence[FileDiff] = (), why: str = "") -> None:
            super().__init__()
            self.rows = rows
            self.figures = figures
            self.files = files
            self.why = why

    def __init__(self, stored: Stored) -> None:
        super().__init__()
        self.stored = stored
        self._files: Sequence[FileDiff] = ()
        self._unfolded: frozenset[str] | None = None
        self._at: int | None = None
        """The row where something was found last."""

    def compose(self) -> ComposeResult:
        with Framed(classes="pane -current"):
            yield LineView(id="reader-lines", cursor=False)
            yield FindBar()
        yield KeyBar()

    @property
    def lines(self) -> LineView:
        return self.query_one("#reader-lines", LineView)

    def on_mount(self) -> None:
        self.lines.empty = "Reading …"
        self.lines.focus()
        self._hints()

    def _hints(self) -> None:
        find = () if self.stored.is_picture else (Hint("/", "find", "find"),)
        again = (Hint("n N", "next, previous", "found(1)"),) if self.lines.found is not None else ()
        fold = (Hint("← →", "fold, unfold all", "fold_all(True)"),) if self._files else ()
        copy = () if self.stored.is_picture else (Hint("y", "copy", "copy"),)
        self.query_one(KeyBar).show(
            Hint("esc", "back", "close"), *find, *again, *fold, *copy, Hint("o", "open outside", "outside")
        )

    # Laying out

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._lay(event.view.line_width, event.view.size.height)

    @work(thread=True, exclusive=True)
    def _lay(self, width: int, height: int) -> None:
        try:
            self.post_message(self._laid(self.stored, width, height))
        except OSError as error:
            why = "it is gone from the mission's artifacts" if isinstance(error, FileNotFoundError) else str(error)
            self.post_message(self.Laid((), (), why=f"{self.stored.name} cannot be read: {why}"))

    def _laid(self, stored: Stored, width: int, height: int) -> Laid:
        figures: Line = ((sized(stored.size), "faint"),)
        if stored.is_picture:
            return self.Laid(picture_rows(stored.path, "picture", width, max(4, height - 1)), figures)
        if stored.is_diff:
            files = file_diffs(stored.read().decode("utf-8", "replace"))
            return self.Laid(DiffLines(width).rows(files, self._unfolded), totals(files), files)
        return self.Laid(FileRows(stored.path if stored.data is None else stored.data, width), figures)

    def on_reader_screen_laid(self, event: Laid) -> None:
        self._files = event.files
        self.lines.has_cursor = bool(event.files)
        self.lines.empty = event.why or "It is empty."
        self.lines.set_rows(event.rows)
        about = f"  {one_line(self.stored.about)}" if self.stored.about else ""
        name: Line = ((one_line(self.stored.name, 200), "strong"), (about, "faint"))
        self.query_one(Framed).frame(name, event.figures)
        self._hints()

    # Keys

    def action_close(self) -> None:
        self.dismiss(None)

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        if not self._files:
            return
        unfolded = frozenset(map(DiffLines.key, self._files)) if self._unfolded is None else self._unfolded
        self._fold(unfolded ^ {event.key})

    def on_line_view_folded(self, event: LineView.Folded) -> None:
        self.on_line_view_opened(event)

    def action_fold_all(self, fold: bool) -> None:
        if self._files:
            self._fold(frozenset() if fold else None)

    def _fold(self, unfolded: frozenset[str] | None) -> None:
        self._unfolded = unfolded
        self.lines.set_rows(DiffLines(self.lines.line_width).rows(self._files, unfolded))

    def action_find(self) -> None:
        if not self.stored.is_picture:
            self.query_one(FindBar).open()

    def on_find_bar_typed(self, event: FindBar.Typed) -> None:
        self.lines.mark(pattern(event.text))
        self.action_found(1, from_top=True)

    def on_find_bar_stepped(self, event: FindBar.Stepped) -> None:
        self.action_found(event.by)

    def on_find_bar_left(self, event: FindBar.Left) -> None:
        if not event.kept:
            self.lines.mark(None)
        self.lines.focus()
        self._hints()

    def action_found(self, by: int, from_top: bool = False) -> None:
        """Go to the next place of what was searched for."""
        found = self.lines.found
        bar = self.query_one(FindBar)
        if found is None:
            bar.says(())
            return
        here = -1 if from_top else self._at if self._at is not None else self.lines.top
        row = self._search(found, here, by)
        self._at = row
        bar.says((("nowhere", "bad"),) if row is None else ((f"line {row + 1} of {len(self.lines.rows)}", "faint"),))
        if row is not None:
            self.lines.show_row(row)

    def _search(self, found: Pattern[str], row: int, by: int) -> int | None:
        rows = self.lines.rows
        return rows.search(found, row, by) if isinstance(rows, FileRows) else search_rows(rows, found, row, by)

    def action_outside(self) -> None:
        show_outside(self, self.stored)

    def action_copy(self) -> None:
        if self.stored.is_picture:
            return
        try:
            copy(self, self.stored.read(COPIED + 1).decode("utf-8", "replace"))
        except OSError as error:
            self.notify(f"nothing was copied: {error.strerror}", severity="error", markup=False)


def output_of(step: StepRecord, files: MissionFiles) -> Stored:
    """All that a step said: its artifact where it was too long for the journal, else what the journal has."""
    artifact = (step.result or {}).get("artifact")
    about = f"{step.run_id} step {step.n}"
    if isinstance(artifact, str) and files.artifact(artifact).is_file():
        return Stored(files.artifact(artifact), f"output of {step.name}", "text/plain", about)
    if isinstance(artifact, str):
        about += ": only both ends, the rest was cleared away with the attempt"
    return Stored(files.root, step.name, "text/plain", about, step_text(step).encode("utf-8", "replace"))


def show_outside(widget: Widget, stored: Stored) -> None:
    """Open a file in the desktop's program for it, or say why that cannot be."""
    path = stored.path
    try:
        if stored.data is not None:
            path = Path(tempfile.mkdtemp(prefix="mission-tui-")) / "output"
            path.write_bytes(stored.data)
        open_outside(path, stored.name, stored.media_type)
    except CannotOpen as problem:
        widget.notify(str(problem), severity="error", markup=False)
    else:
        widget.notify(f"opening {one_line(stored.name, 60)}", markup=False)
