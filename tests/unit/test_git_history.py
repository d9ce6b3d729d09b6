import asyncio
from pathlib import Path

import pytest

from mission_tui.workspace.git import CommitInfo, FileChange, MissionRepository
from tests.support.git_repos import NOW, git, make_repository, start_mission, write


@pytest.fixture
async def mission(tmp_path: Path) -> MissionRepository:
    files = {"a.txt": "one\ntwo\nthree\n", "moved.txt": "same\n" * 20, "pic.bin": b"\0\1\2", "doc/x y.md": "to go\n"}
    return await start_mission(make_repository(tmp_path / "repo", files), tmp_path / "worktree")


async def commit(mission: MissionRepository, message: str = "change", **trailers: str) -> str:
    intent = await mission.prepare_commit(message, trailers, NOW)
    assert intent
    return await mission.finish_commit(intent)


async def changed(mission: MissionRepository) -> tuple[str, str]:
    base = await mission.head()
    write(mission.worktree, {"a.txt": "one\nTWO\nthree\nfour\n", "new\tüname": "x\n", "pic.bin": b"\0\3"})
    (mission.worktree / "doc" / "x y.md").unlink()
    (mission.worktree / "moved.txt").rename(mission.worktree / "there.txt")
    return base, await commit(mission)


async def test_a_diff_is_whole_and_unified(mission: MissionRepository):
    text = await mission.diff(*await changed(mission))
    assert "-two\n+TWO\n three\n+four\n" in text
    assert "rename from moved.txt\nrename to there.txt\n" in text
    assert "deleted file mode 100644" in text
    assert "Binary files a/pic.bin and b/pic.bin differ" in text


async def test_a_diff_can_be_of_some_files_or_folders_named_literally(mission: MissionRepository):
    base, head = await changed(mission)
    assert (await mission.diff(base, head, ["doc"])).count("diff --git") == 1
    assert (await mission.diff(base, head, ["a.txt", "doc/x y.md"])).count("diff --git") == 2
    for nothing in ([], ["*"], [":(glob)**"], ["--output=x"]):
        assert await mission.diff(base, head, nothing) == ""


async def test_an_applied_diff_gives_the_second_tree(mission: MissionRepository, tmp_path: Path):
    base = await mission.head()
    write(mission.worktree, {"a.txt": "no newline at the end", "doc/new": "x\n"})
    head = await commit(mission)
    await mission.scratch_copy(base, tmp_path / "copy")
    git(tmp_path / "copy", "apply", stdin=(await mission.diff(base, head)).encode())
    assert (tmp_path / "copy" / "a.txt").read_text() == "no newline at the end"


async def test_file_changes_have_counts_and_kinds(mission: MissionRepository):
    assert await mission.diff_stat(*await changed(mission)) == [
        FileChange(path="a.txt", status="M", added=2, removed=1),
        FileChange(path="doc/x y.md", status="D", added=0, removed=1),
        FileChange(path="new\tüname", status="A", added=1, removed=0),
        FileChange(path="pic.bin", status="M", added=None, removed=None),
        FileChange(path="there.txt", status="R", added=0, removed=0, old_path="moved.txt"),
    ]


async def test_changed_files_count_a_renamed_one_with_both_names(mission: MissionRepository):
    names = await mission.changed_files(*await changed(mission))
    assert set(names) == {"a.txt", "doc/x y.md", "new\tüname", "pic.bin", "moved.txt", "there.txt"}


async def test_the_log_is_oldest_first_with_trailers(mission: MissionRepository):
    base = await mission.head()
    write(mission.worktree, {"x": "1"})
    one = await commit(mission, "First\n\nNot: a trailer\nbut text", Mission="m", Feature="F-1")
    write(mission.worktree, {"x": "2"})
    two = await commit(mission, "Second")
    assert await mission.log(base, two) == [
        CommitInfo(sha=one, subject="First", trailers={"Mission": "m", "Feature": "F-1"}, committed_at=NOW),
        CommitInfo(sha=two, subject="Second", trailers={}, committed_at=NOW),
    ]
    assert await mission.log(two, base) == []


async def test_ancestry(mission: MissionRepository):
    base, head = await changed(mission)
    assert await mission.is_ancestor(base, head)
    assert await mission.is_ancestor(head, head)
    assert not await mission.is_ancestor(head, base)


async def test_a_fingerprint_ignores_the_missions_own_files_and_nothing_else(mission: MissionRepository):
    base = await mission.head()
    first = await mission.fingerprint(base)
    own = await mission.commit_paths({".mission/plan.md": b"x", ".agents/skills/s/SKILL.md": b"x"}, "own", {}, NOW)
    assert await mission.fingerprint(str(own)) == first == await mission.fingerprint(await mission.tree_of(base))
    (mission.worktree / "a.txt").chmod(0o755)
    executable = await mission.fingerprint(await mission.write_tree())
    write(mission.worktree, {"doc/.mission/x": "not the mission's own", ".mission-notes": "x"})
    more = await mission.fingerprint(await mission.write_tree())
    assert len({first, executable, more}) == 3


async def test_many_calls_at_once_do_not_disturb_each_other(mission: MissionRepository, tmp_path: Path):
    base, head = await changed(mission)
    write(mission.worktree, {"more": "x"})
    trees = [mission.write_tree() for _ in range(6)]
    copies = [mission.scratch_copy(head, tmp_path / f"copy-{number}") for number in range(4)]
    found, *_ = await asyncio.gather(
        asyncio.gather(*trees), asyncio.gather(*copies), mission.log(base, head), mission.diff(base, head)
    )
    assert len(set(found)) == 1
    assert [await mission.changed_files(head, tree) for tree in set(found)] == [["more"]]
