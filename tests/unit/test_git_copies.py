import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mission_tui.workspace.git import GitError, MissionRepository
from tests.support.git_repos import NOW, commit_all, git, hashes, make_repository, start_mission, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo")


@pytest.fixture
async def mission(root: Path, tmp_path: Path) -> MissionRepository:
    return await start_mission(root, tmp_path / "m" / "worktree")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system")
    with tempfile.TemporaryDirectory(dir=memory, prefix="mission-tui-test-") as directory:
        yield Path(directory)


def shown_git(git_dir: Path, tree: Path, *args: str) -> str:
    return git(tree, f"--git-dir={git_dir}", f"--work-tree={tree}", *args)


async def test_a_copy_holds_exactly_the_commits_files_with_modes_and_links(mission: MissionRepository, tmp_path: Path):
    write(mission.worktree, {"run.sh": "x", "odd\nname ü": "x", "-dash": "x", ".mission/plan.md": "plan"})
    (mission.worktree / "run.sh").chmod(0o755)
    (mission.worktree / "link").symlink_to("/etc/passwd")
    intent = await mission.prepare_commit("odd", {}, NOW)
    assert intent
    commit = await mission.finish_commit(intent)
    write(mission.worktree, {"a.txt": "uncommitted", "untracked": "x"})
    await mission.scratch_copy(commit, tmp_path / "copy")
    names = {".gitignore", "a.txt", "src/app.py", "run.sh", "odd\nname ü", "-dash", ".mission/plan.md", "link"}
    assert hashes(tmp_path / "copy").keys() == names
    assert (tmp_path / "copy" / "a.txt").read_text() == "one\n"
    assert os.access(tmp_path / "copy" / "run.sh", os.X_OK)
    assert not os.access(tmp_path / "copy" / "a.txt", os.X_OK)
    assert (tmp_path / "copy" / "link").readlink() == Path("/etc/passwd")


async def test_a_snapshot_of_uncommitted_work_can_be_copied_too(mission: MissionRepository, tmp_path: Path):
    write(mission.worktree, {"a.txt": "uncommitted"})
    await mission.scratch_copy(await mission.write_tree(), tmp_path / "copy")
    assert (tmp_path / "copy" / "a.txt").read_text() == "uncommitted"


async def test_changing_a_copy_does_not_change_the_mission_or_another_copy(mission: MissionRepository, tmp_path: Path):
    for name in ("one", "two"):
        await mission.scratch_copy(await mission.head(), tmp_path / name)
    (tmp_path / "one" / "a.txt").write_text("spoilt")
    assert (tmp_path / "two" / "a.txt").read_text() == (mission.worktree / "a.txt").read_text() == "one\n"


async def test_a_copy_is_not_made_over_other_files(mission: MissionRepository, tmp_path: Path):
    write(tmp_path / "copy", {"mine": "x"})
    with pytest.raises(GitError, match="is not empty"):
        await mission.scratch_copy(await mission.head(), tmp_path / "copy")
    assert (tmp_path / "copy" / "mine").read_text() == "x"


