"""The terminal application: it composes screens, and nothing more."""

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from mission_tui.store.errors import StoreError, UnknownMission
from mission_tui.store.layout import all_missions, mission_files
from mission_tui.store.seen import Place, last_place, remember_place
from mission_tui.ui.attention import WATCH_S, Attention, escapes
from mission_tui.ui.control import Host, MissionView
from mission_tui.ui.launcher import Launcher
from mission_tui.ui.remote import Remote
from mission_tui.ui.screens.draft import DraftScreen
from mission_tui.ui.screens.help import HelpScreen
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.inbox import InboxScreen
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.new_mission import NewMissionScreen
from mission_tui.ui.screens.review import ReviewScreen
from mission_tui.ui.screens.skills import SkillsScreen
from mission_tui.ui.screens.steer import CapsScreen, ControlScreen, MessageScreen, SeatScreen, deeds
from mission_tui.ui.screens.too_small import LEAST, TooSmallScreen
from mission_tui.ui.steering import steer
from mission_tui.ui.theme import DARK, THEMES

SHEETS = ("widgets/lines", "widgets/keybar", "widgets/find", "panes/coverage", "panes/chat", "panes/status")
SCREEN_SHEETS = (
    "screens/dialog",
    "screens/new_mission",
    "screens/mission",
    "screens/review",
    "screens/draft",
    "screens/home",
)

VIEWS = {"review": ReviewScreen, "skills": SkillsScreen, "draft": DraftScreen}
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
        self._kept_place = Place()
        self.animation_level = "none"
        for name in list(self.available_themes):
            self.unregister_theme(name)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def get_default_screen(self) -> Screen[None]:
        return HomeScreen(self.data, self.launcher, self._repo)

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
        self._watch()
        self.set_interval(WATCH_S, self._watch)
        self.set_interval(KEEP_PLACE_S, self.keep_place)

    def open_mission(self, mission_id: str, answer: str | None = None, place: Place | None = None) -> None:
        """Show a mission over the list, and a decision of it that is asked for."""
        try:
            files = mission_files(self.data, mission_id)
        except UnknownMission as unknown:
            self.notify(str(unknown), severity="error", markup=False)
            return
        self.push_screen(MissionScreen(files, self.launcher, answer, place))

    @work(group="inbox", exclusive=True)
    async def action_inbox(self) -> None:
        """Everything that waits, across missions."""
        host = self.host()
        waiting = await asyncio.to_thread(Attention(self.data).look)
        chosen = await self.push_screen_wait(InboxScreen(waiting, host.files.id if host else None))
        if chosen is None:
            return
        if isinstance(host, MissionScreen) and host.files.id == chosen.mission:
            host.answer(chosen.decision)
        else:
            while isinstance(self.screen, MissionScreen | MissionView):
                self.pop_screen()
            self.open_mission(chosen.mission, chosen.decision)

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
        opened = [screen for screen in self.screen_stack if isinstance(screen, MissionScreen)]
        place = Place()
        if opened:
            over = [screen for screen in self.screen_stack if isinstance(screen, MissionView)]
            view = next((name for name, kind in VIEWS.items() if over and isinstance(over[-1], kind)), "")
            mission = opened[-1]
            place = Place(mission=mission.files.id, pane=mission.pane, zoomed=mission.zoomed, view=view)
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
        known = await asyncio.to_thread(self._attention.repositories)
        screen = NewMissionScreen(self.launcher.create, self._repo or Path.cwd(), self.launcher.readings, known)
        mission_id = await self.push_screen_wait(screen)
        if mission_id is None:
            return
        self.open_mission(mission_id)
        if isinstance(self.screen, MissionScreen):
            self.screen.start_engine()

    def host(self) -> Host | None:
        """The mission that keys steer: the one that is open, else the one that the list's cursor is on."""
        opened = [screen for screen in self.screen_stack if isinstance(screen, MissionScreen)]
        return opened[-1] if opened else None

    def action_steer(self, deed: str) -> None:
        """Do something with the mission, from whatever screen is shown."""
        if not isinstance(self.screen, ControlScreen | MessageScreen | CapsScreen | SeatScreen):
            self._steer(deed)

    @work(group="steering", exclusive=True)
    async def _steer(self, deed: str) -> None:
        host = self.host() or await self._from_the_list()
        if host is not None:
            await steer(self, host, deed)

    async def _from_the_list(self) -> Host | None:
        home = self.screen_stack[0]
        name = home.chosen if isinstance(home, HomeScreen) else None
        if name is None:
            return None
        try:
            return await asyncio.to_thread(Remote, self, mission_files(self.data, name), self.launcher)
        except StoreError as error:
            self.notify(str(error), severity="error", markup=False)
            return None

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Leave the screen, and say what goes on without it."""
        self.keep_place()
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
        yield SystemCommand("Inbox", "everything that waits for you, in all missions", self.action_inbox)
        if isinstance(screen, MissionScreen):
            yield SystemCommand("Answer what waits", "open the oldest decision", screen.action_answer)
            yield SystemCommand("Since you last looked", "what happened meanwhile", screen.run_digest)
            yield SystemCommand("Review", "the present milestone on one screen", screen.action_review)
            yield SystemCommand("Skills", "read and edit what agents are given", screen.action_skills)
            yield SystemCommand("Edit contract and plan", "in place, gates beside the line", screen.action_edit)
            yield SystemCommand("Zoom", "this pane alone, and back", screen.action_zoom)
        host = self.host()
        if host is not None:
            for deed in deeds(host.mission, host.engine):
                title, _, about = deed.text.partition(": ")
                yield SystemCommand(title.capitalize(), about or deed.name, partial(self.action_steer, deed.name))
