"""What every screen over a mission may do with it, whatever else it shows."""

from typing import ClassVar, Generic, Protocol, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from mission_tui.domain.budget import Spend
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.launcher import Launcher
from mission_tui.ui.look import Line
from mission_tui.ui.panes.status import NoticeBar, StatusBar
from mission_tui.ui.widgets.keybar import KeyBar

ResultT = TypeVar("ResultT")


class Host(Protocol):
    """The screen that follows a mission, and through which everything is sent."""

    @property
    def files(self) -> MissionFiles: ...
    @property
    def launcher(self) -> Launcher: ...
    @property
    def mission(self) -> Mission: ...
    @property
    def spend(self) -> Spend: ...
    @property
    def engine(self) -> int | None: ...
    @property
    def talk(self) -> list[Recorded]:
        """What was said and decided so far."""
        ...

    def send(self, command: inbox.Command) -> None:
        """Leave a command for the engine, and start one if none is there to take it."""
        ...

    def start_engine(self) -> object: ...
    def say(self, line: Line | None) -> None:
        """Tell the human something on whatever screen is shown."""
        ...


class MissionView(Screen[ResultT | None], Generic[ResultT]):
    """A whole screen about a mission, over the one that follows it: the status stays in view, the keys still steer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "back", show=False),
        Binding("p", "app.steer('pause')", "pause or resume", show=False),
        Binding("S", "app.steer('stop')", "stop now", show=False),
        Binding("m", "app.steer('message')", "message", show=False),
        Binding("c", "app.steer('control')", "control", show=False),
    ]

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host
        self.ready = False
        """Whether its parts are there to be shown."""

    def compose(self) -> ComposeResult:
        yield StatusBar("status")
        yield NoticeBar("notice")
        yield from self.body()
        yield KeyBar()

    def body(self) -> ComposeResult:
        """What is between the status and the keys."""
        yield from ()

    def on_mount(self) -> None:
        self.ready = True
        self.refresh_status()

    def on_unmount(self) -> None:
        self.ready = False

    def refresh_status(self) -> None:
        self.query_one(StatusBar).show(self.host.mission, self.host.spend)
        notice = self.query_one(NoticeBar)
        notice.engine = self.host.engine
        notice.show(self.host.mission)

    def show(self, mission: Mission) -> None:
        """The mission has changed underneath."""
        self.refresh_status()

    def say(self, line: Line | None) -> None:
        self.query_one(NoticeBar).say(line)

    def heard(self, records: list[Recorded]) -> None:
        """More was said and decided."""

    def settled(self, command: inbox.Command, refused: str | None) -> None:
        """The engine took a command, or refused it and why."""

    def action_close(self) -> None:
        self.dismiss(None)
