"""PID 1 of a box."""

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
    receive,
    wake_on_child_exit,
)
from .supervisor import Supervisor


class Task:
    """What PID 1 knows of a supervisor, and what that has said so far."""

    def __init__(self, supervisor: int, link: socket.socket) -> None:
        self.supervisor = supervisor
        self.link = link
        self.number: int | None = None
        """The request that it works on; None while it waits for one."""
        self.started = 0.0
        self.said = bytearray()


class Init:
    """PID 1: takes requests, gives them to supervisors, passes their results on."""

    def __init__(self, host: socket.socket) -> None:
        self.host = host
        self.heard = b""
        self.descriptors: list[int] = []
        self.links: dict[int, Task] = {}
        """All supervisors, by the descriptor of our end of the link."""
        self.spare: Task | None = None
        """A supervisor forked ahead of time: the fork would be a third of a short command's cost."""
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
                elif descriptor in self.links:
                    self.hear(self.links[descriptor])

    def listen(self) -> bool:
        """Read requests and the descriptors that came with them; False at the end."""
        data, descriptors = receive(self.host)
        self.descriptors += descriptors
        *lines, self.heard = (self.heard + data).split(b"\n")
        for line in lines:
            self.act(json.loads(line), line + b"\n")
        return bool(data)

    def act(self, order: Message, line: bytes) -> None:
        match order["op"]:
            case "hello":
                os.environ.clear()
                os.environ.update(order["env"])
                self.tell(order["id"], {})
                self.spare = self.fork()
            case "start":
                self.start(order, line)
            case "stop":
                for task in self.links.values():
                    if task.number == order["id"]:
                        with contextlib.suppress(OSError):  # it ended by itself; its result is on the way
                            task.link.sendall(line)
            case "port":
                self.tell(order["id"], {"port": self.free_port()})
            case unknown:
                raise ValueError(unknown)

    def tell(self, number: int, result: Message) -> None:
        self.host.sendall(encode({"id": number, "result": result}))

    def start(self, order: Message, line: bytes) -> None:
        count = len(order["descriptors"])
        given, self.descriptors = self.descriptors[:count], self.descriptors[count:]
        task, self.spare = self.spare or self.fork(), None
        task.number, task.started = order["id"], time.monotonic()
        # A supervisor that has been killed cannot take it; the end of its link, read next, tells the engine.
        with contextlib.suppress(OSError):
            sent = socket.send_fds(task.link, [line], given)
            task.link.sendall(line[sent:])
        for descriptor in given:
            os.close(descriptor)

    def fork(self) -> Task:
        """A new supervisor, waiting for its order."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self.supervise(theirs)
        theirs.close()
        task = Task(pid, ours)
        self.links[ours.fileno()] = task
        self.poller.register(ours, select.POLLIN)
        return task

    def supervise(self, control: socket.socket) -> None:
        """The life of a supervisor, in the forked process; never returns. Exit status 0: nothing is left behind."""
        status = 1
        try:
            for task in self.links.values():
                task.link.close()
            for descriptor in [self.host.fileno(), *self.descriptors]:
                os.close(descriptor)
            if Supervisor(control).run():
                status = 0
        finally:
            os._exit(status)

    def hear(self, task: Task) -> None:
        try:
            data = task.link.recv(CHUNK)
        except ConnectionResetError:
            data = b""
        task.said += data
        if task.said.endswith(b"\n"):
            self.host.sendall(task.said)
            task.number = None
        if task.said.endswith(b"\n") or not data:
            self.forget(task)

    def forget(self, task: Task) -> None:
        """The supervisor has ended or is about to. Killed before it could report, it leaves its processes to us."""
        self.poller.unregister(task.link)
        del self.links[task.link.fileno()]
        task.link.close()
        self.spare = None if task is self.spare else self.spare or self.fork()
        if os.waitpid(task.supervisor, 0)[1] != 0:
            self.sweeping = True
        if task.number is not None:
            seen = {"exit_code": None, "output": "", "output_bytes": 0}
            self.tell(task.number, seen | {"duration_s": time.monotonic() - task.started})
        self.reap()

    def reap(self) -> None:
        """Collect dead orphans and, while `sweeping`, kill children that are no supervisor's."""
        supervisors = {task.supervisor for task in self.links.values()}
        if not self.sweeping:
            return
        strays = {pid for pid, parent in parents().items() if parent == os.getpid() and pid not in supervisors}
        kill(strays | descendants(strays))
        for pid in strays:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
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
