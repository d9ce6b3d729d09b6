"""What the box's first process and its supervisors need from the kernel."""

import array
import contextlib
import ctypes
import json
import os
import signal
import socket
from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing `typing` would be a tenth of a box's start
    from typing import Any

    Message = dict[str, Any]
else:
    Message = dict

CHUNK = 64 * 1024
MAX_DESCRIPTORS = 8
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def encode(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def receive(link: socket.socket) -> tuple[bytes, list[int]]:
    """Some bytes and the descriptors that came with them; no bytes at the end."""
    numbers = array.array("i")
    room = socket.CMSG_SPACE(MAX_DESCRIPTORS * numbers.itemsize)
    data, ancillary, _, _ = link.recvmsg(CHUNK, room, socket.MSG_CMSG_CLOEXEC)
    for _, _, packed in ancillary:
        numbers.frombytes(packed[: len(packed) - len(packed) % numbers.itemsize])
    return data, list(numbers)


def ignore(_signal: int, _frame: object) -> None:
    """A handler that does nothing: without one, no wake-up byte is written."""


def wake_on_child_exit() -> int:
    """A descriptor that becomes readable whenever a child of this process changes state."""
    readable, writable = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, ignore)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def parents() -> dict[int, int]:
    """The parent of every process in this PID namespace."""
    found: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - importing pathlib would be a fifth of a box's start
        if name.isdigit():
            with contextlib.suppress(OSError):
                # The command name, in parentheses, may hold anything: fields are counted from the last one.
                found[int(name)] = int(read(f"/proc/{name}/stat").rpartition(b")")[2].split()[1])
    return found


def read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - importing pathlib would be a fifth of a box's start
        return file.read()


def descendants(roots: Iterable[int]) -> set[int]:
    """All processes below the given ones, without them."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    queue = list(roots)
    while queue:
        for child in children.get(queue.pop(), []):
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
