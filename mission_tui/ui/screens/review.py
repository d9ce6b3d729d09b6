"""A milestone on one screen: what was proved, found and changed, what it cost; and the human's word on it."""

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from mission_tui.domain.decision import Decision
from mission_tui.domain.mission import Mission
from mission_tui.domain.rollback import checkpoint_before
from mission_tui.store.errors import StoreError
from mission_tui.store.inbox import Decide, Override, RollBack
from mission_tui.store.queries import Reader
from mission_tui.ui.control import Host, MissionView
from mission_tui.ui.launcher import LaunchProblem
from mission_tui.ui.look import ASSERTION, Line
from mission_tui.ui.screens.assertion import AssertionScreen
from mission_tui.ui.screens.assertion_rows import AssertionLines
from mission_tui.ui.screens.dialog import words
from mission_tui.ui.screens.finding_rows import finding_rows
from mission_tui.ui.screens.review_rows import (
    ClaimRow,
    Cost,
    FileDiff,
    claims_of,
    cost_of,
    diff_rows,
    handoff_rows,
    head_line,
    split_diff,
)
from mission_tui.ui.screens.rollback import RollbackScreen
from mission_tui.ui.screens.steer import ReasonScreen
from mission_tui.ui.text import one_line, wrapped
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import Framed, content
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView, Painted, Row

Answered = Decide | RollBack
VIEWS = {"evidence": "v", "findings": "f", "diff": "d", "handoffs": "h"}
BESIDE_FROM = 100
"""Columns from which list and details stand beside each other."""
FOLD_FROM = 400
"""Lines of a diff from which its files begin folded."""


