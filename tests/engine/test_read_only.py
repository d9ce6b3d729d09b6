"""A folder that cannot be written, a limit on files, and a file that may not grow: the mission pauses and says why."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from mission_tui.domain.budget import Limits
from mission_tui.domain.events import FeatureCompleted, HandoffRecorded, Recorded
from mission_tui.domain.ports import BoxError, ModelError
from mission_tui.store import inbox
from mission_tui.store.errors import CannotWrite, lacking
from mission_tui.store.inbox import Resume
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from mission_tui.tools.tree import TreeFiles
from mission_tui.workspace.git_plumbing import GitError
from tests.support.engine import (
    APPROVING_REVIEWER,
    GOOD_WORKER,
    RUN_BYE,
    WRITE_BYE,
    bye,
    calls,
    command_proof,
    events,
    hand_off,
    mission,
    plan,
    run,
    script,
    state,
    worker,
)
from tests.support.walls import forbidden, plainly, read_only


async def ready(root: Path) -> MissionFiles:
    return await mission(root, script(root / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))


async def goes_on_to_its_end(files: MissionFiles) -> None:
    inbox.send(files, Resume())
    assert await run(files) == 0
    assert len(events(files, FeatureCompleted)) == 1
    assert verify(files) == []


def why_paused(files: MissionFiles) -> str:
    paused = state(files).paused
    return paused.reason if paused else "it is not"


@pytest.mark.parametrize("place", ["artifacts", "worktree", "../../../repo/.git"])
async def test_a_read_only_folder_pauses_the_mission_until_it_can_be_written(tmp_path: Path, place: str):
    files = await ready(tmp_path)
    with read_only((files.root / place).resolve()):
        assert await run(files) == 3
    assert "Read-only file system" in why_paused(files)
    assert "make it writable and resume the mission" in why_paused(files)
    await goes_on_to_its_end(files)


async def test_a_disk_that_becomes_read_only_under_a_worker_pauses_instead_of_confusing_it(tmp_path: Path):
    files = await ready(tmp_path)
    with ExitStack() as walls:

        def wall_up(one: Recorded) -> None:
            if one.event.kind == "run_started":
                walls.enter_context(read_only(files.root))

        assert await run(files, wall_up) == 3
    assert "Read-only file system" in why_paused(files)
    assert [r.ended for r in state(files).runs.runs.values()] == [None]
    with Reader(files) as reader:
        assert [s for s in reader.steps("R1") if s.status == "failed"] == []
    await goes_on_to_its_end(files)


async def test_a_folder_whose_permissions_forbid_writing_pauses_the_mission(tmp_path: Path):
    files = await ready(tmp_path)
    with forbidden(files.artifacts):
        ended = await asyncio.to_thread(plainly, "run", files.id, "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 3, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "artifacts" in why_paused(files)
    assert "Permission denied" in why_paused(files)
    await goes_on_to_its_end(files)


async def test_work_that_nobody_may_read_is_not_handed_off_until_it_can_be_committed(tmp_path: Path):
    lock = calls(
        {"run_command": {"command": "mkdir -p a/closed && touch a/closed/x locked && chmod 0 a/closed locked"}}
    )
    unlock = calls({"run_command": {"command": "chmod -R u+rwX ."}})
    ignored = calls({"write_file": {"path": "logs/x.txt", "content": "x"}})
    ignore = calls({"write_file": {"path": ".gitignore", "content": "logs/\n"}})
    done = hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}])
    turns = (WRITE_BYE, RUN_BYE, ignore, ignored, lock, done, unlock, done)
    files = await mission(tmp_path, script(tmp_path / "s.yaml", worker(*turns), APPROVING_REVIEWER), plan(bye()))
    ended = await asyncio.to_thread(plainly, "run", files.id, "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 0, ended.stderr
    with Reader(files) as reader:
        told = [str((s.result or {}).get("text")) for s in reader.steps("R1") if s.kind == "tool"]
    assert "created logs/x.txt (1 lines); an ignore rule names it, so no commit will have it" in told
    assert "not handed off: a/closed/, locked cannot be read, so no commit would have it" in " ".join(told)
    (work,) = events(files, FeatureCompleted)
    assert set(work.paths) == {"bye.py", ".gitignore", "a/closed/x", "locked"}
    assert verify(files) == []


async def test_a_partial_handoff_names_what_no_commit_has(tmp_path: Path):
    lock = worker(calls({"run_command": {"command": "echo x >locked; chmod 0 locked"}}))
    seats = script(tmp_path / "s.yaml", lock)
    files = await mission(tmp_path, seats, plan(bye()), limits=Limits(run_turns=1))
    ended = await asyncio.to_thread(plainly, "run", files.id, "--data-dir", str(tmp_path / "data"))
    assert "Traceback" not in ended.stderr
    partial = events(files, HandoffRecorded)[0]
    assert "locked: it cannot be read, so it is not on the branch" in partial.handoff.undone


async def test_folders_that_checks_and_proofs_close_behind_them_stop_nothing(tmp_path: Path):
    closed = "mkdir -p d/e && touch d/e/f && chmod 0 d/e && chmod 500 d"
    check = f"{closed} && cd $MISSION_RUN_DIR && {closed}"
    proof = command_proof(f"! test -e d && {closed} && python3 bye.py", "^bye$")
    again = {**bye(), "id": "VAL-BYE-002", "proof": proof}
    third = {**again, "id": "VAL-BYE-003"}
    draft = plan(bye(), again, third, {**again, "id": "VAL-BYE-004"}, services={"checks": {"closes": check}})
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), draft)
    ended = await asyncio.to_thread(plainly, "run", files.id, "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not list(files.runs.glob("*/tree"))
    assert not list(files.runs.glob("*/shared"))


async def test_a_mission_on_a_read_only_disk_can_still_be_looked_at_checked_and_saved(tmp_path: Path):
    files = await ready(tmp_path)

    def told(*words: str) -> tuple[int, str]:
        done = plainly(*words, "--data-dir", str(tmp_path / "data"))
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    with read_only(files.root):
        for words in (("status", files.id), ("events", files.id), ("verify", files.id)):
            assert (await asyncio.to_thread(told, *words))[0] == 0
        code, said = await asyncio.to_thread(told, "list")
        assert code == 0 and "damaged" not in said
        assert (await asyncio.to_thread(told, "backup", files.id, str(tmp_path / "saved")))[0] == 0
        code, said = await asyncio.to_thread(told, "run", files.id, "--detach")
        assert code == 2 and "Read-only file system" in said
    await goes_on_to_its_end(files)


async def test_a_database_that_was_read_only_for_a_while_can_be_written_again_afterwards(tmp_path: Path):
    files = await ready(tmp_path)
    mode = files.database.stat().st_mode
    files.database.chmod(0o444)
    data = ("--data-dir", str(tmp_path / "data"))
    looked = await asyncio.to_thread(plainly, "status", files.id, *data)
    started = await asyncio.to_thread(plainly, "run", files.id, "--detach", *data)
    files.database.chmod(mode)
    assert looked.returncode == 0
    assert started.returncode == 2
    assert "the engine did not start" in started.stderr
    assert "cannot be written" in started.stderr
    ended = await asyncio.to_thread(plainly, "run", files.id, *data)
    assert ended.returncode == 0, ended.stderr


async def test_files_that_may_not_grow_pause_the_mission_as_a_quota_does(tmp_path: Path):
    files = await ready(tmp_path)
    limit = f"--fsize={files.database.stat().st_size + 40_000}"
    ended = await asyncio.to_thread(
        plainly, "run", files.id, "--data-dir", str(tmp_path / "data"), before=("prlimit", limit)
    )
    assert "Traceback" not in ended.stderr
    assert "cannot be written" in ended.stderr, ended.stderr
    await goes_on_to_its_end(files)


def test_what_a_provider_forbids_is_no_lack_of_the_machine():
    here = Path("/nowhere")
    assert lacking(ModelError("403: Permission denied"), here) is None
    assert isinstance(lacking(PermissionError(13, "Permission denied", "/x"), here), CannotWrite)
    assert isinstance(lacking(OSError(122, "Disk quota exceeded", "/x"), here), CannotWrite)


@pytest.mark.parametrize(
    "error",
    [
        BlockingIOError(11, "Resource temporarily unavailable"),
        RuntimeError("can't start new thread"),
        GitError("git could not be started: [Errno 11] Resource temporarily unavailable"),
        BoxError("bwrap: Creating new namespace failed: Resource temporarily unavailable"),
    ],
)
def test_a_machine_that_starts_no_more_processes_is_worth_a_pause(error: Exception):
    lack = lacking(error, Path("/nowhere"))
    assert "no more processes may be started" in str(lack)
    assert lacking(ModelError("connection: Resource temporarily unavailable"), Path("/nowhere")) is None


async def test_a_tool_blames_no_agent_for_a_read_only_tree(tmp_path: Path):
    tree = tmp_path / "tree"
    with read_only(tree), pytest.raises(OSError, match="Read-only"):
        TreeFiles(tree).write("new/file.txt", "text")
