"""What all dialogs share: a box over the screen that escape closes, with a title and a line of keys."""

from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from mission_tui.ui.look import Line, Piece
from mission_tui.ui.widgets.frame import content

ResultT = TypeVar("ResultT")


def words(*pieces: Piece, id: str | None = None) -> Static:
    """Wrapped text that is never parsed as markup."""
    return Static(content(pieces), id=id, markup=False)


class Dialog(ModalScreen[ResultT | None], Generic[ResultT]):
    """Escape closes it without a result; nothing is sent before the human says so."""

    STEERS: ClassVar[bool] = False
    """Whether it is about steering a mission itself, so that the keys for that open no second one."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", show=False)]

    def action_close(self) -> None:
        self.dismiss(None)

    def say(self, where: str, line: Line) -> None:
        self.query_one(f"#{where}", Static).update(content(line))
