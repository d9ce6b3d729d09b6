import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from mission_tui.cli.look import read_status
from mission_tui.cli.tables import status_text
from mission_tui.domain.events import DecisionOpened, FeatureCompleted, HandoffRecorded, RunEnded
from mission_tui.domain.ports import Message
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.conversation import messages_of
from mission_tui.engine.host import spawn_detached
from mission_tui.llm.scripted import ScriptedModel
from mission_tui.report.write import write_report
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
from tests.support.openai_server import OpenAIServer, Received, asking, stalls_after

SLOW = calls({"run_command": {"command": "echo begun; sleep 60", "timeout_s": 120}})
STUBBORN_WORKER = worker(
    WRITE_BYE,
    SLOW,
    {"when": {"result": "whether it finished is unknown"}, **calls({"run_command": {"command": "python3 bye.py"}})},
    hand_off(),
)


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(2000):
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


def sent(server: OpenAIServer) -> list[Received]:
    """The worker's requests."""
    return [r for r in server.requests if "Role: worker" in r.body["messages"][0]["content"]]


def raw_messages(request: Received) -> bytes:
    """The bytes of a request's messages as they came over the wire, without the bracket that ends them."""
    text = request.raw.decode()
    start = re.search(r'"messages":\s*(?=\[)', text)
    assert start is not None
    messages, end = json.JSONDecoder().raw_decode(text, start.end())
    assert messages == request.body["messages"]
    return text[start.end() : end - 1].encode()


async def killed(pid: int, files: MissionFiles) -> None:
    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, pid, 0)
    await until(lambda: not boxes_alive(files), "the box dies with its engine")


async def test_after_a_kill_in_a_command_the_next_request_begins_with_the_same_bytes(tmp_path: Path):
    played = script(tmp_path / "s.yaml", STUBBORN_WORKER, APPROVING_REVIEWER)
    model = ScriptedModel(Path(played.model.removeprefix("scripted:")))
    async with OpenAIServer(asking(model)) as server:
        files = await mission(tmp_path, SeatSettings(model="openai/local", api_base=server.url), plan(bye()))
        pid = spawn_detached(files)
        await until(lambda: running_command(files) and logged(files), "the command runs")
        before = sent(server)
        await killed(pid, files)
        assert await run(files) == 0
        requests = sent(server)
    after = requests[len(before)]
    assert raw_messages(after).startswith(raw_messages(before[-1]) + b",")
    assert after.raw.partition(b'"messages"')[0] == before[-1].raw.partition(b'"messages"')[0]
    assert after.body["tools"] == before[-1].body["tools"]
    assert len(after.body["messages"]) == len(before[-1].body["messages"]) + 2
    cut = after.body["messages"][-1]
    assert "whether it finished is unknown" in cut["content"]
    assert "begun" in cut["content"].partition("Its output so far")[2]


def logged(files: MissionFiles) -> bool:
    return any("begun" in log.read_text() for log in (files.runs / "R1" / "logs").glob("command-*.log"))


async def test_after_a_kill_in_a_model_call_the_same_bytes_are_sent_again_and_the_call_counts_as_repeated(
    tmp_path: Path,
):
    played = script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER)
    model = ScriptedModel(Path(played.model.removeprefix("scripted:")))
    async with OpenAIServer(asking(model)) as server:
        files = await mission(tmp_path, SeatSettings(model="openai/local", api_base=server.url), plan(bye()))
        for _ in range(2):
            server.faults.append(stalls_after(1))
            known = len(server.requests)
            pid = spawn_detached(files)
            await until(lambda known=known: len(server.requests) > known, "the model is asked")
            await killed(pid, files)
        assert await run(files) == 0
        requests = sent(server)
    assert requests[0].raw == requests[1].raw == requests[2].raw
    with Reader(files) as reader:
        cut = [s for s in reader.steps("R1") if s.kind == "model" and s.status == "failed"]
        assert reader.repeated_calls() == 2
    assert ["billed twice" in str(s.result) for s in cut] == [True, True]
    assert "of work (2 calls perhaps billed twice)" in status_text(read_status(files))
    page = write_report(files, tmp_path / "report").read_text()
    assert "<b>2</b><span>model calls perhaps billed twice</span>" in page
    assert verify(files) == []
