"""The real program in a terminal of its own, driven by keys and read as text."""

import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import Program

PATIENCE_S = 120.0
ANOTHERS = {"TMUX", "TMUX_PANE", "COLUMNS", "LINES"}
"""What the environment says of the terminal that the tests run in."""


@dataclass(frozen=True)
class Terminal:
    """One tmux session on a server of its own."""

    socket: Path
    program: Program

    def start(self, *args: object, size: tuple[int, int] = (120, 40)) -> None:
        env = self.program.environment({"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        words = [f"{k}={v}" for k, v in env.items() if k not in ANOTHERS]
        line = shlex.join(["env", "-i", *words, *self.program.command(*args)])
        columns, rows = size
        self._tmux("new-session", "-d", "-s", "screen", "-x", str(columns), "-y", str(rows), line)
        self._tmux("set-option", "-t", "screen", "remain-on-exit", "on")

    def keys(self, *names: str) -> None:
        """Keys by tmux's names: `Enter`, `Escape`, `C-s`, `a`."""
        self._tmux("send-keys", "-t", "screen", *names)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-t", "screen", "-l", text)

    def text(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "screen")

    def shows(self, *words: str, patience: float = PATIENCE_S) -> str:
        """Wait until all of it is on the screen; fails with what is."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            text = self.text()
            if all(word in text for word in words):
                return text
            time.sleep(0.05)
        raise AssertionError(f"{words} did not come; the screen shows\n{self.text()}")

    @property
    def pid(self) -> int:
        return int(self._tmux("display-message", "-p", "-t", "screen", "#{pane_pid}"))

    def close(self) -> None:
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], check=False, capture_output=True)

    def _tmux(self, *args: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *args]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


@contextmanager
def terminal(program: Program, name: str) -> Iterator[Terminal]:
    made = Terminal(program.root / f"{name}.sock", program)
    try:
        yield made
    finally:
        made.close()