async def test_a_discarded_copy_leaves_nothing(mission: MissionRepository, tmp_path: Path):
    before = sorted(mission.place.private.iterdir())
    await mission.scratch_copy(await mission.head(), tmp_path / "copy")
    (tmp_path / "copy" / "src").chmod(0o500)
    await mission.discard_copy(tmp_path / "copy")
    await mission.discard_copy(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert sorted(mission.place.private.iterdir()) == before


async def test_a_shown_git_directory_answers_log_status_and_diff(
    mission: MissionRepository, root: Path, tmp_path: Path
):
    git(root, "tag", "-a", "v1.2", "-m", "release")
    git(root, "branch", "private-branch")
    commit = await mission.commit_paths({"b.txt": b"two\n"}, "Add b", {}, NOW)
    assert commit
    await mission.scratch_copy(commit, tmp_path / "copy")
    for tree in (mission.worktree, tmp_path / "copy"):
        shown = await mission.sanitised_git_dir(tmp_path / f"shown-{tree.name}", commit, tree)
        assert shown_git(shown, tree, "log", "--format=%s").splitlines() == ["Add b", "first"]
        assert shown_git(shown, tree, "status", "--porcelain", "--branch") == "## mission/work"
        (tree / "a.txt").write_text("changed\n")
        assert "+changed" in shown_git(shown, tree, "diff")
        assert shown_git(shown, tree, "describe", "--tags") == f"v1.2-1-g{commit[:7]}"
        assert shown_git(shown, tree, "branch", "--list", "--format=%(refname:short)") == "mission/work"
        shown_git(shown, tree, "fsck", "--full")


async def test_the_index_of_a_shown_git_directory_already_knows_every_file(mission: MissionRepository, tmp_path: Path):
    commit = await mission.head()
    await mission.scratch_copy(commit, tmp_path / "copy")
    shown = await mission.sanitised_git_dir(tmp_path / "shown", commit, tmp_path / "copy")
    entries = shown_git(shown, tmp_path / "copy", "ls-files", "--debug")
    inode = (tmp_path / "copy" / "a.txt").stat().st_ino
    assert f"ino: {inode}" in entries


async def test_a_shown_git_directory_can_be_of_an_older_commit_than_the_tree(
    mission: MissionRepository, tmp_path: Path
):
    base = await mission.head()
    await mission.commit_paths({"b.txt": b"two\n"}, "Add b", {}, NOW)
    shown = await mission.sanitised_git_dir(tmp_path / "shown", base, mission.worktree)
    assert shown_git(shown, mission.worktree, "status", "--porcelain") == "?? b.txt"


async def test_a_shown_git_directory_tells_no_secret_and_needs_no_other_directory(
    mission: MissionRepository, root: Path, tmp_path: Path
):
    git(root, "remote", "add", "origin", "https://user:token@example.org/x.git")
    git(root, "config", "http.extraHeader", "Authorization: secret")
    await mission.scratch_copy(await mission.head(), tmp_path / "copy")
    shown = await mission.sanitised_git_dir(tmp_path / "shown", await mission.head(), tmp_path / "copy")
    text = b"".join(path.read_bytes() for path in shown.rglob("*") if path.is_file())
    assert b"token" not in text
    assert b"secret" not in text
    assert str(root).encode() not in text
    assert not any(path.is_symlink() for path in shown.rglob("*"))
    shutil.move(root, tmp_path / "moved-away")
    shown_git(shown, tmp_path / "copy", "fsck", "--full")
    assert shown_git(shown, tmp_path / "copy", "log", "--format=%s") == "first"


async def test_removing_a_shown_git_directory_leaves_the_users_objects(
    mission: MissionRepository, root: Path, tmp_path: Path
):
    shown = await mission.sanitised_git_dir(tmp_path / "shown", await mission.head(), mission.worktree)
    shutil.rmtree(shown)
    git(root, "fsck", "--full")


async def test_objects_that_the_users_repository_borrows_come_along(tmp_path: Path):
    origin = make_repository(tmp_path / "origin")
    git(tmp_path, "clone", "-q", "--shared", str(origin), str(tmp_path / "clone"))
    mission = await start_mission(tmp_path / "clone", tmp_path / "worktree")
    shown = await mission.sanitised_git_dir(tmp_path / "shown", await mission.head(), mission.worktree)
    origin.rename(tmp_path / "gone")
    assert shown_git(shown, mission.worktree, "status", "--porcelain") == ""
    shown_git(shown, mission.worktree, "fsck", "--full")


async def test_a_shallow_clone_is_shown_as_far_as_it_goes(root: Path, tmp_path: Path):
    write(root, {"later": "x"})
    commit_all(root, "later")
    git(tmp_path, "clone", "-q", "--depth=1", root.as_uri(), str(tmp_path / "clone"))
    mission = await start_mission(tmp_path / "clone", tmp_path / "worktree")
    done = await mission.commit_paths({"x": b"x"}, "x", {}, NOW)
    shown = await mission.sanitised_git_dir(tmp_path / "shown", str(done), mission.worktree)
    assert shown_git(shown, mission.worktree, "log", "--format=%s").splitlines() == ["x", "later"]


async def test_where_no_links_can_be_made_the_commits_history_is_packed(
    mission: MissionRepository, root: Path, tmp_path: Path, elsewhere: Path
):
    git(root, "tag", "-a", "v1", "-m", "one")
    for pack_first in (False, True):
        if pack_first:
            git(root, "gc", "-q")
        shown = elsewhere / f"shown-{pack_first}"
        await mission.sanitised_git_dir(shown, await mission.head(), mission.worktree)
        assert shown_git(shown, mission.worktree, "status", "--porcelain", "--branch") == "## mission/work"
        assert shown_git(shown, mission.worktree, "describe") == "v1"
        shown_git(shown, mission.worktree, "fsck", "--full")


async def test_an_existing_directory_is_not_overwritten(mission: MissionRepository, tmp_path: Path):
    with pytest.raises(GitError, match="exists already"):
        await mission.sanitised_git_dir(tmp_path, await mission.head(), mission.worktree)
