from pathlib import Path

import pytest

from mission_tui.workspace.git import GitError, MissionRepository, inspect_repository
from tests.support.git_repos import NOW, commit_all, git, hashes, make_repository, shown_git, start_mission, write

MISSIONS_OWN = ("refs/heads/mission", "refs/mission-tui", "logs/refs/heads/mission", "worktrees", "objects")


def busy_repository(root: Path) -> Path:
    make_repository(root)
    write(root, {"a.txt": "stashed\n"})
    git(root, "stash")
    git(root, "branch", "other")
    git(root, "tag", "v1")
    git(root, "pack-refs", "--all")
    git(root, "branch", "loose")
    write(root, {"a.txt": "changed\n", "staged.txt": "staged\n", "untracked.txt": "untracked\n"})
    git(root, "add", "staged.txt")
    return root


async def test_a_whole_mission_leaves_every_other_file_of_the_users_repository_as_it_was(tmp_path: Path):
    root = busy_repository(tmp_path / "repo")
    before, others = hashes(root / ".git", leaving_out=MISSIONS_OWN), hashes(root, leaving_out=(".git/",))
    mission = await start_mission(root, tmp_path / "m" / "worktree")
    base = await mission.head()
    write(mission.worktree, {"a.txt": "mission\n", "b.txt": "new\n"})
    intent = await mission.prepare_commit("work", {"Mission": "m"}, NOW)
    assert intent
    done = await mission.finish_commit(intent)
    await mission.commit_paths({".agents/skills/x/SKILL.md": b"skill"}, "skill", {}, NOW)
    await mission.history(tmp_path / "shown", done, mission.worktree)
    await mission.move_branch(base, await mission.head())
    await mission.reset_worktree(base)
    assert hashes(root / ".git", leaving_out=MISSIONS_OWN) == before
    assert hashes(root, leaving_out=(".git/",)) == others
    await mission.remove(branch=True)
    assert hashes(root / ".git", leaving_out=("objects",)) == before
    assert git(root, "status", "--porcelain").splitlines() == [" M a.txt", "A  staged.txt", "?? untracked.txt"]
    git(root, "fsck", "--strict")


async def test_a_mission_starts_from_the_commit_and_not_from_the_dirty_checkout(tmp_path: Path):
    root = busy_repository(tmp_path / "repo")
    mission = await start_mission(root, tmp_path / "worktree")
    assert (mission.worktree / "a.txt").read_text() == "one\n"
    assert not (mission.worktree / "untracked.txt").exists()
    assert git(mission.worktree, "status", "--porcelain", "--branch") == "## mission/work"


