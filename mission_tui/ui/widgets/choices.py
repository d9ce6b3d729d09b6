"""Answers to choose from, by number or with the arrows."""

from textual import events
from textual.message import Message

from mission_tui.ui.look import Tone
from mission_tui.ui.text import cut, one_line
from mission_tui.ui.widgets.lines import LineView, Painted


class Choices(LineView):
    """As high as it has choices. Enter, or a choice's number, chooses."""

    class Chosen(Message):
        def __init__(self, choices: "Choices", choice: str) -> None:
            super().__init__()
            self.choices = choices
            self.choice = choice

    def __init__(self, options: tuple[str, ...], default: str | None, meaning: dict[str, str] | None = None) -> None:
        super().__init__(classes="choices")
        self.options = options
        self.default = default
        self.meaning = meaning or {}
        self.chosen: str | None = None
        self.styles.height = max(1, len(options))
        self._show()
        if default in options:
            self.cursor = options.index(default)

    def _show(self) -> None:
        self.rows = [self._option(number, option) for number, option in enumerate(self.options, 1)]

    def _option(self, number: int, option: str) -> Painted:
        chosen = option == self.chosen
        tone: Tone = "strong" if chosen else "plain"
        about = self.meaning.get(option, "") + (" (default)" if option == self.default else "")
        return Painted(
            option,
            ("● " if chosen else "  ", "live"),
            (f"{number} ", "key"),
            (cut(one_line(option), 200), tone),
            (f"  {about}" if about else "", "faint"),
        )

    def show_chosen(self, choice: str) -> None:
        """Show it as chosen, and say nothing."""
        self.chosen = choice
        self.cursor = self.options.index(choice)
        self._show()
        self.refresh()

    def choose(self, choice: str) -> None:
        self.show_chosen(choice)
        self.post_message(self.Chosen(self, choice))

    def action_open(self) -> None:
        if self.options:
            self.choose(self.options[self.cursor])

    def action_fold(self) -> None:
        self.action_open()

    def action_move(self, by: int) -> None:
        """Past the ends the focus goes on to what stands before and after."""
        if 0 <= self.cursor + by < len(self.options):
            super().action_move(by)
        elif by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isdigit() and 0 < int(event.character) <= len(self.options):
            event.stop()
            self.choose(self.options[int(event.character) - 1])
