"""The `Model` port over litellm: one streamed call, watched, priced, and either whole or an error."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import AnswerTooLong, Delta, ModelError, ModelRequest, ModelUnavailable, Reply, Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.litellm_errors import as_model_error
from mission_tui.llm.litellm_loader import load, preload
from mission_tui.llm.litellm_request import call_arguments, key_of
from mission_tui.llm.litellm_stream import LONGEST, Assembler, early_end, is_whole, usage_was_reported
from mission_tui.llm.litellm_types import RawUsage, Stream, field
from mission_tui.llm.pricing import usage_of

_BREATH = 20
"""Chunks after which the event loop gets a turn: a burst of instant chunks would hold it for a second."""
_CONNECT_S = 20.0
_CHARS = 4
"""Characters of a token, for an estimate."""


class Watchdog(Frozen):
    """How long a stream may be silent, in seconds. Keep-alives and empty chunks do not count as sound."""

    first_token_s: float = Field(default=600.0, gt=0)
    """Models that think unseen take minutes before their first token."""
    idle_s: float = Field(default=120.0, gt=0)
    total_s: float = Field(default=3600.0, gt=0)


class LitellmModel:
    """A seat's model through litellm. It never retries: see `retry.Retrying`.

    Raises ModelMisconfigured, ContextOverflow or ModelUnavailable; `preload` litellm before the first call or that call
    does it.
    """

    def __init__(self, seat: SeatSettings, watchdog: Watchdog | None = None) -> None:
        self.name = seat.model
        self._seat = seat
        self._watchdog = watchdog or Watchdog()

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        """Answer the request with one call to the provider."""
        arguments = call_arguments(self._seat, request)
        await preload()
        silence = _Silence(self._watchdog)
        try:
            async with silence.limit:
                return await self._stream(request, arguments, on_delta, silence)
        except ModelError:
            raise
        except Exception as error:  # providers fail in every way there is; all of them become one typed line
            if silence.limit.expired():
                raise ModelUnavailable(f"model {self.name}: {silence.verdict()}") from error
            raise as_model_error(error, self._seat, secret=_secret(self._seat)) from error

    async def _stream(
        self,
        request: ModelRequest,
        arguments: dict[str, Any],
        on_delta: Callable[[Delta], None],
        silence: "_Silence",
    ) -> Reply:
        turn = sum(message.role == "assistant" for message in request.messages)
        send_reasoning = bool(self._seat.options.get("send_reasoning", True))
        answer = Assembler(self.name, turn, on_delta, send_reasoning=send_reasoning)
        usage: object = None
        async with _opened(arguments, self._watchdog) as stream:
            count = 0
            async for chunk in stream:
                count += 1
                if answer.feed(chunk):
                    silence.heard()
                if answer.length > LONGEST:
                    raise self._too_long(request, answer.length)
                usage = field(chunk, "usage") or usage
                if count % _BREATH == 0:
                    await asyncio.sleep(0)
            if not is_whole(stream):
                raise ModelUnavailable(f"model {self.name}: {_cut(stream)}")
            reported = usage_was_reported(stream)
        cost = usage_of(load(), self._seat, cast("RawUsage | None", usage), reported=reported)
        return Reply(message=answer.message(), usage=cost, finish=early_end(stream))

    def _too_long(self, request: ModelRequest, length: int) -> AnswerTooLong:
        sent = sum(len(message.content) for message in request.messages)
        usage = Usage(input_tokens=sent // _CHARS, output_tokens=length // _CHARS, usd_known=False)
        return AnswerTooLong(f"model {self.name}: an answer of more than {LONGEST:,} characters", LONGEST, usage)


class _Silence:
    """One deadline that every token moves, never beyond the whole call's."""

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog
        self._clock = asyncio.get_running_loop().time
        self._start = self._clock()
        self._end = self._start + watchdog.total_s
        self._heard = False
        self.limit = asyncio.timeout_at(min(self._start + watchdog.first_token_s, self._end))

    def heard(self) -> None:
        self._heard = True
        self.limit.reschedule(min(self._clock() + self._watchdog.idle_s, self._end))

    def verdict(self) -> str:
        """Why the call was given up."""
        if self._clock() >= self._end:
            return f"no whole answer after {self._watchdog.total_s:g} s"
        if self._heard:
            return f"the answer stalled: nothing for {self._watchdog.idle_s:g} s"
        return f"no first token after {self._watchdog.first_token_s:g} s"


@asynccontextmanager
async def _opened(arguments: dict[str, Any], watchdog: Watchdog) -> AsyncGenerator[Stream]:
    """A litellm stream that is closed, with its connection, however the reading ends."""
    import httpx

    timeout = httpx.Timeout(max(watchdog.first_token_s, watchdog.idle_s) + 60, connect=_CONNECT_S)
    stream = await load().acompletion(**arguments, timeout=timeout)
    try:
        yield stream
    finally:
        with suppress(Exception):
            await stream.aclose()


def _cut(stream: Stream) -> str:
    if not stream.chunks:
        return "the endpoint answered without a single event (does api_base point at a chat API?)"
    return "the answer was cut off before its end"


def _secret(seat: SeatSettings) -> str | None:
    try:
        return key_of(seat) if seat.api_key_env else None
    except ModelError:
        return None
