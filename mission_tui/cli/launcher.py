"""What the screen may ask of the rest of the program: start engines, create missions."""

import asyncio
from pathlib import Path

import click

from mission_tui.cli.mistakes import explained
from mission_tui.store.layout import mission_files
from mission_tui.store.lock import holder
from mission_tui.ui.launcher import LaunchProblem, Wish


class EngineLauncher:
    """Handed to the screen, which imports no engine; what it needs of one is loaded when it is asked for."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def start(self, mission_id: str) -> None:
        """Start the mission's engine unless it runs. Raises LaunchProblem."""
        from mission_tui.cli.play import start_detached

        try:
            start_detached(mission_files(self._data, mission_id))
        except Exception as error:
            raise _problem(error) from error

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
            raise _problem(error) from error


def _problem(error: Exception) -> Exception:
    """A user's mistake in the screen's terms; anything else as it is."""
    if isinstance(error, click.ClickException):
        return LaunchProblem(error.format_message())
    mistake = explained(error)
    return error if mistake is None else LaunchProblem("; ".join(mistake.lines))
