"""Time as the engine knows it. Everything that is recorded, measured or waited for asks one clock."""

import asyncio
import contextlib
import time
from typing import Protocol


class Clock(Protocol):
    """What the engine's waits, times and durations come from. Processes and sockets keep to the machine's time."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    async def wait(self, news: asyncio.Event, limit_s: float | None) -> None:
        """Return when there is news, or after `limit_s` seconds."""
        ...


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def wait(self, news: asyncio.Event, limit_s: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), limit_s)
