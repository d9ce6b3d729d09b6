"""The screen of a terminal: pyte's, with what `xterm-256color` promises and pyte leaves out."""

import copy
from collections.abc import Callable
from typing import Any

import pyte

CURSOR_KEYS = 1 << 5
"""DECCKM, as pyte keeps private modes: arrow keys send `ESC O` instead of `ESC [`."""
TAB = 8
ALTERNATE = frozenset({47, 1047, 1049})


class TerminalScreen(pyte.Screen):
    """Answers what programs ask their terminal, keeps the shell's screen under a full-screen program, and scrolls.

    curses relies on SU, SD and REP wherever the terminal's description has them: without, parts of the old screen stay.
    """

    def __init__(self, columns: int, lines: int, send: Callable[[str], None]) -> None:
        self._send = send
        self._beneath: tuple[Any, Any] | None = None
        self._last = ""
        super().__init__(columns, lines)

    @property
    def application_keys(self) -> bool:
        return CURSOR_KEYS in self.mode

    def write_process_input(self, data: str) -> None:
        """Where the cursor is, and the like: programs wait for the answer."""
        self._send(data)

    def draw(self, data: str) -> None:
        self._last = data[-1:]
        super().draw(data)

    def repeat(self, count: int | None = None, **_: Any) -> None:  # noqa: ANN401 - pyte passes flags
        """REP: the last character once more."""
        self.draw(self._last * (count or 1))

    def scroll_up(self, count: int | None = None, **_: Any) -> None:  # noqa: ANN401 - pyte passes flags
        """SU: lines leave at the top of the scrolling region."""
        self._at_top(lambda: self.delete_lines(count))

    def scroll_down(self, count: int | None = None, **_: Any) -> None:  # noqa: ANN401 - pyte passes flags
        """SD: empty lines come in at the top of the scrolling region."""
        self._at_top(lambda: self.insert_lines(count))

    def back_tab(self, count: int | None = None, **_: Any) -> None:  # noqa: ANN401 - pyte passes flags
        """CBT: to the tab stop before."""
        for _number in range(count or 1):
            self.cursor.x = max((self.cursor.x - 1) // TAB * TAB, 0)

    def set_mode(self, *modes: int, **flags: Any) -> None:  # noqa: ANN401 - pyte passes flags
        if flags.get("private") and ALTERNATE & set(modes) and self._beneath is None:
            self._beneath = (copy.deepcopy(self.buffer), copy.copy(self.cursor))
            self.erase_in_display(2)
        super().set_mode(*modes, **flags)

    def reset_mode(self, *modes: int, **flags: Any) -> None:  # noqa: ANN401 - pyte passes flags
        super().reset_mode(*modes, **flags)
        if flags.get("private") and ALTERNATE & set(modes) and self._beneath is not None:
            (self.buffer, self.cursor), self._beneath = self._beneath, None
            self.ensure_hbounds()
            self.ensure_vbounds()
            self.dirty.update(range(self.lines))

    def _at_top(self, action: Callable[[], None]) -> None:
        """pyte scrolls from the cursor's line on, and moves the cursor."""
        x, y = self.cursor.x, self.cursor.y
        self.cursor.y = self.margins.top if self.margins else 0
        action()
        self.cursor.x, self.cursor.y = x, y


class TerminalStream(pyte.ByteStream):
    """Passes the sequences on that `TerminalScreen` adds."""

    csi = pyte.ByteStream.csi | {
        "S": "scroll_up",
        "T": "scroll_down",
        "Z": "back_tab",
        "b": "repeat",
        "s": "save_cursor",
        "u": "restore_cursor",
    }
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down", "back_tab", "repeat"}
