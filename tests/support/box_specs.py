"""Boxes over fresh directories."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mission_tui.workspace.box import BoxSpec


def spec_in(root: Path, **changes: Any) -> BoxSpec:
    parts = {"tree": root / "tree", "env_dir": root / "env", "run_dir": root / "run", "log_dir": root / "logs"}
    for part in parts.values():
        part.mkdir(exist_ok=True)
    return BoxSpec(**(parts | changes))


async def eventually(condition: Callable[[], Awaitable[bool]], limit_s: float = 20.0) -> None:
    """Wait for something that only asking can tell: a process in a box is gone, a log has a line."""
    async with asyncio.timeout(limit_s):
        while not await condition():  # noqa: ASYNC110 - nobody in this process could set an event
            await asyncio.sleep(0.01)


def answering(port: int) -> str:
    """A shell line that waits until a web server in the box answers."""
    return f"until curl --silent --output /dev/null http://localhost:{port}/; do sleep 0.02; done"