class ReviewScreen(MissionView[Answered | str]):
    """Gives the answer, `next` when the human wants the next decision first, or None for later.

    Without a decision it shows a milestone at any time; overriding and rolling back work then too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "accept", show=False),
        Binding("x", "reject", "reject", show=False),
        Binding("o", "override", "override", show=False),
        Binding("b", "roll_back", "roll back", show=False),
        Binding("n", "next", "next decision", show=False),
        Binding("tab,shift+tab", "other", "other side", show=False),
        *(Binding(key, f"view('{name}')", name, show=False) for name, key in VIEWS.items()),
    ]

    def __init__(self, host: Host, milestone: str, decision: Decision | None) -> None:
        super().__init__(host)
        self.milestone = milestone
        self.decision = decision
        self.view = "evidence"
        self.files: list[FileDiff] | None = None
        self.cost: Cost | None = None
        self.trouble = ""
        self.folded: frozenset[str] = frozenset()

    def body(self) -> ComposeResult:
        yield words(("", "plain"), id="head")
        with Container(id="review"):
            with Framed(classes="pane", id="claims-pane"):
                yield LineView(id="claims")
            with Framed(classes="pane", id="details-pane"):
                yield LineView(id="review-details")

    def on_mount(self) -> None:
        super().on_mount()
        self.claims.focus()
        self.show(self.host.mission)
        self._load()

    @property
    def claims(self) -> LineView:
        return self.query_one("#claims", LineView)

    @property
    def details(self) -> LineView:
        return self.query_one("#review-details", LineView)

    @work(thread=True, exclusive=True, group="load")
    def _load(self) -> None:
        mission, trouble = self.host.mission, ""
        base = mission.checkpoints.get(checkpoint_before(mission, self.milestone))
        state = mission.plan.milestones.get(self.milestone)
        try:
            head = (state.head if state else None) or mission.head
            text = self.host.launcher.readings.diff(self.host.files.id, base.head, head) if base else ""
        except LaunchProblem as problem:
            text, trouble = "", str(problem)
        try:
            with Reader(self.host.files) as reader:
                cost = cost_of(reader, mission, self.milestone)
        except StoreError:
            cost = None
        app_of(self).call_from_thread(self._loaded, split_diff(text), cost, trouble)

    def _loaded(self, files: list[FileDiff], cost: Cost | None, trouble: str) -> None:
        self.files, self.cost, self.trouble = None if trouble else files, cost, trouble
        if sum(len(f.lines) for f in files) > FOLD_FROM:
            self.folded = frozenset(f.path for f in files)
        self.show(self.host.mission)

    # Showing

    def show(self, mission: Mission) -> None:
        super().show(mission)
        if self.milestone not in mission.plan.milestones:
            self.dismiss(None)
            return
        names = claims_of(mission, self.milestone)
        self.claims.set_rows([ClaimRow(name, mission) for name in names])
        self.query_one("#head", Static).update(content(head_line(mission, self.milestone, self.files, self.cost)))
        self.query_one("#claims-pane", Framed).frame((("Assertions", "strong"), (f"  {len(names)}", "faint")))
        self._details()
        self._hints()

    def on_resize(self) -> None:
        self.query_one("#review").set_class(self.size.width >= BESIDE_FROM, "-beside")

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        if event.view is self.details:
            self._details()
        self._frame()

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        if event.view is self.claims and self.view == "evidence":
            self._details()
            self.details.action_edge(0)

    def _details(self) -> None:
        width = self.details.line_width
        if width:
            self.details.set_rows(self._rows(self.host.mission, width))
            self._frame()

    def _rows(self, mission: Mission, width: int) -> Sequence[Row]:
        match self.view:
            case "findings":
                return finding_rows(mission, self.milestone, width)
            case "handoffs":
                return handoff_rows(mission, self.milestone, width)
            case "diff" if self.trouble:
                return [Painted("", (part, "bad")) for part in wrapped(one_line(self.trouble), width)]
            case "diff":
                loading = [Painted("", ("reading the branch …", "faint"))]
                return loading if self.files is None else diff_rows(self.files, self.folded, width)
            case _:
                name = self.claims.key
                return AssertionLines(mission, self.host.files, width).rows(name) if name else []

    def _frame(self) -> None:
        title: Line = ((self.view.capitalize(), "strong"),)
        name = self.claims.key
        if self.view == "evidence" and name in self.host.mission.contract.assertions:
            look = ASSERTION[self.host.mission.assertion_status(name or "")]
            text = one_line(self.host.mission.contract.assertions[name or ""].title)
            title = ((f"{look.glyph} ", look.tone), (f"{name}  ", "code"), (text, "strong"))
        self.query_one("#details-pane", Framed).frame(title)

    def _hints(self) -> None:
        waits = len(self.host.mission.decisions.open)
        answer = (
            Hint("a", "accept", "accept", "wait"),
            Hint("x", "reject", "reject"),
        )
        views = [Hint(key, name, f"view('{name}')") for name, key in VIEWS.items() if name != self.view]
        ended = self.host.mission.ended is not None
        self.query_one("#keys", KeyBar).show(
            *(answer if self.decision else ()),
            *(() if ended else (Hint("o", "override", "override"), Hint("b", "roll back", "roll_back"))),
            *views,
            *((Hint("n", "next decision", "next"),) if self.decision and waits > 1 else ()),
            Hint("c", "control", "app.steer('control')"),
            Hint("esc", "later" if self.decision else "back", "close"),
            Hint("?", "keys", "app.help"),
        )

    # Keys

    def action_view(self, name: str) -> None:
        self.view = name
        self._details()
        self.details.action_edge(0)
        self._hints()
        (self.claims if name == "evidence" else self.details).focus()

    def action_other(self) -> None:
        (self.details if self.claims.has_focus else self.claims).focus()

    def on_descendant_focus(self) -> None:
        for pane in self.query(Framed):
            pane.set_class(self.focused is not None and pane in self.focused.ancestors, "-current")
        self._frame()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        if event.view is self.claims:
            app_of(self).push_screen(AssertionScreen(self.host, event.key))
        elif self.view == "diff":
            self.folded ^= {event.key}
            self._details()

    on_line_view_folded = on_line_view_opened

    def action_accept(self) -> None:
        if self.decision is not None:
            self.dismiss(Decide(decision=self.decision.id, choice="accept"))

    @work
    async def action_reject(self) -> None:
        if self.decision is None:
            return
        about = [Painted("", ("The orchestrator plans what has to change; nothing is undone.", "plain"))]
        reason = await app_of(self).push_screen_wait(
            ReasonScreen(f"Reject {self.milestone}", lambda _: about, "what has to change? enter rejects")
        )
        if reason is not None:
            self.dismiss(Decide(decision=self.decision.id, choice="reject", note=reason))

    @work
    async def action_override(self) -> None:
        name = self.claims.key
        if name is None or self.host.mission.ended:
            return
        reason = await app_of(self).push_screen_wait(override_dialog(self.host.mission, name))
        if reason is not None:
            self.host.send(Override(assertion=name, reason=reason))

    @work
    async def action_roll_back(self) -> None:
        mission = self.host.mission
        if mission.ended or not mission.checkpoints:
            return
        to = checkpoint_before(mission, self.milestone)
        command = await app_of(self).push_screen_wait(RollbackScreen(mission, to))
        if command is None:
            return
        if self.decision is None:
            self.host.send(command)
            self.dismiss(None)
        else:
            self.dismiss(command)

    def action_next(self) -> None:
        if self.decision is not None:
            self.dismiss("next")


def override_dialog(mission: Mission, name: str) -> ReasonScreen:
    """Asks why the human answers for an assertion."""
    assertion = mission.contract.assertions[name]
    look = ASSERTION[mission.assertion_status(name)]

    def rows(width: int) -> list[Painted]:
        text = "You answer for it: it counts as signed over until its text changes, and is not proved again."
        return [
            Painted("", (f"{look.glyph} {look.word}  ", look.tone), (one_line(assertion.title), "strong")),
            *(Painted("", (part, "plain")) for part in wrapped(one_line(assertion.statement), width, 4)),
            *(Painted("", (part, "faint")) for part in wrapped(text, width, 2)),
        ]

    return ReasonScreen(f"Override {name}", rows, "why? enter signs it over")
