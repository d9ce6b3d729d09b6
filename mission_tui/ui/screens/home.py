"""The list of missions: how each stands, and which of them wait for the human."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from mission_tui.store.errors import StoreError
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.listing import Listed, listed
from mission_tui.store.shelf import archive, archived
from mission_tui.ui.launcher import Launcher, LaunchProblem
from mission_tui.ui.look import MISSION, Line, bar, proved
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
    mission: Listed
    age: str

    def paint(self, width: int) -> Line:
        mission = self.mission
        look = MISSION[mission.status]
        counts = mission.assertions
        held, total = proved(counts), sum(counts.values())
        right: Line = (
            (f"{held}/{total}".rjust(9), "strong"),
            (money(mission.usd, mission.usd_known).rjust(10), "plain"),
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
    mission: Listed

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

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "app.new_mission", "new mission", show=False),
        Binding("slash", "filter", "filter", show=False),
        Binding("escape", "clear", "whole list", show=False),
        Binding("i", "app.inbox", "inbox", show=False),
        Binding("c", "app.steer('control')", "control", show=False),
        Binding("p", "app.steer('pause')", "pause or resume", show=False),
        Binding("A", "archive", "archive", show=False),
        Binding("v", "archived", "archived ones", show=False),
        Binding("D,delete", "delete", "delete", show=False),
    ]

    class MissionChosen(Message):
        def __init__(self, mission_id: str) -> None:
            super().__init__()
            self.mission_id = mission_id

    class MissionsRead(Message):
        def __init__(self, missions: list[Listed], problems: list[tuple[str, str]]) -> None:
            super().__init__()
            self.missions = missions
            self.problems = problems

    def __init__(self, data: Path, launcher: Launcher, repo: Path | None = None) -> None:
        super().__init__()
        self.data = data
        self.launcher = launcher
        self.repo = repo
        """Only this repository's missions are listed."""
        self.with_archived = False
        self._archived: frozenset[str] = frozenset()
        self._shown: object = None

    def compose(self) -> ComposeResult:
        with Framed(classes="pane -current"):
            yield Input(id="filter", placeholder="title, repository or state; enter goes to the list, esc shows all")
            yield LineView(id="missions", things=True)
        yield KeyBar()

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        self.query_one(Input).display = False
        lines.focus()
        self.query_one(KeyBar).show(
            Hint("enter", "open", "open"),
            Hint("n", "new mission", "app.new_mission"),
            Hint("i", "inbox", "app.inbox"),
            Hint("/", "filter", "filter"),
            Hint("c", "control", "app.steer('control')"),
            Hint("?", "keys", "app.help"),
            Hint("q", "quit", "app.quit"),
            Hint("A", "archive", "archive"),
            Hint("D", "delete", "delete"),
            Hint("v", "archived ones", "archived"),
            Hint("^p", "palette", "app.command_palette"),
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
        missions: list[Listed] = []
        problems: list[tuple[str, str]] = []
        away: set[str] = set()
        for files in all_missions(self.data):
            if archived(files):
                away.add(files.id)
                if not self.with_archived:
                    continue
            try:
                missions.append(listed(files))
            except StoreError as error:
                problems.append((files.id, error.beside(files.root)))
        missions.sort(key=lambda m: m.created_at, reverse=True)
        self._archived = frozenset(away)
        self.post_message(self.MissionsRead(missions, problems))

    def on_home_screen_missions_read(self, event: MissionsRead) -> None:
        now = time.time()
        wanted = [m for m in event.missions if self._wanted(m)]
        shown = (self._archived, wanted, event.problems, [ago(now - mission.updated_at) for mission in wanted])
        if shown == self._shown:
            return
        self._shown = shown
        rows: list[Row] = []
        for mission in wanted:
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
        self.query_one(LineView).empty = self._empty(bool(event.missions))
        waiting = sum(1 for mission in event.missions if mission.decisions)
        figures: Line = ((f"▲ {waiting} waiting", "wait"),) if waiting else ()
        hidden = "" if self.with_archived or not self._archived else f" · {len(self._archived)} archived: v"
        where = f" in {self.repo.name}" if self.repo else ""
        name: Line = (("Missions", "strong"), (f"{where}  {len(wanted)}{hidden}", "faint"))
        self.query_one(Framed).frame(name, figures)

    def on_line_view_rewrapped(self) -> None:
        self._shown = None
        self.read()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.post_message(self.MissionChosen(event.key))

    def action_open(self) -> None:
        self.query_one(LineView).action_open()

    @property
    def chosen(self) -> str | None:
        """The mission that the cursor is on."""
        return self.query_one(LineView).key or None

    # What is listed

    def _wanted(self, mission: Listed) -> bool:
        if self.repo is not None and Path(mission.repo) != self.repo:
            return False
        text = self.query_one(Input).value.casefold().split()
        about = (
            f"{mission.id} {mission.title} {mission.repo} {mission.status} {MISSION[mission.status].word}".casefold()
        )
        return all(word in about for word in text)

    def _empty(self, some: bool) -> str:
        if self.query_one(Input).value:
            return " No mission fits. esc shows all."
        where = f" in {self.repo}" if self.repo else ""
        return f" No missions yet{where}. Press n to begin one." if not some or self.repo else ""

    def action_filter(self) -> None:
        field = self.query_one(Input)
        field.display = True
        field.focus()

    def action_clear(self) -> None:
        field = self.query_one(Input)
        field.value = ""
        field.display = False
        self.query_one(LineView).focus()
        self.read()

    def on_input_changed(self) -> None:
        self.read()

    def on_input_submitted(self) -> None:
        self.query_one(LineView).focus()

    # Putting away

    def action_archived(self) -> None:
        self.with_archived = not self.with_archived
        self.read()

    def action_archive(self) -> None:
        """Out of the list, or back into it; the mission itself is untouched."""
        name = self.chosen
        if name is None:
            return
        away = name not in self._archived
        try:
            archive(MissionFiles(self.data / "missions" / name), away)
        except OSError as error:
            self.notify(one_line(str(error)), severity="error", markup=False)
            return
        self.notify(
            f"{name} {'archived; v shows it, A takes it back' if away else 'is back in the list'}", markup=False
        )
        self.read()

    @work(group="delete")
    async def action_delete(self) -> None:
        name = self.chosen
        if name is None:
            return
        about = (
            f"{name} leaves this machine: its ledger, evidence, conversation and worktree.",
            "Its branch stays in the repository. This cannot be taken back; A archives instead.",
        )

        def rows(width: int) -> list[Painted]:
            return [Painted("", (part, "plain")) for text in about for part in wrapped(text, width)]

        from mission_tui.ui.screens.steer import ReasonScreen  # it loads what the list can do without

        dialog = ReasonScreen("Delete a mission", rows, "type delete to do it", needed="delete")
        if await app_of(self).push_screen_wait(dialog) is None:
            return
        try:
            await asyncio.to_thread(self.launcher.delete, name)
        except LaunchProblem as problem:
            self.notify(one_line(str(problem)), severity="error", markup=False)
        self.read()
