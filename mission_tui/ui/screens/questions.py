"""The orchestrator's questions as a form: a choice, or words of one's own, for each."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from mission_tui.domain.decision import Decision, Question
from mission_tui.store.inbox import Decide
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import clean
from mission_tui.ui.widgets.choices import Choices


class QuestionField(Widget):
    """One question. Words of one's own win over a choice; without either the default stands."""

    def __init__(self, number: int, question: Question) -> None:
        super().__init__(classes="question-field")
        self.number = number
        self.question = question

    def compose(self) -> ComposeResult:
        yield words((f"{self.number}. {clean(self.question.text, 2000)}", "strong"))
        if self.question.choices:
            yield Choices(self.question.choices, self.question.default)
        default = self.question.default
        hint = f"in your own words; empty means: {clean(default, 80)}" if default else "in your own words"
        yield Input(placeholder=hint)

    @property
    def given(self) -> tuple[str | None, str]:
        """What was chosen and written so far."""
        chosen = self.query(Choices).first().chosen if self.question.choices else None
        return chosen, self.query_one(Input).value

    def restore(self, chosen: str | None, written: str) -> None:
        """As it was left."""
        self.query_one(Input).value = written
        if chosen is not None and chosen in self.question.choices:
            self.query(Choices).first().show_chosen(chosen)

    @property
    def answer(self) -> str | None:
        words = self.query_one(Input).value.strip()
        chosen = self.query(Choices).first().chosen if self.question.choices else None
        return words or chosen or self.question.default


class QuestionsScreen(Dialog[Decide]):
    """Gives the answers as one command, or None when the human leaves them for later."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "send", show=False, priority=True)]

    half: ClassVar[dict[str, dict[str, tuple[str | None, str]]]] = {}
    """Choice and words of each question of forms that were left for later, by mission and decision."""

    def __init__(self, decision: Decision, mission: str = "") -> None:
        super().__init__()
        self.decision = decision
        self._form = f"{mission}/{decision.id}"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -waits") as box:
            box.border_title = f"▲ {self.decision.id} the orchestrator asks"
            with VerticalScroll(id="questions", can_focus=False):
                for number, question in enumerate(self.decision.questions, 1):
                    yield QuestionField(number, question)
            yield words(("", "bad"), id="trouble")
            yield words(
                (
                    "a number or enter chooses and goes on · tab next field · ctrl+s sends all · esc later, kept",
                    "faint",
                ),
                id="hint",
            )

    def on_mount(self) -> None:
        self.query_one("#trouble").display = False
        for field in self._fields():
            field.restore(*self.half.get(self._form, {}).get(field.question.id, (None, "")))
        self._fields()[0].query("Choices, Input").first(Widget).focus()

    def _fields(self) -> list[QuestionField]:
        return list(self.query(QuestionField))

    def action_close(self) -> None:
        """What was filled in is there again the next time."""
        self.half[self._form] = {f.question.id: f.given for f in self._fields()}
        self.dismiss(None)

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self._after(event.choices)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._after(event.input)

    def _after(self, widget: Widget) -> None:
        """Go to the next question, or send after the last."""
        fields = self._fields()
        mine = next(i for i, field in enumerate(fields) if widget in field.query("*"))
        if mine + 1 < len(fields):
            fields[mine + 1].query("Choices, Input").first(Widget).focus()
        else:
            self.action_send()

    def action_send(self) -> None:
        fields = self._fields()
        missing = next((field for field in fields if not field.answer), None)
        if missing is not None:
            self.query_one("#trouble").display = True
            self.say("trouble", ((f"question {missing.number} has no default: choose or write an answer", "bad"),))
            missing.query("Choices, Input").first(Widget).focus()
            return
        answers = [(field.question.id, field.answer or "") for field in fields]
        text = answers[0][1] if len(answers) == 1 else "\n".join(f"{name}: {answer}" for name, answer in answers)
        self.dismiss(Decide(decision=self.decision.id, choice=text))
