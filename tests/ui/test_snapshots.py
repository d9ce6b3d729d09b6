import contextlib
import os
from pathlib import Path

import pytest

from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import Screen, screen

FOLDER = Path(__file__).parent / "snapshots"
SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        make.failing(made)
        yield made


async def compare(seen: Screen, name: str, size: tuple[int, int]) -> None:
    """Word for word, and nothing beyond the last column, once all that is on its way is drawn."""

    def shown() -> str:
        return "\n".join(line.rstrip() for line in seen.lines) + "\n"

    path = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(shown(), encoding="utf-8")
    expected = path.read_text(encoding="utf-8")
    with contextlib.suppress(AssertionError):
        await seen.until(lambda: shown() == expected)
    assert shown() == expected


@pytest.mark.parametrize("size", SIZES)
async def test_coverage_at_every_size(tmp_path: Path, writer: MissionWriter, size: tuple[int, int]):
    async with screen(tmp_path, writer.files.id, size) as seen:
        await seen.shows("IMPORT-002", "the engine proves M2", "p pause")
        await seen.press("1")
        await compare(seen, "coverage", size)


@pytest.mark.parametrize("size", SIZES)
async def test_an_assertion_at_every_size(tmp_path: Path, writer: MissionWriter, size: tuple[int, int]):
    async with screen(tmp_path, writer.files.id, size) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("1", "n", "enter")
        await seen.shows("VAL-IMPORT-002", "M2 round 1")
        await seen.press("end")
        await seen.shows("▀▀▀▀▀▀")
        await seen.press("home")
        await compare(seen, "assertion", size)


@pytest.mark.parametrize("size", SIZES)
async def test_the_transcript_at_every_size(tmp_path: Path, writer: MissionWriter, size: tuple[int, int]):
    async with screen(tmp_path, writer.files.id, size) as seen:
        await seen.shows("IMPORT-002", "p pause")
        await seen.press("3", "[", "[", "[")
        await seen.shows("R4 worker F3", "assert 11 == 12")
        await compare(seen, "transcript", size)
