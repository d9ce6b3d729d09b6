import os
from pathlib import Path

import pytest

from mission_tui.workspace.git import GitError, MissionRepository
from tests.support.git_repos import commit_all, git, make_repository, start_mission, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo")


@pytest.fixture
async def mission(root: Path, tmp_path: Path) -> MissionRepository:
    return await start_mission(root, tmp_path / "m" / "worktree")


async def names(mission: MissionRepository) -> set[str]:
    tree = await mission.write_tree()
    return set(git(mission.place.root, "ls-tree", "-r", "-z", "--name-only", tree).strip("\0").split("\0"))


def modes(mission: MissionRepository, tree: str) -> dict[str, str]:
    rows = git(mission.place.root, "ls-tree", "-r", tree).splitlines()
    return {row.partition("\t")[2]: row.split()[0] for row in rows}


async def test_an_untouched_worktree_is_the_tree_of_its_commit(mission: MissionRepository):
    assert await mission.write_tree() == await mission.tree_of(await mission.head())


async def test_changes_new_files_and_removals_are_in_the_snapshot(mission: MissionRepository):
    write(mission.worktree, {"a.txt": "two\n", "new/deep/file": "x"})
    (mission.worktree / "src" / "app.py").unlink()
    tree = await mission.write_tree()
    assert await names(mission) == {".gitignore", "a.txt", "new/deep/file"}
    assert git(mission.place.root, "cat-file", "blob", f"{tree}:a.txt") == "two"


async def test_a_change_of_the_same_size_within_the_same_second_is_seen(mission: MissionRepository):
    seen: set[str] = set()
    for number in range(10):
        write(mission.worktree, {"a.txt": f"{number}ne\n"})
        seen.add(await mission.write_tree())
    assert len(seen) == 10


