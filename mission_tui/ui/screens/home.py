"""The list of missions: how each stands, and which of them wait for the human."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from mission_tui.store.errors import StoreError
from mission_tui.store.layout import all_missions
from mission_tui.store.queries import MissionSummary, summary
from mission_tui.ui.feed import in_short
from mission_tui.ui.look import MISSION, Line
from mission_tui.ui.panes.status import bar, proved
from mission_tui.ui.text import ago, clean, cut, money, one_line, padded, wrapped
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView, Painted, Row

REFRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class MissionRow:
    """The first of a mission's two lines."""

    key: str
    mission: MissionSummary
    age: str

    def paint(self, width: int) -> Line:
        mission = self.mission
        look = MISSION[mission.status]
        counts = mission.assertions
        held, total = proved(counts), sum(counts.values())
        usage = mission.spend.usage
        right: Line = (
            (f"{held}/{total}".rjust(9), "strong"),
            (money(usage.usd, usage.usd_known).rjust(10), "plain"),
            (self.age.rjust(10), "faint"),
        )
        room = width - 14 - 30
        length = min(30, room // 3) if width >= 80 else 0
        title = padded(one_line(mission.title or mission.id), room - length)
        return (
            (f" {look.glyph} {look.word:<11}", look.tone),
            (title, "strong"),
            *bar(counts, length),
            *right,
            (" ", "plain"),
        )


@dataclass(frozen=True, slots=True)
class UnderRow:
    """The second line: what waits, or where it stands."""

    key: str
    mission: MissionSummary

    def paint(self, width: int) -> Line:
        mission, room = self.mission, width - 14
        if mission.decisions:
            first = mission.decisions[0]
            more = f" (+{len(mission.decisions) - 1})" if len(mission.decisions) > 1 else ""
            return ((" " * 14 + "▲ ", "wait"), (cut(f"{one_line(first.summary)}{more}", room - 2), "plain"))
        roles = ", ".join(role.replace("_", " ") for role in mission.active_roles)
        current = next((m for m in mission.milestones if m.state != "sealed"), None)
        where = f"{current.id} {one_line(current.title)}" if current else ""
        about = " · ".join(filter(None, (mission.repo, where, roles)))
        return ((" " * 14, "plain"), (cut(one_line(about), room), "faint"))


class HomeScreen(Screen[None]):
    """Read again every second, in a thread."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "app.new_mission", "new mission", show=False)]

    class MissionChosen(Message):
        def __init__(self, mission_id: str) -> None:
            super().__init__()
            self.mission_id = mission_id

    class MissionsRead(Message):
        def __init__(self, missions: list[MissionSummary], problems: list[tuple[str, str]]) -> None:
            super().__init__()
            self.missions = missions
            self.problems = problems

    def __init__(self, data: Path) -> None:
        super().__init__()
        self.data = data
        self._shown: object = None

    def compose(self) -> ComposeResult:
        with Framed(classes="pane -current"):
            yield LineView(id="missions", things=True)
        yield KeyBar()

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        lines.empty = " No missions yet. Press n to begin one."
        lines.focus()
        self.query_one(KeyBar).show(
            Hint("enter", "open", "open"),
            Hint("n", "new mission", "app.new_mission"),
            Hint("?", "keys", "app.help"),
            Hint("^p", "palette", "app.command_palette"),
            Hint("q", "quit", "app.quit"),
        )
        self.read()
        self.set_interval(REFRESH_S, self._read_if_shown)

    def on_screen_resume(self) -> None:
        self.read()

    def _read_if_shown(self) -> None:
        # `is_current` also holds under another screen, where a repaint would go to nobody.
        if app_of(self).screen is self:
            self.read()

    @work(thread=True, exclusive=True)
    def read(self) -> None:
        missions: list[MissionSummary] = []
        problems: list[tuple[str, str]] = []
        for files in all_missions(self.data):
            try:
                missions.append(summary(files))
            except StoreError as error:
                problems.append((files.id, in_short(error, files)))
        missions.sort(key=lambda m: m.created_at, reverse=True)
        self.post_message(self.MissionsRead(missions, problems))

    def on_home_screen_missions_read(self, event: MissionsRead) -> None:
        now = time.time()
        shown = (event.missions, event.problems, [ago(now - mission.updated_at) for mission in event.missions])
        if shown == self._shown:
            return
        self._shown = shown
        rows: list[Row] = []
        for mission in event.missions:
            age = ago(now - mission.updated_at)
            rows += [MissionRow(mission.id, mission, age), UnderRow(mission.id, mission), Painted("")]
        for mission_id, problem in event.problems:
            rows.append(Painted(mission_id, (" ✖ unreadable ", "bad"), (one_line(mission_id), "strong")))
            width = self.query_one(LineView).line_width - 14
            rows += [
                Painted(mission_id, (" " * 14, "plain"), (part, "plain")) for part in wrapped(clean(problem), width)
            ]
            rows.append(Painted(""))
        self.query_one(LineView).set_rows(rows)
        waiting = sum(1 for mission in event.missions if mission.decisions)
        figures: Line = ((f"▲ {waiting} waiting", "wait"),) if waiting else ()
        self.query_one(Framed).frame((("Missions", "strong"), (f"  {len(event.missions)}", "faint")), figures)

    def on_line_view_rewrapped(self) -> None:
        self._shown = None
        self.read()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.post_message(self.MissionChosen(event.key))

    def action_open(self) -> None:
        self.query_one(LineView).action_open()
