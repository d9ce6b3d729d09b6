"""Pane 3: what an agent does, step by step, as it happens or later."""

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from mission_tui.domain.mission import Mission
from mission_tui.domain.state.runs import RunState
from mission_tui.store.live import LiveText
from mission_tui.store.status import active_run
from mission_tui.store.steps import StepRecord
from mission_tui.ui.look import Line
from mission_tui.ui.panes.step_rows import StepLines
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint
from mission_tui.ui.widgets.lines import LineView, Painted

KEPT = 600
"""Steps held in memory around what is in view; the rest is read again when it is scrolled to."""
MARGIN = 5
"""Lines from an end of what is held at which more is read."""


class StepWindow:
    """The steps of one run that are held, and their lines for one width."""

    def __init__(self) -> None:
        self.steps: dict[int, StepRecord] = {}
        self.last = 0
        """Number of the run's latest step, held or not."""
        self._lines: dict[int, list[Painted]] = {}

    @property
    def first_held(self) -> int:
        return min(self.steps, default=0)

    @property
    def last_held(self) -> int:
        return max(self.steps, default=0)

    def merge(self, steps: list[StepRecord], last: int, keep_end: bool) -> None:
        """Take steps in that touch what is held; beyond KEPT the far end is forgotten."""
        self.last = max(self.last, last)
        for step in steps:
            if not self.steps or self.first_held - len(steps) <= step.n <= self.last_held + len(steps):
                self.steps[step.n] = step
                self._lines.pop(step.n, None)
        self.steps = dict(sorted(self.steps.items()))
        excess = len(self.steps) - KEPT
        if excess > 0:
            gone = list(self.steps)[:excess] if keep_end else list(self.steps)[-excess:]
            for n in gone:
                del self.steps[n]
                self._lines.pop(n, None)

    def rows(self, layout: StepLines, unfolded: set[int]) -> list[Painted]:
        rows: list[Painted] = []
        for n, step in self.steps.items():
            if n not in self._lines:
                self._lines[n] = layout.of(step, n in unfolded)
            rows += self._lines[n]
        return rows

    def forget_layout(self, n: int | None = None) -> None:
        if n is None:
            self._lines.clear()
        else:
            self._lines.pop(n, None)


