import asyncio
import gzip
import shutil
import sys
from pathlib import Path

import pytest

from mission_tui.cli.main import run as mission_tui
from mission_tui.domain.events import HandoffRecorded, Recorded
from mission_tui.store.layout import MissionFiles
from mission_tui.store.verify import verify
from tests.support.box_specs import eventually
from tests.support.engine import (
    APPROVING_REVIEWER,
    GOOD_WORKER,
    bye,
    events,
    git,
    mission,
    plan,
    run,
    script,
    state,
)


async def backed_up_in_its_middle(root: Path) -> tuple[MissionFiles, Path]:
    """A mission that has ended, and a backup that was taken while its worker had just handed off."""
    files = await mission(root, script(root / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    target = root / "mission.backup"
    codes: list[int | None] = []

    async def take() -> None:
        command = [
            sys.executable,
            "-m",
            "mission_tui",
            "backup",
            files.id,
            str(target),
            "--data-dir",
            str(root / "data"),
        ]
        process = await asyncio.create_subprocess_exec(*command)
        codes.append(await process.wait())

    tasks: list[asyncio.Task[None]] = []

    def look(one: Recorded) -> None:
        if isinstance(one.event, HandoffRecorded):
            tasks.append(asyncio.create_task(take()))

    assert await run(files, look) == 0
    await asyncio.gather(*tasks)
    assert codes == [0]
    return files, target


async def test_a_mission_backed_up_while_it_ran_goes_on_from_there_after_everything_of_it_was_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    files, target = await backed_up_in_its_middle(tmp_path)
    branch = state(files).created.branch  # pyright: ignore[reportOptionalMemberAccess] - it was created
    tree = git(tmp_path / "repo", "rev-parse", f"{branch}^{{tree}}")
    shutil.rmtree(files.root)
    git(tmp_path / "repo", "worktree", "prune")
    git(tmp_path / "repo", "branch", "-D", branch)
    data = ["--data-dir", str(tmp_path / "data")]
    assert await asyncio.to_thread(mission_tui, ["restore", str(target), *data]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == files.id
    assert git(files.worktree, "status", "--porcelain") in ("", "?? bye.py")
    assert await run(files) == 0
    assert len(events(files, HandoffRecorded)) == 1
    assert git(tmp_path / "repo", "rev-parse", f"{branch}^{{tree}}") == tree
    assert verify(files) == []
    assert await asyncio.to_thread(mission_tui, ["verify", files.id, *data]) == 0


async def test_a_backup_replaces_nothing_and_neither_does_a_restore(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER), plan(bye()))
    target = tmp_path / "there"
    target.write_text("precious")
    data = ["--data-dir", str(tmp_path / "data")]

    async def complaint(*words: str) -> str:
        assert await asyncio.to_thread(mission_tui, [*words, *data]) == 2
        return capsys.readouterr().err

    assert "exists already" in await complaint("backup", files.id, str(target))
    assert target.read_text() == "precious"
    assert "no folder" in await complaint("backup", files.id, str(tmp_path / "nowhere" / "file"))
    assert "cannot be read as a backup" in await complaint("restore", str(target))
    assert await asyncio.to_thread(mission_tui, ["backup", files.id, str(tmp_path / "good"), *data]) == 0
    capsys.readouterr()
    assert "exists already" in await complaint("restore", str(tmp_path / "good"))
    assert [name for name in listing(tmp_path) if name.startswith(".")] == []
    assert listing(tmp_path / "data") == ["missions"]


async def test_a_backup_that_is_not_as_it_was_written_is_not_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    files, target, data = await backed_up(tmp_path)
    shutil.rmtree(files.root)
    git(tmp_path / "repo", "worktree", "prune")
    whole = target.read_bytes()
    packed = gzip.compress(gzip.decompress(whole).replace(b"<h1>Hello</h1>", b"<h1>Jello</h1>"))
    spoilt = [packed[:-8] + whole[-8:]]  # whole to whoever does not look at its checksum
    for at in (len(whole) // 9, len(whole) // 3, len(whole) * 2 // 3, len(whole) - 6):
        spoilt.append(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
    for content in spoilt:
        target.write_bytes(content)
        assert await cli("restore", str(target), *data) == 2
        assert "cannot be read as a backup" in capsys.readouterr().err
        assert not files.root.exists()
    target.write_bytes(whole)
    assert await cli("restore", str(target), *data) == 0


@pytest.mark.parametrize("who", ["the user", "the mission"])
async def test_a_restore_moves_no_branch_that_is_checked_out_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], who: str
):
    files, target, data = await backed_up(tmp_path)
    branch = state(files).created.branch  # pyright: ignore[reportOptionalMemberAccess] - it was created
    repo, where = tmp_path / "repo", ("--data-dir", str(tmp_path / "other"))
    if who == "the user":
        shutil.rmtree(files.root)
        git(repo, "worktree", "prune")
        git(repo, "checkout", "-q", branch)
        where = data
    else:
        repo = files.worktree
    git(repo, "commit", "-q", "--allow-empty", "-m", "later work")
    head = git(repo, "rev-parse", "HEAD")
    assert await cli("restore", str(target), *where) == 2
    assert f"is checked out in {repo}" in capsys.readouterr().err
    assert git(repo, "rev-parse", "HEAD") == head
    assert git(repo, "status", "--porcelain") == ""
    assert not MissionFiles(Path(where[1], "missions", files.id)).root.exists()


async def test_a_file_that_becomes_shorter_meanwhile_does_not_end_a_backup(tmp_path: Path):
    files, _, data = await backed_up(tmp_path)
    rotated = files.worktree / "aaa.log"
    with rotated.open("wb") as out:
        out.truncate(300_000_000)
    target, archive = tmp_path / "again", tmp_path / ".again.making" / "archive"
    backup = asyncio.create_task(cli("backup", files.id, str(target), *data))

    async def some_of_it_is_packed() -> bool:
        return archive.exists() and archive.stat().st_size > 50_000

    await eventually(some_of_it_is_packed)
    rotated.write_bytes(b"rotated\n")
    assert await backup == 0
    shutil.rmtree(files.root)
    git(tmp_path / "repo", "worktree", "prune")
    assert await cli("restore", str(target), *data) == 0


async def backed_up(root: Path) -> tuple[MissionFiles, Path, tuple[str, str]]:
    """A mission that has ended, its backup, and how the command line finds it."""
    files = await mission(root, script(root / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    assert await run(files) == 0
    data = ("--data-dir", str(root / "data"))
    assert await cli("backup", files.id, str(root / "backup"), *data) == 0
    return files, root / "backup", data


async def cli(*words: str) -> int:
    return await asyncio.to_thread(mission_tui, list(words))


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
