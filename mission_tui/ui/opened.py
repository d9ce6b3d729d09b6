"""The missions that are opened over the list. Loaded with the first of them, since the list itself needs none of it."""

import asyncio
from collections.abc import Iterable
from functools import partial

from textual.app import App, SystemCommand
from textual.screen import Screen

from mission_tui.store.errors import StoreError, UnknownMission
from mission_tui.store.layout import mission_files
from mission_tui.store.seen import Place
from mission_tui.ui.attention import Waiting
from mission_tui.ui.control import Host, MissionView
from mission_tui.ui.launcher import Launcher
from mission_tui.ui.remote import Remote
from mission_tui.ui.screens.draft import DraftScreen
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.inbox import InboxScreen
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.review import ReviewScreen
from mission_tui.ui.screens.skills import SkillsScreen
from mission_tui.ui.screens.steer import deeds
from mission_tui.ui.steering import steer

VIEWS = {"review": ReviewScreen, "skills": SkillsScreen, "draft": DraftScreen}


class OpenMissions:
    """What the application does with missions once it shows or steers one."""

    def __init__(self, app: App[None], home: HomeScreen, launcher: Launcher) -> None:
        self.app = app
        self.home = home
        self.launcher = launcher

    def open(self, mission_id: str, answer: str | None = None, place: Place | None = None) -> MissionScreen | None:
        """Show a mission over the list, and a decision of it that is asked for."""
        try:
            files = mission_files(self.home.data, mission_id)
        except UnknownMission as unknown:
            self.app.notify(str(unknown), severity="error", markup=False)
            return None
        screen = MissionScreen(files, self.launcher, answer, place)
        self.app.push_screen(screen)
        return screen

    def top(self) -> MissionScreen | None:
        """The mission that is open."""
        opened = [screen for screen in self.app.screen_stack if isinstance(screen, MissionScreen)]
        return opened[-1] if opened else None

    def place(self) -> Place:
        """Where the human is."""
        mission = self.top()
        if mission is None:
            return Place()
        over = [screen for screen in self.app.screen_stack if isinstance(screen, MissionView)]
        view = next((name for name, kind in VIEWS.items() if over and isinstance(over[-1], kind)), "")
        return Place(mission=mission.files.id, pane=mission.pane, zoomed=mission.zoomed, view=view)

    async def answer(self, waiting: list[Waiting]) -> None:
        """Show everything that waits, and open what is chosen from it. Runs in a worker."""
        top = self.top()
        chosen = await self.app.push_screen_wait(InboxScreen(waiting, top.files.id if top else None))
        if chosen is None:
            return
        if top is not None and top.files.id == chosen.mission:
            top.answer(chosen.decision)
            return
        while isinstance(self.app.screen, MissionScreen | MissionView):
            self.app.pop_screen()
        self.open(chosen.mission, chosen.decision)

    def steer(self, deed: str) -> None:
        """Do something with the mission that is open, else the one that the list's cursor is on."""
        self.app.run_worker(self._steer(deed), group="steering", exclusive=True)

    async def _steer(self, deed: str) -> None:
        host = self.top() or await self._from_the_list()
        if host is not None:
            await steer(self.app, host, deed)

    async def _from_the_list(self) -> Host | None:
        name = self.home.chosen
        if name is None:
            return None
        try:
            return await asyncio.to_thread(Remote, self.app, mission_files(self.home.data, name), self.launcher)
        except StoreError as error:
            self.app.notify(str(error), severity="error", markup=False)
            return None

    def farewell(self) -> str:
        """What goes on without the screen."""
        for screen in self.app.screen_stack:
            if isinstance(screen, MissionScreen) and screen.engine is not None and not screen.mission.ended:
                return (
                    f"The engine goes on with {screen.files.id} (process {screen.engine}). "
                    f"`mission-tui` shows it again; `mission-tui pause {screen.files.id}` pauses it."
                )
        return ""

    def commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette's entries for what is shown."""
        if isinstance(screen, MissionScreen):
            yield SystemCommand("Answer what waits", "open the oldest decision", screen.action_answer)
            yield SystemCommand("Since you last looked", "what happened meanwhile", screen.run_digest)
            yield SystemCommand("Review", "the present milestone on one screen", screen.action_review)
            yield SystemCommand("Skills", "read and edit what agents are given", screen.action_skills)
            yield SystemCommand("Edit contract and plan", "in place, gates beside the line", screen.action_edit)
            yield SystemCommand("Zoom", "this pane alone, and back", screen.action_zoom)
        top = self.top()
        if top is not None:
            for deed in deeds(top.mission, top.engine):
                title, _, about = deed.text.partition(": ")
                yield SystemCommand(title.capitalize(), about or deed.name, partial(self.steer, deed.name))
