"""A local server that speaks the OpenAI chat protocol, streamed or whole, and can misbehave on purpose.

Its answers come from a callable or from a mission script, its faults from a queue: each request takes the next one.
As a program it serves a script: `python -m tests.support.openai_server --script FILE [--port N]` prints its address.
"""

import argparse
import asyncio
import inspect
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from mission_tui.domain.ports import (
    ContextOverflow,
    Message,
    Model,
    ModelError,
    ModelRequest,
    Reply,
    ToolCall,
)
from tests.support.openai_wire import PIECE, chunk_of, chunks_of, completion_of, request_of, sse

Answer = Callable[[ModelRequest], Reply | Awaitable[Reply]]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: a status with a body, or a stream that breaks after some chunks."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    """Sent instead of an answer."""
    after: int = 0
    """Chunks of the right answer that are sent before the stream breaks."""
    then: Literal["end", "reset", "stall", "keep_alive", "error", "empty_deltas", "drip", "garbage"] = "end"
    instead: Message | None = None
    """An answer that is streamed whole in the place of the right one."""
    finish: str | None = None
    """Its finish reason, if it is an unusual one."""
    silent: bool = False
    """Not even a header comes."""


def _refusal(status: int, message: str, code: str | None = None, **headers: str) -> Fault:
    body = json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}})
    return Fault(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


RATE_LIMITED = _refusal(429, "Rate limit reached for requests", "rate_limit_exceeded")
OUT_OF_CREDIT = _refusal(429, "You exceeded your current quota", "insufficient_quota")
FORBIDDEN_QUOTA = _refusal(403, "You have insufficient quota for this request", "insufficient_quota")
PAYMENT_REQUIRED = _refusal(402, "Insufficient balance")
SERVER_ERROR = _refusal(500, "The server had an error")
OVERLOADED = _refusal(503, "Overloaded")
BUSY = _refusal(529, "Overloaded")
BAD_KEY = _refusal(401, "Incorrect API key provided", "invalid_api_key")
UNKNOWN_MODEL = _refusal(404, "The model does not exist or you do not have access to it", "model_not_found")
UNKNOWN_PATH = _refusal(404, "Invalid URL")
BAD_REQUEST = _refusal(400, "Invalid schema for function", "invalid_function_parameters")
TOO_LONG = _refusal(
    400, "This model's maximum context length is 8192 tokens, your messages have 9000", "context_length_exceeded"
)
HTML_PAGE = Fault(headers={"content-type": "text/html"}, body="<!doctype html><title>Sign in</title><p>Hello")
EMPTY_BODY = Fault(body="")


def rate_limited(retry_after: str) -> Fault:
    """A 429 that names when to come back: seconds or an HTTP date."""
    return _refusal(429, "Rate limit reached for requests", "rate_limit_exceeded", retry_after=retry_after)


def ends_after(chunks: int) -> Fault:
    """The connection ends in order, but without finish reason, usage or `[DONE]`."""
    return Fault(after=chunks, then="end")


def resets_after(chunks: int) -> Fault:
    return Fault(after=chunks, then="reset")


def stalls_after(chunks: int) -> Fault:
    return Fault(after=chunks, then="stall")


def keeps_alive_after(chunks: int) -> Fault:
    """Comment lines for ever, as a proxy sends them to hold a dead stream open."""
    return Fault(after=chunks, then="keep_alive")


def empty_deltas_after(chunks: int) -> Fault:
    """Chunks without any content for ever."""
    return Fault(after=chunks, then="empty_deltas")


def drips() -> Fault:
    """A token now and then, for ever."""
    return Fault(then="drip")


def error_event_after(chunks: int) -> Fault:
    """An error object in the middle of the stream."""
    return Fault(after=chunks, then="error")


def answers(*calls: tuple[str, str], text: str = "", finish: str | None = None) -> Fault:
    """A stream that is whole, of an answer that is not what it should be; `calls` are names and raw arguments."""
    message = Message(
        role="assistant",
        content=text,
        tool_calls=tuple(ToolCall(id=f"odd_{k}", name=n, arguments=a) for k, (n, a) in enumerate(calls)),
    )
    return Fault(instead=message, finish=finish)


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes
    """The body as it came over the wire."""


class OpenAIServer:
    """Serves `answer` at `url` on 127.0.0.1; an async context manager.

    `burst` writes a whole stream at once, which is as fast as a server can be; else each chunk is a write of its own.
    `choose` gives a request its fault when the queue is empty. Without `indexed` every tool call has index 0, as
    careless servers send them.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        burst: bool = False,
        indexed: bool = True,
        port: int = 0,
        choose: Callable[[Received], Fault | None] = lambda _: None,
    ) -> None:
        self._answer = answer
        self._choose = choose
        self._indexed = indexed
        self._burst = burst
        self._port = port
        self.faults: deque[Fault] = deque()
        self.requests: list[Received] = []
        self.idle = asyncio.Event()
        """Set while no request is being answered."""
        self._active = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self._connections: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The `api_base` of a seat."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._one_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        received = await read_request(reader)
        if received.path != "/v1/chat/completions":
            await whole(writer, UNKNOWN_PATH.status, {}, UNKNOWN_PATH.body or "")
            return False
        self.requests.append(received)
        self._active += 1
        self.idle.clear()
        try:
            fault = self.faults.popleft() if self.faults else self._choose(received)
            if fault is None:
                return await self._reply(received.body, writer)
            await self._break(fault, received.body, writer)
            return False
        finally:
            self._active -= 1
            if not self._active:
                self.idle.set()

    async def _ask(self, body: dict[str, Any]) -> Reply:
        reply = self._answer(request_of(body))
        return await reply if inspect.isawaitable(reply) else reply

    async def _reply(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        try:
            reply = await self._ask(body)
        except ContextOverflow:
            await whole(writer, TOO_LONG.status, {}, TOO_LONG.body or "")
            return False
        except ModelError as error:
            refusal = _refusal(400, str(error))
            await whole(writer, refusal.status, {}, refusal.body or "")
            return False
        if not body.get("stream"):
            await whole(writer, 200, {}, json.dumps(completion_of(body, reply)), keep=True)
            return True
        events = [*map(sse, self._chunks(body, reply)), b"data: [DONE]\n\n"]
        writer.write(head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        if self._burst:
            events = [b"".join(events)]
        for event in events:
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def _chunks(self, body: dict[str, Any], reply: Reply) -> list[dict[str, Any]]:
        chunks = chunks_of(body, reply)
        if not self._indexed:
            for chunk in chunks:
                for call in [call for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", [])]:
                    call["index"] = 0
        return chunks

    async def _stream_instead(
        self, fault: Fault, message: Message, body: dict[str, Any], writer: asyncio.StreamWriter
    ) -> None:
        writer.write(head(200, {"content-type": "text/event-stream", "connection": "close"}))
        piece = max(PIECE, len(message.content) // 100)
        for chunk in chunks_of(body, Reply(message=message), piece):
            writer.write(sse(_with_finish(chunk, fault.finish)))
            await writer.drain()
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    async def _break(self, fault: Fault, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if fault.silent:
            await asyncio.get_running_loop().create_future()
        if fault.body is not None:
            await whole(writer, fault.status, fault.headers, fault.body)
            return
        if fault.instead is not None:
            await self._stream_instead(fault, fault.instead, body, writer)
            return
        writer.write(head(200, {"content-type": "text/event-stream", "connection": "close"}))
        for chunk in chunks_of(body, await self._ask(body))[: fault.after]:
            writer.write(sse(chunk))
        await writer.drain()
        await _break_off(fault, body, writer)


async def _break_off(fault: Fault, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """How a stream ends that was begun well."""
    match fault.then:
        case "end":
            pass
        case "reset":
            writer.transport.abort()
        case "stall":
            await asyncio.get_running_loop().create_future()
        case "keep_alive":
            await _repeat(writer, b": still here\n\n")
        case "empty_deltas":
            await _repeat(writer, sse(chunk_of(body, {"content": ""})))
        case "drip":
            await _repeat(writer, sse(chunk_of(body, {"content": "more "})))
        case "garbage":
            writer.write(b"data: {not json\n\nevent: ?\ndata\n\n")
            await writer.drain()
        case "error":
            writer.write(b'data: {"error": {"message": "upstream died", "type": "server_error", "code": 502}}\n\n')
            await writer.drain()


def _with_finish(chunk: dict[str, Any], finish: str | None) -> dict[str, Any]:
    for choice in chunk["choices"]:
        if choice["finish_reason"] is not None and finish is not None:
            choice["finish_reason"] = finish
    return chunk


async def _repeat(writer: asyncio.StreamWriter, line: bytes) -> None:
    while True:
        writer.write(line)
        await writer.drain()
        await asyncio.sleep(0.01)


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0].split(" ")[1], headers, json.loads(body or b"{}"), body)


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


async def whole(
    writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], body: str, *, keep: bool = False
) -> None:
    data = body.encode()
    fixed = {"content-length": str(len(data)), "connection": "keep-alive" if keep else "close"}
    writer.write(head(status, {"content-type": "application/json", **headers, **fixed}) + data)
    await writer.drain()


def asking(model: Model) -> Answer:
    """Answers of another model, for example of a scripted one."""
    return lambda request: model.complete(request, lambda _: None)


@contextmanager
def in_thread(answer: Answer, *, burst: bool = False) -> Iterator[OpenAIServer]:
    """The server in a thread of its own, for tests that block while another process talks to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = OpenAIServer(answer, burst=burst)
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        yield server
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _serve(script: Path, port: int) -> None:
    from mission_tui.llm.scripted import ScriptedModel

    async with OpenAIServer(asking(ScriptedModel(script)), burst=True, port=port) as server:
        print(server.url, flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.script, options.port))
