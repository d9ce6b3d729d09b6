"""The handoff inspector: one worker's report over the whole screen, with what its commits changed."""

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from mission_tui.domain.events import HandoffRecorded
from mission_tui.domain.mission import Mission
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.launcher import Launcher, LaunchProblem
from mission_tui.ui.look import Line
from mission_tui.ui.outside import copy
from mission_tui.ui.screens.handoff_lines import HandoffLines
from mission_tui.ui.text import one_line
from mission_tui.ui.widgets.diff_rows import DiffLines, FileDiff, file_diffs
from mission_tui.ui.widgets.find import FindBar, pattern, search_rows
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView

FOLD_FROM = 200
"""Lines of a diff from which its files begin folded."""


class HandoffScreen(Screen[str | None]):
    """Read only. Gives the run whose transcript is wanted, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "back", show=False),
        Binding("[", "other(1)", "earlier handoff", show=False),
        Binding("]", "other(-1)", "later handoff", show=False),
        Binding("left", "fold_all(True)", "fold all", show=False),
        Binding("right", "fold_all(False)", "unfold all", show=False),
        Binding("t", "transcript", "its transcript", show=False),
        Binding("slash", "find", "find", show=False),
        Binding("n", "found(1)", "next", show=False),
        Binding("N", "found(-1)", "previous", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    class DiffRead(Message):
        """What the commits of a run changed, or why that cannot be read."""

        def __init__(self, run_id: str, files: Sequence[FileDiff], trouble: str) -> None:
            super().__init__()
            self.run_id = run_id
            self.files = files
            self.trouble = trouble

    def __init__(self, mission: Mission, files: MissionFiles, launcher: Launcher, run_id: str) -> None:
        super().__init__()
        self.mission = mission
        self.files = files
        self.launcher = launcher
        self.run_id = run_id
        self._changed: Sequence[FileDiff] | None = None
        self._trouble = ""
        self._unfolded: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        with Framed(classes="pane -current"):
            yield LineView(id="handoff-view")
            yield FindBar()
        yield KeyBar()

    @property
    def lines(self) -> LineView:
        return self.query_one(LineView)

    def on_mount(self) -> None:
        self.lines.focus()
        self._read()
        self.query_one(KeyBar).show(
            Hint("esc", "back", "close"),
            Hint("enter", "unfold a file", "open"),
            Hint("← →", "fold, unfold all", "fold_all(False)"),
            Hint("[ ]", "earlier, later", "other(1)"),
            Hint("t", "transcript", "transcript"),
            Hint("/", "find", "find"),
            Hint("y", "copy", "copy"),
            Hint("?", "keys", "app.help"),
        )

    def show(self, mission: Mission) -> None:
        """The mission has changed underneath."""
        self.mission = mission
        self._rebuild()

    def _record(self) -> HandoffRecorded | None:
        return self.mission.runs.handoff_of(self.run_id)

    @work(thread=True, exclusive=True)
    def _read(self) -> None:
        record, text, trouble = self._record(), "", ""
        try:
            if record is not None:
                text = self.launcher.readings.diff(self.files.id, record.base, record.head)
        except LaunchProblem as problem:
            trouble = str(problem)
        self.post_message(self.DiffRead(self.run_id, file_diffs(text), trouble))

    def on_handoff_screen_diff_read(self, event: DiffRead) -> None:
        if event.run_id != self.run_id:
            return
        self._changed, self._trouble = event.files, event.trouble
        small = sum(len(file.lines) for file in event.files) < FOLD_FROM
        self._unfolded = frozenset(map(DiffLines.key, event.files)) if small else frozenset()
        self._rebuild()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._rebuild()

    def _rebuild(self) -> None:
        record = self._record()
        if record is None or not self.lines.line_width:
            return
        layout = HandoffLines(self.mission, record, self.lines.line_width)
        self.lines.set_rows(layout.rows(self._changed, self._unfolded, self._trouble))
        state = self.mission.plan.features.get(record.feature)
        title = one_line(state.feature.title) if state else ""
        attempt = f" · attempt {record.attempt}" if record.attempt > 1 else ""
        name: Line = (
            (f"{record.feature}  ", "code"),
            (title, "strong"),
            (f"  {self.run_id}{attempt} · {record.head[:7]}", "faint"),
        )
        wrong = sum(1 for claim in record.claims if claim.contradicted)
        figures: Line = ((f"✖ {wrong} contradicted", "bad"),) if wrong else (("✔ claims hold", "good"),)
        self.query_one(Framed).frame(name, figures if record.claims else (("no claims", "faint"),))

    # Keys

    def action_close(self) -> None:
        self.dismiss(None)

    def action_transcript(self) -> None:
        self.dismiss(self.run_id)

    def action_open(self) -> None:
        self.lines.action_open()

    def action_other(self, by: int) -> None:
        """The handoff before this one, or after it."""
        runs = [record.run_id or "" for record in reversed(self.mission.runs.handoffs)]
        place = runs.index(self.run_id) + by if self.run_id in runs else 0
        if 0 <= place < len(runs):
            self.run_id = runs[place]
            self._changed, self._trouble = None, ""
            self._rebuild()
            self.lines.action_edge(0)
            self._read()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        if event.key.startswith("d:"):
            self._unfolded ^= {event.key}
            self._rebuild()

    def on_line_view_folded(self, event: LineView.Folded) -> None:
        self.on_line_view_opened(event)

    def action_fold_all(self, fold: bool) -> None:
        self._unfolded = frozenset() if fold else frozenset(map(DiffLines.key, self._changed or ()))
        self._rebuild()

    def action_copy(self) -> None:
        copy(self, "\n".join("".join(text for text, _ in row.paint(400)).rstrip() for row in self.lines.rows))

    # Finding

    def action_find(self) -> None:
        self.action_fold_all(False)
        self.query_one(FindBar).open()

    def action_found(self, by: int) -> None:
        found = self.lines.found
        place = search_rows(self.lines.rows, found, self.lines.cursor, by) if found is not None else None
        if place is not None:
            self.lines.show_row(place)
        says: Line = () if found is None else (("nowhere", "bad"),) if place is None else ()
        self.query_one(FindBar).says(says)

    def on_find_bar_typed(self, event: FindBar.Typed) -> None:
        self.lines.mark(pattern(event.text))
        self.action_found(1)

    def on_find_bar_stepped(self, event: FindBar.Stepped) -> None:
        self.action_found(event.by)

    def on_find_bar_left(self, event: FindBar.Left) -> None:
        if not event.kept:
            self.lines.mark(None)
        self.lines.focus()
