from pathlib import Path

import pytest

from mission_tui.workspace.git import RepositoryProblem, init_repository, inspect_repository, resolve_base
from tests.support.git_repos import commit_all, git, hashes, make_repository, write


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    config = home / "gitconfig"
    config.write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return config


async def test_a_clean_checkout_is_reported_with_branch_head_and_identity(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    state = await inspect_repository(root / "src")
    assert (state.root, state.git_dir) == (root, root / ".git")
    assert (state.branch, state.head_commit) == ("main", git(root, "rev-parse", "HEAD"))
    assert (state.user_name, state.user_email) == ("Ada Lovelace", "ada@example.org")
    assert not state.dirty
    assert state.excludes_file is None


async def test_inspecting_changes_no_file_of_the_repository(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    (root / "a.txt").write_text("one\n")  # same content, new time stamp: a status that may lock rewrites the index
    before = hashes(root)
    await inspect_repository(root)
    assert hashes(root) == before


@pytest.mark.parametrize("change", ["a.txt", "new.txt"])
async def test_a_changed_or_untracked_file_makes_it_dirty(tmp_path: Path, change: str):
    root = make_repository(tmp_path / "repo")
    write(root, {change: "changed\n"})
    assert (await inspect_repository(root)).dirty


async def test_files_that_only_the_users_own_ignore_file_names_do_not_make_it_dirty(tmp_path: Path, user: Path):
    root = make_repository(tmp_path / "repo")
    ignore = tmp_path / "home" / "ignore"
    ignore.write_text("*.swp\n")
    git(root, "config", "--file", str(user), "core.excludesFile", "~/ignore")
    write(root, {"a.swp": "x"})
    state = await inspect_repository(root)
    assert state.excludes_file == ignore
    assert not state.dirty


async def test_a_detached_head_has_no_branch(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "checkout", "-q", "--detach")
    state = await inspect_repository(root)
    assert state.branch is None
    assert state.head_commit == git(root, "rev-parse", "main")


async def test_without_an_identity_the_products_own_stands_in(tmp_path: Path, user: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "config", "--file", str(user), "--remove-section", "user")
    state = await inspect_repository(root)
    assert (state.user_name, state.user_email) == ("mission-tui", "mission-tui@localhost")


async def test_a_linked_worktree_of_the_user_counts_as_a_checkout(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    state = await inspect_repository(tmp_path / "side")
    assert (state.root, state.git_dir, state.branch) == (tmp_path / "side", root / ".git", "side")


async def test_git_variables_of_a_calling_hook_do_not_mislead_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root, other = make_repository(tmp_path / "repo"), make_repository(tmp_path / "other", {"b": "b"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert (await inspect_repository(root)).root == root


async def test_submodules_and_large_files_are_reported(tmp_path: Path):
    inner = make_repository(tmp_path / "inner")
    root = make_repository(tmp_path / "repo", {".gitattributes": "*.bin filter=lfs diff=lfs\n", "a": "a"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "lib")
    commit_all(root)
    state = await inspect_repository(root)
    assert state.submodules
    assert state.large_files
    with pytest.raises(RepositoryProblem, match="is a submodule"):
        await inspect_repository(root / "lib")


async def test_what_cannot_carry_a_mission_is_refused_with_one_line(tmp_path: Path):
    plain, empty, bare = tmp_path / "plain", tmp_path / "empty", tmp_path / "bare"
    plain.mkdir()
    (plain / "file").write_text("x")
    git(tmp_path, "init", "-q", str(empty))
    git(tmp_path, "init", "-q", "--bare", str(bare))
    for path, words in {
        tmp_path / "missing": "does not exist",
        plain / "file": "is not a directory",
        plain: "is not a git repository",
        empty: "has no commit yet",
        bare: "is a bare repository",
        make_repository(tmp_path / "repo") / ".git": "inside a git directory",
    }.items():
        with pytest.raises(RepositoryProblem, match=words) as problem:
            await inspect_repository(path)
        assert "\n" not in str(problem.value)
        assert str(path) in str(problem.value)


async def test_looking_at_a_repository_runs_nothing_that_its_settings_name(tmp_path: Path):
    root = make_repository(tmp_path / "repo", {"a.txt": "one\n", ".gitattributes": "*.txt filter=evil diff=evil\n"})
    trace = tmp_path / "ran"
    program = tmp_path / "evil"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {trace}\ncat\n')
    program.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "diff.external", "diff.evil.textconv"):
        git(root, "config", key, str(program))
    git(root, "config", "filter.evil.required", "true")
    (root / "a.txt").write_text("two\n")
    assert (await inspect_repository(root)).dirty
    assert not trace.exists()


async def test_a_base_is_resolved_from_branch_tag_or_id(tmp_path: Path):
    root = make_repository(tmp_path / "repo")
    git(root, "tag", "-a", "v1", "-m", "one")
    head = git(root, "rev-parse", "HEAD")
    for ref in ("main", "v1", head, head[:10], "HEAD"):
        assert await resolve_base(root, ref) == head


@pytest.mark.parametrize("ref", ["nowhere", "", "--all", "HEAD:a.txt", "a\0b", "../x"])
async def test_a_name_that_stands_for_no_commit_is_refused(tmp_path: Path, ref: str):
    root = make_repository(tmp_path / "repo")
    with pytest.raises(RepositoryProblem, match="has no commit called"):
        await resolve_base(root, ref)


async def test_init_makes_a_missing_directory_a_repository_with_one_empty_commit(tmp_path: Path):
    root = tmp_path / "deep" / "new"
    state = await init_repository(root)
    assert (state.root, state.branch, state.dirty) == (root, "main", False)
    assert git(root, "log", "--format=%an %s") == "Ada Lovelace Start"
    assert git(root, "ls-tree", "HEAD") == ""


async def test_init_twice_makes_one_commit(tmp_path: Path):
    first = await init_repository(tmp_path / "new")
    assert (await init_repository(tmp_path / "new")).head_commit == first.head_commit


async def test_init_leaves_files_and_index_of_a_repository_without_commits_alone(tmp_path: Path):
    root = tmp_path / "repo"
    git(tmp_path, "init", "-q", "-b", "trunk", str(root))
    write(root, {"a.txt": "a", "b.txt": "b"})
    git(root, "add", "a.txt")
    state = await init_repository(root)
    assert state.branch == "trunk"
    assert git(root, "status", "--porcelain").splitlines() == ["A  a.txt", "?? b.txt"]


async def test_init_refuses_files_that_nobody_has_committed(tmp_path: Path):
    write(tmp_path / "work", {"notes.txt": "secret"})
    with pytest.raises(RepositoryProblem, match="has files but no git repository"):
        await init_repository(tmp_path / "work")
    assert not (tmp_path / "work" / ".git").exists()


async def test_init_refuses_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RepositoryProblem, match="is not a directory"):
        await init_repository(tmp_path / "file")
