"""What the screen asks of whoever opened it: engines and missions are made elsewhere."""

from pathlib import Path
from typing import NamedTuple, Protocol

from mission_tui.ui.attention import Notices
from mission_tui.ui.readings import Readings


class LaunchProblem(Exception):
    """An engine or a mission could not be started; the message is one line and says what to do."""


class Wish(NamedTuple):
    """What the human typed for a new mission."""

    repo: Path
    goal: str


class Launcher(Protocol):
    """Handed in by the command line. All methods may block for a while and are called off the event loop."""

    @property
    def readings(self) -> Readings:
        """What can be read of repositories and texts."""
        ...

    @property
    def notices(self) -> Notices:
        """How the human wants to be told that something starts to wait."""
        ...

    def start(self, mission_id: str) -> None:
        """Start the detached engine, or find the one that runs. Raises LaunchProblem."""
        ...

    def engine_alive(self, mission_id: str) -> int | None:
        """The process id of the mission's living engine."""
        ...

    def delete(self, mission_id: str) -> None:
        """Take a mission off this machine; its branch stays in the repository. Raises LaunchProblem."""
        ...

    def create(self, wish: Wish) -> str:
        """Make a mission and return its id. Raises LaunchProblem."""
        ...
