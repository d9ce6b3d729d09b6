"""Pane 1: what is proved, by milestone, feature and assertion."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from mission_tui.domain.mission import Mission
from mission_tui.ui import look
from mission_tui.ui.panes.coverage_rows import (
    FAILING,
    FILTERS,
    GROUPINGS,
    AssertionRow,
    Coverage,
    CoverageRow,
    Grouping,
    GroupRow,
    View,
)
from mission_tui.ui.widgets.find import FindBar, pattern
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint
from mission_tui.ui.widgets.lines import LineView

EMPTY = "The contract's assertions appear here as soon as they are drafted."


class CoveragePane(Framed):
    """Groups fold with space or enter; enter on an assertion opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "fold_group(True)", "fold", show=False),
        Binding("right,l", "fold_group(False)", "unfold", show=False),
        Binding("H,minus", "fold_all(True)", "fold all", show=False),
        Binding("L,plus", "fold_all(False)", "unfold all", show=False),
        Binding("n", "failing(1)", "next failing", show=False),
        Binding("N", "failing(-1)", "previous failing", show=False),
        Binding("slash", "find", "find", show=False),
        Binding("f", "filter", "filter by state", show=False),
        Binding("b", "group", "group by milestone, area or state", show=False),
    ]

    class AssertionOpened(Message):
        def __init__(self, assertion: str, order: Sequence[str]) -> None:
            """`order`: the assertions that are shown, which next and previous go through."""
            super().__init__()
            self.assertion = assertion
            self.order = order

    class HintsChanged(Message):
        """What `hints` says is no longer what it said."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.mission = Mission()
        self.folded: frozenset[str] = frozenset()
        self.view = View()
        self._kept_folds: frozenset[str] = frozenset()
        """What was folded before the view was narrowed."""
        self._shown = 0
        self._counts: look.Line = ()

    def compose(self) -> ComposeResult:
        yield LineView(id="coverage-lines")
        yield FindBar()

    def on_mount(self) -> None:
        self.lines.empty = EMPTY

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
        narrowed = (Hint("esc", "show all", "widen"),) if self.view.narrowed else ()
        return (
            *narrowed,
            Hint("enter", "open", "open"),
            *((Hint("n", "next failing", "next_failing"),) if wrong else ()),
            Hint("/", "find", "find"),
            Hint("f", "filter", "in_pane('filter')"),
            Hint("b", f"by {self._next_grouping()}", "in_pane('group')"),
        )

    def reframe(self) -> None:
        name: look.Line = (("1 ", "key"), ("Coverage", "strong"))
        if self.view.by != "milestone":
            name = (*name, (f"  by {self.view.by}", "faint"))
        if self.view.states:
            name = (*name, (f"  only {self.view.states}", "odd"))
        if self.view.narrowed:
            name = (*name, (f"  {self._shown} of {len(self.mission.contract.assertions)}", "plain"))
        self.frame(name, () if self.view.narrowed else self._counts)

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
        coverage = Coverage(self.mission, self.folded, self.view)
        self._shown = len(coverage.names)
        nothing = f"No assertion is {self.view.states}." if self.view.states else "No assertion has these words."
        self.lines.empty = f"{nothing} esc shows all." if self.view.narrowed else EMPTY
        self.lines.set_rows(coverage.rows())

    # Finding, filtering and grouping

    def _look_at(self, view: View) -> None:
        """Change what is shown. What is found is never folded away."""
        if view.narrowed != self.view.narrowed or view.by != self.view.by:
            if not self.view.narrowed and view.narrowed:
                self._kept_folds = self.folded
            self.folded = frozenset() if view.narrowed else self._kept_folds
        elif view.narrowed:
            self.folded = frozenset()
        self.view = view
        self.lines.mark(view.text)
        self._rebuild()
        self.reframe()
        self.post_message(self.HintsChanged())

    def action_find(self) -> None:
        self.query_one(FindBar).open()

    def action_filter(self) -> None:
        """Only the failing ones, then the pending ones, and so on; states that none is in are passed over."""
        names = list(FILTERS)
        states = set(map(self.mission.assertion_status, self.mission.contract.assertions))
        here = names.index(self.view.states)
        ahead = [*names[here + 1 :], *names[: here + 1]]
        self._look_at(replace(self.view, states=next(n for n in ahead if not n or FILTERS[n] & states)))

    def _next_grouping(self) -> Grouping:
        return GROUPINGS[(GROUPINGS.index(self.view.by) + 1) % len(GROUPINGS)]

    def action_group(self) -> None:
        self._look_at(replace(self.view, by=self._next_grouping()))

    def action_widen(self) -> None:
        """Show everything again."""
        bar = self.query_one(FindBar)
        bar.forget()
        self._look_at(View(by=self.view.by))
        self.lines.focus()

    def on_key(self, event: events.Key) -> None:
        """Escape first shows everything again, and only then leaves the mission."""
        if event.key == "escape" and self.view.narrowed and not self.query_one(FindBar).has_focus_within:
            event.stop()
            self.action_widen()

    def on_find_bar_typed(self, event: FindBar.Typed) -> None:
        self._look_at(replace(self.view, text=pattern(event.text)))
        self.query_one(FindBar).says(((f"{self._shown} found", "faint"),) if self.view.text else ())

    def on_find_bar_stepped(self, event: FindBar.Stepped) -> None:
        self.lines.move_to(self.lines.cursor + event.by)

    def on_find_bar_left(self, event: FindBar.Left) -> None:
        if not event.kept:
            self._look_at(replace(self.view, text=None))
        self.lines.focus()

    def _row(self) -> CoverageRow | None:
        rows: list[CoverageRow] = list(self.lines.rows)  # pyright: ignore[reportAssignmentType] - only we set them
        return rows[self.lines.cursor] if rows else None

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        event.stop()
        self.reframe()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        event.stop()
        if event.key.startswith("a:"):
            order = [row.assertion.id for row in self._all_rows() if isinstance(row, AssertionRow)]
            self.post_message(self.AssertionOpened(event.key.removeprefix("a:"), order))
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

    def action_fold_all(self, fold: bool) -> None:
        """Fold every group, or none."""
        tops = {row.key for row in self._all_rows() if isinstance(row, GroupRow)}
        self.folded = frozenset(tops) if fold else frozenset()
        self._rebuild()

    def _all_rows(self) -> list[CoverageRow]:
        return Coverage(self.mission, frozenset(), self.view).rows()

    def action_failing(self, step: int) -> None:
        """Go to the next assertion that failed, is blocked or unclear, unfolding what hides it."""
        rows = self._all_rows()
        places = [i for i, row in enumerate(rows) if isinstance(row, AssertionRow) and row.status in FAILING]
        if not places:
            self.notify("nothing fails")
            return
        here = next((i for i, row in enumerate(rows) if row.key == self.lines.key), -1)
        ahead = [p for p in places if p > here] if step > 0 else [p for p in reversed(places) if p < here]
        target = ahead[0] if ahead else places[0 if step > 0 else -1]
        hiding = self._groups_over(rows, target) & self.folded
        if hiding:
            self.folded -= hiding
            self._rebuild()
        self.lines.show_row(next(i for i, row in enumerate(self.lines.rows) if row.key == rows[target].key))

    @staticmethod
    def _groups_over(rows: list[CoverageRow], place: int) -> frozenset[str]:
        """The groups that a row is in: the next heads above it that stand further left."""
        found, indent = set[str](), rows[place].indent
        for row in reversed(rows[:place]):
            if isinstance(row, GroupRow) and row.indent < indent:
                found.add(row.key)
                indent = row.indent
        return frozenset(found)

    def _needs_a_look(self, assertion: str) -> bool:
        return self.mission.assertion_status(assertion) in FAILING
