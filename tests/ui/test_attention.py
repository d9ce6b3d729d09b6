import time
from pathlib import Path

import pytest

from mission_tui.config import Notify
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionOpened
from mission_tui.store.seen import Seen, last_place, last_seen, remember_seen
from mission_tui.ui.attention import Attention, Waiting, escapes
from mission_tui.ui.screens.home import HomeScreen
from mission_tui.ui.screens.mission import MissionScreen
from mission_tui.ui.screens.review import ReviewScreen
from mission_tui.ui.screens.skills import SkillsScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import screen, take_commands

ASKED = Decision(id="D9", kind="request", summary="Drop\x1b]0;x\a it; or keep it?", choices=("drop",), default="drop")


@pytest.fixture
def two(tmp_path: Path):
    with (
        MissionWriter.create(tmp_path, "one-000001") as one,
        MissionWriter.create(tmp_path, "two-000002") as two,
    ):
        make.reviewing(one)
        make.proposed(two)
        yield one, two


async def test_the_inbox_spans_missions_and_opens_the_decision_in_its_mission(
    tmp_path: Path, two: tuple[MissionWriter, MissionWriter]
):
    async with screen(tmp_path) as seen:
        await seen.shows("▲ 2 waiting")
        await seen.press("i")
        await seen.shows("2 waiting for you", "▲ D3 review a milestone", "▲ D2 approve the plan", "ago")
        await seen.shows("blocks the mission · safe default: approve")
        keys = [row.key for row in seen.app.screen.query_one("#list").rows]
        await seen.press(*["down"] * ({"one-000001/D3": 0, "two-000002/D2": 1}[keys[0]]), "enter")
        await seen.until(lambda: isinstance(seen.app.screen, ReviewScreen))
        await seen.press("a")
        await seen.until(lambda: [c for c in take_commands(two[0])])
        await seen.shows("M3 of 3")
        await seen.press("i")
        await seen.shows("1 waiting for you", "▲ D2 approve the plan")
        await seen.press("enter")
        await seen.shows("▲ D2 approve the plan", "13 assertions")


async def test_what_happened_meanwhile_is_told_on_return(tmp_path: Path, two: tuple[MissionWriter, MissionWriter]):
    files = two[0].files
    remember_seen(files, Seen(seq=20, at=time.time() - 7200, usd=0.01))
    async with screen(tmp_path, files.id) as seen:
        await seen.shows(
            "Since you last looked, 2h ago", "built", "F3, F6", "accepted", "M1", "proved", "waits", "▲ D3"
        )
        await seen.press("enter")
        await seen.until(lambda: isinstance(seen.app.screen, MissionScreen))
    assert last_seen(files).seq == two[0].ledger.mission.seq
    async with screen(tmp_path, files.id) as seen:
        await seen.shows("▲ a answers D3")
        assert isinstance(seen.app.screen, MissionScreen)


async def test_a_screen_that_went_away_opens_at_the_same_place(
    tmp_path: Path, two: tuple[MissionWriter, MissionWriter]
):
    async with screen(tmp_path, "one-000001") as seen:
        await seen.shows("▲ a answers D3")
        await seen.press("3", "z", "s")
        await seen.until(lambda: isinstance(seen.app.screen, SkillsScreen))
        await seen.until(lambda: last_place(tmp_path).view == "skills")
    async with screen(tmp_path) as seen:
        await seen.until(lambda: isinstance(seen.app.screen, SkillsScreen))
        await seen.press("escape")
        await seen.shows("3 Transcript")
        assert "1 Coverage" not in seen.lines[3]
        await seen.press("escape")
        await seen.until(lambda: isinstance(seen.app.screen, HomeScreen))
        await seen.until(lambda: last_place(tmp_path).mission is None)


def test_only_what_starts_to_wait_is_news(tmp_path: Path, two: tuple[MissionWriter, MissionWriter]):
    watching = Attention(tmp_path)
    assert watching.news() == []
    two[1].append(DecisionOpened(decision=ASKED))
    assert [(w.mission, w.decision.id) for w in watching.news()] == [("two-000002", "D9")]
    assert watching.news() == []
    assert [w.decision.id for w in watching.look()].count("D9") == 1


def test_a_notification_cannot_be_broken_out_of(tmp_path: Path, two: tuple[MissionWriter, MissionWriter]):
    two[1].append(DecisionOpened(decision=ASKED))
    waiting: Waiting = next(w for w in Attention(tmp_path).look() if w.decision.id == "D9")
    bell, short, long = escapes(waiting, Notify())
    assert (bell, short[:4], long[:13]) == ("\a", "\x1b]9;", "\x1b]777;notify;")
    assert short.count("\x1b") == 2 and short.endswith("\x1b\\") and "\a" not in short
    assert long.count(";") == 3
    assert list(escapes(waiting, Notify(bell=False, desktop=False))) == []
