"""What is kept of a task's output."""

import os

HEAD_BYTES = TAIL_BYTES = 64 * 1024
"""How much of the start and of the end of an output is kept in memory and sent back."""
LOG_BYTES = 64 * 1024 * 1024
"""A log stops growing here; the output is still counted."""


class Kept:
    """The head and the tail of a stream, with a line in place of what lies between."""

    def __init__(self) -> None:
        self.total = 0
        self.head = bytearray()
        self.tail = bytearray()

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = HEAD_BYTES - len(self.head)
        self.head += data[:room]
        if len(data) > room:
            self.tail += data[room:]
            del self.tail[:-TAIL_BYTES]

    def text(self) -> str:
        left_out = self.total - len(self.head) - len(self.tail)
        middle = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        return (bytes(self.head) + middle + bytes(self.tail)).decode(errors="replace")


class Output:
    """What a task wrote: kept in part in memory, and in a log up to its limit."""

    def __init__(self, log: int | None) -> None:
        self.all, self.stdout, self.stderr = Kept(), Kept(), Kept()
        self.log = log
        self.log_room = LOG_BYTES

    def add(self, data: bytes, stream: Kept | None) -> None:
        self.all.add(data)
        if stream is not None:
            stream.add(data)
        if self.log is not None:
            self.write_log(self.log, data)

    def write_log(self, log: int, data: bytes) -> None:
        cut = len(data) > self.log_room
        data = data[: self.log_room] + (b"\n[... log limit reached ...]\n" if cut else b"")
        self.log_room -= min(len(data), self.log_room)
        try:
            while data:
                data = data[os.write(log, data) :]
        except OSError:
            cut = True  # a full disk must not end the task; what was seen of its output is still reported
        if cut:
            self.log = None
