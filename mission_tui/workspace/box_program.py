"""A long-lived process in a box that answers JSON lines."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from mission_tui.domain.ports import BoxError, JsonObject
from mission_tui.workspace.box_logs import read_tail

_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)
_LINE_BYTES = 64 << 20
"""Longest answer that is taken."""


class BoxProgram:
    """See `domain.ports.Program`. An answer that is late, cut or no JSON object ends the program: it is out of step."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        log: Path,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._log = log
        self._end = end
        self._turn = asyncio.Lock()
        self._closed = False

    @classmethod
    async def connect(cls, ours: socket.socket, log: Path, end: Callable[[], Awaitable[None]]) -> "BoxProgram":
        """Take over our end of the program's standard input and output; `end` kills it and waits until it is gone."""
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_LINE_BYTES)
        return cls(reader, writer, log, end)

    async def request(self, message: Mapping[str, Any], timeout_s: float) -> JsonObject:
        """Send one JSON object and return the answer. Raises BoxError on end of file, timeout or bad JSON."""
        async with self._turn:
            if self._closed:
                raise BoxError("the program has ended: start it again")
            try:
                return await self._exchange(message, timeout_s)
            except BoxError as error:
                await self.close()
                raise BoxError(f"{error}{self._last_words()}") from error
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Hang up, terminate it and wait until it is gone. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._writer.transport.abort()  # not close(), which would wait for a program that no longer reads
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        await self._end()

    async def _exchange(self, message: Mapping[str, Any], timeout_s: float) -> JsonObject:
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(json.dumps(message).encode() + b"\n")
                await self._writer.drain()
                line = await self._reader.readline()
        except TimeoutError:
            raise BoxError(f"the program did not answer within {timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            raise BoxError(f"the program's answer was lost ({error})") from error
        if not line.endswith(b"\n"):
            raise BoxError("the program ended without an answer")
        try:
            return _OBJECT.validate_json(line)
        except ValueError as error:
            raise BoxError(f"the program's answer is not a JSON object: {line[:200]!r}") from error

    def _last_words(self) -> str:
        said = read_tail(self._log, 2000).strip().splitlines()
        return f": {said[-1]}" if said else ""
