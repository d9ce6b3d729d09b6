"""Runs one task to its end and reports what it saw."""

import contextlib
import json
import os
import select
import signal
import socket
import time

from .limits import LOOK_S, everything, in_words, private_bytes
from .output import Kept, Output
from .processes import (
    CHUNK,
    PR_SET_CHILD_SUBREAPER,
    Message,
    descendants,
    drain,
    encode,
    kill,
    prctl,
    receive,
    wake_on_child_exit,
)

KILL_PATIENCE_S = 2.0
"""How long a supervisor tries to kill leftovers before it hands them to PID 1."""


class Supervisor:
    """Runs one task to its end. Lives in a process of its own, between PID 1 and the task."""

    def __init__(self, link: socket.socket) -> None:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.link = link
        self.sources: dict[int, Kept | None] = {}
        self.main = 0
        self.status: int | None = None
        self.timed_out = self.killed = False
        self.stopping = False
        self.over: str | None = None
        self.next_look = 0.0
        self.wake = wake_on_child_exit()
        self.poller = select.poll()
        self.poller.register(self.wake, select.POLLIN)
        self.poller.register(link, select.POLLIN)

    def run(self) -> bool:
        """Take the order, carry it out and report; False when processes of it are left that would not die."""
        self.order, self.given = self.take_order()
        self.output = Output(self.given.get("log"))
        started = time.monotonic()
        limit = self.order["timeout"]
        self.deadline = None if limit is None else started + limit
        try:
            self.spawn()
        except (OSError, ValueError) as error:
            self.output.add(f"cannot start: {error}\n".encode(), None)
            self.status = (127 if isinstance(error, FileNotFoundError) else 126) << 8
        while self.status is None:
            self.wait()
        duration = time.monotonic() - started
        all_gone = self.kill_the_rest()
        self.read_what_is_left()
        self.link.sendall(encode(self.result(duration)))
        return all_gone

    def take_order(self) -> tuple[Message, dict[str, int]]:
        """Wait for what to do, and for the descriptors to do it with, by their names."""
        line = b""
        descriptors: list[int] = []
        while not line.endswith(b"\n"):
            data, more = receive(self.link)
            if not data:
                os._exit(0)
            line += data
            descriptors += more
        order: Message = json.loads(line)
        return order, dict(zip(order["descriptors"], descriptors, strict=True))

    def spawn(self) -> None:
        os.chdir(self.order["cwd"])
        stdin = self.given.get("stdin") or os.open(os.devnull, os.O_RDONLY)
        stdout = self.given.get("stdout") or self.source(self.output.stdout)
        # With one pipe for both, what the task wrote comes in the order in which it wrote it.
        apart = self.order["split"] or "stdout" in self.given
        stderr = self.source(self.output.stderr) if apart else stdout
        argv: list[str] = self.order["argv"]
        self.main = os.posix_spawnp(
            argv[0],
            argv,
            os.environ | self.order["env"],
            file_actions=[(os.POSIX_SPAWN_DUP2, source, to) for to, source in enumerate((stdin, stdout, stderr))],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD],
        )
        for descriptor in {stdin, stdout, stderr}:
            os.close(descriptor)

    def source(self, stream: Kept) -> int:
        """A new pipe into the output; returns its writing end."""
        readable, writable = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(readable, False)
        self.sources[readable] = stream if self.order["split"] else None
        self.poller.register(readable, select.POLLIN)
        return writable

    def wait(self) -> None:
        patience = LOOK_S if self.deadline is None else max(0.0, min(LOOK_S, self.deadline - time.monotonic()))
        for descriptor, _ in self.poller.poll(patience * 1000 + 1):
            if descriptor == self.wake:
                drain(self.wake)
                self.reap()
            elif descriptor == self.link.fileno():
                self.obey()
            else:
                self.read(descriptor)
        if self.status is None and self.deadline is not None and time.monotonic() >= self.deadline:
            self.timed_out = not self.stopping
            self.put_down()
        if self.status is None and time.monotonic() >= self.next_look:
            self.look()

    def look(self) -> None:
        """End a task that takes more than its share, and say so in its output."""
        self.next_look = time.monotonic() + LOOK_S
        processes, memory = self.order["processes"], self.order["memory"]
        if everything() > processes:
            # One call for all at once: whoever goes through a list never catches up with a fork bomb.
            os.kill(-1, signal.SIGKILL)
            self.over = f"there were more than {processes} processes in the box, so all in it were killed"
        elif private_bytes(descendants([os.getpid()])) > memory:
            self.over = f"it used more than {in_words(memory)} of memory, so it was killed"
        if self.over is not None:
            self.put_down()
            self.output.add(f"\n[{self.over}]\n".encode(), None)

    def obey(self) -> None:
        """Take the only order a running task can be given: end, within `grace` seconds."""
        data = self.link.recv(4096)
        if not data:
            os._exit(1)
        grace = json.loads(data.splitlines()[-1])["grace"]
        self.stopping = True
        if grace <= 0:
            self.put_down()
            return
        self.deadline = time.monotonic() + grace
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.main, signal.SIGTERM)

    def put_down(self) -> None:
        self.killed = True
        self.kill_the_rest()
        if self.status is None:
            self.status = signal.SIGKILL  # it will not die (uninterruptible): give up on it, PID 1 will try again

    def read(self, descriptor: int) -> bool:
        """Take one chunk; False when there is none now or there will never be one again."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self.output.add(data, self.sources[descriptor])
            return True
        self.poller.unregister(descriptor)
        del self.sources[descriptor]
        os.close(descriptor)
        return False

    def read_what_is_left(self) -> None:
        for descriptor in list(self.sources):
            while self.read(descriptor):
                pass

    def reap(self) -> bool:
        """Collect the dead; False when no child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.main:
                self.status = status

    def kill_the_rest(self) -> bool:
        """Kill every descendant; False when some would not die in time."""
        patience = time.monotonic() + KILL_PATIENCE_S
        while self.reap():
            if time.monotonic() > patience:
                return False
            kill(descendants([os.getpid()]))
            if select.select([self.wake], [], [], 0.02)[0]:
                drain(self.wake)
        return True

    def result(self, duration: float) -> Message:
        code = os.waitstatus_to_exitcode(self.status or 0)
        return {
            "exit_code": None if self.killed else code if code >= 0 else 128 - code,
            "output": self.output.all.text(),
            "output_bytes": self.output.all.total,
            "duration_s": duration,
            "timed_out": self.timed_out,
            "over": self.over,
            "stdout": self.output.stdout.text(),
            "stderr": self.output.stderr.text(),
        }
