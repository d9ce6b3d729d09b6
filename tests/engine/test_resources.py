import os
import resource
from contextlib import contextmanager
from pathlib import Path

from mission_tui.domain.events import FeatureCompleted, MissionPaused, Recorded, RunStarted
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
