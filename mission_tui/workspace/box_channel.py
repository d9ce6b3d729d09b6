"""JSON lines with file descriptors beside them, over a Unix socket."""

import asyncio
import contextlib
import json
import socket
from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from mission_tui.domain.ports import JsonObject

_CHUNK = 256 * 1024


class Channel:
    """The engine's end of the conversation with a box. Use from one event loop only."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._turn = asyncio.Lock()

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

    async def messages(self) -> AsyncIterator[JsonObject]:
        """Every message until the other end hangs up."""
        loop = asyncio.get_running_loop()
        pieces: list[bytes] = []
        while data := await self._receive(loop):
            *lines, rest = data.split(b"\n")
            for line in lines:
                yield json.loads(b"".join([*pieces, line]))
                pieces.clear()
            pieces.append(rest)

    async def _receive(self, loop: asyncio.AbstractEventLoop) -> bytes:
        try:
            return await loop.sock_recv(self._socket, _CHUNK)
        except ConnectionError:
            return b""

    def hang_up(self) -> None:
        """Let the other end see the end of the conversation; what it says until it closes can still be read."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._socket.close()
