import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from mission_tui.store.database import (
    MissionDatabase,
    m001_ledger_and_journal,
    m002_calls_cut_off,
    m003_steps_with_artifacts,
    migrate,
)
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from tests.support.stores import empty_mission


def later(broken: bool = False) -> Migrations:
    """The present migrations and two later ones."""
    steps = Migrations("mission")
    steps()(m001_ledger_and_journal)
    steps()(m002_calls_cut_off)
    steps()(m003_steps_with_artifacts)

    @steps()
    def m004_a_table(db: Database) -> None:  # pyright: ignore[reportUnusedFunction]
        db.conn.execute("CREATE TABLE later (id INTEGER PRIMARY KEY)")
        db.conn.execute("PRAGMA user_version = 4")

    @steps()
    def m005_a_column(db: Database) -> None:  # pyright: ignore[reportUnusedFunction]
        db.conn.execute("ALTER TABLE later ADD COLUMN name TEXT")
        db.conn.execute("INSERT INTO later VALUES (1, 'moved')")
        db.conn.execute("PRAGMA user_version = 5")
        if broken:
            db.conn.execute("SELECT * FROM nowhere")

    return steps


def opened(files: MissionFiles) -> Database:
    return Database(sqlite3.connect(files.database, isolation_level=None))


def version(path: Path) -> int:
    conn = sqlite3.connect(path)
    try:
        return int(conn.execute("PRAGMA user_version").fetchone()[0])
    finally:
        conn.close()


def events(path: Path) -> list[object]:
    conn = sqlite3.connect(path)
    try:
        return conn.execute("SELECT * FROM events").fetchall()
    finally:
        conn.close()


def test_an_older_database_is_copied_and_then_brought_up_step_by_step(tmp_path: Path):
    files = empty_mission(tmp_path)
    before = events(files.database)
    db = opened(files)
    backup = migrate(db, files.database, later())
    assert backup is not None
    assert db.conn.execute("SELECT name FROM later").fetchall() == [("moved",)]
    db.close()
    assert version(files.database) == 5
    assert version(backup) == 3
    assert events(backup) == events(files.database) == before


def test_a_migration_that_fails_leaves_those_before_it_and_goes_on_from_there(tmp_path: Path):
    files = empty_mission(tmp_path)
    db = opened(files)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(db, files.database, later(broken=True))
    assert db.conn.execute("SELECT * FROM later").fetchall() == []
    assert version(files.database) == 4
    migrate(db, files.database, later())
    assert db.conn.execute("SELECT name FROM later").fetchall() == [("moved",)]
    db.close()


def test_a_database_of_the_present_layout_is_left_alone(tmp_path: Path):
    files = empty_mission(tmp_path)
    db = opened(files)
    assert migrate(db, files.database) is None
    db.close()
    assert sorted(p.name for p in files.root.glob("mission.db*")) == ["mission.db"]


def test_a_mission_of_the_layout_before_can_be_looked_at_and_is_migrated_by_its_engine(tmp_path: Path):
    files = empty_mission(tmp_path)
    conn = sqlite3.connect(files.database, isolation_level=None)
    conn.execute("DROP INDEX steps_repeated")
    conn.execute("DROP INDEX steps_kept")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name IN ('m002_calls_cut_off', 'm003_steps_with_artifacts')")
    conn.execute("PRAGMA user_version = 1")
    conn.close()
    with Reader(files) as reader:
        assert reader.repeated_calls() == 0
    MissionDatabase.open(files).close()
    assert version(files.database) == 3
    assert version(files.root / "mission.db.layout-1") == 1