async def test_a_change_with_a_forged_time_stamp_is_seen(mission: MissionRepository):
    path = mission.worktree / "a.txt"
    before, status = await mission.write_tree(), path.stat()
    path.write_text("eno\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert await mission.write_tree() != before


async def test_odd_names_survive(mission: MissionRepository):
    odd = {
        "with space",
        "new\nline",
        "ünï©ode/日本",
        "-rf",
        "--",
        ":(top)x",
        "a*b[c]?",
        'quo"te',
        "back\\slash",
        "tab\t",
    }
    write(mission.worktree, dict.fromkeys(odd, "x"))
    assert odd <= await names(mission)
    for name in odd:
        (mission.worktree / name).unlink()
    assert not odd & await names(mission)


async def test_a_name_that_is_not_utf8_survives(mission: MissionRepository):
    path = os.fsencode(mission.worktree) + b"/caf\xe9"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    tree = await mission.write_tree()
    assert "caf\\351" in git(mission.place.root, "ls-tree", "--name-only", tree)
    base = await mission.tree_of(await mission.head())
    assert [change.path for change in await mission.diff_stat(base, tree)] == ["caf�"]


async def test_executable_bits_and_symbolic_links_are_kept_as_such(mission: MissionRepository, tmp_path: Path):
    write(mission.worktree, {"run.sh": "#!/bin/sh\n"})
    (mission.worktree / "run.sh").chmod(0o755)
    (mission.worktree / "link").symlink_to("a.txt")
    (mission.worktree / "outside").symlink_to("/etc/passwd")
    (mission.worktree / "dangling").symlink_to("nowhere")
    (mission.worktree / "folder").symlink_to(tmp_path)
    tree = await mission.write_tree()
    found = modes(mission, tree)
    assert found["run.sh"] == "100755"
    assert {found[name] for name in ("link", "outside", "dangling", "folder")} == {"120000"}
    assert git(mission.place.root, "cat-file", "blob", f"{tree}:outside") == "/etc/passwd"


async def test_a_file_may_become_a_folder_and_a_folder_a_file_or_a_link(mission: MissionRepository, tmp_path: Path):
    (mission.worktree / "a.txt").unlink()
    write(mission.worktree, {"a.txt/inner": "x"})
    (mission.worktree / "src" / "app.py").unlink()
    (mission.worktree / "src").rmdir()
    write(tmp_path / "elsewhere", {"app.py": "not ours"})
    (mission.worktree / "src").symlink_to(tmp_path / "elsewhere")
    found = modes(mission, await mission.write_tree())
    assert found == {".gitignore": "100644", "a.txt/inner": "100644", "src": "120000"}
    (mission.worktree / "src").unlink()
    write(mission.worktree, {"src": "file"})
    assert modes(mission, await mission.write_tree())["src"] == "100644"


async def test_pipes_and_sockets_are_left_out_even_in_place_of_a_file(mission: MissionRepository):
    os.mkfifo(mission.worktree / "pipe")
    (mission.worktree / "a.txt").unlink()
    os.mkfifo(mission.worktree / "a.txt")
    assert await names(mission) == {".gitignore", "src/app.py"}


async def test_ignore_files_of_repository_and_user_and_build_litter_are_left_out_and_named(root: Path, tmp_path: Path):
    ignore = tmp_path / "ignore"
    ignore.write_text("*.swp\n")
    git(root, "config", "core.excludesFile", str(ignore))
    (root / ".git" / "info" / "exclude").write_text("local.txt\n")
    mission = await start_mission(root, tmp_path / "worktree")
    litter = (
        "build/out.o",
        "x.swp",
        "local.txt",
        "src/__pycache__/app.pyc",
        "node_modules/p/index.js",
        "my.egg-info/x",
        ":(x).swp",
    )
    write(mission.worktree, dict.fromkeys(litter, "x") | {"kept.txt": "x"})
    assert await names(mission) == {".gitignore", "a.txt", "src/app.py", "kept.txt"}
    assert [path for path in (*litter, "kept.txt", "a.txt") if await mission.ignored(path)] == list(litter)


async def test_a_repository_may_say_that_litter_belongs_to_it(mission: MissionRepository):
    write(mission.worktree, {".gitignore": "!node_modules/\n", "node_modules/p.js": "x"})
    assert "node_modules/p.js" in await names(mission)


async def test_the_missions_own_files_are_never_ignored(mission: MissionRepository):
    own = {".mission/plan.md", ".agents/skills/x/SKILL.md"}
    junk = {".agents/skills/x/__pycache__/tool.pyc"}
    write(mission.worktree, dict.fromkeys(own | junk, "x") | {".gitignore": ".mission\n.agents\n"})
    assert await names(mission) == {".gitignore", "a.txt", "src/app.py", *own}
    assert not any([await mission.ignored(path) for path in sorted(own)])


async def test_a_repository_inside_the_worktree_is_a_folder_of_ordinary_files(mission: MissionRepository):
    make_repository(mission.worktree / "app", {"main.py": "x", ".gitignore": "out/\n"})
    make_repository(mission.worktree / "app" / "deeper", {"lib.py": "x"})
    write(mission.worktree, {"app/uncommitted.py": "x", "app/out/x": "x"})
    expected = {"app/main.py", "app/.gitignore", "app/uncommitted.py", "app/deeper/lib.py"}
    assert expected == {name for name in await names(mission) if name.startswith("app/")}
    write(mission.worktree, {"app/later.py": "x"})
    assert "app/later.py" in await names(mission)


async def test_a_folder_that_looks_like_a_git_directory_on_other_systems_is_left_out(mission: MissionRepository):
    write(mission.worktree, {".GIT/config": "x", "sub/.git/config": "x", "kept": "x"})
    assert await names(mission) == {".gitignore", "a.txt", "src/app.py", "kept"}


async def test_submodules_stay_as_the_commit_names_them(root: Path, tmp_path: Path):
    inner = make_repository(tmp_path / "inner")
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "lib")
    commit_all(root)
    mission = await start_mission(root, tmp_path / "worktree")
    write(mission.worktree, {"a.txt": "two\n"})
    assert modes(mission, await mission.write_tree())["lib"] == "160000"
    (mission.worktree / "lib").rmdir()
    assert modes(mission, await mission.write_tree())["lib"] == "160000"


