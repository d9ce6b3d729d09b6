"""The terminal application: it composes screens, and nothing more."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from mission_tui.store.errors import UnknownMission
from mission_tui.store.layout import mission_files
from mission_tui.ui.launcher import Launcher
from mission_tui.ui.screens.help import HelpScreen
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.new_mission import NewMissionScreen
from mission_tui.ui.screens.too_small import LEAST, TooSmallScreen
from mission_tui.ui.theme import DARK, THEMES

SHEETS = ("widgets/lines", "widgets/keybar", "widgets/find", "panes/coverage", "panes/chat", "panes/status")
SCREEN_SHEETS = ("screens/dialog", "screens/new_mission", "screens/mission")


class MissionApp(App[None]):
    """`data` holds the missions; with `mission_id` that one is opened over the list."""

    TITLE = "mission-tui"
    CSS_PATH: ClassVar[list[str | Path]] = [f"{name}.tcss" for name in (*SHEETS, *SCREEN_SHEETS)]  # pyright: ignore[reportIncompatibleVariableOverride] - a narrower type
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "leave", show=False),
        Binding("question_mark", "help", "keys", show=False),
    ]

    def __init__(self, data: Path, launcher: Launcher, mission_id: str | None = None) -> None:
        super().__init__()
        self.data = data
        self.launcher = launcher
        self._open_at_start = mission_id
        self.animation_level = "none"
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def get_default_screen(self) -> Screen[None]:
        return HomeScreen(self.data)

    def on_mount(self) -> None:
        if self._open_at_start is not None:
            self.open_mission(self._open_at_start)

    def open_mission(self, mission_id: str) -> None:
        """Show a mission over the list."""
        try:
            files = mission_files(self.data, mission_id)
        except UnknownMission as unknown:
            self.notify(str(unknown), severity="error", markup=False)
            return
        self.push_screen(MissionScreen(files, self.launcher))

    def on_home_screen_mission_chosen(self, event: HomeScreen.MissionChosen) -> None:
        self.open_mission(event.mission_id)

    def on_resize(self, event: events.Resize) -> None:
        small = event.size.width < LEAST[0] or event.size.height < LEAST[1]
        shown = isinstance(self.screen, TooSmallScreen)
        if small and not shown:
            self.push_screen(TooSmallScreen())
        elif shown and not small:
            self.pop_screen()

    @work
    async def action_new_mission(self) -> None:
        mission_id = await self.push_screen_wait(NewMissionScreen(self.launcher.create, Path.cwd()))
        if mission_id is None:
            return
        self.open_mission(mission_id)
        if isinstance(self.screen, MissionScreen):
            self.screen.start_engine()

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Leave the screen, and say what goes on without it."""
        self.exit(message=Text(self._farewell()))

    def _farewell(self) -> str:
        missions = [screen for screen in self.screen_stack if isinstance(screen, MissionScreen)]
        for screen in missions:
            if screen.engine is not None and not screen.mission.ended:
                return (
                    f"The engine goes on with {screen.files.id} (process {screen.engine}). "
                    f"`mission-tui` shows it again; `mission-tui pause {screen.files.id}` pauses it."
                )
        return ""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)  # pyright: ignore[reportUnknownMemberType] - Textual leaves it open
        yield SystemCommand("New mission", "choose a repository and say what is to be done", self.action_new_mission)
        if isinstance(screen, MissionScreen):
            yield SystemCommand("Answer what waits", "open the oldest decision", screen.action_answer)
            yield SystemCommand("Inbox", "everything that waits for you", screen.action_inbox)
            yield SystemCommand("Pause, resume or start", "at the next step", screen.action_pause)
            yield SystemCommand("Stop now", "the step that is cut becomes unknown", screen.action_stop_now)
            yield SystemCommand("Message the orchestrator", "write to it", screen.action_message)
            yield SystemCommand("Zoom", "this pane alone, and back", screen.action_zoom)
