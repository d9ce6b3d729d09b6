"""The bottom line: the keys that make sense here and now. A click on one is as good as the key."""

from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.widget import Widget

from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import content


class Hint(NamedTuple):
    """A key, what it does, and the action behind it."""

    key: str
    label: str
    action: str
    tone: Tone = "faint"


class KeyBar(Widget):
    """Hints in the order of their importance: those that do not fit are left to the help."""

    def __init__(self, id: str = "keys") -> None:
        super().__init__(id=id)
        self._hints: tuple[Hint, ...] = ()

    def show(self, *hints: Hint) -> None:
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def _fitting(self) -> list[tuple[int, Hint]]:
        """Hints with the column each begins in."""
        column, found = 1, list[tuple[int, Hint]]()
        for hint in self._hints:
            width = len(hint.key) + 1 + len(hint.label)
            if column + width <= self.size.width:
                found.append((column, hint))
                column += width + 3
        return found

    def render(self) -> Content:
        pieces: list[Piece] = [(" ", "plain")]
        for _, hint in self._fitting():
            pieces.append((hint.key, "wait" if hint.tone == "wait" else "key"))
            pieces.append((f" {hint.label}   ", hint.tone))
        return content(tuple(pieces))

    async def on_click(self, event: events.Click) -> None:
        for column, hint in self._fitting():
            if column <= event.x < column + len(hint.key) + 1 + len(hint.label):
                await app_of(self).run_action(hint.action, default_namespace=self.screen)