class TranscriptPane(Framed):
    """Follows the active run until the human looks at another one or scrolls up; end follows again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("[", "run(-1)", "earlier run", show=False),
        Binding("]", "run(1)", "later run", show=False),
    ]

    class HintsChanged(Message):
        """What `hints` says is no longer what it said."""

    class RunWanted(Message):
        """This run's steps are to be read from now on."""

        def __init__(self, run_id: str) -> None:
            super().__init__()
            self.run_id = run_id

    class StepsWanted(Message):
        """More steps of the run, those after a number."""

        def __init__(self, run_id: str, after: int) -> None:
            super().__init__()
            self.run_id = run_id
            self.after = after

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.mission = Mission()
        self.run_id: str | None = None
        self.pinned = False
        """The human chose the run."""
        self.unfolded: set[int] = set()
        self.window = StepWindow()
        self.live: LiveText | None = None
        self._asked: tuple[str, int] | None = None

    def compose(self) -> ComposeResult:
        yield LineView(id="transcript-lines", tail=True)

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        self.lines.empty = "When an agent works, its steps appear here. [ and ] go through earlier runs."

    @property
    def lines(self) -> LineView:
        return self.query_one(LineView)

    def show(self, mission: Mission) -> None:
        old, self.mission = self.mission, mission
        if old.runs is mission.runs and old.seq:
            return
        if not self.pinned:
            run = self._leading()
            if run is not None and run.id != self.run_id:
                self._switch(run.id)
        self.reframe()

    def add_steps(self, run_id: str, steps: list[StepRecord], last: int) -> None:
        if run_id != self.run_id:
            return
        self._asked = None
        self.window.merge(
            steps, last, keep_end=self.lines.following or not steps or steps[0].n > self.window.first_held
        )
        self._rebuild()
        self.reframe()

    def set_live(self, run_id: str, live: LiveText | None) -> None:
        if run_id == self.run_id and live != self.live:
            self.live = live
            self._rebuild()

    def hints(self) -> tuple[Hint, ...]:
        """Keys of this pane."""
        runs = Hint("[ ]", "runs", "pane('transcript')")
        return (runs,) if self.lines.following else (Hint("end", "follow", "follow"), runs)

    def reframe(self) -> None:
        run = self._run()
        if run is None:
            self.frame((("3 ", "key"), ("Transcript", "strong")))
            return
        started = run.started
        about = [run.id, started.role.replace("_", " "), *([started.feature] if started.feature else [])]
        step = f" · step {self.window.last}" if self.window.last else ""
        name: Line = (("3 ", "key"), ("Transcript", "strong"), (f"  {' '.join(about)}{step}", "faint"))
        self.frame(name, self._figures(run))

    def _figures(self, run: RunState) -> Line:
        if run.ended is not None:
            tone = "good" if run.ended.outcome == "finished" else "bad"
            return ((run.ended.outcome, tone),) if self.lines.following else ((f"{run.ended.outcome}  ‖ held", tone),)
        return (("● following", "live"),) if self.lines.following else (("‖ held", "strong"),)

    def _run(self) -> RunState | None:
        return self.mission.runs.runs.get(self.run_id or "")

    def _leading(self) -> RunState | None:
        """The active run that no other run asked for, else the last one of that kind."""
        last = (run for run in reversed(self.mission.runs.runs.values()) if run.started.parent is None)
        return active_run(self.mission) or next(last, None)

    def _switch(self, run_id: str) -> None:
        self.run_id = run_id
        self.window = StepWindow()
        self.unfolded.clear()
        self.live = None
        self._asked = None
        self.lines.following = True
        self.lines.set_rows([])
        self.post_message(self.RunWanted(run_id))

    def _rebuild(self) -> None:
        if not self.lines.line_width:
            return
        layout = StepLines(self.lines.line_width, time.time())
        rows = self.window.rows(layout, self.unfolded)
        if self.window.last_held >= self.window.last:
            rows += self._present(layout)
        self.lines.set_rows(rows)

    def _tick(self) -> None:
        """Time goes on for the tool that is running."""
        running = [s.n for s in self.window.steps.values() if s.status == "running" and s.kind == "tool"]
        for n in running:
            self.window.forget_layout(n)
        if running and self.display:
            self._rebuild()

    def _present(self, layout: StepLines) -> list[Painted]:
        """What comes after the last step: the stream, or how the run ended."""
        run = self._run()
        if run is not None and run.ended is not None:
            tone = "good" if run.ended.outcome == "finished" else "bad"
            return [Painted("end", (f"■ {run.ended.outcome}", tone))]
        if self.live is not None:
            return layout.live(self.live)
        running = next((s for s in reversed(self.window.steps.values()) if s.status == "running"), None)
        if running is not None and running.kind == "model":
            return [Painted("live", ("  ", "plain"), ("▌", "live"))]
        return []

    # Keys

    def action_run(self, step: int) -> None:
        """Look at the run before or after; after the last one follow the active run again."""
        runs = list(self.mission.runs.runs)
        if not runs or self.run_id is None:
            return
        place = runs.index(self.run_id) + step
        if place < 0:
            return
        self.pinned = place < len(runs)
        target = runs[place] if self.pinned else None
        if target is None:
            leading = self._leading()
            target = leading.id if leading is not None else runs[-1]
        if target != self.run_id:
            self._switch(target)
        self.reframe()

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        event.stop()
        if self.window.last_held < self.window.last:
            self.lines.following = False
        self.reframe()
        self.post_message(self.HintsChanged())
        self._read_on()

    def _read_on(self) -> None:
        """Near an end of what is held, read further."""
        if self.run_id is None or not self.window.steps:
            return
        top = self.lines.scroll_offset.y
        bottom = top + self.lines.size.height
        after = None
        if top <= MARGIN and self.window.first_held > 1:
            after = max(0, self.window.first_held - 201)
        elif bottom >= len(self.lines.rows) - MARGIN and self.window.last_held < self.window.last:
            after = self.window.last_held
        if after is not None and self._asked != (self.run_id, after):
            self._asked = (self.run_id, after)
            self.post_message(self.StepsWanted(self.run_id, after))

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        event.stop()
        self.window.forget_layout()
        self._rebuild()
        self.reframe()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        event.stop()
        if event.key.isdigit():
            n = int(event.key)
            self.unfolded ^= {n}
            self.window.forget_layout(n)
            self.lines.following = False
            self._rebuild()
            self.lines.go_to(event.key)

    def on_line_view_folded(self, event: LineView.Folded) -> None:
        self.on_line_view_opened(event)