async def test_it_starts_from_a_detached_head_too(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    first = git(root, "rev-parse", "HEAD")
    write(root, {"later.txt": "x"})
    commit_all(root)
    git(root, "checkout", "-q", "--detach", first)
    mission = await start_mission(root, tmp_path / "worktree")
    assert await mission.head() == first
    assert not (mission.worktree / "later.txt").exists()


async def test_a_taken_branch_name_gets_the_next_free_number(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    names = [(await start_mission(root, tmp_path / f"m{n}" / "worktree")).branch for n in range(3)]
    assert names == ["mission/work", "mission/work-2", "mission/work-3"]


async def test_a_branch_called_mission_leaves_room_for_another_name(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "branch", "mission")
    assert (await start_mission(root, tmp_path / "worktree")).branch == "mission-work"


@pytest.mark.parametrize("branch", ["mission/a b", "mission/..", "-x", "mission/a\nb", ""])
async def test_a_branch_name_that_git_would_not_take_leaves_nothing_behind(tmp_path: Path, branch: str):
    root = make_repository(tmp_path / "repo")
    before = hashes(root)
    with pytest.raises(GitError):
        await start_mission(root, tmp_path / "worktree", branch)
    assert hashes(root) == before
    assert not (tmp_path / "worktree").exists()
    assert not (tmp_path / "worktree.git").exists()


async def test_a_base_that_does_not_exist_leaves_nothing_behind(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    before = hashes(root)
    state = await inspect_repository(root)
    for base in ("0" * 40, "main", "--orphan"):
        with pytest.raises(GitError):
            await MissionRepository.create(state.place(tmp_path / "worktree", "mission/x"), base)
        assert hashes(root) == before
        assert not hashes(tmp_path, leaving_out=("repo/",))


async def test_a_directory_in_use_is_refused_and_left_alone(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    write(tmp_path / "worktree", {"mine.txt": "mine"})
    with pytest.raises(GitError, match="already in use"):
        await start_mission(root, tmp_path / "worktree")
    assert (tmp_path / "worktree" / "mine.txt").read_text() == "mine"


async def test_a_mission_is_opened_again_from_its_worktree_alone(tmp_path: Path):
    made = await start_mission(make_repository(tmp_path / "repo"), tmp_path / "worktree")
    opened = await MissionRepository.open(tmp_path / "worktree")
    assert opened.place == made.place
    assert await opened.head() == await made.head()
    with pytest.raises(GitError, match="cannot be opened"):
        await MissionRepository.open(tmp_path / "elsewhere")


async def test_removing_the_worktree_keeps_the_branch_for_the_user_to_check_out(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    mission = await start_mission(root, tmp_path / "worktree")
    await mission.remove()
    await mission.remove()
    assert not (tmp_path / "worktree").exists()
    git(root, "checkout", "-q", "mission/work")
    assert git(root, "worktree", "list").count("\n") == 0


async def test_the_users_identity_is_on_the_commits_and_a_fallback_where_there_is_none(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "config", "user.name", "Ada Lovelace")
    git(root, "config", "user.email", "ada@example.org")
    mission = await start_mission(root, tmp_path / "worktree")
    done = await mission.commit_paths({"x": b"x"}, "x", {}, NOW)
    assert git(root, "log", "-1", "--format=%an <%ae> %cn", str(done)) == "Ada Lovelace <ada@example.org> Ada Lovelace"
    place = mission.place.model_copy(update={"worktree": tmp_path / "w2", "identity": type(mission.place.identity)()})
    second = await MissionRepository.create(place, await mission.head())
    done = await second.commit_paths({"y": b"y"}, "y", {}, NOW)
    assert git(root, "log", "-1", "--format=%an <%ae>", str(done)) == "mission-tui <mission-tui@localhost>"


async def test_locks_of_killed_commands_are_cleared_and_the_users_are_not(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    mission = await start_mission(root, tmp_path / "worktree")
    registered = next((root / ".git" / "worktrees").iterdir())
    ours = [
        root / ".git" / "refs" / "heads" / "mission" / "work.lock",
        registered / "index.lock",
        mission.place.private / "index.lock",
        mission.place.private / "scratch-1",
    ]
    theirs = [root / ".git" / "index.lock", root / ".git" / "refs" / "heads" / "main.lock"]
    for path in [*ours, *theirs]:
        path.touch()
    write(mission.worktree, {"a.txt": "two\n"})
    with pytest.raises(GitError, match="lock"):
        await mission.commit_paths({"x": b"x"}, "x", {}, NOW)
    assert set(await mission.clear_stale_locks()) == set(ours)
    assert not any(path.exists() for path in ours)
    assert all(path.exists() for path in theirs)
    assert await mission.commit_paths({"x": b"x"}, "x", {}, NOW)


async def test_a_repository_with_sha256_objects_works(tmp_path: Path):
    root = tmp_path / "repo"
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", str(root))
    write(root, {"a.txt": "one\n"})
    commit_all(root)
    mission = await start_mission(root, tmp_path / "worktree")
    write(mission.worktree, {"b.txt": "two\n"})
    intent = await mission.prepare_commit("b", {}, NOW)
    assert intent
    assert len(await mission.finish_commit(intent)) == 64
    await mission.scratch_copy(await mission.head(), tmp_path / "copy")
    shown = await mission.history(tmp_path / "shown", await mission.head(), tmp_path / "copy")
    assert shown_git(shown, tmp_path / "copy", "status", "--porcelain") == ""


async def test_line_endings_follow_the_users_settings(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "config", "core.autocrlf", "true")
    mission = await start_mission(root, tmp_path / "worktree")
    assert (mission.worktree / "a.txt").read_bytes() == b"one\r\n"
    write(mission.worktree, {"b.txt": b"two\r\n"})
    intent = await mission.prepare_commit("b", {}, NOW)
    assert intent
    await mission.finish_commit(intent)
    assert git(root, "cat-file", "blob", f"{await mission.head()}:b.txt") == "two"
    assert await mission.changed_files(intent.parent, await mission.head()) == ["b.txt"]
