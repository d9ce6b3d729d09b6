"""What the screen may ask of the rest of the program: start engines, create missions."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from mission_tui.cli.readings import DiskReadings, problem_of
from mission_tui.store.layout import mission_files
from mission_tui.store.lock import holder
from mission_tui.ui.launcher import Wish

if TYPE_CHECKING:
    from mission_tui.config import Notify
    from mission_tui.workspace.git import MissionRepository


class EngineLauncher:
    """Handed to the screen, which imports no engine; what it needs of one is loaded when it is asked for."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.readings = DiskReadings(data)

    @property
    def notices(self) -> "Notify":
        """A settings file that cannot be read is told by whatever needs it; nobody is left untold meanwhile."""
        from mission_tui.config import ConfigProblem, Notify, load_notify

        try:
            return load_notify()
        except ConfigProblem:
            return Notify()

    def delete(self, mission_id: str) -> None:
        """Take a mission off this machine; its branch stays in the repository. Raises LaunchProblem."""
        from mission_tui.folders import remove_tree
        from mission_tui.store.lock import MissionLock
        from mission_tui.workspace.git import MissionRepository

        files = mission_files(self._data, mission_id)
        try:
            lock = MissionLock.acquire(files)
            try:
                if files.worktree.is_dir():
                    asyncio.run(_release(MissionRepository, files.worktree))
                remove_tree(files.root)
            finally:
                lock.release()
        except Exception as error:
            raise problem_of(error) from error

    def start(self, mission_id: str) -> None:
        """Start the mission's engine unless it runs. Raises LaunchProblem."""
        from mission_tui.cli.play import start_detached

        try:
            start_detached(mission_files(self._data, mission_id))
        except Exception as error:
            raise problem_of(error) from error

    def engine_alive(self, mission_id: str) -> int | None:
        """The engine's process id, or None."""
        return holder(mission_files(self._data, mission_id))

    def create(self, wish: Wish) -> str:
        """A new mission with the user's settings; returns its id. Raises LaunchProblem."""
        from mission_tui.cli import create
        from mission_tui.config import Flags

        asked = create.Wish(repo=wish.repo, goal=wish.goal)
        try:
            return asyncio.run(create.create(self._data, asked, Flags())).files.id
        except Exception as error:
            raise problem_of(error) from error


async def _release(repository: "type[MissionRepository]", worktree: Path) -> None:
    await (await repository.open(worktree)).remove()
