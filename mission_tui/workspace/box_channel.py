"""JSON lines with file descriptors beside them, over a Unix socket."""

import asyncio
import contextlib
import json
import socket
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from mission_tui.domain.ports import JsonObject

_CHUNK = 256 * 1024


class Channel:
    """The engine's end of the conversation with a box. Use from one event loop only."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._turn = asyncio.Lock()
        self._heard = bytearray()

    async def send(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one line; the receiver gets copies of the descriptors. Raises OSError when the other end is gone."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))] if descriptors else []
        async with self._turn:
            while data:
                try:
                    sent = self._socket.sendmsg([data], ancillary)
                except BlockingIOError:
                    await self._writable()
                    continue
                data, ancillary = data[sent:], []

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_writer(self._socket, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_writer(self._socket)

    async def receive(self) -> JsonObject | None:
        """The next message; None when the other end has hung up. A cancelled call loses nothing."""
        loop = asyncio.get_running_loop()
        searched = 0
        while (end := self._heard.find(b"\n", searched)) < 0:
            searched = len(self._heard)
            try:
                data = await loop.sock_recv(self._socket, _CHUNK)
            except OSError:
                return None
            if not data:
                return None
            self._heard += data
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        return json.loads(line)

    def is_over(self) -> bool:
        """Whether the other end has gone and left nothing to read."""
        if self._heard:
            return False
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def hang_up(self) -> None:
        """Let the other end see the end of the conversation; what it says until it closes can still be read."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._socket.close()
