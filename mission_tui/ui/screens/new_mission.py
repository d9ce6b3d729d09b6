"""A new mission: which repository, and what is to be done."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from mission_tui.ui.launcher import LaunchProblem, Wish
from mission_tui.ui.panes.chat import Composer
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import one_line
from mission_tui.ui.typed import app_of


class NewMissionScreen(Dialog[str]):
    """Gives the new mission's id. What was typed stays while something is wrong with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "create", "create", show=False, priority=True)]

    def __init__(self, create: Callable[[Wish], str], repo: Path) -> None:
        super().__init__()
        self._create = create
        self._repo = repo

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "New mission"
            yield words(("Repository", "strong"))
            yield Input(str(self._repo), id="repo")
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
        goal = self.query_one("#goal", Composer)
        goal.placeholder = "what is to be done, in your own words"
        goal.focus()

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
