import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from mission_tui.cli.main import run as mission_tui
from mission_tui.domain.events import HandoffRecorded, Recorded
from mission_tui.store.layout import MissionFiles
from mission_tui.store.verify import verify
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


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
