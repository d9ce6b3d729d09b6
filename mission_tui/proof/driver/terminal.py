"""A real pseudo-terminal with a screen model."""

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pyte
from outcome import StepFailure, matches, shown, wait_until

KEYS = {
    "Enter": "\r", "Escape": "\x1b", "Tab": "\t", "Backspace": "\x7f", "Delete": "\x1b[3~", "Space": " ",
    "Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C", "Left": "\x1b[D", "Home": "\x1b[H", "End": "\x1b[F",
    "PageUp": "\x1b[5~", "PageDown": "\x1b[6~", "F1": "\x1bOP", "F2": "\x1bOQ", "F3": "\x1bOR", "F4": "\x1bOS",
    "F5": "\x1b[15~", "F6": "\x1b[17~", "F7": "\x1b[18~", "F8": "\x1b[19~", "F9": "\x1b[20~", "F10": "\x1b[21~",
}  # fmt: skip
MAX_RAW = 2_000_000
SETTLE_S = 0.3


class TerminalSession:
    """One program in one terminal."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._master = -1
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = bytearray()

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """`steps`: run and check them; `open`, `type`, `press`, `screen`: for a tester."""
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
                self._write(key_sequence(request["key"]))
            case _:
                pass
        self._settle()
        state = "" if self._running() else f"\n(the program ended with exit code {self._exit_code()})"
        return {"text": self.text() + state, "evidence": self._evidence()}

    def _step(self, number: int, step: dict[str, Any]) -> None:
        self._act(step)
        within = float(step.get("within_s", 5.0))
        if "expect_screen" in step:
            self._expect(number, within, lambda: self._screen_complaint(step["expect_screen"]))
        if "expect_exit" in step:
            self._expect(number, within, lambda: self._exit_complaint(step["expect_exit"]))

    def _act(self, step: dict[str, Any]) -> None:
        if "spawn" in step:
            self._spawn(step["spawn"], tuple(step.get("size", (80, 24))))
        elif "type" in step:
            self._write(step["type"])
        elif "press" in step:
            self._write(key_sequence(step["press"]))
        elif "resize" in step:
            self._resize(tuple(step["resize"]))

    def _expect(self, number: int, within: float, complaint: Any) -> None:  # noqa: ANN401 - a callable
        try:
            wait_until(complaint, within, self._pump)
        except StepFailure as failure:
            code = self._exit_code()
            if code == 127 and not self._running():
                raise StepFailure("missing_tool", f"step {number}: command not found: {self.text()[:200]}") from None
            raise StepFailure(failure.cause, f"step {number}: {failure}") from None

    def _screen_complaint(self, pattern: str) -> str | None:
        if matches(pattern, self.text()):
            return None
        return f"expected a screen that matches {pattern!r}, seen {shown(self.text(), 600)}"

    def _exit_complaint(self, code: int) -> str | None:
        if self._running():
            return f"expected exit code {code}, but the program still runs"
        seen = self._exit_code()
        return None if seen == code else f"expected exit code {code}, seen {seen}"

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def _spawn(self, command: str, size: tuple[int, int]) -> None:
        self.close()
        self._raw.clear()
        columns, lines = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(lines)}
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec setsid --ctty --wait /bin/bash -c {_quoted(command)}"],
            stdin=slave, stdout=slave, stderr=slave, cwd="/workspace" if Path("/workspace").is_dir() else None,
            env=environment, close_fds=True,
        )  # fmt: skip
        os.close(slave)

    def _resize(self, size: tuple[int, int]) -> None:
        columns, lines = size
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _write(self, text: str) -> None:
        if self._process is None:
            raise StepFailure("other", "no program runs in the terminal; `spawn` one first")
        self._pump(0)
        with contextlib.suppress(OSError):
            os.write(self._master, text.encode())

    def _pump(self, seconds: float) -> None:
        """Read what the program wrote, waiting for it at most `seconds`."""
        while self._master >= 0 and select.select([self._master], [], [], seconds)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self._stream.feed(data)
            self._raw += data[: max(0, MAX_RAW - len(self._raw))]
            seconds = 0

    def _settle(self) -> None:
        """Until the screen has not changed for a moment, as a person would wait."""
        deadline = time.monotonic() + 5
        before = None
        while self.text() != before and time.monotonic() < deadline:
            before = self.text()
            self._pump(SETTLE_S)

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
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGHUP)
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._master >= 0:
            os.close(self._master)
        self._process, self._master = None, -1


def key_sequence(key: str) -> str:
    """What a terminal sends for a key: a name, `Ctrl+X`, or the character itself."""
    if key in KEYS:
        return KEYS[key]
    prefix, _, letter = key.rpartition("+")
    if prefix.lower() in ("ctrl", "control") and len(letter) == 1:
        return chr(ord(letter.upper()) & 0x1F)
    if prefix.lower() == "alt" and letter:
        return "\x1b" + letter
    if len(key) == 1:
        return key
    raise StepFailure("other", f"there is no key {key!r}; known: {', '.join(KEYS)}, Ctrl+X, single characters")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
