"""The terminal application: it composes screens, and nothing more.

What the list of missions can do without is imported when it is first needed, or once the list is painted.
"""

import asyncio
import gc
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from mission_tui.store.layout import all_missions
from mission_tui.store.seen import Place, last_place, remember_place
from mission_tui.ui.attention import WATCH_S, Attention, escapes
from mission_tui.ui.launcher import Launcher
from mission_tui.ui.screens.dialog import Dialog
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.too_small import LEAST, TooSmallScreen
from mission_tui.ui.theme import DARK, THEMES

if TYPE_CHECKING:
    from mission_tui.ui.opened import OpenMissions

SHEETS = ("widgets/lines", "widgets/keybar", "widgets/find", "panes/coverage", "panes/chat", "panes/status")
SCREEN_SHEETS = (
    "screens/dialog",
    "screens/new_mission",
    "screens/mission",
    "screens/review",
    "screens/draft",
    "screens/home",
)

KEEP_PLACE_S = 1.0


class MissionApp(App[None]):
    """`data` holds the missions; with `mission_id` that one is opened over the list."""

    TITLE = "mission-tui"
    CSS_PATH: ClassVar[list[str | Path]] = [f"{name}.tcss" for name in (*SHEETS, *SCREEN_SHEETS)]  # pyright: ignore[reportIncompatibleVariableOverride] - a narrower type
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "leave", show=False),
        Binding("question_mark", "help", "keys", show=False),
        # Also while one types and over a dialog: nothing else uses these keys.
        Binding("f2", "steer('control')", "control", show=False, priority=True),
        Binding("f3", "steer('pause')", "pause or resume", show=False, priority=True),
        Binding("f4", "steer('message')", "message", show=False, priority=True),
    ]

    def __init__(self, data: Path, launcher: Launcher, mission_id: str | None = None, repo: Path | None = None) -> None:
        super().__init__()
        self.data = data
        self.launcher = launcher
        self._open_at_start = mission_id
        self._repo = repo
        self._attention = Attention(data)
        self._home = HomeScreen(data, launcher, repo)
        self._missions: OpenMissions | None = None
        self._kept_place = Place()
        self._prepared = False
        self.animation_level = "none"
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def get_default_screen(self) -> Screen[None]:
        return self._home

    def on_mount(self) -> None:
        place = self._kept_place = last_place(self.data)
        if self._open_at_start is not None:
            self.open_mission(self._open_at_start, place=place if place.mission == self._open_at_start else None)
        elif (
            place.mission is not None
            and self._repo is None
            and any(m.id == place.mission for m in all_missions(self.data))
        ):
            self.open_mission(place.mission, place=place)
        self.set_interval(KEEP_PLACE_S, self.keep_place)

    @property
    def missions(self) -> "OpenMissions":
        """Whatever has to do with a mission that is opened or steered."""
        if self._missions is None:
            from mission_tui.ui.opened import OpenMissions  # half of the program

            self._missions = OpenMissions(self, self._home, self.launcher)
        return self._missions

    def on_home_screen_missions_read(self) -> None:
        """The first time: whatever can wait until the list is painted."""
        if not self._prepared:
            self._prepared = True
            self.call_after_refresh(self._prepare)
            self.set_interval(WATCH_S, self._watch)

    @work(thread=True, group="prepare")
    def _prepare(self) -> None:
        """Have at hand what opening a mission needs, and know what waits already."""
        import_module("mission_tui.ui.opened")
        if not gc.isenabled():  # since `open_screen`; what was imported stays, and is no place to look for garbage
            gc.freeze()
            gc.enable()
        self._watch()

    def open_mission(self, mission_id: str, answer: str | None = None, place: Place | None = None) -> None:
        """Show a mission over the list, and a decision of it that is asked for."""
        self.missions.open(mission_id, answer, place)

    @work(group="inbox", exclusive=True)
    async def action_inbox(self) -> None:
        """Everything that waits, across missions."""
        await self.missions.answer(await asyncio.to_thread(Attention(self.data).look))

    @work(thread=True, group="attention", exclusive=True)
    def _watch(self) -> None:
        """Tell when something starts to wait, in whatever mission."""
        for waiting in self._attention.news():
            for sequence in escapes(waiting, self.launcher.notices):
                self.call_from_thread(self.write, sequence)

    def write(self, sequence: str) -> None:
        """An escape sequence that draws nothing."""
        driver = self._driver
        if driver is not None and not self.is_headless:
            driver.write(sequence)
            driver.flush()

    def keep_place(self) -> None:
        """So that a screen that was closed or killed opens at the same place."""
        place = self._missions.place() if self._missions else Place()
        if place != self._kept_place:
            self._kept_place = place
            remember_place(self.data, place)

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
        from mission_tui.ui.screens.new_mission import NewMissionScreen  # see above

        known = await asyncio.to_thread(self._attention.repositories)
        screen = NewMissionScreen(self.launcher.create, self._repo or Path.cwd(), self.launcher.readings, known)
        mission_id = await self.push_screen_wait(screen)
        if mission_id is None:
            return
        screen = self.missions.open(mission_id)
        if screen is not None:
            screen.start_engine()

    def action_steer(self, deed: str) -> None:
        """Do something with the mission that is open, or that the cursor is on, from whatever screen is shown."""
        if not (isinstance(self.screen, Dialog) and self.screen.STEERS):
            self.missions.steer(deed)

    def action_help(self) -> None:
        from mission_tui.ui.screens.help import HelpScreen  # see above

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Leave the screen, and say what goes on without it."""
        self.keep_place()
        self.exit(message=Text(self._missions.farewell() if self._missions else ""))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)  # pyright: ignore[reportUnknownMemberType] - Textual leaves it open
        yield SystemCommand("New mission", "choose a repository and say what is to be done", self.action_new_mission)
        yield SystemCommand("Inbox", "everything that waits for you, in all missions", self.action_inbox)
        if self._missions is not None:
            yield from self._missions.commands(screen)
