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
from mission_tui.ui.outside import copy
from mission_tui.ui.panes.step_rows import StepLines, step_text
from mission_tui.ui.panes.step_window import StepWindow
from mission_tui.ui.panes.wishes import OutputOpened, RunWanted, StepSought, StepsWanted
from mission_tui.ui.widgets.find import FindBar, pattern
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint
from mission_tui.ui.widgets.lines import LineView, Painted, Row

MARGIN = 5
"""Lines from an end of what is held at which more is read."""
AROUND = 60
"""Steps that are read before one that was found."""


class TranscriptPane(Framed):
    """Follows the active run until the human looks at another one or scrolls up; end follows again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("[", "run(-1)", "earlier run", show=False),
        Binding("]", "run(1)", "later run", show=False),
        Binding("slash", "find", "find", show=False),
        Binding("n", "found(1)", "next", show=False),
        Binding("N", "found(-1)", "previous", show=False),
        Binding("x", "error(1)", "next error", show=False),
        Binding("X", "error(-1)", "previous error", show=False),
        Binding("J,ctrl+down", "step(1)", "next step", show=False),
        Binding("K,ctrl+up", "step(-1)", "previous step", show=False),
        Binding("o", "whole", "whole output", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("f", "hold", "follow or hold", show=False),
        Binding("t", "thinking", "thinking", show=False),
    ]

    class HintsChanged(Message):
        """What `hints` says is no longer what it said."""

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
        self._target: int | None = None
        """A step that was found and is being read."""
        self._all_thinking = False

    def compose(self) -> ComposeResult:
        yield LineView(id="transcript-lines", tail=True)
        yield FindBar()

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
        if self._target in self.window.steps:
            self._show_step(self._target)

    def set_live(self, run_id: str, live: LiveText | None) -> None:
        if run_id == self.run_id and live != self.live:
            self.live = live
            self._rebuild()

    def hints(self) -> tuple[Hint, ...]:
        """Keys of this pane."""
        follow = () if self.lines.following else (Hint("f", "follow", "in_pane('hold')"),)
        again = (Hint("n N", "next, previous", "in_pane('found(1)')"),) if self.lines.found is not None else ()
        return (
            *follow,
            *again,
            Hint("enter", "unfold", "open"),
            Hint("o", "whole output", "in_pane('whole')"),
            Hint("/", "find", "in_pane('find')"),
            Hint("x", "next error", "in_pane('error(1)')"),
            Hint("[ ]", "runs", "in_pane('run(-1)')"),
            Hint("y", "copy", "in_pane('copy')"),
        )

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
        last = (run for run in reversed(list(self.mission.runs.runs.values())) if run.started.parent is None)
        return active_run(self.mission) or next(last, None)

    def _switch(self, run_id: str) -> None:
        self.run_id = run_id
        self.window = StepWindow()
        self.unfolded.clear()
        self.live = None
        self._asked = None
        self._target = None
        self.lines.following = True
        self.lines.set_rows([])
        self.post_message(RunWanted(run_id))

    def _rebuild(self) -> None:
        if not self.lines.line_width:
            return
        layout = StepLines(self.lines.line_width, time.time(), self._all_thinking)
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

    def look_at(self, run_id: str) -> None:
        """Show this run until the human chooses another."""
        self.pinned = True
        if run_id != self.run_id and run_id in self.mission.runs.runs:
            self._switch(run_id)
        self.reframe()

    # Finding

    def _here(self) -> int:
        """The step that the cursor is on; after the last while nothing is."""
        key = self.lines.key or ""
        return int(key) if key.isdigit() else self.window.last + 1

    def _seek(self, by: int, text: str | None, start: int | None = None) -> None:
        if self.run_id is not None:
            self.post_message(StepSought(self.run_id, self._here() if start is None else start, by, text))

    def step_found(self, run_id: str, n: int | None, text: str | None) -> None:
        """What was sought is in this step, or nowhere."""
        if run_id != self.run_id:
            return
        bar = self.query_one(FindBar)
        if n is None:
            bar.says((("nowhere in this run", "bad"),))
            if text is None:
                self.notify("no step of this run went wrong")
            return
        bar.says(((f"step {n} of {self.window.last}", "faint"),))
        if text is not None and n not in self.unfolded and n in self.window.steps:
            self._unfold_for(n, text)
        self._show_step(n)

    def _unfold_for(self, n: int, text: str) -> None:
        """Unfold a step whose folded lines do not show what was found in it."""
        found = pattern(text)
        shown = (row.paint(1000) for row in self.lines.rows if row.key == str(n))
        if found is not None and not any(found.search("".join(t for t, _ in line)) for line in shown):
            self.unfolded.add(n)
            self.window.forget_layout(n)
            self._rebuild()

    def _show_step(self, n: int) -> None:
        """Go to a step, reading it first where it is not held."""
        if self.run_id is None:
            return
        self.lines.following = False
        if n not in self.window.steps:
            last = self.window.last
            self.window = StepWindow()
            self.window.last = last
            self._target = n
            self._asked = (self.run_id, max(0, n - AROUND))
            self.post_message(StepsWanted(*self._asked))
            return
        self._target = None
        places = [i for i, row in enumerate(self.lines.rows) if row.key == str(n)]
        found = self.lines.found
        hit = next((i for i in places if found and found.search(_plain(self.lines.rows[i]))), None)
        if places:
            self.lines.show_row(places[0] if hit is None else hit)
            self.lines.following = False
        self.reframe()

    def action_find(self) -> None:
        self.query_one(FindBar).open()

    def on_find_bar_typed(self, event: FindBar.Typed) -> None:
        self.lines.mark(pattern(event.text))
        if self.lines.found is not None:
            self._seek(-1, event.text, self._here() + 1)

    def on_find_bar_stepped(self, event: FindBar.Stepped) -> None:
        self.action_found(event.by)

    def on_find_bar_left(self, event: FindBar.Left) -> None:
        if not event.kept:
            self.lines.mark(None)
        self.lines.focus()
        self.post_message(self.HintsChanged())

    def action_found(self, by: int) -> None:
        text = self.query_one(FindBar).text
        if text.strip():
            self._seek(by, text)

    def action_error(self, by: int) -> None:
        """Go to the next step that went wrong."""
        self._seek(by, None)

    def action_step(self, by: int) -> None:
        """From step to step, however many lines each has."""
        keys = list(dict.fromkeys(row.key for row in self.lines.rows))
        here = self.lines.key
        if here in keys:
            place = keys.index(here) + by
            if 0 <= place < len(keys):
                self.lines.go_to(keys[place])

    # Keys

    def _step(self) -> StepRecord | None:
        return self.window.steps.get(self._here()) or self.window.steps.get(self.window.last_held)

    def action_whole(self) -> None:
        """Show all that the step said."""
        step = self._step()
        if step is not None:
            self.post_message(OutputOpened(step))

    def action_copy(self) -> None:
        step = self._step()
        if step is not None:
            copy(self, step_text(step))

    def action_hold(self) -> None:
        """Follow what comes, or hold what is in view."""
        if self.lines.following:
            self.lines.following = False
            self.reframe()
            self.post_message(self.HintsChanged())
        else:
            self.action_follow()

    def action_follow(self) -> None:
        """To the end of the run, and on with it."""
        if self.window.last_held < self.window.last and self.run_id is not None:
            run_id, self.run_id = self.run_id, None
            self._switch(run_id)
        else:
            self.lines.action_edge(1)
        self.reframe()
        self.post_message(self.HintsChanged())

    def action_thinking(self) -> None:
        """Unfold or fold what the model thought, all through the run."""
        self._all_thinking = not self._all_thinking
        self.window.forget_layout()
        self._rebuild()

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
            self.post_message(StepsWanted(self.run_id, after))

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


def _plain(row: Row) -> str:
    return "".join(text for text, _ in row.paint(1000))
