"""The screen driven by keys, beside a mission that the test itself writes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from textual.pilot import Pilot
from textual.widget import Widget

from mission_tui.cli.readings import DiskReadings
from mission_tui.config import Notify
from mission_tui.engine.commands import consequences
from mission_tui.store import inbox
from mission_tui.ui.app import MissionApp
from mission_tui.ui.launcher import LaunchProblem, Wish
from tests.support.mission_writer import MissionWriter

PATIENCE_S = 10.0


@dataclass
class DeskLauncher:
    """Says that an engine runs once it was started; missions are refused unless `make` is given."""

    pid: int | None = 4711
    started: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    make: Callable[[Wish], str] | None = None
    notices: Notify = field(default_factory=Notify)
    readings: DiskReadings = field(default_factory=lambda: DiskReadings(Path("nowhere")))

    def start(self, mission_id: str) -> None:
        self.started.append(mission_id)
        self.pid = 4711

    def engine_alive(self, mission_id: str) -> int | None:
        return self.pid

    def delete(self, mission_id: str) -> None:
        self.deleted.append(mission_id)

    def create(self, wish: Wish) -> str:
        if self.make is None:
            raise LaunchProblem(f"{wish.repo} is not a git repository; run `git init` there or choose another")
        return self.make(wish)


@dataclass
class Screen:
    """What a test does and sees."""

    app: MissionApp
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it is so; fails with what is on the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("not so after 10 s; the screen shows\n" + self.text())
            await self.pilot.pause()
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def shows(self, *words: str) -> None:
        await self.until(lambda: all(word in self.text() for word in words))

    async def hides(self, word: str) -> None:
        await self.until(lambda: word not in self.text())

    def text(self) -> str:
        """Everything on the screen, a line each."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text[:width] for strip in strips[:height])

    @property
    def lines(self) -> list[str]:
        return self.text().split("\n")

    @property
    def focused(self) -> Widget | None:
        return self.app.focused


@asynccontextmanager
async def screen(
    data: Path,
    mission_id: str | None = None,
    size: tuple[int, int] = (120, 40),
    launcher: DeskLauncher | None = None,
    readings: DiskReadings | None = None,
):
    launcher = launcher or DeskLauncher()
    launcher.readings = readings or DiskReadings(data)
    app = MissionApp(data, launcher, mission_id)
    async with app.run_test(size=size) as pilot:
        yield Screen(app, pilot)


def take_commands(writer: MissionWriter) -> list[inbox.Command]:
    """Apply what waits in the inbox as the engine does."""
    commands = inbox.pending(writer.files)
    for command in commands:
        writer.append(*consequences(writer.ledger.mission, command))
        inbox.take(writer.files, command.id)
    return commands
