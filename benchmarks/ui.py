"""What the screen costs at full size: a mission of 1,000,000 steps and 1,000 assertions, in a real terminal.

The program runs in a pseudo-terminal of 120x40 as a user starts it; keys are written and the repaint is waited for,
while another thread streams a model's words. Every figure stands beside its target.
"""

import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mission_tui.domain.ports import Delta
from mission_tui.store.live import LiveWriter
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter

STEPS = int(os.environ.get("BENCH_STEPS", "1000000"))
ASSERTIONS = 1000
PER_FEATURE = 10
KEYS = 60
IDLE_S = 10.0
PATIENCE_S = 30.0
TICK = os.sysconf("SC_CLK_TCK")
STARTS = 9
OPENINGS = 5


def at_full_size(writer: MissionWriter) -> None:
    """The factory's mission with more of everything: features and claims by plan, steps straight into the journal."""
    more = ASSERTIONS - len(make.CLAIMS) - len(make.GUARDS)
    names = [f"VAL-LOAD-{n:04d}" for n in range(1, more + 1)]
    make.CLAIMS += [(name, "command", f"The claim {name} holds for every order of rows") for name in names]
    for place in range(0, more, PER_FEATURE):
        part = tuple(names[place : place + PER_FEATURE])
        make.FEATURES.append((f"F{100 + place // PER_FEATURE}", f"Load part {place}", "M3", part, ()))
    make.working(writer)
    first = writer.count("R7") + 1
    writer.db.conn.execute(
        "WITH RECURSIVE up(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM up WHERE n < ?) "
        "INSERT INTO steps (run_id, n, kind, name, status, started_at, ended_at, request, result) "
        "SELECT 'R7', n, 'tool', 'run_command', 'done', 1.0, 2.0, "
        """'{"arguments":"{\\"command\\": \\"pytest -q tests/test_' || n || '.py\\"}"}', """
        """'{"text":"exit code 0 (0.4 s)\\n' || n || ' passed in 0.41s","exit_code":0}' FROM up""",
        (first, first + STEPS),
    )


class Terminal:
    """The program in a pseudo-terminal."""

    def __init__(self, data: Path) -> None:
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execv(sys.executable, [sys.executable, "-m", "mission_tui", "--data-dir", str(data)])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def until(self, needle: str) -> float:
        """Seconds until the program has painted this."""
        began, seen = time.monotonic(), b""
        while needle.encode() not in seen:
            if time.monotonic() - began > PATIENCE_S:
                raise TimeoutError(f"{needle!r} was never painted; last came {seen[-400:]!r}")
            seen += self._read(0.05)
        return time.monotonic() - began

    def quiet(self, for_s: float = 0.3) -> None:
        """Wait until nothing has been painted for a while."""
        while self._read(for_s):
            pass

    def press(self, key: str) -> float:
        """Seconds from a key to the first of its repaint."""
        self.drain()
        began = time.monotonic()
        os.write(self.fd, key.encode())
        return time.monotonic() - began if self._read(PATIENCE_S) else PATIENCE_S

    def drain(self) -> None:
        while self._read(0):
            pass

    def _read(self, wait: float) -> bytes:
        ready, _, _ = select.select([self.fd], [], [], wait)
        return os.read(self.fd, 1 << 16) if ready else b""

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1000

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@contextlib.contextmanager
def streaming(writer: MissionWriter) -> Iterator[None]:
    """A model that speaks without end, ten times a second."""
    stop = threading.Event()

    def speak() -> None:
        live, n = LiveWriter(writer.files, "R7"), 0
        while not stop.wait(0.1):
            n += 1
            live.add(Delta(kind="text", text=f" word{n} of a long thought about the parser"))

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def say(what: str, figure: str, target: str, met: bool) -> None:
    print(f"{what:<46}{figure:>10}   limit {target:<10}{'ok' if met else 'MISSED'}", flush=True)


class Took(NamedTuple):
    """What one start or one opening took. The machine may be shared, so that wall time alone says little."""

    wall_s: float
    cpu_s: float


def say_all(what: str, limit_s: float, took: list[Took]) -> None:
    """The median decides; all are shown."""
    wall = statistics.median(one.wall_s for one in took)
    say(f"{what}, median of {len(took)}", f"{wall:.2f} s", f"< {limit_s:g} s", wall < limit_s)
    print(f"{'':<4}wall {' '.join(f'{one.wall_s:.2f}' for one in took)} s")
    print(f"{'':<4}CPU  {' '.join(f'{one.cpu_s:.2f}' for one in took)} s", flush=True)


def starts(data: Path) -> None:
    took: list[Took] = []
    for _ in range(STARTS):
        terminal = Terminal(data)
        took.append(Took(terminal.until("CSV import"), terminal.cpu_s()))
        terminal.close()
    say_all("process start to first full paint", 0.5, took)


def openings(data: Path) -> None:
    took: list[Took] = []
    for _ in range(OPENINGS):
        terminal = Terminal(data)
        terminal.until("CSV import")
        terminal.quiet()
        took.append(opened(terminal))
        terminal.close()
        (data / "screen.json").unlink(missing_ok=True)  # else the next start opens it by itself
    say_all("opening that mission", 1, took)


def opened(terminal: Terminal) -> Took:
    """From the key to all four panes with what is in them."""
    before, began = terminal.cpu_s(), time.monotonic()
    os.write(terminal.fd, b"\r")
    terminal.until("Handoffs")
    terminal.until("IMPORT-002")
    return Took(time.monotonic() - began, terminal.cpu_s() - before)


def keys(terminal: Terminal) -> None:
    for pane, moves in (("1", "jk"), ("2", "kj"), ("3", "kj"), ("4", "jk")):
        terminal.press(pane)
        terminal.quiet(0.05) if pane != "3" else time.sleep(0.5)
        times = sorted(terminal.press(moves[n // (KEYS // 2) % 2]) for n in range(KEYS))
        p95 = times[int(len(times) * 0.95)] * 1000
        say(f"key to repaint, pane {pane}, 95th percentile", f"{p95:.0f} ms", "< 50 ms", p95 < 50)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        with MissionWriter.create(data) as writer:
            at_full_size(writer)
            print(f"a mission of {STEPS:,} steps and {ASSERTIONS:,} assertions; load {os.getloadavg()[0]:.1f}")
            starts(data)
            openings(data)
            terminal = Terminal(data)
            terminal.until("CSV import")
            terminal.quiet()
            opened(terminal)
            terminal.quiet(0.5)
            before = terminal.cpu_s()
            time.sleep(IDLE_S)
            idle = 100 * (terminal.cpu_s() - before) / IDLE_S
            say("idle CPU", f"{idle:.1f} %", "< 1 %", idle < 1)
            with streaming(writer):
                keys(terminal)
            used = terminal.megabytes()
            say("memory", f"{used:.0f} MB", "< 150 MB", used < 150)
            terminal.close()


if __name__ == "__main__":
    main()
