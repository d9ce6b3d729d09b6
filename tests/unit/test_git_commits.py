import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mission_tui.workspace.git import CommitIntent, GitError, MissionRepository
from tests.support.git_repos import NOW, commit_all, git, make_repository, start_mission, write

TRAILERS = {"Mission": "mis-1", "Feature": "F-3", "Run": "run-9"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo")


@pytest.fixture
async def mission(root: Path, tmp_path: Path) -> MissionRepository:
    return await start_mission(root, tmp_path / "m" / "worktree")


async def prepared(mission: MissionRepository, **files: str) -> CommitIntent:
    write(mission.worktree, dict(files))
    intent = await mission.prepare_commit("Add a thing", TRAILERS, NOW)
    assert intent
    return intent


def count(mission: MissionRepository) -> int:
    return int(git(mission.place.root, "rev-list", "--count", mission.branch))


async def test_a_commit_has_its_tree_parent_date_and_trailers(mission: MissionRepository):
    base = await mission.head()
    intent = await prepared(mission, new="x")
    assert await mission.head() == base
    commit = await mission.finish_commit(intent)
    assert await mission.head() == commit
    shown = git(mission.place.root, "log", "-1", "--format=%P|%s|%aI|%cI|%(trailers:separator=%x2C)", commit)
    date = "2030-01-02T03:04:05+00:00"
    assert shown == f"{base}|Add a thing|{date}|{date}|Mission: mis-1,Feature: F-3,Run: run-9"
    assert git(mission.worktree, "status", "--porcelain", "--branch") == "## mission/work"
    assert git(mission.worktree, "diff", "HEAD") == ""


async def test_an_unchanged_worktree_gives_no_commit_unless_asked_for(mission: MissionRepository):
    assert await mission.prepare_commit("nothing", {}, NOW) is None
    intent = await mission.prepare_commit("nothing", {}, NOW, allow_empty=True)
    assert intent
    await mission.finish_commit(intent)
    assert count(mission) == 2


async def test_an_intent_survives_being_stored_and_finishing_it_twice_gives_one_commit(mission: MissionRepository):
    intent = CommitIntent.model_validate_json((await prepared(mission, new="x")).model_dump_json())
    first = await mission.finish_commit(intent)
    again = await (await MissionRepository.open(mission.worktree)).finish_commit(intent)
    assert (first, count(mission)) == (again, 2)


async def test_finishing_again_after_later_commits_changes_nothing(mission: MissionRepository):
    intent = await prepared(mission, new="x")
    first = await mission.finish_commit(intent)
    later = await mission.finish_commit(await prepared(mission, new="y"))
    assert await mission.finish_commit(intent) == first
    assert await mission.head() == later
    assert (mission.worktree / "new").read_text() == "y"


async def test_finishing_is_refused_when_the_branch_went_elsewhere(mission: MissionRepository):
    intent = await prepared(mission, new="x")
    (mission.worktree / "new").unlink()
    await mission.commit_paths({"other": b"x"}, "other", {}, NOW)
    with pytest.raises(GitError, match="neither at the commit's parent nor past"):
        await mission.finish_commit(intent)
    with pytest.raises(GitError, match="prepared for"):
        await mission.finish_commit(intent.model_copy(update={"branch": "main"}))


async def test_finishing_is_refused_when_the_branch_is_gone(mission: MissionRepository):
    intent = await prepared(mission, new="x")
    git(mission.place.root, "update-ref", "-d", "refs/heads/mission/work")
    with pytest.raises(GitError, match="is gone"):
        await mission.finish_commit(intent)


async def test_changes_made_after_the_intent_stay_uncommitted(mission: MissionRepository):
    intent = await prepared(mission, new="x")
    write(mission.worktree, {"new": "later", "more": "later"})
    commit = await mission.finish_commit(intent)
    assert git(mission.place.root, "cat-file", "blob", f"{commit}:new") == "x"
    assert git(mission.worktree, "status", "--porcelain").splitlines() == [" M new", "?? more"]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "\0",
        "--amend",
        "two\n\nparagraphs\n",
        "Key: value",
        "#comment",
        "emoji \U0001f600",
        "lone \ud800",
        "x" * 100_000,
    ],
)
async def test_any_text_can_be_a_message_and_the_trailers_stay_whole(mission: MissionRepository, message: str):
    write(mission.worktree, {"new": "x"})
    intent = await mission.prepare_commit(message, {"Mission": "m\nInjected: yes"}, NOW)
    assert intent
    commit = await mission.finish_commit(CommitIntent.model_validate_json(intent.model_dump_json()))
    (info,) = await mission.log(intent.parent, commit)
    assert info.trailers == {"Mission": "m Injected: yes"}
    assert info.subject


