"""A real pseudo-terminal with a screen model."""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

from outcome import StepFailure, matches, shown, wait_until
from screen_model import TerminalScreen, TerminalStream

KEYS = {
    "Enter": "\r", "Escape": "\x1b", "Tab": "\t", "Backspace": "\x7f", "Delete": "\x1b[3~", "Space": " ",
    "Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C", "Left": "\x1b[D", "Home": "\x1b[H", "End": "\x1b[F",
    "PageUp": "\x1b[5~", "PageDown": "\x1b[6~", "F1": "\x1bOP", "F2": "\x1bOQ", "F3": "\x1bOR", "F4": "\x1bOS",
    "F5": "\x1b[15~", "F6": "\x1b[17~", "F7": "\x1b[18~", "F8": "\x1b[19~", "F9": "\x1b[20~", "F10": "\x1b[21~",
}  # fmt: skip
CURSOR_NAMES = frozenset({"Up", "Down", "Right", "Left", "Home", "End"})
SEQUENCE_START = re.compile(rb"(?=\x1b)")
SEQUENCE = re.compile(rb"^(?:\x1b\[)?[0-?]*[ -/]*[@-~]")
MAX_RAW = 2_000_000
SETTLE_S = 0.3
BURST_S = 0.5
REST_S = 2.0
WRITE_TIMEOUT_S = 5.0
CLOSE_S = 2.0
PIECE = 1024
WORKSPACE = "/workspace"
NOTHING_RUNS = "no program runs in the terminal; start one first"
NOT_RUN = (126, 127)
"""Exit codes with which a shell says that there was nothing to run."""


