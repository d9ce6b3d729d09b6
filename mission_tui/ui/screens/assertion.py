"""One assertion, opened from the coverage pane."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from mission_tui.domain.mission import Mission
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.look import ASSERTION, Line
from mission_tui.ui.screens.assertion_rows import AssertionLines
from mission_tui.ui.text import one_line
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView


class AssertionScreen(Screen[None]):
    """Read only; n and N go through the contract."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "back", show=False),
        Binding("n", "next(1)", "next", show=False),
        Binding("N", "next(-1)", "previous", show=False),
        Binding("r", "replay", "replay", show=False),
    ]

    def __init__(
        self, mission: Mission, files: MissionFiles, assertion: str, replay: Callable[[str], None] | None = None
    ) -> None:
        super().__init__()
        self.replay = replay
        self.mission = mission
        self.files = files
        self.assertion = assertion

    def compose(self) -> ComposeResult:
        with Vertical(), Framed(classes="pane -current"):
            yield LineView(id="assertion-lines", cursor=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(LineView).focus()
        self.query_one(KeyBar).show(
            Hint("esc", "back", "close"),
            Hint("n", "next assertion", "next(1)"),
            Hint("N", "previous", "next(-1)"),
            *((Hint("r", "replay now", "replay"),) if self.replay is not None else ()),
        )

    def show(self, mission: Mission) -> None:
        """The mission has changed underneath."""
        if mission.validation is not self.mission.validation or mission.contract is not self.mission.contract:
            self.mission = mission
            self._rebuild()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._rebuild()

    def _rebuild(self) -> None:
        lines = self.query_one(LineView)
        lines.set_rows(AssertionLines(self.mission, self.files, lines.line_width).rows(self.assertion))
        known = self.mission.contract.assertions.get(self.assertion)
        look = ASSERTION[self.mission.assertion_status(self.assertion)]
        title = one_line(known.title) if known else ""
        name: Line = ((f"{self.assertion}  ", "code"), (title, "strong"))
        self.query_one(Framed).frame(name, ((f"{look.glyph} {look.word}", look.tone),))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_replay(self) -> None:
        """Have the engine carry the proof out now; what it sees appears here."""
        if self.replay is None or self.mission.ended:
            self.notify("the mission has ended; its exported tests can be run at any time")
        elif self.assertion not in self.mission.contract.assertions or not self.mission.mechanical(self.assertion):
            self.notify("only a validator can prove it: there are no checks and no flow that stands")
        else:
            self.replay(self.assertion)

    def action_next(self, step: int) -> None:
        names = list(self.mission.contract.assertions)
        place = names.index(self.assertion) + step if self.assertion in names else 0
        if 0 <= place < len(names):
            self.assertion = names[place]
            self._rebuild()
            self.query_one(LineView).action_edge(0)
