"""A mission that is steered from the list, without being opened."""

from textual.app import App

from mission_tui.domain.budget import Spend
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from mission_tui.ui.launcher import Launcher, LaunchProblem
from mission_tui.ui.look import Line
from mission_tui.ui.text import one_line


class Remote:
    """Reads the mission once, when it is made, which may block for a moment. Raises StoreError."""

    def __init__(self, app: App[None], files: MissionFiles, launcher: Launcher) -> None:
        self.app = app
        self.files = files
        self.launcher = launcher
        with Reader(files) as reader:
            self.mission: Mission = reader.mission()
            self.spend: Spend = reader.spend()
        self.engine = launcher.engine_alive(files.id)
        self.talk: list[Recorded] = []

    def send(self, command: inbox.Command) -> None:
        try:
            inbox.send(self.files, command)
        except OSError as error:
            self.say((("nothing was sent: ", "bad"), (one_line(str(error)), "plain")))
            return
        self.say(((f"{command.kind.replace('_', ' ')} sent to {self.files.id}", "plain"),))
        if self.engine is None and not isinstance(command, inbox.Pause | inbox.Stop):
            self.start_engine()

    def start_engine(self) -> None:
        self.app.run_worker(self._start, thread=True, group="start")

    def _start(self) -> None:
        try:
            self.launcher.start(self.files.id)
        except LaunchProblem as problem:
            self.app.call_from_thread(self.say, (("✖ ", "bad"), (one_line(str(problem)), "plain")))

    def say(self, line: Line | None) -> None:
        if line is not None:
            self.app.notify("".join(text for text, _ in line), markup=False)
