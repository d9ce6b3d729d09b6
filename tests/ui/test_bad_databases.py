import sqlite3
from pathlib import Path

import pytest

from mission_tui.store import schema
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import DeskLauncher, screen


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        make.working(made)
        yield made


async def test_a_mission_of_a_newer_version_says_to_upgrade_in_the_list_and_when_opened(
    tmp_path: Path, writer: MissionWriter
):
    writer.db.conn.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    async with screen(tmp_path) as seen:
        await seen.shows("✖ unreadable", "csv-import-1a2b3c", "written by a newer mission-tui", "upgrade mission-tui")
        await seen.press("enter")
        await seen.shows("2 Orchestrator", "✖ mission.db was written by a newer mission-tui")


async def test_a_summary_that_makes_no_sense_is_damage_and_hides_no_other_mission(
    tmp_path: Path, writer: MissionWriter
):
    writer.db.conn.execute("""UPDATE state SET summary = '{"status": "dreaming"}'""")
    with MissionWriter.create(tmp_path, "fine-000001") as other:
        make.proposed(other)
        async with screen(tmp_path) as seen:
            await seen.shows("✖ unreadable", "its summary makes no sense", "mission-tui verify", "▲ approve?")


async def test_a_locked_mission_says_so_and_shows_once_it_is_free(tmp_path: Path, writer: MissionWriter):
    path = writer.files.database
    writer.close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        async with screen(tmp_path) as seen:
            await seen.shows("✖ unreadable", "is locked by another process; close what has it open")
            holder.execute("ROLLBACK")
            holder.close()
            await seen.shows("● running", "CSV import and dark mode")
    finally:
        holder.close()


async def test_a_mission_whose_engine_died_says_so_and_which_key_starts_one(tmp_path: Path, writer: MissionWriter):
    launcher = DeskLauncher()
    async with screen(tmp_path, writer.files.id, launcher=launcher) as seen:
        await seen.shows("● worker on F4")
        launcher.pid = None
        await seen.shows("no engine works on this mission", "p starts it", "p start")
        await seen.press("p")
        await seen.shows("p pause")
        assert launcher.started == [writer.files.id]
