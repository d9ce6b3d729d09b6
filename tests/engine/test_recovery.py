import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from mission_tui.domain.events import DecisionOpened, FeatureCompleted, HandoffRecorded, RunEnded
from mission_tui.domain.ports import Message
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.conversation import messages_of
from mission_tui.engine.host import spawn_detached
from mission_tui.store import inbox
from mission_tui.store.errors import MissionBusy
from mission_tui.store.inbox import Abort, Resume, Stop
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import MissionLock
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support.engine import (
    APPROVING_REVIEWER,
    GOOD_WORKER,
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

SLOW = calls({"run_command": {"command": "echo begun; sleep 60", "timeout_s": 120}})
STUBBORN_WORKER = worker(
    WRITE_BYE,
    SLOW,
    {"when": {"result": "whether it finished is unknown"}, **calls({"run_command": {"command": "python3 bye.py"}})},
    hand_off(),
)


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never: {what}")


def running_command(files: MissionFiles) -> bool:
    with Reader(files) as reader:
        return any(s.name == "run_command" and s.status == "running" for s in reader.steps("R1"))


def conversation(files: MissionFiles, run_id: str = "R1") -> tuple[Message, ...]:
    with Reader(files) as reader:
        return messages_of(reader.context(run_id) or {}, reader.steps(run_id))


def boxes_alive(files: MissionFiles) -> bool:
    return any(b"bwrap" in line and files.id.encode() in line for line in command_lines())


def command_lines() -> Iterator[bytes]:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            yield entry.read_bytes()


async def test_an_engine_killed_in_a_command_goes_on_in_the_same_conversation(tmp_path: Path):
    seat = script(tmp_path / "s.yaml", STUBBORN_WORKER, APPROVING_REVIEWER)
    files = await mission(tmp_path, seat, plan(bye()))
    pid = spawn_detached(files)
    await until(lambda: running_command(files), "the command runs")
    before = conversation(files)
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, pid, 0)
    await until(lambda: not boxes_alive(files), "the box dies with its engine")
    assert await run(files) == 0
    after = conversation(files)
    assert after[: len(before)] == before
    assert "whether it finished is unknown" in after[len(before)].content
    with Reader(files) as reader:
        cut = [s for s in reader.steps("R1") if s.status == "unknown"]
    assert len(cut) == 1
    assert len(events(files, HandoffRecorded)) == 1
    assert len(events(files, FeatureCompleted)) == 1
    assert verify(files) == []


async def test_stop_cuts_a_command_off_and_resume_tells_the_agent(tmp_path: Path):
    seat = script(tmp_path / "s.yaml", STUBBORN_WORKER, APPROVING_REVIEWER)
    files = await mission(tmp_path, seat, plan(bye()))
    engine = asyncio.create_task(run(files))
    await until(lambda: running_command(files), "the command runs")
    inbox.send(files, Stop())
    assert await asyncio.wait_for(engine, 20) == 3
    assert state(files).status == "paused"
    assert not boxes_alive(files)
    inbox.send(files, Resume())
    assert await run(files) == 0


async def test_an_aborted_mission_ends_its_runs_and_can_not_be_changed(tmp_path: Path):
    seat = script(tmp_path / "s.yaml", STUBBORN_WORKER, APPROVING_REVIEWER)
    files = await mission(tmp_path, seat, plan(bye()))
    engine = asyncio.create_task(run(files))
    await until(lambda: running_command(files), "the command runs")
    inbox.send(files, Abort(reason="enough"))
    assert await asyncio.wait_for(engine, 20) == 4
    assert state(files).runs.active == ()
    assert [r.outcome for r in events(files, RunEnded)] == ["cancelled"]
    assert verify(files) == []


async def test_a_provider_that_refuses_parks_the_mission_and_a_new_start_tries_again(tmp_path: Path):
    seat = script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER)
    broken = SeatSettings(model=f"scripted:{tmp_path / 'absent.yaml'}")
    files = await mission(tmp_path, seat, plan(bye()), seats={"default": seat, "worker": broken})
    assert await run(files) == 5
    waiting = events(files, DecisionOpened)[-1].decision
    assert waiting.kind == "provider"
    assert "absent.yaml" in waiting.summary
    inbox.send(files, inbox.SetSeat(role="worker", seat=seat))
    assert await run(files) == 0


async def test_a_mission_has_one_engine(tmp_path: Path):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    with MissionLock.acquire(files):
        result = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "mission_tui.engine.host", str(files.root)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "engine" in result.stderr
        try:
            await run(files)
        except MissionBusy as busy:
            assert str(os.getpid()) in str(busy)
        else:
            raise AssertionError("two engines ran")
    assert await run(files) == 0
