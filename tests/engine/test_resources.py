import os
import resource
import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from mission_tui.domain.events import FeatureCompleted, MissionPaused, Recorded, RunStarted
from mission_tui.folders import remove_tree
from mission_tui.store import inbox
from mission_tui.store.inbox import Resume
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support.disks import fill, open_files, small_disk
from tests.support.engine import (
    APPROVING_REVIEWER,
    GOOD_WORKER,
    RUN_BYE,
    WRITE_BYE,
    bye,
    calls,
    events,
    hand_off,
    mission,
    plan,
    run,
    script,
    state,
    worker,
)
from tests.support.walls import plainly

FILLING_WORKER = worker(
    calls({"run_command": {"command": "cat /dev/zero >filler; echo full; seq 20000"}}),
    WRITE_BYE,
    RUN_BYE,
    hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}]),
)


@contextmanager
def no_more_files():
    """Something in this process has as many files open as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + 60, hard))

    def exhaust(one: Recorded) -> None:
        while isinstance(one.event, RunStarted):
            try:
                held.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                return

    try:
        yield exhaust
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def why_paused(files: MissionFiles) -> str:
    paused = state(files).paused
    return paused.reason if paused else "it is not"


async def test_a_disk_that_something_else_fills_pauses_the_mission_until_there_is_room(tmp_path: Path):
    with small_disk(tmp_path / "disk", 160) as disk:
        files = await mission(disk, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
        assert await run(files, lambda one: isinstance(one.event, RunStarted) and fill(disk)) == 3
        assert "no room left on the disk" in why_paused(files)
        (disk / "filler").unlink()
        inbox.send(files, Resume())
        assert await run(files) == 0
        assert len(events(files, FeatureCompleted)) == 1
        assert verify(files) == []


async def test_a_command_that_fills_the_disk_is_recorded_and_not_run_again(tmp_path: Path):
    with small_disk(tmp_path / "disk", 160) as disk:
        files = await mission(disk, script(tmp_path / "s.yaml", FILLING_WORKER, APPROVING_REVIEWER), plan(bye()))
        assert await run(files) == 3
        assert "no room left on the disk" in why_paused(files)
        with Reader(files) as reader:
            done = [s for s in reader.steps("R1") if s.name == "run_command"]
        assert [s.status for s in done] == ["done"]
        assert "No space left" in (done[0].result or {})["text"]
        (files.worktree / "filler").unlink()
        inbox.send(files, Resume())
        assert await run(files) == 0
        assert len(events(files, MissionPaused)) == 1
        assert verify(files) == []


async def test_too_many_open_files_pause_the_mission_and_it_goes_on_to_the_same_end(tmp_path: Path):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    with no_more_files() as exhaust:
        assert await run(files, exhaust) == 3
    assert "too many files are open" in why_paused(files)
    inbox.send(files, Resume())
    assert await run(files) == 0
    assert verify(files) == []


@contextmanager
def somebody_elses(files: MissionFiles, seconds: float):
    """Another program takes the database for so long when the first run begins."""
    with ThreadPoolExecutor() as pool, sqlite3.connect(files.database, check_same_thread=False) as other:
        held: list[Future[None]] = []

        def hold() -> None:
            other.execute("BEGIN IMMEDIATE")
            threading.Event().wait(seconds)
            other.execute("ROLLBACK")

        def take(one: Recorded) -> None:
            if isinstance(one.event, RunStarted) and not held:
                held.append(pool.submit(hold))

        yield take
        held[0].result()


async def test_a_database_that_another_program_holds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    monkeypatch.setattr("mission_tui.store.database.BUSY_TIMEOUT_S", 0.1)
    with somebody_elses(files, 0.5) as take:
        assert await run(files, take) == 0
    assert "is locked by another process" in capfd.readouterr().err
    assert events(files, MissionPaused) == []
    assert len(events(files, FeatureCompleted)) == 1
    assert verify(files) == []


async def test_folders_that_lie_a_thousand_deep_are_work_as_any_other(tmp_path: Path):
    digging = "python3 -c \"import os\nfor _ in range(1100):\n os.mkdir('d'); os.chdir('d')\nopen('f', 'w')\""
    deep = worker(calls({"run_command": {"command": digging}}), WRITE_BYE, hand_off())
    files = await mission(tmp_path, script(tmp_path / "s.yaml", deep, APPROVING_REVIEWER), plan(bye()))
    try:
        assert await run(files) == 0
        assert verify(files) == []
        saved = plainly("backup", files.id, str(tmp_path / "saved.tar.gz"), "--data-dir", str(tmp_path / "data"))
        assert saved.returncode == 0, saved.stderr
    finally:
        remove_tree(files.root)
    assert not files.root.exists()
