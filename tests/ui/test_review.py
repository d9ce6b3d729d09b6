from pathlib import Path

import pytest

from mission_tui.domain.decision import Decision
from mission_tui.domain.events import (
    DecisionOpened,
    ReplayRecorded,
    ReviewRecorded,
    ValidationConcluded,
    ValidationStarted,
)
from mission_tui.domain.handoff import Handoff
from mission_tui.domain.verdict import Finding
from mission_tui.store import inbox
from mission_tui.ui.screens.assertion import AssertionScreen
from mission_tui.ui.screens.decision import DecisionScreen
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.review import ReviewScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen, take_commands

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        yield made


async def sent(seen: Screen, writer: MissionWriter) -> inbox.Command:
    await seen.until(lambda: inbox.pending(writer.files))
    (command,) = take_commands(writer)
    return command


@pytest.mark.parametrize("size", SIZES)
async def test_a_green_milestone_is_accepted_with_two_keys(
    tmp_path: Path, writer: MissionWriter, size: tuple[int, int]
):
    make.reviewing(writer)
    async with screen(tmp_path, writer.files.id, size=size) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("r")
        await seen.shows("M2 Import", "round 2", "6 ✔", "IMPORT-002", "statement", "a accept", "x reject")
        await seen.press("a")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.Decide) and (command.decision, command.choice) == ("D3", "accept")
        await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))
        await seen.shows("M3 of 3")


async def test_what_was_found_round_by_round_and_what_was_claimed_is_a_key_away(tmp_path: Path, writer: MissionWriter):
    make.reviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("r", "f")
        await seen.shows("Round 2 passed", "Round 1 did not pass", "new", "suggestion: the parser could stream")
        await seen.shows("1 failed before too, 1 fixed")
        await seen.press("h")
        await seen.shows("F3 Upload form", "claimed pytest -q", "observed exit 1", "undone: drag and drop")
        await seen.press("d")
        await seen.shows("Diff")
        await seen.press("v")
        await seen.shows("A CSV file can be chosen and imported")
        await seen.press("enter")
        await seen.until(lambda: isinstance(seen.app.screen, AssertionScreen))


async def test_a_proof_is_replayed_for_the_human_and_what_it_says_now_appears_with_its_evidence(
    tmp_path: Path, writer: MissionWriter
):
    make.reviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("r", "enter")
        await seen.until(lambda: isinstance(seen.app.screen, AssertionScreen))
        assert isinstance(seen.app.screen, AssertionScreen)
        name = seen.app.screen.assertion
        await seen.press("r")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.Replay) and command.assertion == name
        await seen.shows("replay", "under way …")
        output = writer.evidence("output", 77, "12 rows expected, 11 seen")
        writer.append(
            ReplayRecorded(
                assertion=name,
                status="failed",
                reason="expected 12 rows, seen 11",
                evidence=(output,),
                tree=writer.ledger.mission.tree,
            )
        )
        await seen.shows(
            "failed  replayed for you", "expected 12 rows, seen 11", "▤ output", "12 rows expected, 11 seen"
        )


async def test_rejecting_needs_a_note_and_keeps_the_review_open_until_it_is_sent(tmp_path: Path, writer: MissionWriter):
    make.reviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("r", "x")
        await seen.shows("Reject M2", "what has to change?")
        await seen.press("enter")
        await seen.shows("say why in a few words")
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, ReviewScreen))
        assert inbox.pending(writer.files) == []
        await seen.press("x", *"dates are wrong", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.Decide) and (command.choice, command.note) == ("reject", "dates are wrong")


async def test_one_assertion_is_signed_over_with_a_reason_without_leaving_the_review(
    tmp_path: Path, writer: MissionWriter
):
    make.reviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("r", "down", "o")
        await seen.shows("Override VAL-IMPORT-002", "An empty file gives a clear message", "You answer for it")
        await seen.press(*"seen on the train", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.Override)
        assert (command.assertion, command.reason) == ("VAL-IMPORT-002", "seen on the train")
        await seen.until(lambda: isinstance(seen.app.screen, ReviewScreen))
        await seen.shows("5 ✔", "1 ◆", "seen on the train")


async def test_a_rollback_shows_what_falls_back_before_it_happens(tmp_path: Path, writer: MissionWriter):
    make.reviewing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("r", "b")
        await seen.shows("Roll back", "M1: as it was when Export was accepted", "base: nothing built yet")
        await seen.shows("F3 Upload form", "F6 Mend the upload test (planned since)", "VAL-IMPORT-001")
        await seen.press("down")
        await seen.shows("M1 was accepted", "F1 CSV export")
        assert inbox.pending(writer.files) == []
        await seen.press("up", "enter", *"wrong parser", "enter")
        command = await sent(seen, writer)
        assert isinstance(command, inbox.RollBack) and (command.to, command.reason) == ("M1", "wrong parser")
        await seen.shows("rolled back to M1: wrong parser")
        await seen.hides("▲ a answers")


async def test_decisions_that_wait_are_answered_one_after_the_other(tmp_path: Path, writer: MissionWriter):
    make.reviewing(writer)
    second = Decision(id="D4", kind="request", summary="Drop dark mode?", choices=("drop", "keep"), default="keep")
    writer.append(DecisionOpened(decision=second))
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("i inbox 2")
        await seen.press("a")
        await seen.shows("n next decision")
        await seen.press("a")
        await seen.until(lambda: isinstance(seen.app.screen, DecisionScreen))
        await seen.shows("Drop dark mode?")
        await seen.press("1")
        await seen.until(lambda: len(inbox.pending(writer.files)) == 2)
        assert [c.choice for c in take_commands(writer) if isinstance(c, inbox.Decide)] == ["accept", "drop"]
        await seen.hides("▲ a answers")


async def test_a_milestone_can_be_looked_at_while_it_is_worked_on(tmp_path: Path, writer: MissionWriter):
    make.failing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("RUNNING")
        await seen.press("r")
        await seen.shows("M2 Import", "1 ✖", "o override")
        assert "a accept" not in seen.text()
        await seen.press("a", "x")
        assert isinstance(seen.app.screen, ReviewScreen)
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))


async def test_the_findings_begin_with_how_the_rounds_compare(tmp_path: Path, writer: MissionWriter):
    make.contradicted(writer)
    writer.start("R7", "worker", "F4", "M2")
    writer.complete("R7", "F4", Handoff(summary="One parser, one caller."))
    seen_first = ("the parser is slow", "a crash on empty files")
    for number, titles in ((1, seen_first), (2, ("the parser is slow",)), (3, ("a crash on empty files", "a typo"))):
        writer.append(
            ValidationStarted(milestone="M2", round=number, tree=writer.ledger.mission.tree, basis=str(number))
        )
        writer.append(found(number, *titles))
        writer.append(ValidationConcluded(milestone="M2", round=number, passed=False, summary="not yet"))
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002")
        await seen.press("r", "f")
        await seen.shows("Round 3 did not pass", "a typo")
        table = [line.split("│")[-2].split() for line in seen.lines if "│round " in line]
        assert [row[2:5] for row in table] == [["2", "0", "0"], ["0", "1", "0"], ["1", "0", "1"]]
        assert any("regressed" in line and "a crash on empty files" in line for line in seen.lines)


def found(number: int, *titles: str) -> ReviewRecorded:
    findings = tuple(Finding(severity="suggestion", title=t, evidence="seen", consequence="slow") for t in titles)
    return ReviewRecorded(milestone="M2", round=number, feature="F3", summary="read", findings=findings)
