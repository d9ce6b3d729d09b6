"""One assertion, opened from the coverage pane."""

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen

from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.ui.control import Host
from mission_tui.ui.look import ASSERTION, Line
from mission_tui.ui.outside import copy
from mission_tui.ui.screens.assertion_rows import REPLAY, AssertionLines, evidence_of
from mission_tui.ui.screens.reader import ReaderScreen, Stored, show_outside
from mission_tui.ui.text import one_line
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView, Row
from mission_tui.ui.widgets.picture import indented, picture_rows

PICTURE = (96, 24)
"""Cells and lines of a picture among the evidence; enter shows it as large as the screen."""


class AssertionScreen(Screen[None]):
    """Read only; n and N go through the contract."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "back", show=False),
        Binding("n", "next(1)", "next", show=False),
        Binding("N", "next(-1)", "previous", show=False),
        Binding("e", "evidence(1)", "next evidence", show=False),
        Binding("E", "evidence(-1)", "previous evidence", show=False),
        Binding("o", "outside", "open outside", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("r", "replay", "replay", show=False),
    ]

    class Drew(Message):
        """A picture of the newest verdict."""

        def __init__(self, artifact: str, width: int, rows: Sequence[Row]) -> None:
            super().__init__()
            self.artifact = artifact
            self.width = width
            self.rows = rows

    def __init__(self, host: Host, assertion: str, order: Sequence[str] | None = None) -> None:
        """`order`: the assertions that n and N go through; all of the contract's without it."""
        super().__init__()
        self.host = host
        self.mission = host.mission
        self.files = host.files
        self.assertion = assertion
        self.order = list(host.mission.contract.assertions) if order is None else list(order)
        self._pictures: dict[str, Sequence[Row]] = {}
        self._drawn_for = 0

    def compose(self) -> ComposeResult:
        with Vertical(), Framed(classes="pane -current"):
            yield LineView(id="assertion-lines")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(LineView).focus()
        self.query_one(KeyBar).show(
            Hint("esc", "back", "close"),
            Hint("n N", "next, previous", "next(1)"),
            Hint("e", "next evidence", "evidence(1)"),
            Hint("enter", "show it", "open"),
            Hint("r", "replay now", "replay"),
            Hint("o", "open outside", "outside"),
            Hint("y", "copy", "copy"),
            Hint("?", "keys", "app.help"),
        )

    def show(self, mission: Mission) -> None:
        """The mission has changed underneath."""
        if mission.validation is self.mission.validation and mission.contract is self.mission.contract:
            return
        before, self.mission = self.mission.validation.replays, mission
        self._rebuild()
        now = mission.validation.replays
        if self.assertion in now and (self.assertion not in before or now[self.assertion] != before[self.assertion]):
            lines = self.query_one(LineView)
            lines.show_row(next((i for i, row in enumerate(lines.rows) if row.key == REPLAY), lines.cursor))

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._rebuild()

    def _rebuild(self) -> None:
        lines = self.query_one(LineView)
        if lines.line_width != self._drawn_for:
            self._drawn_for = lines.line_width
            self._pictures = {}
        lines.set_rows(AssertionLines(self.mission, self.files, lines.line_width, self._pictures).rows(self.assertion))
        known = self.mission.contract.assertions.get(self.assertion)
        look = ASSERTION[self.mission.assertion_status(self.assertion)] if known else None
        title = one_line(known.title) if known else ""
        name: Line = ((f"{self.assertion}  ", "code"), (title, "strong"))
        self.query_one(Framed).frame(name, ((f"{look.glyph} {look.word}", look.tone),) if look else ())
        self._draw()

    def _draw(self) -> None:
        """Have the pictures of the newest verdict and of the replay drawn, those that are not yet."""
        history = self.mission.validation.verdicts.get(self.assertion, ())
        replay = self.mission.validation.replays.get(self.assertion)
        seen = [(f"e:{len(history) - 1}", history[-1].evidence)] if history else []
        seen += [(REPLAY, replay.evidence)] if replay else []
        for key, all_of_it in seen:
            for number, evidence in enumerate(all_of_it):
                if evidence.media_type.startswith("image/") and evidence.artifact not in self._pictures:
                    self._pictures[evidence.artifact] = ()
                    self._drawn(evidence.artifact, f"{key}:{number}", self._drawn_for)

    @work(thread=True)
    def _drawn(self, artifact: str, key: str, width: int) -> None:
        rows = picture_rows(self.files.artifact(artifact), key, min(width - 4, PICTURE[0]), PICTURE[1])
        self.post_message(self.Drew(artifact, width, [indented(row, 4) for row in rows]))

    def on_assertion_screen_drew(self, event: Drew) -> None:
        if event.width == self._drawn_for:
            self._pictures[event.artifact] = event.rows
            self._rebuild()

    # Keys

    def action_open(self) -> None:
        self.query_one(LineView).action_open()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        stored = self._stored()
        if stored is not None:
            app_of(self).push_screen(ReaderScreen(stored))

    def _stored(self) -> Stored | None:
        """The evidence that the cursor is on, else the newest verdict's first."""
        history = self.mission.validation.verdicts.get(self.assertion, ())
        key = self.query_one(LineView).key or ""
        evidence = evidence_of(self.mission, self.assertion, key)
        if evidence is None and history and history[-1].evidence:
            evidence = history[-1].evidence[0]
        if evidence is None:
            return None
        path = self.files.artifact(evidence.artifact)
        return Stored(path, evidence.name, evidence.media_type, f"{evidence.kind} of {self.assertion}")

    def action_evidence(self, by: int) -> None:
        """Go to the next piece of evidence."""
        lines = self.query_one(LineView)
        starts = [i for i, row in enumerate(lines.rows) if row.key and row.key != (lines.rows[i - 1].key if i else "")]
        here = lines.cursor
        ahead = [i for i in starts if i > here] if by > 0 else [i for i in reversed(starts) if i < here]
        if starts:
            lines.show_row(ahead[0] if ahead else starts[0 if by > 0 else -1])

    def action_outside(self) -> None:
        stored = self._stored()
        if stored is None:
            self.notify("there is no evidence to open", markup=False)
            return
        show_outside(self, stored)

    def action_copy(self) -> None:
        """Put the assertion with its verdicts into the clipboard."""
        rows = self.query_one(LineView).rows
        copy(self, "\n".join("".join(text for text, _ in row.paint(400)).rstrip() for row in rows))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_replay(self) -> None:
        """Have the engine carry the proof out now; what it sees appears here."""
        if self.mission.ended:
            self.notify("the mission has ended; its exported tests can be run at any time")
        elif self.assertion not in self.mission.contract.assertions or not self.mission.mechanical(self.assertion):
            self.notify("only a validator can prove it: there are no checks and no flow that stands")
        else:
            self.host.send(inbox.Replay(assertion=self.assertion))

    def action_next(self, step: int) -> None:
        names = self.order
        place = names.index(self.assertion) + step if self.assertion in names else 0
        if 0 <= place < len(names):
            self.assertion = names[place]
            self._rebuild()
            self.query_one(LineView).action_edge(0)
