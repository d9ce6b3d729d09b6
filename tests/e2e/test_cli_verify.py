import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mission_tui.cli.main import run
from tests.support.cli import Program, make_program, plan_data, write_plan, write_script
from tests.support.git_repos import git
from tests.support.stores import wait_until

SECRET, OTHER_SECRET = "sk-very-secret-0001", "sk-very-secret-0002"


@dataclass(frozen=True)
class Ended:
    """A completed mission that each test breaks in one place and mends again."""

    program: Program
    id: str
    branch: str

    @property
    def root(self) -> Path:
        return self.program.data / "missions" / self.id

    @property
    def git_dir(self) -> Path:
        return self.program.repo / ".git"


Break = Callable[[Ended], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    program = make_program(tmp_path_factory.mktemp("verify"))
    program.settings(f'[seats.default]\nmodel = "scripted:{write_script(program.root / "script.yaml", SECRET)}"\n')
    plan = plan_data()
    plan["contract"][0]["proof"]["checks"] = [{"run": f"grep -x {SECRET} hello.txt"}]
    write_plan(program.root / "plan.yaml", plan)
    mission = program.new("--yes")
    assert program("run", mission).code == 0
    return Ended(program, mission, program("status", mission, "--json").json["branch"])


@contextmanager
def tampered(mission: Ended, *statements: str, guarded: bool = True) -> Iterator[None]:
    database = mission.root / "mission.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        whole = database.read_bytes()
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            assert db.execute(statement).rowcount != 0, statement
        for _, sql in triggers if guarded else ():
            db.execute(sql)
    yield
    for path in mission.root.glob("mission.db*"):
        path.unlink()
    database.write_bytes(whole)


@contextmanager
def replaced(path: Path, text: str) -> Iterator[None]:
    before = path.read_bytes() if path.exists() else None
    path.write_text(text)
    yield
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)


@contextmanager
def moved(mission: Ended, ref: str, to: str) -> Iterator[None]:
    before = git(mission.program.repo, "rev-parse", ref)
    git(mission.program.repo, "update-ref", ref, git(mission.program.repo, "rev-parse", to.format(mission.branch)))
    yield
    git(mission.program.repo, "update-ref", "-m", "reset: moving back", ref, before)


@contextmanager
def stashed(mission: Ended) -> Iterator[None]:
    with replaced(mission.root / "worktree" / "hello.txt", "other"):
        made = git(mission.root / "worktree", "stash", "create")
    git(mission.program.repo, "update-ref", "refs/stash", made)
    yield
    git(mission.program.repo, "update-ref", "-d", "refs/stash")


@contextmanager
def registered(mission: Ended) -> Iterator[None]:
    place = mission.root / "second"
    git(mission.program.repo, "worktree", "add", "-q", "--detach", str(place))
    yield
    git(mission.program.repo, "worktree", "remove", "--force", str(place))


@contextmanager
def boxed(mission: Ended) -> Iterator[None]:
    """What a box would leave that nothing ended."""
    view = ["--unshare-pid", "--ro-bind", "/", "/", "--bind", str(mission.root / "worktree"), "/mnt"]
    with subprocess.Popen(["bwrap", *view, "sleep", "1000"]) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_until(lambda: "sleep" in _commands(children), seconds=30)
        yield
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGKILL)


def _commands(children: Path) -> str:
    below = [Path(f"/proc/{child}/task/{child}/children") for child in children.read_text().split()]
    return " ".join(Path(f"/proc/{pid}/comm").read_text() for path in below for pid in path.read_text().split())


def sql(*statements: str, guarded: bool = True) -> Break:
    return lambda mission: tampered(mission, *statements, guarded=guarded)


def artifact(mission: Ended) -> AbstractContextManager[None]:
    with closing(sqlite3.connect(mission.root / "mission.db")) as db:
        [[data]] = db.execute("SELECT data FROM events WHERE kind = 'verdict_recorded'").fetchall()
    sha = json.loads(data)["verdict"]["evidence"][0]["artifact"]
    path = mission.root / "artifacts" / sha[:2] / sha
    path.chmod(0o644)
    return replaced(path, "all green")


