import signal
import sqlite3

import pytest

from mission_tui.domain.events import MessageSaid
from mission_tui.domain.gates import check
from mission_tui.store import schema
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import (
    DamagedDatabase,
    FenceLost,
    LockedDatabase,
    MissionExists,
    NewerDatabase,
    NoDatabase,
)
from mission_tui.store.journal import Journal, NewStep
from mission_tui.store.layout import new_mission_files
from mission_tui.store.ledger import Ledger
from mission_tui.store.queries import Reader, summary
from tests.support.missions import created
from tests.support.stores import empty_mission, new_store, python, ticking, wait_until


def test_a_database_syncs_every_commit_to_a_write_ahead_log(tmp_path):
    conn = new_store(tmp_path).db.conn
    assert conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert conn.execute("PRAGMA synchronous").fetchone() == (2,)
    assert conn.execute("PRAGMA busy_timeout").fetchone() == (5000,)
    assert conn.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


def test_a_mission_is_created_once(tmp_path):
    files = empty_mission(tmp_path)
    with pytest.raises(MissionExists, match="demo-1"):
        MissionDatabase.create(files)


def test_what_a_killed_creation_left_is_no_mission_and_in_nobodys_way(tmp_path):
    files = new_mission_files(tmp_path, "demo-1")
    files.root.mkdir(parents=True)
    (files.root / "mission.db.new").write_bytes(b"half a databa")
    with pytest.raises(NoDatabase):
        Reader(files)
    MissionDatabase.create(files).close()
    with Reader(files) as reader:
        assert reader.seq() == 0


def test_an_older_writer_is_refused_everything_once_a_later_one_has_come(tmp_path):
    old = new_store(tmp_path)
    old.ledger.append(created())
    new = MissionDatabase.open(old.files)
    assert new.fence == (old.db.fence or 0) + 1
    before = old.ledger.mission
    with pytest.raises(FenceLost, match="was replaced by writer"):
        old.ledger.append(MessageSaid(author="human", text="from the grave"))
    with pytest.raises(FenceLost):
        old.journal.advance(start=[NewStep(run_id="R1", kind="model", name="m")])
    with pytest.raises(FenceLost):
        old.journal.open_run("R1", {})
    with pytest.raises(FenceLost):
        old.journal.add_wall(1)
    assert old.ledger.mission is before
    ledger = Ledger(new, check, ticking())
    ledger.append(MessageSaid(author="human", text="alive"))
    assert ledger.mission.seq == 2


def test_without_the_fence_a_database_can_only_be_read(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    looking = MissionDatabase.open(store.files, fence=False)
    with pytest.raises(FenceLost, match="for reading only"):
        Journal(looking, ticking()).add_wall(1)
    assert Ledger(looking, check, ticking()).mission == store.ledger.mission
    store.journal.add_wall(1)


def test_a_missing_database_is_named(tmp_path):
    files = new_mission_files(tmp_path, "nothing")
    for opening in (MissionDatabase.open, Reader, summary):
        with pytest.raises(NoDatabase, match="nothing"):
            opening(files)
    assert not files.root.exists()


def test_a_newer_database_is_refused_and_left_alone(tmp_path):
    files = empty_mission(tmp_path)
    conn = sqlite3.connect(files.database, isolation_level=None)
    conn.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    conn.close()
    before = files.database.read_bytes()
    for opening in (MissionDatabase.open, Reader, summary):
        with pytest.raises(NewerDatabase, match="upgrade mission-tui"):
            opening(files)
    assert files.database.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"this is no database at all" * 200])
def test_a_file_that_is_no_database_is_called_damaged(tmp_path, content):
    files = empty_mission(tmp_path)
    files.database.write_bytes(content)
    for opening in (Reader, summary, MissionDatabase.open):
        with pytest.raises(DamagedDatabase, match="damaged"):
            opening(files)


def test_a_database_that_stays_locked_is_called_locked(tmp_path):
    store = new_store(tmp_path)
    store.db.conn.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(store.files.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockedDatabase, match="locked by another process"):
        store.ledger.append(created())
    other.execute("ROLLBACK")
    other.close()
    store.ledger.append(created())
    assert store.ledger.mission.seq == 1


def test_a_reader_can_look_at_a_mission_that_nobody_has_open(tmp_path):
    files = empty_mission(tmp_path)
    assert not files.database.with_name("mission.db-wal").exists()
    with Reader(files) as reader:
        assert reader.mission().id == "demo-1"
    with Reader(files) as reader:
        assert reader.seq() == 1


def test_a_commit_that_fails_takes_memory_back_too(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    before = store.ledger.mission
    pages = store.db.conn.execute("PRAGMA page_count").fetchone()[0]
    store.db.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Exception, match="no room left"):
        store.ledger.append(MessageSaid(author="human", text="x" * 200_000))
    assert store.ledger.mission is before
    store.db.conn.execute("PRAGMA max_page_count = 1000000")
    store.ledger.append(MessageSaid(author="human", text="x" * 200_000))
    assert store.ledger.mission.seq == 2


CREATOR = """
import sys
from pathlib import Path
from mission_tui.store.database import MissionDatabase
from mission_tui.store.layout import new_mission_files
print("ready", flush=True)
number = 0
while True:
    MissionDatabase.create(new_mission_files(Path(sys.argv[1]), f"m{number:05d}")).close()
    number += 1
"""


def test_a_killed_creation_leaves_a_whole_database_or_none(tmp_path):
    process = python(CREATOR, str(tmp_path))
    process.stdout.readline()
    missions = tmp_path / "missions"
    wait_until(lambda: missions.is_dir() and len(list(missions.iterdir())) > 5)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folders = sorted(missions.iterdir())
    for folder in folders:
        files = new_mission_files(tmp_path, folder.name)
        if files.database.exists():
            with Reader(files) as reader:
                assert reader.seq() == 0
        else:
            assert folder == folders[-1]
            MissionDatabase.create(files).close()
