import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from textual.widgets import Input

from mission_tui.cli.readings import DiskReadings
from mission_tui.store.seen import Place, remember_place
from mission_tui.ui.readings import SkillText
from mission_tui.ui.screens.draft import DraftScreen
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 40), (200, 60)]
THUMB = str.maketrans(dict.fromkeys("▁▂▃▄▅▆▇", " "))
"""The ends of a scrollbar's thumb fall on eighths of a cell, as the rounding of a scroll position will have it."""
BEGUN_S = 9000.0
"""Missions that began so long ago are `2h ago`, whenever a test looks."""


def reviewing(writer: MissionWriter) -> None:
    make.reviewing(writer)
    writer.journal.add_wall(3900)


STATES: dict[str, Callable[[MissionWriter], None]] = {
    "asking": make.interviewing,
    "drafted": make.proposed,
    "failing": make.failing,
    "reviewing": reviewing,
}
SKILL = """---
name: backend-worker
description: How to build and change server-side features.
---

# Backend worker

1. Write the failing test first.
2. Then make it pass.
"""


READINESS = """Stack: Python
Install:
  python -m pip install -e .    (pyproject.toml)
Test:
  python -m pytest -q    (pyproject.toml [tool.pytest])
Cannot be validated here:
  - how it looks: no browser was found. Smallest change: install Chromium, or leave such claims to a reviewer."""


class FixedReadings(DiskReadings):
    """The starter skills and the report change with the product; what the screen makes of them does not."""

    def readiness(self, repo: str) -> str:
        return READINESS

    def paths(self, folder: str) -> list[str]:
        return []

    def skills(self, mission_id: str) -> list[SkillText]:
        other = SKILL.replace("backend-worker", "test-writer").replace("server-side features", "tests")
        return [
            SkillText("backend-worker", "mission", "How to build and change server-side features.", SKILL),
            SkillText("test-writer", "starter", "How to build and change tests.", other),
        ]


class Shot(NamedTuple):
    """How one comes to a screen, and when it is there."""

    mission: str | None
    first: tuple[str, ...]
    """What the screen shows before the keys are pressed."""
    keys: tuple[str, ...]
    then: tuple[str, ...]


LIST = ("Review M2", "Which columns", "● running", "3 waiting")
SHOTS = {
    "home": Shot(None, LIST, (), LIST),
    "inbox": Shot(None, LIST, ("i",), ("3 waiting for you", "D3 review a milestone")),
    "help": Shot(None, LIST, ("question_mark",), ("Keys", "Here", "archived ones")),
    "palette": Shot(None, LIST, ("ctrl+p",), ("Search for commands", "Archive")),
    "interview": Shot("asking", ("▲ asks you",), (), ("I have read the repository", "3. Should dark mode")),
    "questions": Shot("asking", ("▲ asks you",), ("a",), ("the orchestrator asks", "3. Should dark mode")),
    "approval": Shot("drafted", ("▲ a answers D2",), ("a",), ("approve the plan", "by machine", "red first")),
    "draft": Shot("drafted", ("▲ a answers D2",), ("e",), ("Contract and plan", "EXPORT-001", "title: Export")),
    "coverage": Shot("failing", ("IMPORT-002", "the engine proves M2", "p pause"), ("1",), ("1 Coverage",)),
    "transcript": Shot("failing", ("IMPORT-002",), ("3", "[", "[", "["), ("R4 worker F3", "assert 11 == 12")),
    "handoffs": Shot("failing", ("IMPORT-002",), ("4", "z"), ("4 Handoffs", "claims hold")),
    "control": Shot("failing", ("IMPORT-002", "p pause"), ("c",), ("● running", "seats: give a role")),
    "skills": Shot("failing", ("IMPORT-002", "p pause"), ("s",), ("Skills", "test-writer", "# Backend worker")),
    "review": Shot("reviewing", ("▲ a answers D3",), ("r",), ("M2 Import", "round 2", "6 ✔", "$", "statement")),
    "findings": Shot("reviewing", ("▲ a answers D3",), ("r", "f"), ("regressed", "$", "Round 1 did not pass")),
}


@pytest.fixture(scope="module")
def missions(tmp_path_factory: pytest.TempPathFactory):
    """One data directory for all of them: nothing here is written to."""
    data = tmp_path_factory.mktemp("missions")
    writers = [MissionWriter.create(data, f"{name}-000001", BEGUN_S) for name in STATES]
    for writer, state in zip(writers, STATES.values(), strict=True):
        state(writer)
    yield data
    for writer in writers:
        writer.close()


@pytest.fixture
def data(missions: Path):
    """As nobody has looked at it yet."""
    DraftScreen.kept.clear()
    remember_place(missions, Place())
    for seen in missions.glob("missions/*/seen.json"):
        seen.unlink()
    return missions


async def compare(seen: Screen, name: str, size: tuple[int, int]) -> None:
    """Word for word, and nothing beyond the last column, once all that is on its way is drawn."""

    def shown() -> str:
        text = "\n".join(line.translate(THUMB).rstrip() for line in seen.lines) + "\n"
        return re.sub(r"\b\d\dm\b", "??m", text)  # how long a step has been running

    path = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(shown(), encoding="utf-8")
    expected = "\n".join(line.translate(THUMB).rstrip() for line in path.read_text(encoding="utf-8").split("\n"))
    with contextlib.suppress(AssertionError):
        await seen.until(lambda: shown() == expected)
    assert shown() == expected


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SHOTS)
async def test_every_screen_at_every_size(data: Path, name: str, size: tuple[int, int]):
    shot = SHOTS[name]
    mission = f"{shot.mission}-000001" if shot.mission else None
    async with screen(data, mission, size, readings=FixedReadings(data)) as seen:
        await seen.shows(*shot.first)
        await seen.press(*shot.keys)
        await seen.shows(*shot.then)
        await compare(seen, name, size)


@pytest.mark.parametrize("size", SIZES)
async def test_an_assertion_at_every_size(data: Path, size: tuple[int, int]):
    async with screen(data, "failing-000001", size) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("1", "n", "enter")
        await seen.shows("VAL-IMPORT-002", "M2 round 1")
        await seen.press("end")
        await seen.shows("▀▀▀▀▀▀")
        await seen.press("home")
        await compare(seen, "assertion", size)


@pytest.mark.parametrize("size", SIZES)
async def test_a_new_mission_at_every_size(tmp_path: Path, size: tuple[int, int]):
    async with screen(tmp_path, size=size, readings=FixedReadings(tmp_path)) as seen:
        await seen.shows("No missions yet")
        await seen.press("n")
        await seen.shows("New mission", "Repository")
        seen.app.screen.query_one("#repo", Input).value = "~/src/ledger"
        await seen.shows("~/src/ledger", "Stack: Python", "python -m pip")
        await compare(seen, "new-mission", size)
