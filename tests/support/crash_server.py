"""Plays the crash mission in forked processes, each with its own orders to die: a fork costs no second of imports.

`python -m tests.support.crash_server` reads JSON lines `{"root", "act", "at", "log"}` and answers each with the exit
code, -9 for a process that was killed.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from mission_tui import crashpoints
from mission_tui.engine.host import spawn_detached
from tests.support import crash_beside, crash_mission

LONGEST_S = 300


def act(order: dict[str, str]) -> int:
    """In the child: arm, and play. `create` and `run` take the mission to its end, `spawn` starts an engine for it."""
    os.environ.update({crashpoints.AT: order["at"], crashpoints.LOG: order["log"]})
    crashpoints.read_plan()
    root = Path(order["root"])
    if order["act"] in crash_beside.ACTS:
        crash_beside.ACTS[order["act"]](root)
        return 0
    asyncio.run(crash_mission.create(root))
    if order["act"] == "spawn":
        engine(root)
    return asyncio.run(crash_mission.play(root))


def engine(root: Path) -> None:
    """Start one as `run --detach` does, which must die as well as any other: it is killed at once."""
    files = crash_mission.the_mission(root)
    crash_mission.lay_environment(root, files)
    for name in (crashpoints.AT, crashpoints.LOG):
        del os.environ[name]
    pid = spawn_detached(files)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def end_orphans(root: str) -> None:
    """Kill the engine of one who died before it could: it would go on by itself, as it should, and without orders."""
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"engine.host\0{root}/" in found.read_text():
                os.kill(int(found.parent.name), signal.SIGKILL)


def serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(2, 1)
            try:
                os._exit(act(order))
            except BaseException as error:
                print(f"crash server: {order}: {error!r}", file=sys.stderr)
                traceback.print_exception(error)
                sys.stderr.flush()
                os._exit(99)
        _, status = os.waitpid(child, 0)
        end_orphans(order["root"])
        print(os.waitstatus_to_exitcode(status), flush=True)


class CrashServer:
    """A server of one's own; use as a context manager."""

    def __enter__(self) -> "CrashServer":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.crash_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def play(self, root: Path, at: str = "", log: str = "", act: str = "run") -> int:
        """Play until the process ends: 0 when the mission is completed, -9 when it was killed where it should."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order: dict[str, Any] = {"root": str(root), "at": at, "log": log, "act": act}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline() or 98)


if __name__ == "__main__":
    serve()