async def test_what_may_not_be_read_is_left_out_and_named(mission: MissionRepository):
    write(mission.worktree, {"locked": "x", "closed/x": "x", "src/closed/x": "x", "build/closed/x": "x"})
    for path in ("locked", "closed", "src/closed", "build/closed"):
        (mission.worktree / path).chmod(0)
    if os.access(mission.worktree / "locked", os.R_OK):
        pytest.skip("this user may read everything")
    assert await names(mission) == {".gitignore", "a.txt", "src/app.py"}
    assert await mission.unreadable() == ("closed/", "locked", "src/closed/")


async def test_a_reset_puts_every_file_back_and_removes_everything_else(mission: MissionRepository):
    base = await mission.head()
    write(mission.worktree, {"a.txt": "two\n", "new": "x", "build/out.o": "x", ".venv/bin/x": "x"})
    make_repository(mission.worktree / "nested")
    (mission.worktree / "src" / "app.py").unlink()
    (mission.worktree / "src").rmdir()
    (mission.worktree / "src").symlink_to("/")
    await mission.write_tree()
    write(mission.worktree, {"after": "x"})
    await mission.reset_worktree(base)
    found = {path.relative_to(mission.worktree).as_posix() for path in mission.worktree.rglob("*")}
    assert found == {".git", ".gitignore", "a.txt", "src", "src/app.py"}
    assert await mission.write_tree() == await mission.tree_of(base)
    assert git(mission.worktree, "status", "--porcelain") == ""


async def test_a_reset_removes_a_repository_that_was_started_around_committed_files(mission: MissionRepository):
    make_repository(mission.worktree / "src", {"more.py": "x"})
    await mission.reset_worktree(await mission.head())
    assert [path.name for path in (mission.worktree / "src").iterdir()] == ["app.py"]


async def test_a_reset_leaves_unchanged_files_untouched_so_that_builds_stay_fresh(mission: MissionRepository):
    before = (mission.worktree / "a.txt").stat()
    write(mission.worktree, {"src/app.py": "changed"})
    await mission.reset_worktree(await mission.head())
    after = (mission.worktree / "a.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_a_reset_works_after_the_private_index_is_lost(mission: MissionRepository):
    write(mission.worktree, {"a.txt": "two\n", "new": "x"})
    (mission.place.private / "index").unlink()
    await mission.reset_worktree(await mission.head())
    assert await mission.write_tree() == await mission.tree_of(await mission.head())
    assert not (mission.worktree / "new").exists()


async def test_a_reset_works_where_an_agent_took_rights_away(mission: MissionRepository):
    write(mission.worktree, {"src/app.py": "changed", "dir/new": "x"})
    for name in ("src", "dir"):
        (mission.worktree / name).chmod(0o500)
    await mission.reset_worktree(await mission.head())
    assert (mission.worktree / "src" / "app.py").read_text() == "print('hello')\n"
    assert not (mission.worktree / "dir").exists()


@pytest.mark.parametrize("kind", ["symlink", "directory", "missing", "pointer"])
async def test_a_swapped_git_entry_changes_nothing_and_a_reset_mends_it(
    mission: MissionRepository, tmp_path: Path, kind: str
):
    pointer = mission.worktree / ".git"
    text = pointer.read_text()
    other = make_repository(tmp_path / "other")
    pointer.unlink()
    if kind == "symlink":
        pointer.symlink_to(other / ".git")
    elif kind == "directory":
        make_repository(mission.worktree, {"a.txt": "one\n"})
    elif kind == "pointer":
        pointer.write_text(f"gitdir: {other / '.git'}\n")
    write(mission.worktree, {"a.txt": "two\n"})
    tree = await mission.write_tree()
    assert modes(mission, tree).keys() == {".gitignore", "a.txt", "src/app.py"}
    await mission.reset_worktree(await mission.head())
    assert pointer.read_text() == text
    assert not pointer.is_symlink()
    assert git(mission.worktree, "status", "--porcelain", "--branch") == "## mission/work"
    assert git(other, "status", "--porcelain") == ""


async def test_attributes_that_no_file_can_satisfy_are_an_error_that_names_the_file(mission: MissionRepository):
    write(mission.worktree, {".gitattributes": "*.x working-tree-encoding=NOPE\n", "f.x": "abc"})
    with pytest.raises(GitError, match=r"failed to encode 'f\.x'"):
        await mission.write_tree()
    write(mission.worktree, {".gitattributes": ""})
    assert "f.x" in await names(mission)
