"""Named places at which a test may kill the process, as a power cut would: with SIGKILL, nothing is tidied up.

`MISSION_TUI_CRASH_AT=NAME` or `NAME#3` kills this process when it comes to the place for the first or third time;
`MISSION_TUI_CRASH_LOG=FILE` appends every place it comes to; with `MISSION_TUI_CRASH_AT=*` the process dies at the
first place that the file does not have yet. Neither is set in real life: then a place costs one
comparison. Whatever changes something that outlives the process stands between two of them.
"""

import os
import signal
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

AT = "MISSION_TUI_CRASH_AT"
LOG = "MISSION_TUI_CRASH_LOG"
ANY = "*"


@dataclass
class _Plan:
    """What a test wants of this process."""

    name: str
    occurrence: int
    log: str | None
    seen: Counter[str] = field(default_factory=Counter[str])
    turn: Lock = field(default_factory=Lock)

    def reach(self, name: str) -> None:
        with self.turn:
            self.seen[name] += 1
            if self.name == ANY and self.seen[name] > 1:
                return
            if self.log is not None:
                with open(self.log, "a", encoding="utf-8") as stream:  # noqa: PTH123 - the quickest way, and no import
                    stream.write(f"{name}\n")
            if self.name in (name, ANY) and self.seen[name] == self.occurrence:
                os.kill(os.getpid(), signal.SIGKILL)


def _planned() -> _Plan | None:
    at, log = os.environ.get(AT), os.environ.get(LOG) or None
    if not at and not log:
        return None
    name, _, number = (at or "").partition("#")
    plan = _Plan(name, int(number or 1), log)
    if name == ANY and log and os.path.exists(log):  # noqa: PTH110 - no import for this
        with open(log, encoding="utf-8") as stream:  # noqa: PTH123
            plan.seen.update(stream.read().split())
    return plan


_plan = _planned()


def read_plan() -> None:
    """Look at the environment again: for tests that fork instead of starting a program."""
    global _plan
    _plan = _planned()


def reach(name: str) -> None:
    """The process is at this place."""
    if _plan is not None:
        _plan.reach(name)


@contextmanager
def around(name: str) -> Generator[None]:
    """Two places, before and after something that outlives the process."""
    reach(f"{name}:before")
    yield
    reach(f"{name}:after")
