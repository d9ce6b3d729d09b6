"""PID 1 of a box."""

import array
import contextlib
import json
import os
import resource
import select
import signal
import socket
import time

from .processes import (
    CHUNK,
    PR_SET_DUMPABLE,
    Message,
    descendants,
    drain,
    encode,
    kill,
    parents,
    prctl,
    wake_on_child_exit,
)
from .supervisor import Supervisor

MAX_DESCRIPTORS = 8


class Task:
    """What PID 1 knows of a task: its supervisor, and what that has said so far."""

    def __init__(self, number: int, supervisor: int, link: socket.socket) -> None:
        self.number = number
        self.supervisor = supervisor
        self.link = link
        self.said = bytearray()
        self.started = time.monotonic()


class Init:
    """PID 1: takes requests, starts supervisors, passes their results on."""

    def __init__(self, host: socket.socket) -> None:
        self.host = host
        self.heard = bytearray()
        self.descriptors: list[int] = []
        self.tasks: dict[int, Task] = {}
        self.links: dict[int, Task] = {}
        self.ports: set[int] = set()
        self.sweeping = False
        self.wake = wake_on_child_exit()
        self.poller = select.poll()
        self.poller.register(self.wake, select.POLLIN)
        self.poller.register(host, select.POLLIN)

    def serve(self) -> None:
        """Work until the engine hangs up."""
        while True:
            for descriptor, _ in self.poller.poll():
                if descriptor == self.wake:
                    drain(self.wake)
                    self.reap()
                elif descriptor == self.host.fileno():
                    if not self.listen():
                        return
                else:
                    self.hear(self.links[descriptor])

    def listen(self) -> bool:
        """Read requests and the descriptors that came with them; False at the end."""
        numbers = array.array("i")
        data, ancillary, _, _ = self.host.recvmsg(
            CHUNK, socket.CMSG_SPACE(MAX_DESCRIPTORS * numbers.itemsize), socket.MSG_CMSG_CLOEXEC
        )
        for _, _, packed in ancillary:
            numbers.frombytes(packed[: len(packed) - len(packed) % numbers.itemsize])
        self.descriptors += numbers
        self.heard += data
        *lines, rest = self.heard.split(b"\n")
        self.heard = rest
        for line in lines:
            self.act(json.loads(line))
        return bool(data)

    def act(self, order: Message) -> None:
        match order["op"]:
            case "hello":
                os.environ.clear()
                os.environ.update(order["env"])
                self.tell(encode({"id": order["id"], "result": {}}))
            case "start":
                self.start(order)
            case "stop":
                task = self.tasks.get(order["id"])
                if task is not None:
                    with contextlib.suppress(OSError):  # it ended by itself; its result is on the way
                        task.link.sendall(encode({"grace": order["grace"]}))
            case "port":
                self.tell(encode({"id": order["id"], "result": {"port": self.free_port()}}))
            case unknown:
                raise ValueError(unknown)

    def tell(self, line: bytes) -> None:
        self.host.sendall(line)

    def start(self, order: Message) -> None:
        names: list[str] = order["descriptors"]
        given = {name: self.descriptors.pop(0) for name in names}
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self.supervise(order, given, theirs)
        theirs.close()
        for descriptor in given.values():
            os.close(descriptor)
        task = Task(order["id"], pid, ours)
        self.tasks[task.number] = self.links[ours.fileno()] = task
        self.poller.register(ours, select.POLLIN)

    def supervise(self, order: Message, given: dict[str, int], control: socket.socket) -> None:
        """The life of a supervisor, in the forked process; never returns."""
        try:
            for link in [self.host, *(task.link for task in self.tasks.values())]:
                link.close()
            result = Supervisor(order, given, control).run()
            control.setblocking(True)
            control.sendall(encode(result))
        finally:
            os._exit(0)

    def hear(self, task: Task) -> None:
        try:
            data = task.link.recv(CHUNK)
        except ConnectionResetError:
            data = b""
        task.said += data
        if data and not task.said.endswith(b"\n"):
            return
        if task.said.endswith(b"\n"):
            self.tell(bytes(task.said))
            self.sweeping = self.sweeping or bool(json.loads(task.said)["left"])
        else:
            # Killed before it could report: what it watched is now ours to kill.
            lost = {"exit_code": None, "output": "", "output_bytes": 0, "duration_s": time.monotonic() - task.started}
            self.tell(encode({"id": task.number, "result": lost}))
            self.sweeping = True
        self.forget(task)

    def forget(self, task: Task) -> None:
        self.poller.unregister(task.link)
        del self.links[task.link.fileno()]
        del self.tasks[task.number]
        task.link.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(task.supervisor, 0)
        self.reap()

    def reap(self) -> None:
        """Collect dead supervisors and, while `sweeping`, kill children that are no supervisor's."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if self.sweeping:
            ours = {task.supervisor for task in self.tasks.values()}
            strays = {pid for pid, parent in parents().items() if parent == os.getpid() and pid not in ours}
            kill(strays | descendants(strays))
            self.sweeping = bool(strays)

    def free_port(self) -> int:
        """A port that nobody has now and that was not given away before."""
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            if port not in self.ports or len(self.ports) > 20_000:
                self.ports.add(port)
                return port


def main() -> None:
    # Same user, same box: without this an agent's process could trace PID 1 or use its descriptors through /proc.
    prctl(PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python's handler would let a SIGINT from inside the box end PID 1; the kernel drops it when there is none.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.umask(0o022)
    host = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    Init(host).serve()
    os._exit(0)
