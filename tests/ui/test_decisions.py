from pathlib import Path

import pytest

from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionOpened
from mission_tui.store import inbox
from mission_tui.ui.screens.decision import DecisionScreen
from mission_tui.ui.screens.mission import MissionScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import DeskLauncher, Screen, screen, take_commands


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        yield made


async def answer(seen: Screen, writer: MissionWriter) -> inbox.Command:
    """What was sent, once it is in the inbox, taken as the engine does."""
    await seen.until(lambda: inbox.pending(writer.files))
    (command,) = take_commands(writer)
    return command


async def test_the_plan_is_read_and_approved_with_two_keys(tmp_path: Path, writer: MissionWriter):
    make.proposed(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("APPROVE", "▲ a answers D2", "a answer", "2 Orchestrator")
        await seen.press("a")
        await seen.shows("▲ D2 approve the plan", "13 assertions, 2 of them guards", "12 of 13", "at most $20")
        await seen.shows("VAL-DARK-003 passes on the base already", "F1 CSV export", "1 approve  work begins (default)")
        await seen.shows("9 of 10 fail on the untouched base", "▲ 1 passes already", "about 13 to 26 runs")
        await seen.shows("Judged, not proved by machine (*)", "VAL-IMPORT-004 a reviewer reads the diff")
        await seen.press("pagedown")
        await seen.shows("CORE-001", "Guards: what works already")
        await seen.press("enter")
        sent = await answer(seen, writer)
        assert isinstance(sent, inbox.Decide) and (sent.decision, sent.choice, sent.note) == ("D2", "approve", "")
        await seen.shows("RUNNING", "contract and plan approved")
        await seen.hides("▲ a answers")


async def test_rejecting_asks_for_a_note_first(tmp_path: Path, writer: MissionWriter):
    make.proposed(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D2")
        await seen.press("a", "x")
        await seen.shows("why reject? enter sends")
        assert inbox.pending(writer.files) == []
        await seen.press(*"smaller steps", "enter")
        sent = await answer(seen, writer)
        assert isinstance(sent, inbox.Decide) and (sent.choice, sent.note) == ("reject", "smaller steps")
        await seen.shows("the plan went back for revision", "The plan is sent back: smaller steps")


async def test_escape_leaves_a_decision_for_later(tmp_path: Path, writer: MissionWriter):
    make.proposed(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D2")
        await seen.press("a", "escape")
        await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))
        assert inbox.pending(writer.files) == []
        await seen.shows("▲ a answers D2")


async def test_questions_are_answered_by_number_in_words_and_by_default(tmp_path: Path, writer: MissionWriter):
    make.interviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ 1. Which columns must the CSV have?", "▲ asks you", "a opens it")
        await seen.press("a")
        await seen.shows("D1 the orchestrator asks", "1 date, amount, note", "(default)", "3. Should dark mode")
        await seen.press("2")
        await seen.shows("● 2 everything the ledger stores")
        await seen.press(*"two people", "enter", "down", "enter")
        sent = await answer(seen, writer)
        assert isinstance(sent, inbox.Decide)
        assert sent.choice == "scope: everything the ledger stores\nusers: two people\ndark: a switch"
        await seen.shows("users: two people")
        await seen.hides("▲ asks you")


async def test_sending_early_takes_defaults_and_asks_for_what_has_none(tmp_path: Path, writer: MissionWriter):
    make.interviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ asks you")
        await seen.press("a", "ctrl+s")
        await seen.shows("question 3 has no default")
        assert inbox.pending(writer.files) == []
        await seen.press("3")
        sent = await answer(seen, writer)
        assert isinstance(sent, inbox.Decide)
        assert sent.choice == "scope: date, amount, note\nusers: one person, a few thousand rows\ndark: both"


async def test_typing_into_the_conversation_answers_too(tmp_path: Path, writer: MissionWriter):
    make.interviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ asks you")
        await seen.press("m", *"as you think best", "enter")
        await seen.until(lambda: inbox.pending(writer.files))
        take_commands(writer)
        await seen.shows("D1: as you think best")
        await seen.hides("▲ asks you")


async def test_the_inbox_lists_what_waits_and_opens_it(tmp_path: Path, writer: MissionWriter):
    make.reviewing(writer)
    second = Decision(id="D4", kind="request", summary="Drop dark mode?", choices=("drop", "keep"), default="keep")
    writer.append(DecisionOpened(decision=second))
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("(and 1 more: i)", "i inbox 2")
        await seen.press("i")
        await seen.shows("2 waiting for you", "▲ D3 review a milestone", "▲ D4 decide", "Drop dark mode?")
        await seen.shows("blocks the mission · safe default: keep")
        await seen.press("down", "enter")
        await seen.until(lambda: isinstance(seen.app.screen, DecisionScreen))
        await seen.shows("D4 decide", "2 keep  leave it as it is (default)")
        await seen.press("1")
        sent = await answer(seen, writer)
        assert isinstance(sent, inbox.Decide) and (sent.decision, sent.choice) == ("D4", "drop")


async def test_a_cap_is_raised_by_a_number(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    summary = "the money cap of $20 is used up ($20.02 spent); raise it with `budget`, then the mission goes on"
    cap = Decision(id="D3", kind="raise_cap", summary=summary, choices=("retry", "abort"), default="retry")
    writer.append(DecisionOpened(decision=cap))
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("a", "enter", *"much", "enter")
        await seen.shows("'much' is not a cap")
        await seen.press(*["backspace"] * 4, *"35", "enter")
        sent = await answer(seen, writer)
        assert isinstance(sent, inbox.SetBudget) and sent.usd == 35.0
        await seen.shows("/ 35")
        await seen.hides("▲ a answers")


async def test_an_answer_starts_an_engine_when_none_is_there(tmp_path: Path, writer: MissionWriter):
    make.proposed(writer)
    launcher = DeskLauncher(pid=None)
    async with screen(tmp_path, writer.files.id, launcher=launcher) as seen:
        await seen.shows("▲ a answers D2")
        await seen.press("a", "enter")
        await seen.until(lambda: launcher.started == [writer.files.id])
        await answer(seen, writer)


async def test_the_approval_says_what_it_may_cost_by_earlier_missions_and_what_cannot_be_tried(
    tmp_path: Path, writer: MissionWriter
):
    with MissionWriter.create(tmp_path, "done-000009") as earlier:
        make.reviewing(earlier)
        earlier.journal.add_wall(700)
    make.proposed(writer)
    base = writer.ledger.mission.validation.base
    assert base is not None
    first = base.results[0].model_copy(update={"passed": False, "cause": "missing_tool", "reason": "no browser found"})
    writer.append(base.model_copy(update={"results": (first, *base.results[1:])}))
    async with screen(tmp_path, writer.files.id, size=(120, 50)) as seen:
        await seen.shows("▲ a answers D2")
        await seen.press("a")
        await seen.shows("estimate", "of work, by 1 earlier mission on", "12 of 13 (92%)")
        await seen.shows("Cannot be validated here as things are", "missing tool: no browser found")
