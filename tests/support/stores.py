"""Missions on the disk, for tests of the store and of what reads it."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mission_tui.domain.events import AnyEvent
from mission_tui.domain.gates import check
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import Journal
from mission_tui.store.layout import MissionFiles, new_mission_files
from mission_tui.store.ledger import Ledger
from mission_tui.store.redact import NO_SECRETS, Redactor
from tests.support.missions import created

ROOT = Path(__file__).parents[2]


def ticking(start: float = 1000.0) -> Callable[[], float]:
    """A clock that goes on by one second with every look."""
    ticks = itertools.count(start)
    return lambda: next(ticks)


class Store:
    """One mission's stores, open for writing."""

    def __init__(self, db: MissionDatabase, files: MissionFiles) -> None:
        clock = ticking()
        self.files = files
        self.db = db
        self.ledger = Ledger(db, check, clock)
        self.journal = Journal(db, clock)


def new_store(data: Path, mission_id: str = "demo-1", redactor: Redactor = NO_SECRETS) -> Store:
    files = new_mission_files(data, mission_id)
    return Store(MissionDatabase.create(files, redactor), files)


def stored(data: Path, events: Sequence[AnyEvent], mission_id: str = "demo-1") -> MissionFiles:
    """A mission with these events, closed again."""
    store = new_store(data, mission_id)
    store.ledger.append(*events)
    store.db.close()
    return store.files


def empty_mission(data: Path, mission_id: str = "demo-1") -> MissionFiles:
    return stored(data, [created(id=mission_id)], mission_id)


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of our own Python that runs some code; its arguments are `sys.argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Look again and again; an AssertionError when it never comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)
