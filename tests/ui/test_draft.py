from pathlib import Path

import pytest

from mission_tui.domain.draft import DraftEdit
from mission_tui.domain.events import MessageSaid
from mission_tui.domain.gates import GateRefused
from mission_tui.store import inbox
from mission_tui.ui.feed import MissionChanged
from mission_tui.ui.screens.draft import DraftScreen
from mission_tui.ui.screens.mission import MissionScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen, take_commands


@pytest.fixture
def writer(tmp_path: Path):
    DraftScreen.kept.clear()
    with MissionWriter.create(tmp_path) as made:
        make.proposed(made)
        yield made


async def opened(seen: Screen) -> DraftScreen:
    await seen.shows("APPROVE")
    await seen.press("e")
    await seen.until(lambda: isinstance(seen.app.screen, DraftScreen))
    await seen.shows("Contract and plan", "CSV export")
    assert isinstance(seen.app.screen, DraftScreen)
    return seen.app.screen


async def edit_sent(seen: Screen, writer: MissionWriter) -> DraftEdit:
    await seen.until(lambda: inbox.pending(writer.files))
    (command,) = inbox.pending(writer.files)
    assert isinstance(command, inbox.EditDraft)
    return command.edit


async def test_an_assertion_is_edited_beside_the_conversation_and_asks_for_approval_anew(
    tmp_path: Path, writer: MissionWriter
):
    async with screen(tmp_path, writer.files.id) as seen:
        await opened(seen)
        await seen.shows("2 Orchestrator", "Contract and plan are ready")
        await seen.press("down", "down", "enter", "down", "end", *" with notes")
        await seen.shows("● not sent", "the gates agree: changed VAL-EXPORT-001")
        await seen.press("ctrl+s")
        edit = await edit_sent(seen, writer)
        assert edit.assertions[0].title == "Exporting gives a CSV of every entry with notes"
        take_commands(writer)
        await seen.hides("● not sent")
        assert writer.ledger.mission.plan.submitted
        assert "I edited the contract and plan myself" in writer.ledger.mission.conversation.messages[-1].text
        await seen.shows("I edited the contract and plan myself")


async def test_a_gate_speaks_beside_the_offending_line_and_nothing_is_sent(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        at = await opened(seen)
        await seen.press("down", "down", "enter")
        line = next(i for i, text in enumerate(at.editor.text.split("\n")) if "evidence" in text)
        at.editor.move_cursor((line, 0))
        await seen.press("end", "left", *", diff")
        await seen.until(lambda: any("evidence" in one and "✖" in one for one in seen.lines))
        await seen.shows("a http proof cannot carry diff")
        await seen.press("ctrl+s")
        await seen.shows("nothing was sent: mend what is marked first")
        assert inbox.pending(writer.files) == []
        await seen.press("escape", "escape")
        await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))
        await opened(seen)
        await seen.shows("cannot carry diff", "✖")


@pytest.mark.parametrize(("keys", "words"), [(("end", ":"), "not valid YAML"), (("home", *"x"), "xid")])
async def test_text_that_is_no_assertion_is_told_with_its_line(
    tmp_path: Path, writer: MissionWriter, keys: tuple[str, ...], words: str
):
    async with screen(tmp_path, writer.files.id) as seen:
        await opened(seen)
        await seen.press("down", "down", "enter", *keys)
        await seen.until(lambda: any(" 1 " in one and "✖" in one for one in seen.lines))
        await seen.shows("line 1", words)