def config(mission: Ended) -> AbstractContextManager[None]:
    path = mission.git_dir / "config"
    return replaced(path, path.read_text() + f"[core]\n\thooksPath = {mission.root}/hooks\n")


def head(mission: Ended) -> AbstractContextManager[None]:
    return replaced(mission.git_dir / "HEAD", f"ref: refs/heads/{mission.branch}\n")


def log_line(mission: Ended) -> AbstractContextManager[None]:
    return replaced(mission.root / "engine.log", f"key={OTHER_SECRET}\n")


ONE_EVENT = "WHERE seq = (SELECT max(seq) FROM events WHERE kind = '{}')".format
BROKEN: list[tuple[int, str, Break]] = [
    (1, "event 4 is missing", sql("DELETE FROM events WHERE seq = 4")),
    (1, "an event was changed", sql(f"UPDATE events SET at = at + 1 {ONE_EVENT('run_ended')}")),
    (1, "not the fold of the ledger", sql("UPDATE state SET summary = replace(summary, 'Say hello', 'Say bye')")),
    (1, "events_never_change", sql("UPDATE counters SET runs = runs", guarded=False)),
    (2, "is done, which does not fit its result", sql("UPDATE steps SET result = NULL WHERE id = 1")),
    (
        2,
        "still running, but the run is over",
        sql("UPDATE steps SET status = 'running', result = NULL, ended_at = NULL WHERE id = 2"),
    ),
    (
        2,
        "of which the ledger knows nothing",
        sql(
            "UPDATE steps SET run_id = 'R99' WHERE run_id = 'R2'",
            "UPDATE run_totals SET run_id = 'R99' WHERE run_id = 'R2'",
        ),
    ),
    (3, "the ledger's head", lambda m: moved(m, f"refs/heads/{m.branch}", "{0}~1")),
    (3, "worktree differs", lambda m: replaced(m.root / "worktree" / "hello.txt", "bye")),
    (5, "is missing or was changed", artifact),
    (7, "the steps add up to", sql("UPDATE counters SET output_tokens = 1")),
    (8, "the secret DEMO_KEY is in engine.log", log_line),
    (8, "a git command left", lambda m: replaced(m.root / "worktree.git" / "index.lock", "")),
    (8, "(sleep 1000)", boxed),
    (9, "the branch main came to the mission's commit", lambda m: moved(m, "refs/heads/main", "{0}")),
    (9, "the stash of", stashed),
    (9, "the settings of", config),
    (9, "was put on the mission's branch", head),
    (9, "a second worktree", registered),
]


@pytest.mark.parametrize(("invariant", "words", "broken"), BROKEN, ids=[words for _, words, _ in BROKEN])
def test_a_broken_invariant_is_one_line_that_names_it(
    ended: Ended,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    invariant: int,
    words: str,
    broken: Break,
):
    monkeypatch.setenv("DEMO_KEY", OTHER_SECRET)
    verify = ["--data-dir", str(ended.program.data), "verify", ended.id]
    with broken(ended):
        code, said = run(verify), capsys.readouterr().out.splitlines()
    assert (code, len(said)) == (4, 1), said
    assert (run(verify), capsys.readouterr().err) == (0, "")
    assert said[0].startswith(f"invariant {invariant}: ")
    assert words in said[0]


def test_a_secret_in_the_history_is_found_and_a_human_s_merge_is_not_held_against_the_mission(
    ended: Ended, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    verify = ["--data-dir", str(ended.program.data), "verify", ended.id]
    git(ended.program.repo, "merge", "-q", "--ff-only", ended.branch)
    (ended.program.repo / "own.txt").write_text("mine\n")
    git(ended.program.repo, "add", "own.txt")
    git(ended.program.repo, "stash", "-q")
    assert run(verify) == 0, capsys.readouterr().out
    capsys.readouterr()
    monkeypatch.setenv("DEMO_KEY", SECRET)
    assert run(verify) == 4
    said = capsys.readouterr().out.splitlines()
    assert f"invariant 8: the secret DEMO_KEY is in the history of {ended.branch}" in said
