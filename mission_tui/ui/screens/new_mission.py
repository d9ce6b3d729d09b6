"""A new mission: which repository, and what is to be done."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.suggester import SuggestFromList
from textual.timer import Timer
from textual.widgets import Input

from mission_tui.ui.launcher import LaunchProblem, Wish
from mission_tui.ui.look import Tone
from mission_tui.ui.panes.chat import Composer
from mission_tui.ui.readings import Readings
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import clean, one_line, wrapped
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.lines import LineView, Painted

QUIET_S = 0.4
"""Quiet time after a key before the repository is looked at."""


class NewMissionScreen(Dialog[str]):
    """Gives the new mission's id. What was typed stays while something is wrong with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "create", "create", show=False, priority=True)]

    def __init__(
        self, create: Callable[[Wish], str], repo: Path, readings: Readings, known: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._readings = readings
        self._known = known
        self._quiet: Timer | None = None
        self._create = create
        self._repo = repo

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "New mission"
            yield words(("Repository", "strong"))
            yield Input(str(self._repo), id="repo", suggester=SuggestFromList(self._known))
            yield LineView(id="readiness", cursor=False)
            yield words(("Goal", "strong"))
            yield Composer(
                id="goal", soft_wrap=True, show_line_numbers=False, compact=True, highlight_cursor_line=False
            )
            yield words(("", "bad"), id="trouble")
            yield words(
                (
                    "The orchestrator reads the repository, then asks you. Nothing is written before you approve.",
                    "faint",
                )
            )
            yield words(("enter creates · ctrl+j new line · tab next field · esc leaves", "faint"))

    def on_mount(self) -> None:
        self.query_one("#trouble").display = False
        self.query_one("#readiness", LineView).can_focus = False
        goal = self.query_one("#goal", Composer)
        goal.placeholder = "what is to be done, in your own words"
        goal.focus()

    def on_line_view_rewrapped(self) -> None:
        self._examine()

    def on_input_changed(self) -> None:
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(QUIET_S, self._examine)

    @work(thread=True, exclusive=True, group="examine")
    def _examine(self) -> None:
        """What can be done with the repository, beside its name."""
        repo = str(Path(self.query_one("#repo", Input).value.strip()).expanduser())
        tone: Tone = "faint"
        paths: list[str] = []
        try:
            text = self._readings.readiness(repo)
        except LaunchProblem as problem:
            text, tone = str(problem), "bad"
        with suppress(LaunchProblem):
            paths = self._readings.paths(repo)
        app_of(self).call_from_thread(self._examined, text, tone, paths)

    def _examined(self, text: str, tone: Tone, paths: list[str]) -> None:
        view = self.query_one("#readiness", LineView)
        rows = [Painted("", (part, tone)) for part in wrapped(clean(text), max(20, view.line_width), 60)]
        view.set_rows(rows)
        room = min(int(self.size.height * 0.4) - 2, int(self.size.height * 0.92) - 16)
        view.styles.height = min(len(rows), max(2, room))
        self.query_one("#goal", Composer).paths = paths

    def on_input_submitted(self) -> None:
        self.query_one("#goal").focus()

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.query_one("#goal", Composer).text = event.text
        self.action_create()

    def action_create(self) -> None:
        goal = self.query_one("#goal", Composer).text.strip()
        repo = self.query_one("#repo", Input).value.strip()
        if not goal or not repo:
            self._trouble("a repository and a goal are needed")
            return
        self._trouble("")
        self._make(Wish(Path(repo).expanduser(), goal))

    @work(thread=True, exclusive=True)
    def _make(self, wish: Wish) -> None:
        try:
            mission_id = self._create(wish)
        except LaunchProblem as problem:
            app_of(self).call_from_thread(self._trouble, str(problem))
        else:
            app_of(self).call_from_thread(self.dismiss, mission_id)

    def _trouble(self, text: str) -> None:
        self.query_one("#trouble").display = bool(text)
        self.say("trouble", ((one_line(text), "bad"),))
