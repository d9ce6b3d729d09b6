from pathlib import Path

import pytest

from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.review import ReviewScreen
from tests.support import mission_factory as make
from tests.support.engine import GOOD_WORKER, script
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen, take_commands


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        make.working(made)
        yield made


async def sent(seen: Screen, writer: MissionWriter) -> inbox.Command:
    await seen.until(lambda: inbox.pending(writer.files))
    (command,) = take_commands(writer)
    return command


def state(writer: MissionWriter) -> Mission:
    return writer.ledger.mission


async def test_pause_and_resume_work_over_the_review_and_are_seen_there(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("r")
        await seen.until(lambda: isinstance(seen.app.screen, ReviewScreen))
        for word, kind in (("PAUSED", inbox.Pause), ("RUNNING", inbox.Resume)) * 3:
            await seen.press("p")
            assert isinstance(await sent(seen, writer), kind)
            await seen.shows(word)
        assert isinstance(seen.app.screen, ReviewScreen)


async def test_the_control_menu_opens_while_one_types_and_leaves_the_text_alone(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("m", *"half a though")
        await seen.press("f2")
        await seen.shows("stop now", "caps: money ($20)", "seats: give a role another model", "roll back")
        await seen.press("s")
        assert isinstance(await sent(seen, writer), inbox.Stop)
        await seen.shows("PAUSED", "half a though")


async def test_a_message_is_sent_from_a_screen_without_a_conversation_and_an_unsent_one_comes_back(
    tmp_path: Path, writer: MissionWriter
):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("r", "m", *"keep the old", "escape")
        await seen.until(lambda: isinstance(seen.app.screen, ReviewScreen))
        assert inbox.pending(writer.files) == []
        await seen.press("m", *" dates", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.Say) and command.text == "keep the old dates"


async def test_caps_are_changed_one_by_one_and_nonsense_stays_with_its_problem(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("c", "b")
        await seen.shows("dollars", "$0.22 spent", "hours of work")
        await seen.press("end", *["backspace"] * 2, *"lots", "enter")
        await seen.shows("usd: 'lots' is no cap")
        await seen.press(*["backspace"] * 4, *"35", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.SetBudget)
        assert (command.usd, command.tokens, command.hours) == (35.0, None, None)
        await seen.shows("/ 35")


async def test_a_seat_gets_another_model_and_an_unusable_one_is_refused_in_words(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("c", "t")
        await seen.shows("user tester", "anthropic/claude-sonnet")
        await seen.press("up", "enter", "end", *["backspace"] * 40, *"scripted:/nowhere.yaml", "enter")
        await seen.shows("✖", "/nowhere.yaml")
        assert inbox.pending(writer.files) == []
        path = tmp_path / "s.yaml"
        script(path, GOOD_WORKER)
        await seen.press("c", "t", "up", "enter", "end", *["backspace"] * 40, *f"scripted:{path}", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.SetSeat)
        assert (command.role, command.seat.model) == ("orchestrator", f"scripted:{path}")


async def test_ending_a_mission_asks_why_and_escape_keeps_it(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("c", "x")
        await seen.shows("The mission ends for good", "mission/csv-import")
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))
        assert inbox.pending(writer.files) == []
        await seen.press("c", "x", *"enough", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.Abort) and command.reason == "enough"
        await seen.shows("ABORTED")
        assert state(writer).ended == "aborted"


async def test_a_rollback_waits_for_the_run_that_is_under_way(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("c", "r", "enter", *"now", "enter")
        await seen.shows("R7 is under way; pause and let it end first")
        assert inbox.pending(writer.files) == []