async def test_given_files_are_committed_without_the_worktrees_other_changes(mission: MissionRepository):
    write(mission.worktree, {"a.txt": "in progress\n", "draft": "x"})
    commit = await mission.commit_paths(
        {".agents/skills/s/SKILL.md": b"skill", ".mission/plan.md": b"plan", "src/app.py": None}, "plan", TRAILERS, NOW
    )
    assert commit
    names = git(mission.place.root, "ls-tree", "-r", "--name-only", commit).splitlines()
    assert names == [".agents/skills/s/SKILL.md", ".gitignore", ".mission/plan.md", "a.txt"]
    assert git(mission.place.root, "cat-file", "blob", f"{commit}:a.txt") == "one"
    assert (mission.worktree / ".mission" / "plan.md").read_bytes() == b"plan"
    assert not (mission.worktree / "src" / "app.py").exists()
    assert git(mission.worktree, "status", "--porcelain").splitlines() == [" M a.txt", "?? draft"]
    assert await mission.commit_paths({".mission/plan.md": b"plan", "src/app.py": None}, "plan", TRAILERS, NOW) is None


async def test_an_executable_file_stays_executable(mission: MissionRepository):
    write(mission.worktree, {"run.sh": "one"})
    (mission.worktree / "run.sh").chmod(0o755)
    intent = await mission.prepare_commit("run", {}, NOW)
    assert intent
    await mission.finish_commit(intent)
    await mission.commit_paths({"run.sh": b"two"}, "run", {}, NOW)
    assert os.access(mission.worktree / "run.sh", os.X_OK)
    assert (mission.worktree / "run.sh").read_bytes() == b"two"


async def test_given_files_are_never_written_through_a_link(mission: MissionRepository, tmp_path: Path):
    outside = tmp_path / "outside"
    write(outside, {"SKILL.md": "theirs", "victim": "theirs"})
    (mission.worktree / ".agents").symlink_to(outside)
    (mission.worktree / "a.txt").unlink()
    (mission.worktree / "a.txt").symlink_to(outside / "victim")
    (mission.worktree / "src" / "app.py").unlink()
    (mission.worktree / "src").rmdir()
    write(outside, {"app.py": "theirs"})
    (mission.worktree / "src").symlink_to(outside)
    await mission.commit_paths({".agents/SKILL.md": b"ours", "a.txt": b"ours", "src/app.py": None}, "s", {}, NOW)
    assert {path.read_text() for path in outside.iterdir()} == {"theirs"}
    assert (mission.worktree / ".agents" / "SKILL.md").read_text() == "ours"
    assert (mission.worktree / "a.txt").read_text() == "ours"


@pytest.mark.parametrize(
    "path", ["", ".", "../x", "/etc/x", "a/../b", ".git/config", "a/.GIT/hooks/x", "a//b", "a/", "a\0b"]
)
async def test_paths_that_lead_elsewhere_are_refused(mission: MissionRepository, path: str):
    with pytest.raises(GitError, match="not a path of a file"):
        await mission.commit_paths({path: b"x"}, "x", {}, NOW)


