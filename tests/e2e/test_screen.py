import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.support.cli import Program
from tests.support.git_repos import git
from tests.support.tmux import Terminal, terminal

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="the terminal that drives the screen is tmux"),
]
LESSON = "Say what you measured."


def interview_and_approval(shown: Terminal) -> None:
    shown.shows("▲ asks you")
    shown.keys("a")
    shown.shows("the orchestrator asks", "1. Which periods", "calendar months (2026-05)", "(default)")
    shown.keys("1")
    shown.shows("● 1 calendar months")
    shown.keys("C-s")
    shown.shows("APPROVE", "▲ a answers")
    shown.keys("a")
    shown.shows("approve the plan", "1 approve  work begins (default)")
    shown.keys("Enter")
    shown.shows("RUNNING", "contract and plan approved")


def pause_and_resume(shown: Terminal) -> None:
    shown.keys("p")
    shown.shows("PAUSED")
    shown.keys("p")
    shown.shows("RUNNING")


def skill_edit(shown: Terminal) -> None:
    shown.keys("s")
    shown.shows("Skills", "backend-worker")
    shown.keys("Enter")
    shown.shows("esc list")
    shown.keys(*["NPage"] * 6)
    shown.shows("Update API documentation")
    shown.type(LESSON)
    shown.shows("● not saved", LESSON)
    shown.keys("C-s")
    shown.shows("backend-worker saved: ")
    shown.keys("Escape")
    shown.keys("Escape")
    shown.shows("1 Coverage")


def review_with_an_override(shown: Terminal) -> None:
    shown.shows("▲ review")
    shown.keys("r")
    shown.shows("Assertions", "a accept", "o override")
    shown.keys("d")
    shown.shows("pocketbook/", "Diff")
    shown.keys("v")
    shown.keys("o")
    shown.shows("You answer for it")
    shown.type("tried by hand")
    shown.keys("Enter")
    shown.shows("1 ◆", "tried by hand")
    shown.keys("a")
    shown.shows("M1 sealed")


@pytest.fixture
def program(tmp_path: Path):
    made = Program(tmp_path)
    (tmp_path / "home").mkdir()
    yield made
    for folder in (made.data / "missions").iterdir():
        pid = made("status", folder.name, "--json").json["engine"]["pid"]
        if pid is not None:
            os.kill(pid, signal.SIGTERM)


def test_a_whole_mission_is_supervised_from_the_keyboard_through_a_killed_screen(tmp_path: Path, program: Program):
    with terminal(program, "first") as shown:
        shown.start("demo", "--fast", "--dir", tmp_path / "demo")
        interview_and_approval(shown)
        pause_and_resume(shown)
        skill_edit(shown)
        shown.keys("3")
        shown.keys("z")
        shown.shows("3 Transcript")
        mission = next((program.data / "missions").iterdir()).name
        engine = program("status", mission, "--json").json["engine"]
        assert engine["alive"]
        place = program.data / "screen.json"
        shown.shows("3 Transcript")
        while not place.exists() or '"zoomed":true' not in place.read_text():
            shown.shows("3 Transcript")
        os.kill(shown.pid, signal.SIGKILL)
    after = program("status", mission, "--json").json["engine"]
    assert after == engine
    with terminal(program, "second") as shown:
        shown.start(size=(120, 40))
        zoomed = shown.shows("Export, quick add", "3 Transcript")
        assert "1 Coverage" not in zoomed.split("\n")[3]
        shown.keys("z")
        shown.shows("1 Coverage", "2 Orchestrator", "3 Transcript", "4 Handoffs")
        review_with_an_override(shown)
        shown.keys("q")
        shown.shows("The engine goes on with")
    assert program("status", mission, "--json").json["engine"]["alive"]
    with terminal(program, "third") as shown:
        shown.start(size=(80, 24))
        shown.shows("▲ a answers", "Review M2")
        shown.keys("r")
        shown.shows("a accept")
        shown.keys("a")
        shown.shows("COMPLETED")
    status = program("status", mission, "--json").json
    assert status["state"] == "completed"
    assert status["assertions"]["overridden"] == 1
    assert status["assertions"]["passed"] + 1 == status["assertions"]["total"]
    assert program("verify", mission).code == 0
    tree = program.data / "missions" / mission / "worktree"
    assert LESSON in (tree / ".agents/skills/backend-worker/SKILL.md").read_text()
    assert "Skill backend-worker, edited by the engineer" in git(tree, "log", "--format=%s")
