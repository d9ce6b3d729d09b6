import json
from pathlib import Path

import pytest

from mission_tui.store.journal import FinishedStep, NewStep
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        yield made


def long_run(writer: MissionWriter, steps: int = 900) -> None:
    """A run of many steps in which two differ."""
    make.working(writer)
    early = {"text": "exit code 1 (0.1 s)\nE   the early needle", "exit_code": 1}
    late = {"text": "the Late needle is told of", "exit_code": 0}
    results = {40: early, 700: late}
    new = [
        NewStep(
            run_id="R7", kind="tool", name="run_command", request={"arguments": json.dumps({"command": f"echo {n}"})}
        )
        for n in range(steps)
    ]
    started = writer.journal.advance(start=new)
    done = [
        FinishedStep(run_id="R7", n=step.n, status="done", result=results.get(n, {"text": f"{n}", "exit_code": 0}))
        for n, step in enumerate(started)
    ]
    writer.journal.advance(done)


async def at_transcript(seen: Screen) -> None:
    await seen.shows("worker on F4", "● following")
    await seen.press("3", "z")


async def test_the_whole_run_is_searched_not_only_what_is_held(tmp_path: Path, writer: MissionWriter):
    long_run(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await at_transcript(seen)
        await seen.press("slash", *"needle", "enter")
        await seen.shows("the Late needle is told of", "‖ held", "n N next, previous")
        await seen.press("N")
        await seen.shows("E   the early needle", "echo 39")
        await seen.press("n")
        await seen.shows("the Late needle is told of", "echo 699")
        await seen.press("slash", "escape")
        await seen.hides("n N next, previous")
        await seen.press("f")
        await seen.shows("echo 899", "● following")


async def test_a_search_unfolds_what_hides_the_words(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    writer.call("R7", "read_file", {"path": "app/a.py"}, {"text": "1 import os\n2 hidden_word = 1"})
    async with screen(tmp_path, writer.files.id) as seen:
        await at_transcript(seen)
        assert "hidden_word" not in seen.text()
        await seen.press("slash", *"hidden_w")
        await seen.shows("2 hidden_word = 1")
        await seen.press("escape", "slash", *"no such word")
        await seen.shows("nowhere in this run")


async def test_errors_are_gone_through_round_the_end(tmp_path: Path, writer: MissionWriter):
    long_run(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await at_transcript(seen)
        await seen.press("E")
        await seen.shows("the early needle")
        await seen.press("E")
        await seen.shows("assert 11 == 12", "✖ exit 1")
        await seen.press("e")
        await seen.shows("the early needle")


async def test_a_step_is_copied_and_its_whole_output_is_paged(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    text = "".join(f"line {n}\n" for n in range(1, 30_001))
    sha = writer.artifacts.put_bytes(text.encode())
    shown = {"text": "line 1\n…\nline 30000", "exit_code": 0, "command": "make all", "artifact": sha}
    writer.call("R7", "run_command", {"command": "make all"}, shown)
    async with screen(tmp_path, writer.files.id) as seen:
        await at_transcript(seen)
        await seen.shows("make all")
        await seen.press("up", "end", "y")
        assert seen.app.clipboard.startswith("run_command\ncommand: make all")
        await seen.press("o")
        await seen.shows("output of run_command  R7 step", "line 1 ", "line 30 ")
        await seen.press("end")
        await seen.shows("line 30000")
        await seen.press("slash", *"line 12345", "enter")
        await seen.shows("line 12345", "line 12345 of 30000")
        await seen.press("escape")
        await seen.shows("3 Transcript")


async def test_what_the_model_thought_unfolds_everywhere(tmp_path: Path, writer: MissionWriter):
    make.contradicted(writer)
    thought = "First the template. " * 12 + "Then the end of it."
    writer.start("R9", "worker", "F4", "M2")
    writer.say("R9", "I begin.", thinking=thought)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("R9 worker")
        await seen.press("3", "z")
        await seen.shows("thinking")
        assert "the end of it" not in seen.text()
        await seen.press("t")
        await seen.shows("the end of it")


async def test_an_edit_shows_what_changes_between_what_stays(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    edit = {"path": "app/b.py", "old": "def f():\n    return 1\n# end", "new": "def f():\n    return 2\n# end"}
    writer.call("R7", "edit_file", edit, {"text": "edited app/b.py"})
    async with screen(tmp_path, writer.files.id) as seen:
        await at_transcript(seen)
        await seen.shows("app/b.py")
        await seen.press("K", "J", "enter")
        await seen.shows("  -     return 1", "  +     return 2", "    def f():", "    # end")
        assert "- def f()" not in seen.text()