async def test_a_new_assertion_needs_a_feature_and_both_are_sent_together(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        at = await opened(seen)
        await seen.press("down", "down", "a")
        await seen.shows("id: VAL-EXPORT-005", "New")
        at.editor.load_text(
            "id: VAL-EXPORT-005\ntitle: New\nstatement: It is new.\n"
            "proof: {by: command, procedure: run it, evidence: [output], checks: [{run: 'true'}]}"
        )
        await seen.shows("VAL-EXPORT-005: no feature fulfils it")
        await seen.press("escape", "home", "down", "enter")
        at.editor.load_text(at.editor.text.replace("VAL-EXPORT-004", "VAL-EXPORT-004, VAL-EXPORT-005"))
        await seen.shows("the gates agree: added VAL-EXPORT-005; changed F1")
        await seen.press("ctrl+s")
        edit = await edit_sent(seen, writer)
        assert [a.id for a in edit.assertions] == ["VAL-EXPORT-005"]
        assert "VAL-EXPORT-005" in edit.features[0].fulfills
        take_commands(writer)
        assert writer.ledger.mission.plan.owners["VAL-EXPORT-005"] == "F1"


async def test_features_change_their_order_and_preconditions_are_kept(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await opened(seen)
        await seen.press("down", "J")
        await seen.shows("F2: comes after F1, which is later in the plan")
        await seen.press("K")
        await seen.hides("later in the plan")
        await seen.press("home", *["down"] * 11)
        await seen.shows("feature F4")
        await seen.press("K")
        await seen.shows("the gates agree: put features in another order")
        await seen.press("ctrl+s")
        edit = await edit_sent(seen, writer)
        assert [n for n in edit.order if n.startswith("F")] == ["F1", "F2", "F4", "F3", "F5"]
        take_commands(writer)
        assert list(writer.ledger.mission.plan.features) == ["F1", "F2", "F4", "F3", "F5"]


async def test_removing_is_shown_can_be_taken_back_and_takes_the_promise_out_of_the_feature(
    tmp_path: Path, writer: MissionWriter
):
    async with screen(tmp_path, writer.files.id) as seen:
        await opened(seen)
        await seen.press("down", "down", "d")
        await seen.shows("will be removed", "removed VAL-EXPORT-001")
        await seen.press("u")
        await seen.hides("will be removed")
        await seen.press("d", "ctrl+s")
        await edit_sent(seen, writer)
        take_commands(writer)
        mission = writer.ledger.mission
        assert "VAL-EXPORT-001" not in mission.contract.assertions
        assert mission.plan.features["F1"].feature.fulfills == ("VAL-EXPORT-002", "VAL-EXPORT-004")


async def test_what_somebody_else_changed_meanwhile_is_refused_and_the_text_stays(
    tmp_path: Path, writer: MissionWriter
):
    async with screen(tmp_path, writer.files.id) as seen:
        at = await opened(seen)
        await seen.press("down", "enter", "down", "end", *" mine")
        await seen.shows("● not sent")
        theirs = writer.ledger.mission.plan.features["F1"].feature.model_copy(update={"title": "CSV export, theirs"})
        take = DraftEdit(features=(theirs,))
        inbox.send(writer.files, inbox.EditDraft(edit=take))
        take_commands(writer)
        await seen.shows("CSV export, theirs")
        await seen.press("ctrl+s")
        await seen.until(lambda: inbox.pending(writer.files))
        with pytest.raises(GateRefused) as refused:
            take_commands(writer)
        (command,) = inbox.pending(writer.files)
        inbox.refuse(writer.files, command.id, str(refused.value))
        await seen.shows("F1 changed while you edited")
        assert "CSV export mine" in at.editor.text


async def test_the_plan_is_edited_from_the_approval_and_at_80_by_24(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id, size=(80, 24)) as seen:
        await seen.shows("▲ a answers D2")
        await seen.press("a")
        await seen.shows("e edits the plan")
        await seen.press("e")
        await seen.until(lambda: isinstance(seen.app.screen, DraftScreen))
        await seen.press("down", "down", "enter")
        await seen.shows("assertion VAL-EXPORT-001", "statement:")


async def test_a_mission_that_changes_while_the_screen_closes_is_no_trouble(
    tmp_path: Path, writer: MissionWriter, monkeypatch: pytest.MonkeyPatch
):
    async with screen(tmp_path, writer.files.id) as seen:
        await opened(seen)
        mission = next(s for s in seen.app.screen_stack if isinstance(s, MissionScreen))
        changes: list[str] = []

        def closes(_: DraftScreen) -> None:
            writer.append(MessageSaid(author="human", text="one more thing"))
            mission.on_mission_changed(MissionChanged(writer.ledger.mission, mission.spend))
            changes.append("told")

        monkeypatch.setattr(DraftScreen, "on_unmount", closes)
    assert changes == ["told"]
