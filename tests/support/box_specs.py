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
    """A shell line that waits until a server in the box listens."""
    return f"until {knocking(port)}; do sleep 0.02; done"


def knocking(port: int) -> str:
    """A shell line that leaves with 0 when a server in the box listens, else with 1; bash needs no other program."""
    return f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null"


def fetching(port: int) -> str:
    """A shell line that prints what a web server in the box answers."""
    script = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())"
    return f"python3 -c '{script}' http://localhost:{port}/"


def running(word: str) -> str:
    """A shell line that leaves with 0 when a process in the box has this word in its command line, else with 1."""
    return f"cat /proc/[0-9]*/cmdline 2>/dev/null | grep --quiet --text '[{word[0]}]{word[1:]}'"
