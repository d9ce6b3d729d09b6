from pathlib import Path

import pytest

from mission_tui.store import inbox
from mission_tui.ui.panes.chat import Composer
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.new_mission import NewMissionScreen
from tests.support import mission_factory as make
from tests.support.git_repos import make_repository
from tests.support.mission_writer import MissionWriter
from tests.support.screen import screen, take_commands


@pytest.fixture
def writer(tmp_path: Path):
    Composer.said.clear()
    with MissionWriter.create(tmp_path) as made:
        make.interviewing(made)
        yield made


async def test_a_half_filled_form_is_there_again_after_escape(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ asks you")
        await seen.press("a", "2", *"two people", "escape")
        await seen.hides("the orchestrator asks")
        assert inbox.pending(writer.files) == []
        await seen.press("a")
        await seen.shows("● 2 everything the ledger stores", "two people")
        await seen.press("ctrl+s")
        await seen.shows("question 3 has no default")
        await seen.press("3")
        await seen.until(lambda: inbox.pending(writer.files))
        (command,) = take_commands(writer)
        assert isinstance(command, inbox.Decide)
        assert command.choice == "scope: everything the ledger stores\nusers: two people\ndark: both"


async def test_what_was_sent_is_recalled_and_what_is_half_written_comes_back(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ asks you")
        box = seen.app.screen.query_one(Composer)
        await seen.press("m", *"first", "enter", *"second", "enter", *"thi")
        await seen.press("up")
        assert box.text == "second"
        await seen.press("up")
        assert box.text == "first"
        await seen.press("down", "down")
        assert box.text == "thi"


async def test_a_file_is_named_with_at_and_tab(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ asks you")
        box = seen.app.screen.query_one(Composer)
        box.paths = ("app/views.py", "README.md", "tests/test_views.py")
        await seen.press("m", *"see @app")
        await seen.until(lambda: box.suggestion == "/views.py")
        await seen.press("tab", *"and @test_v", "tab")
        assert box.text == "see @app/views.py and @tests/test_views.py "


async def test_a_new_mission_shows_how_ready_its_repository_is(tmp_path: Path):
    repo = tmp_path / "repo"
    make_repository(repo)
    (repo / "pyproject.toml").write_text('[project]\nname = "ledger"\nversion = "1"\n')
    async with screen(tmp_path) as seen:
        await seen.until(lambda: isinstance(seen.app.screen, HomeScreen))
        seen.app.push_screen(NewMissionScreen(lambda _: "", repo, seen.app.launcher.readings))
        await seen.shows("Repository", "Goal", "Python")
        field = seen.app.screen.query_one("#repo")
        field.value = "/nowhere/at/all"
        await seen.shows("/nowhere/at/all is not a directory")
