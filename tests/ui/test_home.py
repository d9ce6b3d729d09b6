import subprocess
import sys
from pathlib import Path

from mission_tui.store import inbox
from mission_tui.store.layout import MissionFiles
from mission_tui.ui.app import MissionApp
from mission_tui.ui.launcher import Wish
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.widgets.lines import LineView
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import DeskLauncher, Screen, screen


def write(data: Path) -> None:
    for name, kind in (("one-000001", make.working), ("two-000002", make.proposed)):
        with MissionWriter.create(data, name) as writer:
            kind(writer)


async def test_an_empty_list_says_what_to_press(tmp_path: Path):
    async with screen(tmp_path) as seen:
        await seen.shows("No missions yet. Press n to begin one.", "n new mission")


async def test_the_list_shows_how_missions_stand_and_which_wait(tmp_path: Path):
    write(tmp_path)
    async with screen(tmp_path) as seen:
        await seen.shows("● running", "6/13", "$0.22", "1h ago", "M2 Import · worker")
        await seen.shows("▲ approve?", "▲ Approve the contract and the plan?", "▲ 1 waiting")


async def test_enter_opens_a_mission_and_escape_returns_to_the_list(tmp_path: Path):
    write(tmp_path)
    async with screen(tmp_path) as seen:
        await seen.shows("● running")
        await seen.press("down", "enter")
        await seen.shows("1 Coverage", "4 Handoffs")
        assert isinstance(seen.app.screen, MissionScreen)
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, HomeScreen))
        await seen.shows("▲ 1 waiting")


async def test_what_is_unreadable_is_said_in_words_and_the_rest_is_listed(tmp_path: Path):
    write(tmp_path)
    (tmp_path / "missions" / "one-000001" / "mission.db").write_bytes(b"this is no database at all" * 100)
    for leftover in (tmp_path / "missions" / "one-000001").glob("mission.db-*"):
        leftover.unlink()
    async with screen(tmp_path) as seen:
        await seen.shows("✖ unreadable", "one-000001", "is damaged", "▲ approve?")
        seen.app.open_mission("one-000001")
        await seen.shows("✖", "is damaged")


async def test_a_new_mission_is_made_opened_and_started(tmp_path: Path):
    wishes: list[Wish] = []

    def create(wish: Wish) -> str:
        wishes.append(wish)
        with MissionWriter.create(tmp_path, "new-000003") as writer:
            make.created(writer, "Brand new")
        return "new-000003"

    launcher = DeskLauncher(pid=None, make=create)
    async with screen(tmp_path, launcher=launcher) as seen:
        await seen.shows("No missions yet")
        await seen.press("n")
        await seen.shows("Repository", "Goal", str(Path.cwd()))
        await seen.press(*"dark mode", "enter")
        await seen.shows("Brand new", "PLANNING", "2 Orchestrator")
        await seen.until(lambda: launcher.started == ["new-000003"])
    assert wishes == [Wish(Path.cwd(), "dark mode")]


async def test_what_was_typed_stays_when_a_mission_cannot_be_made(tmp_path: Path):
    async with screen(tmp_path) as seen:
        await seen.press("n", "enter")
        await seen.press(*"dark mode", "enter")
        await seen.shows("is not a git repository", "dark mode")
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, HomeScreen))


async def test_help_lists_the_keys_and_themes_can_be_changed(tmp_path: Path):
    async with screen(tmp_path) as seen:
        await seen.press("question_mark")
        await seen.shows("answer what waits", "this pane alone")
        await seen.press("end")
        await seen.shows("unfold what the model thought", "inspect: claims, issues, cost, diff")
        await seen.press("escape")
        for theme in ("mission-light", "mission-contrast", "mission-dark"):
            seen.app.theme = theme
            await seen.shows("No missions yet")


def test_importing_the_screen_loads_no_model_browser_or_engine():
    models = ["litellm", "playwright", "openai", "mcp", "git", "mission_tui.engine", "mission_tui.llm"]
    heavy = [*models, "pydantic", "yaml"]
    code = f"import sys, mission_tui.ui.app; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_list_is_filtered_as_one_types_and_whole_again_with_escape(tmp_path: Path):
    write(tmp_path)
    async with screen(tmp_path) as seen:
        await seen.shows("● running", "▲ approve?")
        await seen.press("slash", *"appro")
        await seen.hides("● running")
        await seen.press(*"xyz")
        await seen.shows("No mission fits")
        await seen.press("escape")
        await seen.shows("● running", "▲ approve?")


async def test_only_the_missions_of_one_repository_are_listed_when_it_is_asked_for(tmp_path: Path):
    write(tmp_path)
    app = MissionApp(tmp_path, DeskLauncher(), repo=Path("/home/ana/src/ledger"))
    other = MissionApp(tmp_path, DeskLauncher(), repo=Path("/home/ana/src/other"))
    for shown, words in ((app, "● running"), (other, "No missions yet in /home/ana/src/other")):
        async with shown.run_test(size=(120, 40)) as pilot:
            await Screen(shown, pilot).shows(words)


async def test_a_mission_is_archived_shown_again_and_taken_back(tmp_path: Path):
    write(tmp_path)
    async with screen(tmp_path) as seen:
        await seen.shows("● running", "▲ approve?")
        gone = seen.app.screen.query_one(LineView).key
        await seen.press("A")
        await seen.shows("1 archived: v")
        assert seen.app.screen.query_one(LineView).key != gone
        await seen.press("v")
        await seen.until(lambda: gone in [row.key for row in seen.app.screen.query_one(LineView).rows])
        await seen.press("home", "A")
        await seen.press("v")
        await seen.shows("● running", "▲ approve?")


async def test_deleting_asks_for_the_word_and_then_does_it(tmp_path: Path):
    write(tmp_path)
    launcher = DeskLauncher()
    async with screen(tmp_path, launcher=launcher) as seen:
        await seen.shows("● running")
        chosen = seen.app.screen.query_one(LineView).key
        await seen.press("D")
        await seen.shows("Its branch stays in the repository")
        await seen.press(*"yes", "enter")
        await seen.shows("type 'delete' to do it")
        assert launcher.deleted == []
        await seen.press(*["backspace"] * 3, *"delete", "enter")
        await seen.until(lambda: launcher.deleted == [chosen])


async def test_a_mission_is_paused_from_the_list(tmp_path: Path):
    write(tmp_path)
    async with screen(tmp_path) as seen:
        await seen.shows("● running", "▲ approve?")
        chosen = seen.app.screen.query_one(LineView).key
        await seen.press("p")
        files = MissionFiles(tmp_path / "missions" / str(chosen))
        await seen.until(lambda: [c.kind for c in inbox.pending(files)] == ["pause"])
