"""Retries around any model, visible to whoever journals them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import Delta, Model, ModelRequest, ModelUnavailable, Reply


class RetryPolicy(Frozen):
    """How stubborn to be. The defaults try for about ten minutes."""

    attempts: int = Field(default=8, ge=1)
    """Calls in all, the first included."""
    first_delay_s: float = Field(default=1.0, ge=0)
    """Before the second call; it doubles from then on."""
    longest_delay_s: float = Field(default=120.0, ge=0)
    total_s: float = Field(default=900.0, ge=0)
    """No new wait begins that would end later than this after the first call."""


_LOOK_S = 0.5
"""How often a long wait asks whether the call is still wanted."""


class RetryNotice(Frozen):
    """A call failed and will be made again."""

    attempt: int
    """Number of the call to come: 2 for the first retry."""
    delay_s: float
    reason: str

    def __str__(self) -> str:
        return f"retry {self.attempt} in {self.delay_s:.0f} s because {self.reason}"


@dataclass(frozen=True)
class Waiting:
    """How time passes; tests pass their own."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = time.time
    """Unix seconds, which is what `retry_at` is in."""
    jitter: Callable[[], float] = random.random
    """Between 0 and 1."""


@dataclass(frozen=True)
class Retries:
    """What whoever asks has to do with calls that are made again."""

    told: Callable[[RetryNotice], None] = lambda _: None
    still_wanted: Callable[[], None] = lambda: None
    """Asked while a call waits, and right before it is made; raises what is to end it."""


class Retrying:
    """A model that repeats calls which failed for a passing reason.

    Only ModelUnavailable is retried; when its turn is over it is raised with the provider's `retry_at`. A wait that the
    provider asked for is kept in full, or the call is given up at once if it does not fit into the policy's time.
    """

    def __init__(
        self,
        model: Model,
        policy: RetryPolicy | None = None,
        retries: Retries | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._policy = policy or RetryPolicy()
        self._retries = retries or Retries()
        self._waiting = waiting or Waiting()

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        """Answer the request, waiting and calling again as the policy allows."""
        start = self._waiting.now()
        attempt = 1
        while True:
            try:
                return await self._model.complete(request, on_delta)
            except ModelUnavailable as error:
                delay = self._delay(attempt, error)
                late = self._waiting.now() + delay - start > self._policy.total_s
                if attempt >= self._policy.attempts or late:
                    raise ModelUnavailable(f"{error} (after {attempt} {_calls(attempt)})", error.retry_at) from error
                reason = str(error)
            attempt += 1
            self._retries.told(RetryNotice(attempt=attempt, delay_s=delay, reason=reason))
            await self._wait(delay)

    async def _wait(self, delay: float) -> None:
        """Return when the next call may be made; raise as soon as nobody wants it any more."""
        sleep = asyncio.ensure_future(self._waiting.sleep(delay))
        try:
            while not sleep.done():
                self._retries.still_wanted()
                await asyncio.wait({sleep}, timeout=_LOOK_S)
            await sleep
        finally:
            sleep.cancel()
        self._retries.still_wanted()

    def _delay(self, attempt: int, error: ModelUnavailable) -> float:
        policy = self._policy
        backoff = min(policy.first_delay_s * 2 ** (attempt - 1), policy.longest_delay_s)
        spread = backoff * (0.5 + self._waiting.jitter() / 2)
        if error.retry_at is None:
            return spread
        return max(error.retry_at - self._waiting.now(), 0.0) + spread / 10


def _calls(number: int) -> str:
    return "call" if number == 1 else "calls"
