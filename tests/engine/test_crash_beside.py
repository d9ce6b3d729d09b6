import asyncio
import shutil
from pathlib import Path

import pytest

from mission_tui.cli.main import run as mission_tui
from mission_tui.engine.create import clear_unfinished
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.seen import last_place, last_seen
from tests.support import crash_beside, crash_points
from tests.support.crash_server import CrashServer
from tests.support.engine import APPROVING_REVIEWER, GOOD_WORKER, bye, git, mission, plan, run, script, state


def killed_everywhere(server: CrashServer, root: Path, act: str) -> set[str]:
    """Do it, killed at the first occurrence of every place, looking after each death; returns the places."""
    log = root / f"{act}.txt"
    while (code := server.play(root, "*", str(log), act)) == -9:
        assert crash_beside.half_done(root, act) == [], log.read_text().split()[-1]
    assert code == 0
    assert crash_beside.half_done(root, act) == []
    return set(log.read_text().split())


def lose(root: Path, files: MissionFiles) -> None:
    """The mission is gone, with the commits that only its branch held."""
    created = state(files).created
    assert created is not None
    shutil.rmtree(files.root)
    git(root / "repo", "worktree", "prune")
    git(root / "repo", "branch", "-D", created.branch)
    git(root / "repo", "reflog", "expire", "--expire=now", "--all")
    git(root / "repo", "gc", "-q", "--prune=now")


async def test_what_goes_on_beside_the_engine_leaves_nothing_half_done_wherever_it_is_killed(tmp_path: Path):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    assert await run(files) == 0
    head = crash_beside.head_of(files)
    died: set[str] = set()
    with CrashServer() as server:
        died |= killed_everywhere(server, tmp_path, "look")
        crash_beside.make_older(files)
        died |= killed_everywhere(server, tmp_path, "migrate")
        assert crash_beside.version(files.database) == 3
        died |= killed_everywhere(server, tmp_path, "backup")
        lose(tmp_path, files)
        died |= killed_everywhere(server, tmp_path, "restore")
    assert crash_points.BESIDE - died == set()
    await clear_unfinished(tmp_path / "data")  # as `new` does
    assert (last_seen(files), last_place(tmp_path / "data")) == (crash_beside.SEEN, crash_beside.PLACE)
    assert crash_beside.left_over(tmp_path) == []
    assert [f.root for f in all_missions(tmp_path / "data")] == [files.root]
    assert git(files.worktree, "rev-parse", "HEAD") == head
    assert git(files.worktree, "status", "--porcelain") == ""


async def test_a_restore_that_cannot_be_finished_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER), plan(bye()))
    await crash_beside.back_up(files, tmp_path / "saved")
    lose(tmp_path, files)
    (tmp_path / "repo").rename(tmp_path / "elsewhere")
    words = ["restore", str(tmp_path / "saved"), "--data-dir", str(tmp_path / "data")]
    for _ in range(2):
        assert await asyncio.to_thread(mission_tui, words) == 2
        assert "put it back first, then restore again" in capsys.readouterr().err
        assert list((tmp_path / "data" / "missions").iterdir()) == []
    (tmp_path / "elsewhere").rename(tmp_path / "repo")
    assert await asyncio.to_thread(mission_tui, words) == 0
    assert crash_beside.left_over(tmp_path) == []
