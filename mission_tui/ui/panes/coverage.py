"""Pane 1: what is proved, by milestone, feature and assertion."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from mission_tui.domain.mission import Mission
from mission_tui.ui import look
from mission_tui.ui.panes.coverage_rows import AssertionRow, Coverage, CoverageRow
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint
from mission_tui.ui.widgets.lines import LineView


class CoveragePane(Framed):
    """Groups fold with space or enter; enter on an assertion opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "fold_group(True)", "fold", show=False),
        Binding("right,l", "fold_group(False)", "unfold", show=False),
        Binding("n", "failing(1)", "next failing", show=False),
        Binding("N", "failing(-1)", "previous failing", show=False),
    ]

    class AssertionOpened(Message):
        def __init__(self, assertion: str) -> None:
            super().__init__()
            self.assertion = assertion

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.mission = Mission()
        self.folded: frozenset[str] = frozenset()
        self._counts: look.Line = ()

    def compose(self) -> ComposeResult:
        yield LineView(id="coverage-lines")

    def on_mount(self) -> None:
        self.lines.empty = "The contract's assertions appear here as soon as they are drafted."

    @property
    def lines(self) -> LineView:
        return self.query_one(LineView)

    def show(self, mission: Mission) -> None:
        old, self.mission = self.mission, mission
        same = old.contract is mission.contract and old.plan is mission.plan and old.validation is mission.validation
        if same and old.decisions is mission.decisions and old.seq:
            return
        if not old.plan.approved and mission.plan.approved:
            self._fold_what_waits()
        self._sealed_folds(old)
        self._counts = look.counts(mission.counts())
        self._rebuild()
        self.reframe()

    def hints(self) -> tuple[Hint, ...]:
        """Keys of this pane."""
        wrong = any(self._needs_a_look(a) for a in self.mission.contract.assertions)
        return (Hint("enter", "open", "open"), *((Hint("n", "next failing", "next_failing"),) if wrong else ()))

    def reframe(self) -> None:
        self.frame((("1 ", "key"), ("Coverage", "strong")), self._counts)

    def _fold_what_waits(self) -> None:
        """At first only the milestone that is worked on is unfolded."""
        current = self.mission.plan.current_milestone()
        self.folded |= {f"m:{name}" for name in self.mission.plan.milestones if name != current}

    def _sealed_folds(self, old: Mission) -> None:
        """When a milestone is sealed it folds and the next one unfolds."""
        for name, state in self.mission.plan.milestones.items():
            before = old.plan.milestones.get(name)
            if state.sealed and before is not None and not before.sealed:
                self.folded |= {f"m:{name}"}
                self.folded -= {f"m:{self.mission.plan.current_milestone()}"}

    def _rebuild(self) -> None:
        self.lines.set_rows(Coverage(self.mission, self.folded).rows())

    def _row(self) -> CoverageRow | None:
        rows: list[CoverageRow] = list(self.lines.rows)  # pyright: ignore[reportAssignmentType] - only we set them
        return rows[self.lines.cursor] if rows else None

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        event.stop()
        self.reframe()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        event.stop()
        if event.key.startswith("a:"):
            self.post_message(self.AssertionOpened(event.key.removeprefix("a:")))
        else:
            self._toggle(event.key)

    def on_line_view_folded(self, event: LineView.Folded) -> None:
        event.stop()
        self._toggle(event.key)

    def _toggle(self, key: str) -> None:
        if not key.startswith("a:"):
            self.folded ^= {key}
            self._rebuild()

    def action_fold_group(self, fold: bool) -> None:
        """Fold the group the cursor is in; on a folded one, or on an assertion, go up to what it belongs to."""
        row = self._row()
        if row is None:
            return
        if not isinstance(row, AssertionRow) and (row.key in self.folded) != fold:
            self._toggle(row.key)
        elif fold:
            place = self.lines.cursor - 1
            while place > 0 and isinstance(self.lines.rows[place], AssertionRow):
                place -= 1
            self.lines.move_to(place)

    def action_failing(self, step: int) -> None:
        """Go to the next assertion that failed, is blocked or unclear, unfolding what hides it."""
        order = [a for a in self.mission.contract.assertions if self._needs_a_look(a)]
        if not order:
            self.notify("nothing fails")
            return
        self.folded = frozenset()
        key = self.lines.key or ""
        self._rebuild()
        keys = [row.key for row in self.lines.rows if row.key.removeprefix("a:") in order]
        here = next((i for i, row in enumerate(self.lines.rows) if row.key == key), 0)
        places = [i for i, row in enumerate(self.lines.rows) if row.key in keys]
        ahead = [p for p in places if p > here] if step > 0 else [p for p in reversed(places) if p < here]
        self.lines.move_to(ahead[0] if ahead else places[0 if step > 0 else -1])

    def _needs_a_look(self, assertion: str) -> bool:
        return self.mission.assertion_status(assertion) in ("failed", "blocked", "inconclusive")