async def test_a_rollback_keeps_what_it_dropped_reachable(mission: MissionRepository):
    base = await mission.head()
    one = await mission.finish_commit(await prepared(mission, new="1"))
    two = await mission.finish_commit(await prepared(mission, new="2"))
    await mission.move_branch(one, two)
    await mission.move_branch(one, two)
    await mission.reset_worktree(one)
    assert (await mission.head(), (mission.worktree / "new").read_text()) == (one, "1")
    other = await mission.finish_commit(await prepared(mission, new="3"))
    await mission.move_branch(base, other)
    refs = git(mission.place.root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/mission-tui")
    dropped = "refs/mission-tui/work/dropped"
    assert refs.splitlines() == [f"{dropped}/1 {two}", f"{dropped}/2 {other}"]
    with pytest.raises(GitError, match="is at"):
        await mission.move_branch(one, two)


async def test_moving_forward_drops_nothing(mission: MissionRepository):
    base = await mission.head()
    one = await mission.finish_commit(await prepared(mission, new="1"))
    await mission.move_branch(base, one)
    await mission.move_branch(one, base)
    assert await mission.head() == one
    assert git(mission.place.root, "for-each-ref", "--format=%(objectname)", "refs/mission-tui") == one


async def test_names_other_than_object_ids_are_refused_everywhere(mission: MissionRepository, tmp_path: Path):
    head = await mission.head()
    for bad in ("HEAD", "--output=/tmp/x", "main", head[:12], "", f"{head}^"):
        for action in (
            mission.diff(bad, head),
            mission.diff_stat(head, bad),
            mission.changed_files(bad, head),
            mission.log(bad, head),
            mission.is_ancestor(bad, head),
            mission.fingerprint(bad),
            mission.tree_of(bad),
            mission.reset_worktree(bad),
            mission.move_branch(bad, head),
            mission.scratch_copy(bad, tmp_path / "copy"),
            mission.history(tmp_path / "shown", bad, mission.worktree),
        ):
            with pytest.raises(GitError, match="not a full git object id"):
                await action


async def test_a_hostile_configuration_runs_nothing(tmp_path: Path):
    root = make_repository(
        tmp_path / "repo", {"a.txt": "one\n", ".gitattributes": "* filter=evil diff=evil merge=evil\n"}
    )
    trace, program = tmp_path / "ran", tmp_path / "evil"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {trace}\ncat\n')
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    every = ("post-checkout", "reference-transaction", "post-index-change", "pre-commit", "post-commit", "post-rewrite")
    for name in every:
        (hooks / name).symlink_to(program)
        (root / ".git" / "hooks" / name).symlink_to(program)
    plain = {"core.hooksPath": str(hooks), "commit.gpgSign": "true", "log.showSignature": "true"}
    programs = [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "merge.evil.driver",
        "gpg.program",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.sshCommand",
        "credential.helper",
        "core.alternateRefsCommand",
        "uploadpack.packObjectsHook",
    ]
    for key, value in (plain | dict.fromkeys(programs, str(program))).items():
        git(root, "config", key, value)
    git(root, "config", "filter.evil.required", "true")
    mission = await start_mission(root, tmp_path / "worktree")
    base = await mission.head()
    make_repository(mission.worktree / "nested", {"b.txt": "x"})
    git(mission.worktree / "nested", "config", "core.fsmonitor", str(program))
    head = await mission.finish_commit(await prepared(mission, new="x"))
    await mission.commit_paths({".mission/x": b"x"}, "x", {}, NOW)
    assert "+x" in await mission.diff(base, head)
    await mission.diff_stat(base, head)
    await mission.log(base, head)
    await mission.unreadable()
    await mission.ignored("a.txt")
    await mission.scratch_copy(head, tmp_path / "copy")
    shown = await mission.history(tmp_path / "shown", head, tmp_path / "copy")
    await mission.move_branch(base, await mission.head())
    await mission.reset_worktree(base)
    assert (mission.worktree / "a.txt").read_text() == "one\n"
    await mission.remove(branch=True)
    assert not trace.exists()
    assert "evil" not in (shown.git_dir / "config").read_text()
    git(root, "status", check=False)
    assert trace.exists(), "the trap itself does not work"


KILLED_BY_ITS_CHILD = """
import asyncio, os, sys
from pathlib import Path
from mission_tui.workspace.git import CommitIntent, MissionRepository
from tests.support.git_repos import NOW

async def work(worktree: Path, journal: Path) -> None:
    mission = await MissionRepository.open(worktree)
    if not journal.exists():
        intent = await mission.prepare_commit("killed", {"Run": "r"}, NOW)
        assert intent
        journal.write_text(intent.model_dump_json())
    await mission.finish_commit(CommitIntent.model_validate_json(journal.read_text()))

for point in map(int, sys.argv[1:]):
    place = Path(f"case-{point}")
    child = os.fork()
    if child == 0:
        os.environ["PATH"] = f"{place.absolute()}:{os.environ['PATH']}"
        asyncio.run(work(place / "worktree", place / "journal"))
        os._exit(0)
    print(point, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


async def test_killed_before_or_after_any_git_command_it_ends_with_one_right_commit(tmp_path: Path):
    points = range(1, 30)
    for point in points:
        root = make_repository(tmp_path / f"case-{point}" / "repo")
        mission = await start_mission(root, tmp_path / f"case-{point}" / "worktree")
        write(mission.worktree, {"a.txt": "two\n", "new": "x"})
        (mission.worktree / "src" / "app.py").unlink()
        left = tmp_path / f"case-{point}" / "left"
        left.write_text(str(point))
        left.with_name("git").write_text(_wrapper(left))
        left.with_name("git").chmod(0o755)
    script = [sys.executable, "-c", KILLED_BY_ITS_CHILD, *map(str, points)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = await asyncio.to_thread(
        subprocess.run, script, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    codes = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert codes[0] == -9, done.stderr
    assert codes[-1] == 0, "more git commands than kill points"
    for point in points:
        place = tmp_path / f"case-{point}"
        mission = await MissionRepository.open(place / "worktree")
        await mission.clear_stale_locks()
        journal = place / "journal"
        if journal.exists():
            intent = CommitIntent.model_validate_json(journal.read_text())
        else:
            assert count(mission) == 1
            fresh = await mission.prepare_commit("killed", {"Run": "r"}, NOW)
            assert fresh
            intent = fresh
        head = await mission.finish_commit(intent)
        assert (count(mission), await mission.head()) == (2, head)
        assert await mission.changed_files(intent.parent, head) == ["a.txt", "new", "src/app.py"]
        assert git(mission.worktree, "status", "--porcelain") == ""


def _wrapper(left: Path) -> str:
    """A git that kills its caller when its turn comes: before running at odd points, after running at even ones."""
    return f"""#!/bin/sh
left=$(cat {left}); left=$((left - 2)); echo $left > {left}
PATH={os.environ["PATH"]}
[ $left = -1 ] && kill -9 $PPID && exit 1
git "$@"; code=$?
[ $left = 0 ] && kill -9 $PPID
exit $code
"""


async def test_a_user_who_commits_in_the_worktree_is_built_upon(mission: MissionRepository):
    write(mission.worktree, {"theirs": "x"})
    theirs = commit_all(mission.worktree, "by hand")
    intent = await prepared(mission, ours="x")
    assert intent.parent == theirs
    await mission.finish_commit(intent)
    assert count(mission) == 3
