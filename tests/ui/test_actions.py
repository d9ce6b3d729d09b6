from pathlib import Path

import pytest
from textual.widgets import Input

from mission_tui.store import inbox
from mission_tui.ui.actions import offers
from mission_tui.ui.screens.review import ReviewScreen
from mission_tui.ui.screens.skills import SkillsScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        make.working(made)
        yield made


def keys_of(seen: Screen) -> set[str]:
    return {key for offer in offers(seen.app.screen) for key in offer.keys}


async def test_every_key_of_a_screen_and_of_its_focused_pane_is_offered(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("1")
        assert {*"1234zaipScrsemnNfbq?/", "tab", "esc", "-", "+", "F2", "F3", "F4"} <= keys_of(seen)
        await seen.press("3")
        assert {*"xXoytJK", "[", "]"} <= keys_of(seen)
        await seen.press("4")
        assert "inspect" in {offer.title.lower() for offer in offers(seen.app.screen)}


async def test_the_keys_of_a_text_field_itself_are_not_listed(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("m")
        titles = {offer.title for offer in offers(seen.app.screen)}
        assert not any("ursor" in title or "elete" in title for title in titles)


async def test_the_palette_does_what_a_key_does_and_what_has_none(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("ctrl+p", *"skills")
        await seen.shows("read and edit what agents are given · key s")
        await seen.press("enter")
        await seen.until(lambda: isinstance(seen.app.screen, SkillsScreen))
        await seen.press("escape", "ctrl+p", *"end")
        await seen.shows("for good, its branch stays")
        await seen.press("enter")
        await seen.shows("End the mission", "why? enter ends it")
        await seen.press(*"enough", "enter")
        await seen.until(lambda: inbox.pending(writer.files))
        (command,) = inbox.pending(writer.files)
        assert isinstance(command, inbox.Abort) and command.reason == "enough"


async def test_the_palette_of_another_screen_offers_that_screens_actions(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("r")
        await seen.until(lambda: isinstance(seen.app.screen, ReviewScreen))
        await seen.press("ctrl+p", *"roll back")
        await seen.shows("key b")
        await seen.press("enter")
        await seen.shows("Roll back", "as it was when Export was accepted")


async def test_help_begins_with_the_keys_of_the_screen_underneath(tmp_path: Path, writer: MissionWriter):
    async with screen(tmp_path, writer.files.id) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("3", "question_mark")
        await seen.shows("Here", "next error", "whole output")
        await seen.press("escape")
        await seen.press("1", "question_mark")
        await seen.shows("Here", "next failing", "group by milestone, area or state")


async def test_a_picture_of_the_screen_is_offered_also_on_the_list(tmp_path: Path):
    async with screen(tmp_path) as seen:
        await seen.shows("No missions yet")
        await seen.press("slash")
        assert isinstance(seen.focused, Input)
        await seen.press("ctrl+p")
        await seen.shows("Theme", "dark, light or high contrast", "Picture", "New mission")
