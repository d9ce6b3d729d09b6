"""PID 1 of a box."""

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket

from .limits import offer_to_the_kernel
from .processes import (
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


class Init:
    """PID 1: forks supervisors when asked to, and outlives everything else in the box."""

    def __init__(self, host: socket.socket) -> None:
        self.host = host
        self.heard = b""
        self.descriptors: list[int] = []
        self.supervisors: set[int] = set()
        self.ports: set[int] = set()
        self.sweeping = False
        self.wake = wake_on_child_exit()

    def serve(self) -> None:
        """Work until the engine hangs up."""
        while True:
            ready, _, _ = select.select([self.wake, self.host], [], [])
            if self.wake in ready:
                drain(self.wake)
                self.reap()
                self.sweep()
            if self.host in ready and not self.listen():
                return

    def listen(self) -> bool:
        """Read requests and the descriptors that came with them; False at the end."""
        data, descriptors = receive(self.host)
        self.descriptors += descriptors
        *lines, self.heard = (self.heard + data).split(b"\n")
        for line in lines:
            self.act(json.loads(line))
        return bool(data)

    def act(self, request: Message) -> None:
        match request["op"]:
            case "hello":
                os.environ.clear()
                os.environ.update(request["env"])
                self.host.sendall(encode({}))
            case "fork":
                self.fork(self.descriptors.pop(0))
            case "port":
                self.host.sendall(encode({"port": self.free_port()}))
            case unknown:
                raise ValueError(unknown)

    def fork(self, link: int) -> None:
        """A new supervisor, which waits for its order on the link."""
        pid = os.fork()
        if pid == 0:
            self.supervise(link)
        os.close(link)
        self.supervisors.add(pid)

    def supervise(self, link: int) -> None:
        """The life of a supervisor, in the forked process; never returns. Exit status 0: nothing is left behind."""
        status = 1
        try:
            for descriptor in [self.host.fileno(), *self.descriptors]:
                os.close(descriptor)
            if Supervisor(socket.socket(fileno=link)).run():
                status = 0
        finally:
            os._exit(status)

    def reap(self) -> None:
        """Collect the dead. A supervisor that was killed, or gave up, has left its processes to us."""
        with contextlib.suppress(ChildProcessError):
            while (dead := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = dead
                if pid in self.supervisors:
                    self.supervisors.remove(pid)
                    self.sweeping = self.sweeping or status != 0

    def sweep(self) -> None:
        """While there may be any, kill children that are no supervisors, and what is below them."""
        while self.sweeping:
            strays = {pid for pid, parent in parents().items() if parent == os.getpid()} - self.supervisors
            kill(strays | descendants(strays))
            self.sweeping = bool(strays)
            self.reap()

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
    offer_to_the_kernel()
    # Same user, same box: without this an agent's process could trace PID 1 or use its descriptors through /proc.
    prctl(PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python's handler would let a SIGINT from inside the box end PID 1; the kernel drops it when there is none.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.umask(0o022)
    gc.disable()
    gc.freeze()
    host = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    Init(host).serve()
    os._exit(0)
