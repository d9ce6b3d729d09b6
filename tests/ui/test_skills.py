from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events

from mission_tui.store import inbox
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.skills import SkillsScreen
from tests.support import mission_factory as make
from tests.support.engine import GOOD_WORKER, bye, git, mission, plan, run, script
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen, take_commands

SKILL = ".agents/skills/backend-worker/SKILL.md"
HEAD = "---\nname: backend-worker\ndescription: How to work here\n---\n\n"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    SkillsScreen.kept.clear()
    yield
    SkillsScreen.kept.clear()


async def opened(seen: Screen) -> SkillsScreen:
    await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))
    await seen.shows("1 Coverage")
    await seen.press("s")
    await seen.shows("Skills", "backend-worker", "comes with mission-tui")
    assert isinstance(seen.app.screen, SkillsScreen)
    return seen.app.screen


async def saved(files: MissionFiles) -> None:
    """The engine takes what waits; it stops at the approval."""
    assert await run(files) == 3


async def test_an_edit_is_committed_seen_in_the_history_and_put_back(tmp_path: Path):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER), plan(bye()), approve=False)
    async with screen(tmp_path / "data", files.id) as seen:
        at = await opened(seen)
        await seen.press("enter")
        starter = at.editor.text
        at.editor.load_text(HEAD + "Say bye.")
        await seen.shows("● not saved", "the next run reads it")
        await seen.press("ctrl+s")
        await seen.until(lambda: inbox.pending(files))
        await saved(files)
        await seen.shows("backend-worker saved", "on the branch")
        assert (files.worktree / SKILL).read_text() == HEAD + "Say bye."
        await seen.press("escape", "enter")
        at.editor.load_text(HEAD + "Say bye loudly.")
        await seen.press("escape", "d")
        await seen.shows("-Say bye.", "+Say bye loudly.")
        await seen.press("enter", "ctrl+s")
        await seen.until(lambda: inbox.pending(files))
        await saved(files)
        await seen.hides("● not saved")
        await seen.press("escape", "h")
        await seen.shows("edited by the engineer", "-Say bye.", "+Say bye loudly.")
        await seen.press("down", "R")
        await seen.shows("Put backend-worker back", "-Say bye loudly.")
        await seen.press(*"yes", "enter")
        await seen.until(lambda: inbox.pending(files))
        await saved(files)
        assert (files.worktree / SKILL).read_text() == HEAD + "Say bye."
    assert starter.startswith("---\nname: backend-worker")
    assert git(files.worktree, "log", "--format=%s").count("edited by the engineer") == 3


async def test_two_fast_escapes_leave_the_text_and_then_the_screen(tmp_path: Path):
    with MissionWriter.create(tmp_path) as writer:
        make.working(writer)
        async with screen(tmp_path, writer.files.id) as seen:
            at = await opened(seen)
            await seen.press("enter")
            await seen.until(lambda: at.editor.has_focus)
            for _ in range(2):
                seen.app.post_message(events.Key("escape", "\x1b"))
            await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))


async def test_a_broken_front_matter_is_told_beside_its_line_and_kept(tmp_path: Path):
    with MissionWriter.create(tmp_path) as writer:
        make.working(writer)
        async with screen(tmp_path, writer.files.id) as seen:
            at = await opened(seen)
            await seen.press("enter")
            at.editor.load_text(HEAD.replace("backend-worker", "other") + "Work.")
            await seen.until(lambda: any("name: other" in line and "✖" in line for line in seen.lines))
            await seen.press("ctrl+s")
            await seen.shows("nothing was saved")
            assert inbox.pending(writer.files) == []
            await seen.press("escape", "escape")
            at = await opened(seen)
            assert "name: other" in at.editor.text


async def test_an_edit_during_a_run_says_whom_it_reaches(tmp_path: Path):
    with MissionWriter.create(tmp_path) as writer:
        make.working(writer)
        async with screen(tmp_path, writer.files.id) as seen:
            at = await opened(seen)
            await seen.press("enter")
            at.editor.load_text(HEAD + "Work harder.")
            await seen.shows("R7 keeps what it was given, the next run reads it")
            await seen.press("ctrl+s")
            await seen.until(lambda: inbox.pending(writer.files))
            (command,) = take_commands(writer)
            assert isinstance(command, inbox.WriteSkill) and command.based_on
            await seen.shows("saved, commit waits")
            await seen.hides("● not saved")
            assert at.now("backend-worker") == HEAD + "Work harder."


async def test_a_new_skill_begins_with_its_front_matter(tmp_path: Path):
    with MissionWriter.create(tmp_path) as writer:
        make.working(writer)
        async with screen(tmp_path, writer.files.id) as seen:
            await opened(seen)
            await seen.press("n", *"migrations", "enter")
            await seen.shows("name: migrations", "the skill says nothing below its front matter")
            await seen.press(*"Never drop a column.", "ctrl+s")
            await seen.until(lambda: inbox.pending(writer.files))
            (command,) = take_commands(writer)
            assert isinstance(command, inbox.WriteSkill) and command.name == "migrations"
            assert command.text.endswith("Never drop a column.")
