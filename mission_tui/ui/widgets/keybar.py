"""The bottom line: the keys that make sense here and now. A click on one is as good as the key."""

from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.widget import Widget

from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import content

HELP = "?"
GAP = 3


class Hint(NamedTuple):
    """A key, what it does, and the action behind it."""

    key: str
    label: str
    action: str
    tone: Tone = "faint"


class KeyBar(Widget):
    """Hints in the order of their importance: those that do not fit are left to the help, for which there is room."""

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
        reserved = sum(_width(hint) + GAP for hint in self._hints if hint.key == HELP)
        for hint in self._hints:
            if hint.key == HELP:
                reserved = 0
            if column + _width(hint) + reserved <= self.size.width:
                found.append((column, hint))
                column += _width(hint) + GAP
        return found

    def render(self) -> Content:
        pieces: list[Piece] = [(" ", "plain")]
        for _, hint in self._fitting():
            pieces.append((hint.key, "wait" if hint.tone == "wait" else "key"))
            pieces.append((f" {hint.label}{' ' * GAP}", hint.tone))
        return content(tuple(pieces))

    async def on_click(self, event: events.Click) -> None:
        for column, hint in self._fitting():
            if column <= event.x < column + _width(hint):
                await app_of(self).run_action(hint.action, default_namespace=self.screen)


def _width(hint: Hint) -> int:
    return len(hint.key) + 1 + len(hint.label)
