from pathlib import Path

import pytest

from mission_tui.domain.events import MissionAborted, MissionPaused
from mission_tui.store import inbox
from mission_tui.ui.panes.transcript import TranscriptPane
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.too_small import TooSmallScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import DeskLauncher, screen, take_commands


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        yield made


async def test_a_mission_at_work_shows_its_four_panes(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    writer.live("R7", "I run the whole suite now, then I")
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("1 Coverage", "2 Orchestrator", "3 Transcript  R7 worker F4", "4 Handoffs")
        await seen.shows("RUNNING", "M2 of 3", "6/13", "$0.22 / 20", "2h 14m", "(96% cached)", "worker on F4")
        await seen.shows("M1 Export", "✔ sealed", "IMPORT-002", "◐ working", "F6 fix Mend the upload test")
        await seen.shows("✖ exit 1", "assert 11 == 12", "✖ refused", "I run the whole suite now, then I▌")
        await seen.shows("1 ✖ contradicted", "F3 Upload form")


async def test_number_keys_focus_panes_and_tab_goes_round(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("worker on F4")
        for key, lines in (
            ("3", "transcript-lines"),
            ("4", "handoff-lines"),
            ("2", "chat-lines"),
            ("1", "coverage-lines"),
        ):
            await seen.press(key)
            assert seen.focused is not None and seen.focused.id == lines
        await seen.press("tab")
        assert seen.focused is not None and seen.focused.id == "chat-lines"
        await seen.press("shift+tab", "shift+tab")
        assert seen.focused is not None and seen.focused.id == "handoff-lines"


async def test_zoom_gives_one_pane_the_screen_and_back(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("worker on F4")
        await seen.press("3", "z")
        await seen.hides("VAL-")
        await seen.until(lambda: any(line.startswith("╭─ 3 Transcript") and line.endswith("─╮") for line in seen.lines))
        assert "M1 Export" not in seen.text()
        await seen.press("z")
        await seen.shows("M1 Export", "4 Handoffs")


@pytest.mark.parametrize("size", [(80, 24), (100, 30)])
async def test_narrow_terminals_show_one_pane_at_a_time(tmp_path: Path, writer: MissionWriter, size: tuple[int, int]):
    make.working(writer)
    async with screen(tmp_path, writer.files.id, size) as seen:
        await seen.shows("1 Coverage   2 Orchestrator   3 Transcript   4 Handoffs", "M1 Export")
        assert "pytest -q tests/test_import.py" not in seen.text()
        await seen.press("3")
        await seen.shows("pytest -q tests/test_import.py")
        assert "M1 Export" not in seen.text()
        assert "/ find" in seen.lines[-1]
        assert seen.lines[-1].rstrip().endswith("? keys")


async def test_a_wide_terminal_gives_the_transcript_more_room(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id, (200, 60)) as seen:
        await seen.shows("worker on F4")
        transcript, coverage = seen.app.screen.query_one("#transcript"), seen.app.screen.query_one("#coverage")
        assert transcript.size.width > coverage.size.width + 30


async def test_a_terminal_that_is_too_small_says_so_and_recovers(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id, (120, 40)) as seen:
        await seen.shows("worker on F4")
        await seen.pilot.resize_terminal(50, 12)
        await seen.shows("At least 60x16 are needed")
        await seen.pilot.resize_terminal(80, 24)
        await seen.shows("1 Coverage", "M1 Export")
        assert not isinstance(seen.app.screen, TooSmallScreen)


async def test_groups_fold_and_assertions_open_to_their_evidence(tmp_path: Path, writer: MissionWriter):
    make.failing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "✖", "failed", "unclear")
        assert "EXPORT-001" not in seen.text()
        await seen.press("1", "home", "space")
        await seen.shows("EXPORT-001")
        await seen.press("space")
        await seen.hides("EXPORT-001")
        await seen.press("n", "enter")
        await seen.shows(
            "VAL-IMPORT-002",
            "whatever the locale",
            "browser, by the engine itself",
            "goto /",
            "click role button, name Import · expect text no rows",
        )
        await seen.shows("M2 round 1 · mechanical · expectation", "stack trace", "console.txt", "date,amount,note")
        await seen.press("n")
        await seen.shows("VAL-IMPORT-003", "the command could not be found")
        await seen.press("escape")
        await seen.shows("1 Coverage", "4 Handoffs")


async def test_coverage_is_searched_filtered_and_regrouped(tmp_path: Path, writer: MissionWriter):
    make.failing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "M3 Dark mode", "unclear")
        await seen.press("1", "slash", *"dark")
        await seen.shows("DARK-001", "DARK-003", "3 found", "3 of 13")
        assert "IMPORT-002" not in seen.text()
        await seen.press("enter")
        await seen.until(lambda: seen.focused is not None and seen.focused.id == "coverage-lines")
        await seen.press("escape")
        await seen.shows("IMPORT-002", "1 Coverage ──")
        assert "DARK-001" not in seen.text(), "what was folded before is folded again"
        await seen.press("f")
        await seen.shows("only failing", "IMPORT-002", "IMPORT-003", "2 of 13")
        assert "M1 Export" not in seen.text()
        await seen.press("f", "f")
        await seen.shows("only stale", "CORE-001")
        await seen.press("escape", "b")
        await seen.shows("by area", "IMPORT ", "DARK-001", "EXPORT-001")
        await seen.press("b")
        await seen.shows("by state", "Failed", "Unclear", "Stale", "Passed")
        await seen.press("minus")
        await seen.hides("IMPORT-002")
        await seen.press("n", "enter")
        await seen.shows("VAL-IMPORT-002", "stack trace")
        await seen.press("n")
        await seen.shows("VAL-IMPORT-003")


async def test_the_next_failing_unfolds_only_what_hides_it(tmp_path: Path, writer: MissionWriter):
    make.failing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002")
        await seen.press("1", "minus")
        await seen.hides("IMPORT-002")
        await seen.press("n")
        await seen.shows("IMPORT-002")
        assert "EXPORT-001" not in seen.text() and "DARK-001" not in seen.text()


async def test_evidence_opens_over_the_screen_and_outside(
    tmp_path: Path, writer: MissionWriter, monkeypatch: pytest.MonkeyPatch
):
    shown = tmp_path / "shown"
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\ncp "$1" {shown}.part && basename "$1" > {shown}.name && mv {shown}.part {shown}\n')
    opener.chmod(0o755)
    monkeypatch.setenv("MISSION_TUI_OPENER", str(opener))
    make.failing(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002")
        await seen.press("1", "n", "enter", "E")
        await seen.shows("screenshot.png", "▀▀▀▀▀▀▀▀")
        await seen.press("o")
        await seen.until(shown.exists)
        assert shown.read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / "shown.name").read_text().strip() == "screenshot.png"
        await seen.press("enter")
        await seen.shows("screenshot.png  screenshot of VAL-IMPORT-002", "open outside")
        await seen.press("escape", "e", "enter")
        await seen.shows("console.txt", "content-type: text/csv")
        await seen.press("slash", *"lunch", "enter")
        await seen.shows("line 6 of 6", "n N next, previous")


async def test_handoffs_show_claims_beside_what_was_observed(tmp_path: Path, writer: MissionWriter):
    make.contradicted(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("4 Handoffs", "F6 Mend the upload test")
        await seen.press("4", "z")
        await seen.until(lambda: seen.focused is not None and seen.focused.id == "handoff-lines")
        pane = seen.app.screen.query_one("#handoff-lines")
        pane.go_to("R4")  # pyright: ignore[reportAttributeAccessIssue]
        await seen.press("enter")
        await seen.shows("claimed", "observed", "exit 0", "exit 1", "✖ contradicted", "✔ holds")
        await seen.shows("false claim", "→ feature F6", "drag and drop → dismissed: not in scope")
        await seen.shows("minor: dates depend on the locale", "✖ not followed: the test came after the code")


async def test_steps_unfold_to_arguments_and_result(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● following")
        await seen.press("3", "up", "up", "up")
        await seen.shows("‖ held")
        pane = seen.app.screen.query_one("#transcript-lines")
        pane.go_to("6")  # pyright: ignore[reportAttributeAccessIssue]
        await seen.press("enter")
        await seen.shows("      assert rows ", "+     assert rows[-1].amount == 12.5", "│ edited tests/test_import.py")
        await seen.press("space")
        await seen.hides("│ edited tests/test_import.py")
        await seen.press("end")
        await seen.shows("● following")


async def test_new_steps_are_followed_until_the_human_scrolls_up(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● following", "running")
        for number in range(30):
            writer.command("R7", f"echo {number}", 0, "")
        await seen.shows("echo 29")
        await seen.press("3", "up")
        await seen.shows("‖ held")
        writer.command("R7", "echo thirty", 0, "")
        await seen.until(lambda: seen.app.screen.query_one(TranscriptPane).window.last == 39)
        assert "echo thirty" not in seen.text()
        await seen.press("end")
        await seen.shows("echo thirty", "● following")


async def test_brackets_go_through_earlier_runs_and_back_to_the_active_one(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("R7 worker F4")
        await seen.press("3", "[")
        await seen.shows("R6 worker F6", "■ finished")
        await seen.press("[", "[")
        await seen.shows("R4 worker F3", "✖ exit 1")
        await seen.press("]", "]", "]")
        await seen.shows("R7 worker F4")
        writer.append(MissionPaused(reason="the human paused it"))
        await seen.shows("p resumes", "the human paused it")


async def test_a_long_run_is_held_in_part_and_read_further_in_both_directions(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    for number in range(1500):
        writer.journal.advance(start=[make.note("R7", f"note number {number}")])
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("note number 1499", "step 1508")
        await seen.press("3")
        pane = seen.app.screen.query_one(TranscriptPane)
        while pane.window.first_held > 1:
            before = pane.window.first_held
            await seen.press("home")
            await seen.until(lambda before=before: pane.window.first_held < before)
        await seen.press("home")
        await seen.shows("I look at how files are read today.")
        assert len(pane.window.steps) <= 600
        while pane.window.last_held < 1508:
            before = pane.window.last_held
            await seen.press("end")
            await seen.until(lambda before=before: pane.window.last_held > before)
        await seen.press("end")
        await seen.shows("note number 1499", "● following")
        assert len(pane.window.steps) <= 600
        # What is held is data: one widget draws the lines that are in view, however many entries there are.
        assert len(seen.app.screen.query("*")) < 100
        assert len(pane.query("*")) < 10


async def test_pause_and_resume_show_once_the_engine_has_taken_them(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● worker on F4", "p pause")
        await seen.press("p")
        await seen.shows("pause sent")
        assert "PAUSED" not in seen.text()
        assert [c.kind for c in take_commands(writer)] == ["pause"]
        await seen.shows("PAUSED", "p resumes", "p resume")
        await seen.press("p")
        await seen.until(lambda: inbox.pending(writer.files))
        assert [c.kind for c in take_commands(writer)] == ["resume"]
        await seen.shows("RUNNING", "p pause")


async def test_stop_now_is_a_key_of_its_own(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● worker on F4")
        await seen.press("S")
        await seen.until(lambda: inbox.pending(writer.files))
        assert [c.kind for c in take_commands(writer)] == ["stop"]
        await seen.shows("PAUSED", "the human stopped it")


async def test_without_an_engine_p_starts_one(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    launcher = DeskLauncher(pid=None)
    async with screen(tmp_path, writer.files.id, launcher=launcher) as seen:
        await seen.shows("no engine works on this mission", "p start")
        await seen.press("p")
        await seen.until(lambda: launcher.started == [writer.files.id])
        await seen.shows("p pause")


async def test_a_message_is_sent_and_shows_in_the_conversation(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● worker on F4")
        await seen.press("m", *"use utf-8", "ctrl+j", *"please", "enter")
        await seen.until(lambda: inbox.pending(writer.files))
        (said,) = take_commands(writer)
        assert isinstance(said, inbox.Say) and said.text == "use utf-8\nplease"
        await seen.shows("use utf-8")
        await seen.press("escape")
        assert isinstance(seen.app.screen, MissionScreen)
        assert seen.focused is not None and seen.focused.id == "chat-lines"


async def test_a_refused_command_says_why(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● worker on F4")
        await seen.press("p")
        await seen.until(lambda: inbox.pending(writer.files))
        inbox.refuse(writer.files, inbox.pending(writer.files)[0].id, "the mission has ended")
        await seen.shows("✖ the engine refused pause: the mission has ended")


async def test_quitting_leaves_the_engine_and_says_so(
    tmp_path: Path, writer: MissionWriter, capsys: pytest.CaptureFixture[str]
):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● worker on F4")
        await seen.press("q")
    said = capsys.readouterr().err
    assert "The engine goes on" in said and "4711" in said
    assert inbox.pending(writer.files) == []


async def test_a_mission_that_completes_says_so(tmp_path: Path, writer: MissionWriter):
    make.working(writer)
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("● worker on F4")
        writer.append(MissionAborted(reason="not wanted any more"))
        await seen.shows("ABORTED", "aborted: not wanted any more")
        assert "p pause" not in seen.lines[-1]
