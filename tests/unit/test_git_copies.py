import os
from pathlib import Path

import pytest

from mission_tui.workspace.box import open_box
from mission_tui.workspace.git import GitError, MissionRepository
from tests.support.box_specs import spec_in
from tests.support.git_repos import NOW, commit_all, git, hashes, make_repository, shown_git, start_mission, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo")


@pytest.fixture
async def mission(root: Path, tmp_path: Path) -> MissionRepository:
    return await start_mission(root, tmp_path / "m" / "worktree")


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
        shown = await mission.history(tmp_path / f"shown-{tree.name}", commit, tree)
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
    shown = await mission.history(tmp_path / "shown", commit, tmp_path / "copy")
    entries = shown_git(shown, tmp_path / "copy", "ls-files", "--debug")
    inode = (tmp_path / "copy" / "a.txt").stat().st_ino
    assert f"ino: {inode}" in entries


async def test_a_shown_git_directory_can_be_of_an_older_commit_than_the_tree(
    mission: MissionRepository, tmp_path: Path
):
    base = await mission.head()
    await mission.commit_paths({"b.txt": b"two\n"}, "Add b", {}, NOW)
    shown = await mission.history(tmp_path / "shown", base, mission.worktree)
    assert shown_git(shown, mission.worktree, "status", "--porcelain") == "?? b.txt"


async def test_a_shown_git_directory_tells_no_secret_and_no_place_of_the_host(
    mission: MissionRepository, root: Path, tmp_path: Path
):
    git(root, "remote", "add", "origin", "https://user:token@example.org/x.git")
    git(root, "config", "http.extraHeader", "Authorization: secret")
    await mission.scratch_copy(await mission.head(), tmp_path / "copy")
    shown = await mission.history(tmp_path / "shown", await mission.head(), tmp_path / "copy")
    text = b"".join(path.read_bytes() for path in shown.git_dir.rglob("*") if path.is_file())
    assert b"token" not in text
    assert b"secret" not in text
    assert str(tmp_path).encode() not in text
    assert not any(path.is_symlink() for path in shown.git_dir.rglob("*"))


async def test_a_shown_git_directory_costs_the_same_however_much_there_is(
    mission: MissionRepository, root: Path, tmp_path: Path
):
    few = await mission.history(tmp_path / "few", await mission.head(), mission.worktree)
    for n in range(30):
        await mission.commit_paths({"b.txt": f"{n}\n".encode()}, f"Add {n}", {}, NOW)
    many = await mission.history(tmp_path / "many", await mission.head(), mission.worktree)
    assert len(list(many.git_dir.rglob("*"))) == len(list(few.git_dir.rglob("*")))
    assert len(shown_git(many, mission.worktree, "log", "--format=%s").splitlines()) == 31


@pytest.mark.parametrize("pointer", [True, False])
async def test_a_box_shows_history_that_is_borrowed_twice_and_cannot_change_it(tmp_path: Path, pointer: bool):
    origin = make_repository(tmp_path / "origin")
    git(tmp_path, "clone", "-q", "--shared", str(origin), str(tmp_path / "clone"))
    mission = await start_mission(tmp_path / "clone", tmp_path / "worktree")
    done = await mission.commit_paths({"b.txt": b"two\n"}, "Add b", {}, NOW)
    tree = mission.worktree
    if not pointer:
        tree = tmp_path / "copy"
        await mission.scratch_copy(str(done), tree)
    shown = await mission.history(tmp_path / "shown", str(done), tree)
    before = hashes(tmp_path / "clone" / ".git") | hashes(origin / ".git")
    async with await open_box(spec_in(tmp_path, tree=tree, history=shown)) as box:
        for command, says in (
            ("git log --format=%s", "Add b\nfirst\n"),
            ("git status --porcelain", ""),
            ("git fsck --full 2>&1 | grep -v ^notice", ""),
        ):
            assert (await box.run(command, timeout_s=20)).output == says
        for attack in (
            "rm -rf .git/* /run/git/*",
            "echo x | git hash-object -w --stdin",
            "rm -f $(git rev-parse --git-dir)/borrowed-0/*/*",
            "git gc -q --prune=now",
        ):
            assert (await box.run(attack, timeout_s=20)).exit_code != 0, attack
    assert hashes(tmp_path / "clone" / ".git") | hashes(origin / ".git") == before


async def test_a_shallow_clone_is_shown_as_far_as_it_goes(root: Path, tmp_path: Path):
    write(root, {"later": "x"})
    commit_all(root, "later")
    git(tmp_path, "clone", "-q", "--depth=1", root.as_uri(), str(tmp_path / "clone"))
    mission = await start_mission(tmp_path / "clone", tmp_path / "worktree")
    done = await mission.commit_paths({"x": b"x"}, "x", {}, NOW)
    shown = await mission.history(tmp_path / "shown", str(done), mission.worktree)
    assert shown_git(shown, mission.worktree, "log", "--format=%s").splitlines() == ["x", "later"]


async def test_an_existing_directory_is_not_overwritten(mission: MissionRepository, tmp_path: Path):
    with pytest.raises(GitError, match="exists already"):
        await mission.history(tmp_path, await mission.head(), mission.worktree)
