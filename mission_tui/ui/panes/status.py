"""The two lines above the panes: how the mission stands, and what it does or waits for."""

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from mission_tui.domain.budget import Spend
from mission_tui.domain.mission import Mission
from mission_tui.store.status import active_run
from mission_tui.ui.look import MISSION, Line, Piece, bar, proved
from mission_tui.ui.text import clock, counted, cut, money, one_line, tokens
from mission_tui.ui.widgets.frame import content

GAP = 2


class StatusBar(Widget):
    """Figures keep their places; what does not fit goes, the least needed first."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.mission = Mission()
        self.spend: Spend = Spend()
        self.counts = self.mission.counts()

    def show(self, mission: Mission, spend: Spend) -> None:
        if mission is not self.mission or spend != self.spend:
            self.counts = self.counts if mission is self.mission else mission.counts()
            self.mission = mission
            self.spend = spend
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        mission = self.mission
        look = MISSION[mission.status]
        title = cut(one_line(mission.created.title if mission.created else ""), max(12, width // 4))
        head: Line = (
            (f" {look.glyph} ", look.tone),
            (f"{title}  ", "strong"),
            (look.word.upper().rstrip("?"), look.tone),
        )
        fixed = sum(cell_len(text) for text, _ in head)
        figures = self._figures()
        while figures and fixed + _width(figures) > width - 1:
            figures.pop()
        progress = self._progress(width - 1 - fixed - _width(figures))
        line: list[Piece] = [*head, *progress]
        for figure in figures:
            line.append((" " * GAP, "plain"))
            line.extend(figure)
        return content(tuple(line))

    def _progress(self, room: int) -> Line:
        """Milestone and bar in the room that figures leave."""
        plan = self.mission.plan
        names = list(plan.milestones)
        current = plan.current_milestone()
        where = f"  {current} of {len(names)}" if current else f"  {len(names)} sealed" if names else ""
        if room < len(where):
            return ((" " * max(0, room), "plain"),)
        width = room - len(where) - GAP
        if width < 6:
            return ((where.ljust(room), "plain"),)
        shown = min(width, 48)
        filled = bar(self.counts, shown)
        return ((where, "plain"), (" " * GAP, "plain"), *filled, (" " * (width - shown), "plain"))

    def _figures(self) -> list[Line]:
        """The most needed first."""
        usage = self.spend.usage
        stale = self.counts["stale"]
        held = f"{proved(self.counts)}/{len(self.mission.contract.assertions)}" + (f" {stale}↻" if stale else "")
        cap = self.mission.limits.usd
        cached = 100 * usage.cached_tokens // usage.input_tokens if usage.input_tokens else 0
        spent = money(usage.usd, usage.usd_known) + (f" / {cap:g}" if cap is not None else "")
        return [
            ((held, "strong"),),
            ((spent, "plain"),),
            ((clock(self.spend.wall_s).rjust(7), "plain"),),
            ((f"{tokens(usage.input_tokens)} in ({cached}% cached)", "faint"),),
            ((f"{tokens(usage.output_tokens)} out", "faint"),),
        ]


def _width(figures: list[Line]) -> int:
    return sum(GAP + sum(cell_len(text) for text, _ in figure) for figure in figures)


class NoticeBar(Widget):
    """One line that says what waits for the human, else what is going on. It is always there, so nothing jumps."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.mission = Mission()
        self.engine: int | None = None
        self.said: Line | None = None
        self.problem: str | None = None

    def show(self, mission: Mission) -> None:
        self.mission = mission
        self.refresh()

    def say(self, line: Line | None) -> None:
        """What became of the human's last key; it gives way to the next change."""
        self.said = line
        self.refresh()

    def render(self) -> Content:
        room = self.size.width - 2
        line = self._line()
        pieces: list[Piece] = [(" ", "plain")]
        for text, tone in line:
            pieces.append((cut(text, room), tone))
            room -= cell_len(text)
            if room <= 0:
                break
        return content(tuple(pieces))

    def _line(self) -> Line:
        if self.problem is not None:
            return (("✖ ", "bad"), (one_line(self.problem), "plain"))
        if self.said is not None:
            return self.said
        waits = self.mission.decisions.open
        first = next(iter(waits), None)
        if first is not None:
            more = f"  (and {len(waits) - 1} more: i)" if len(waits) > 1 else ""
            return ((f"▲ a answers {first.id}{more}  ", "wait"), (one_line(first.summary), "plain"))
        return self._going_on()

    def _going_on(self) -> Line:
        mission = self.mission
        if mission.ended:
            return ((one_line(f"{mission.ended}: {mission.end_reason}"), "plain"),)
        if mission.paused:
            return (("p resumes  ", "key"), (one_line(mission.paused.reason), "plain"))
        if self.engine is None:
            return (("no engine works on this mission  ", "strong"), ("p starts it", "key"))
        run = active_run(mission)
        if run is None:
            last = self._validation()
            return ((last or "the engine is at work between two runs", "faint"),)
        started = run.started
        purpose = f"  {one_line(started.purpose)}" if started.purpose else ""
        feature = f" on {started.feature}" if started.feature else ""
        return (
            ("● ", "live"),
            (f"{started.role.replace('_', ' ')}{feature}", "plain"),
            (f"  {_short_model(started.model)}{purpose}", "faint"),
        )

    def _validation(self) -> str:
        mission = self.mission
        if mission.plan.submitted and not mission.plan.approved and mission.validation.base is None:
            return "the engine proves the untouched base: what passes there already says nothing new"
        milestone = mission.plan.current_milestone()
        last = mission.validation.last_round(milestone) if milestone else None
        if last is None or last.concluded is not None:
            return ""
        return f"the engine proves {milestone}, round {last.round}: {counted(len(last.proved), 'verdict')} so far"


def _short_model(model: str) -> str:
    """A model's name; of a script only the file's name."""
    kind, _, rest = one_line(model).partition(":")
    return f"{kind}:{rest.rpartition('/')[2]}" if kind == "scripted" else one_line(model, 60)
