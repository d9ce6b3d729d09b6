"""Work beside each other in which no part is lost because another one failed."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def all_of(parts: Iterable[Awaitable[T]]) -> list[T]:
    """Every result in order. A part that fails lets the others come to their end; then its error is raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]