class TerminalSession:
    """One program in one terminal."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._master = -1
        self._blank((80, 24))
        self._raw = bytearray()
        self._more: dict[str, str] = {}

    def _blank(self, size: tuple[int, int]) -> None:
        self._screen = TerminalScreen(*size, self._put)
        self._stream = TerminalStream(self._screen)

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """`steps`: run and check them; `open`, `type`, `press`, `screen`: for a tester."""
        self._more = request.get("env", {})
        try:
            if request["do"] == "steps":
                for number, step in enumerate(request["steps"], 1):
                    self._step(number, step)
                return {"evidence": self._evidence()}
            return self._use(request)
        except StepFailure as failure:
            failure.evidence = self._evidence()
            raise

    def _use(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "open":
                self._spawn(request["command"], tuple(request["size"]))
            case "type":
                self._write(request["text"])
            case "press":
                self._press(request["key"])
            case _:
                pass
        self._settle()
        state = "" if self._running() else f"\n(the program ended with exit code {self._exit_code()})"
        return {"text": self.text() + state, "evidence": self._evidence()}

    def _step(self, number: int, step: dict[str, Any]) -> None:
        within = float(step.get("within_s", 5.0))
        try:
            self._act(step)
            if "type" in step or "press" in step:
                self._wait_for_rest()  # "nothing changes" would hold before anything could
            if "expect_screen" in step:
                wait_until(lambda: self._screen_complaint(step["expect_screen"]), within, self._wait)
            if "expect_exit" in step:
                wait_until(lambda: self._exit_complaint(step["expect_exit"]), within, self._wait)
        except StepFailure as failure:
            if failure.cause == "expectation" and self._exit_code() in NOT_RUN:
                raise StepFailure("missing_tool", f"step {number}: cannot be run: {shown(self.text())}") from None
            raise StepFailure(failure.cause, f"step {number}: {failure}") from None

    def _act(self, step: dict[str, Any]) -> None:
        if "spawn" in step:
            self._spawn(step["spawn"], tuple(step.get("size", (80, 24))))
        elif "type" in step:
            self._write(step["type"])
        elif "press" in step:
            self._press(step["press"])
        elif "resize" in step:
            self._resize(tuple(step["resize"]))

    def _screen_complaint(self, pattern: str) -> str | None:
        if matches(pattern, self.text()) or matches(pattern, self._up_to_cursor()):
            return None
        return f"expected a screen that matches {pattern!r}, seen {shown(self.text(), 600)}"

    def _exit_complaint(self, code: int) -> str | None:
        if self._running():
            return f"expected exit code {code}, but the program still runs"
        seen = self._exit_code()
        return None if seen == code else f"expected exit code {code}, seen {seen}"

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def _up_to_cursor(self) -> str:
        """Cells do not say which blanks were written; a cursor after `> ` does."""
        cursor = self._screen.cursor
        rows: list[str] = [line.rstrip() for line in self._screen.display]
        rows[cursor.y] = f"{rows[cursor.y]:<{cursor.x}}"
        return "\n".join(rows[: cursor.y + 1])

    def _spawn(self, command: str, size: tuple[int, int]) -> None:
        self.close()
        self._raw.clear()
        self._blank(size)
        self._master, slave = os.openpty()
        _set_size(slave, size)
        # COLUMNS and LINES stay unset: programs that honour them would not see a later resize.
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", command],
            stdin=slave, stdout=slave, stderr=slave, cwd=WORKSPACE if Path(WORKSPACE).is_dir() else None,
            env={**environment, **self._more, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=_take_terminal,  # this program has one thread, so it is safe
        )  # fmt: skip
        os.close(slave)

    def _resize(self, size: tuple[int, int]) -> None:
        if self._process is None:
            raise StepFailure("other", NOTHING_RUNS)
        self._wait_for_rest()
        columns, lines = size
        self._screen.resize(lines, columns)
        if self._master >= 0:
            _set_size(self._master, size)

    def _press(self, key: str) -> None:
        self._pump(0)  # the program may just have changed what its arrow keys send
        self._write(key_sequence(key, self._screen.application_keys))

    def _write(self, text: str) -> None:
        if self._process is None:
            raise StepFailure("other", NOTHING_RUNS)
        self._pump(0)
        self._put(text)

    def _put(self, text: str) -> None:
        """To the program; one that has ended reads nothing, and what it left on the screen tells."""
        data = memoryview(text.encode())
        deadline = time.monotonic() + WRITE_TIMEOUT_S
        with contextlib.suppress(OSError):
            while data and self._master >= 0 and time.monotonic() < deadline:
                if select.select([], [self._master], [], 0.05)[1]:
                    data = data[os.write(self._master, data[:PIECE]) :]

    def _pump(self, seconds: float) -> None:
        """Read what the program wrote, waiting for it at most `seconds`; one that never rests is left after a while."""
        deadline = time.monotonic() + max(seconds, BURST_S)
        while self._master >= 0 and time.monotonic() < deadline and select.select([self._master], [], [], seconds)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # how Linux says that nobody has the other end open any more
                data = b""
            if not data:
                self._hang_up()
                return
            self._show(data)
            seconds = 0

    def _show(self, data: bytes) -> None:
        """Sequence by sequence: pyte raises at some that it does not know, and would lose the text after them."""
        for piece in SEQUENCE_START.split(data):
            try:
                self._stream.feed(piece)
            except (TypeError, ValueError, LookupError, AttributeError):
                self._stream.feed(SEQUENCE.sub(b"", piece, count=1))
        self._raw += data[: max(0, MAX_RAW - len(self._raw))]

    def _wait(self, seconds: float) -> bool:
        """Until there is something new, at most so long; False once the program has ended and all is read."""
        if self._master >= 0:
            self._pump(seconds)
        elif self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        return self._master >= 0 or self._running()

    def _settle(self) -> None:
        """Until the screen has not changed for a moment, as a person would wait."""
        deadline = time.monotonic() + 5
        before = None
        while self.text() != before and self._master >= 0 and time.monotonic() < deadline:
            before = self.text()
            self._pump(SETTLE_S)
        if self._master < 0:
            self._wait(1)

    def _wait_for_rest(self) -> None:
        """Until the program waits for its user. curses may miss a change of size that comes while it draws."""
        deadline = time.monotonic() + REST_S
        while self._master >= 0 and time.monotonic() < deadline:
            self._pump(0.02)
            if self._master < 0:
                return
            if not select.select([self._master], [], [], 0)[0] and _sleeps(self._master):
                return

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _exit_code(self) -> int | None:
        if self._process is None:
            return None
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def _evidence(self) -> list[dict[str, str]]:
        if self._process is None:
            return []
        self._pump(0)
        found = [("screen", self.text().encode()), ("output", bytes(self._raw))]
        if not self._running():
            found.append(("exit_code", f"{self._exit_code()}\n".encode()))
        result: list[dict[str, str]] = []
        for kind, data in found:
            file = self._folder / f"{self._name}-{kind}.txt"
            file.write_bytes(data)
            result.append({"kind": kind, "file": file.name, "name": f"{kind}.txt"})
        return result

    def close(self) -> None:
        """End everything that the program started in its terminal."""
        self._hang_up()
        if self._process is None:
            return
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _hang_up(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def key_sequence(key: str, application_keys: bool = False) -> str:
    """What a terminal sends for a key: a name, `Ctrl+X`, or the character itself."""
    if key in KEYS:
        sent = KEYS[key]
        return sent.replace("[", "O") if application_keys and key in CURSOR_NAMES else sent
    prefix, _, letter = key.rpartition("+")
    if prefix.lower() in ("ctrl", "control") and len(letter) == 1:
        return chr(ord(letter.upper()) & 0x1F)
    if prefix.lower() == "alt" and letter:
        return "\x1b" + letter
    if len(key) == 1:
        return key
    raise StepFailure("other", f"there is no key {key!r}; known: {', '.join(KEYS)}, Ctrl+X, single characters")


def _sleeps(terminal: int) -> bool:
    """Whether the process in the foreground of a terminal waits for something."""
    try:
        status = Path(f"/proc/{os.tcgetpgrp(terminal)}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "S"


def _set_size(terminal: int, size: tuple[int, int]) -> None:
    columns, lines = size
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def _take_terminal() -> None:
    """In the child: its standard input becomes the terminal that controls its session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
