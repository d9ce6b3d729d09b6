"""One decision: what it is about, what can be answered, and a note."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from mission_tui.domain.decision import Decision
from mission_tui.domain.mission import Mission
from mission_tui.store.inbox import Decide, SetBudget
from mission_tui.ui.look import DECISION
from mission_tui.ui.screens.decision_rows import detail_rows
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import clean
from mission_tui.ui.widgets.choices import Choices
from mission_tui.ui.widgets.lines import LineView

Answered = Decide | SetBudget
EDIT = "edit"
"""Given when the human wants to change the plan before answering."""
NEED_A_NOTE = ("reject", "refuse", "rollback", "roll back", "abort")
MEANING = {
    "approve": "work begins",
    "accept": "seal it",
    "reject": "with a note: what has to change",
    "rollback": "undo the milestone's work; say why",
    "roll back": "undo; say why",
    "sign": "the contract changes",
    "refuse": "with a note: the orchestrator finds another way",
    "retry": "try again",
    "abort": "end the mission for good; say why",
    "keep": "leave it as it is",
}
CAPS = {"money": "usd", "token": "tokens", "time": "hours", "step": "steps"}


class DecisionScreen(Dialog[Answered | str]):
    """Gives the command that answers, or None when the human leaves it for later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "yes", "approve", show=False),
        Binding("x", "no", "reject", show=False),
        Binding("e", "edit", "edit contract and plan", show=False),
        Binding("pageup", "scroll(-1)", "scroll", show=False, priority=True),
        Binding("pagedown", "scroll(1)", "scroll", show=False, priority=True),
    ]

    def __init__(self, mission: Mission, decision: Decision, estimated: str = "") -> None:
        super().__init__()
        self.estimated = estimated
        self.mission = mission
        self.decision = decision
        self._chosen: str | None = None

    @property
    def _cap(self) -> str | None:
        """Which cap a raise_cap decision is about, as a field of SetBudget."""
        if self.decision.kind != "raise_cap":
            return None
        return next((field for word, field in CAPS.items() if f"the {word} cap" in self.decision.summary), "usd")

    def compose(self) -> ComposeResult:
        decision = self.decision
        with Vertical(classes="dialog -waits") as box:
            box.border_title = f"▲ {decision.id} {DECISION[decision.kind]}"
            yield words((clean(decision.summary, 2000), "strong"))
            yield words((f"blocks {clean(decision.blocks, 200)}", "faint"))
            yield LineView(id="details", cursor=False)
            if decision.choices:
                meaning = {**MEANING, **self._own_meaning()}
                yield Choices(decision.choices, decision.default, meaning)
            yield Input(id="note", placeholder=self._placeholder(None))
            yield words(("", "bad"), id="trouble")
            edit = " · e edits the plan" if decision.kind == "approve_plan" else ""
            yield words(
                (f"enter or a number chooses{edit} · tab note · pgup/pgdn read · esc later", "faint"), id="hint"
            )

    def _own_meaning(self) -> dict[str, str]:
        if self.decision.kind == "round_cap":
            return {"accept": "sign over what does not hold; say why", "retry": "allow one more round"}
        if self._cap is not None:
            return {"retry": "with a new cap"}
        return {}

    def on_mount(self) -> None:
        self.query_one("#trouble").display = False
        details = self.query_one("#details", LineView)
        details.can_focus = False
        self.query_one(Choices if self.decision.choices else Input).focus()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        if event.view.id != "details":
            return
        rows = detail_rows(self.mission, self.decision, event.view.line_width - 1, self.estimated)
        event.view.set_rows(rows)
        event.view.styles.height = min(len(rows), max(3, self.size.height - 14 - len(self.decision.choices)))
        event.view.display = bool(rows)

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self._choose(event.choice)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not self.decision.choices:
            self._answer(event.value.strip())
        elif self._chosen is not None:
            self._choose(self._chosen)
        else:
            self.query_one(Choices).focus()

    def action_edit(self) -> None:
        if self.decision.kind == "approve_plan":
            self.dismiss(EDIT)

    def action_yes(self) -> None:
        self._choose_among("approve", "accept", "sign", "retry")

    def action_no(self) -> None:
        self._choose_among("reject", "refuse")

    def _choose_among(self, *names: str) -> None:
        found = next((name for name in names if name in self.decision.choices), None)
        if found is not None:
            self.query_one(Choices).choose(found)

    def action_scroll(self, by: int) -> None:
        self.query_one("#details", LineView).action_page(by)

    def _choose(self, choice: str) -> None:
        self._chosen = choice
        note = self.query_one("#note", Input)
        if not note.value.strip() and self._needs_note(choice):
            note.placeholder = self._placeholder(choice)
            note.focus()
            return
        if self._cap is not None and choice == "retry":
            self._raise_cap(note.value)
            return
        self._answer(choice)

    def _needs_note(self, choice: str) -> bool:
        signs_over = self.decision.kind == "round_cap" and choice == "accept"
        return choice in NEED_A_NOTE or signs_over or (self._cap is not None and choice == "retry")

    def _placeholder(self, choice: str | None) -> str:
        if self._cap is not None and choice in (None, "retry"):
            return {
                "usd": "the new cap in dollars",
                "tokens": "the new cap in tokens",
                "hours": "the new cap in hours",
            }[self._cap]
        if choice is not None:
            return f"why {choice}? enter sends"
        return "your answer" if not self.decision.choices else "a note, if you like"

    def _answer(self, choice: str) -> None:
        note = self.query_one("#note", Input).value.strip() if self.decision.choices else ""
        answer = choice or self.decision.default
        if answer:
            self.dismiss(Decide(decision=self.decision.id, choice=answer, note=note))

    def _raise_cap(self, text: str) -> None:
        try:
            number = float(text.strip().lstrip("$").replace(",", "").replace("_", ""))
            fields = {self._cap or "usd": int(number) if self._cap == "tokens" else number}
            command = SetBudget.model_validate(fields)
        except ValueError:
            self.query_one("#trouble").display = True
            self.say("trouble", ((f"{clean(text, 60)!r} is not a cap; type a number above what is spent", "bad"),))
            return
        self.dismiss(command)
