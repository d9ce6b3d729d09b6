"""The single writer of a mission's database: pragmas, migrations, the fence, and transactions that undo memory too."""

import contextlib
import sqlite3
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from mission_tui.crashpoints import around, reach
from mission_tui.store import schema
from mission_tui.store.durable import sync_file, sync_folder
from mission_tui.store.errors import (
    DamagedDatabase,
    FenceLost,
    MissionExists,
    NewerDatabase,
    NoDatabase,
    NoRoom,
    explained,
)
from mission_tui.store.layout import MissionFiles
from mission_tui.store.redact import NO_SECRETS, Redactor
from mission_tui.store.room import Room

BUSY_TIMEOUT_S = 5.0

migrations = Migrations("mission")
"""In order, each in a transaction with its own record; each also sets `user_version`."""


@migrations()
def m001_ledger_and_journal(db: Database) -> None:
    for statement in (*schema.statements(schema.LEDGER), *schema.statements(schema.JOURNAL)):
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 1")


@migrations()
def m002_calls_cut_off(db: Database) -> None:
    """They are counted whenever a mission is looked at, among a million steps that are none."""
    db.conn.execute(schema.CALLS_CUT_OFF)
    db.conn.execute("PRAGMA user_version = 2")


@migrations()
def m003_steps_with_artifacts(db: Database) -> None:
    """They are looked through whenever what dropped attempts stored is cleared away."""
    db.conn.execute(schema.STEPS_WITH_ARTIFACTS)
    db.conn.execute("PRAGMA user_version = 3")


class MissionDatabase:
    """One connection that may write, as long as no later writer has claimed the database.

    The holder of the mission's lock opens it; the fence number catches a writer that outlived its lock. It belongs to
    the thread that opened it.
    """

    def __init__(self, path: Path, db: Database, fence: int | None, redactor: Redactor) -> None:
        self.path = path
        self.fence = fence
        """This writer's number; None when it may only read."""
        self.redactor = redactor
        """Applied to everything that ledger and journal write."""
        self.room = Room(path.parent)
        self._db = db
        self._undo: list[Callable[[], None]] = []

    @classmethod
    def create(cls, files: MissionFiles, redactor: Redactor = NO_SECRETS) -> "MissionDatabase":
        """Make the mission's folder and its empty database, and claim it. Raises MissionExists.

        A crash leaves either a whole empty database or none.
        """
        if files.database.exists():
            raise MissionExists(files.id)
        for folder in (files.root, files.artifacts, files.inbox, files.live, files.runs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = files.database.with_name("mission.db.new")
        for left in files.root.glob("mission.db.new*"):
            left.unlink()
        try:
            db = Database(_connect(unfinished))
            try:
                migrations.apply(db)
            finally:
                db.close()
        except sqlite3.Error as error:
            _raise_explained(error, files.database)
            raise
        with around("database.rename"):
            unfinished.rename(files.database)
        sync_folder(files.root)
        return cls.open(files, redactor=redactor)

    @classmethod
    def open(cls, files: MissionFiles, fence: bool = True, redactor: Redactor = NO_SECRETS) -> "MissionDatabase":
        """Open an existing database; with `fence` take its writing over from whoever had it, else only read.

        Raises NoDatabase, NewerDatabase, DamagedDatabase or LockedDatabase.
        """
        if not files.database.is_file():
            raise NoDatabase(files.database)
        conn: sqlite3.Connection | None = None
        try:
            _open_up(files.database)
            conn = _connect(files.database)
            db = Database(conn)
            _check_version(db, files.database)
            return cls(files.database, db, _claim(db, files.database) if fence else _only_read(db), redactor)
        except BaseException as error:
            if conn is not None:
                conn.close()
            _raise_explained(error, files.database)
            raise

    @property
    def conn(self) -> sqlite3.Connection:
        return self._db.conn

    @contextmanager
    def atomic(self, name: str = "transaction") -> Generator[None]:
        """One transaction; blocks inside it are part of it. What `on_rollback` was told is undone with it.

        The outermost block's name is the transaction's, for `crashpoints`.

        Raises FenceLost once a later writer has claimed the database, NoRoom and LockedDatabase.
        """
        mark = len(self._undo)
        try:
            with self._db.atomic() if self.conn.in_transaction else self._transaction(name):
                yield
        except BaseException as error:
            while len(self._undo) > mark:
                self._undo.pop()()
            self._explain(error)
            raise
        if not self.conn.in_transaction:
            self._undo.clear()

    def on_rollback(self, undo: Callable[[], None]) -> None:
        """Say how to put memory back if the present block of `atomic` fails."""
        self._undo.append(undo)

    def close(self) -> None:
        """Let go of the file; the last one to do so folds the write-ahead log in."""
        self._db.close()

    def _explain(self, error: BaseException) -> None:
        try:
            _raise_explained(error, self.path)
        except NoRoom:
            self.room.release()  # the next write says what was done so far, or that the mission pauses
            raise

    @contextmanager
    def _transaction(self, name: str) -> Generator[None]:
        # IMMEDIATE: a deferred transaction that reads first fails at its first write if another writer came between.
        reach(f"{name}:begin")
        self.conn.execute("BEGIN IMMEDIATE" if self.fence is not None else "BEGIN")
        try:
            current = _fence(self._db)
            if current != self.fence:
                raise FenceLost(self.path, self.fence, current)
            yield
            reach(f"{name}:commit")
            self.conn.execute("COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            self._db.rollback()
            raise
        reach(f"{name}:done")


def _connect(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA journal_size_limit = 16777216")
    except BaseException:
        conn.close()
        raise
    return conn


def _open_up(path: Path) -> None:
    """While the database was read-only, readers made its log alike: that must not outlast it."""
    mode = path.stat().st_mode
    for name in (f"{path.name}-wal", f"{path.name}-shm"):
        beside = path.with_name(name)
        with contextlib.suppress(OSError):
            if beside.stat().st_mode & 0o200 < mode & 0o200:
                beside.chmod(stat.S_IMODE(mode))


def _raise_explained(error: BaseException, path: Path) -> None:
    """Raise a database's error in words; return for every other."""
    if isinstance(error, sqlite3.Error):
        known = explained(error, path)
        if known is not error:
            raise known from error


def _check_version(db: Database, path: Path) -> None:
    found = int(db.conn.execute("PRAGMA user_version").fetchone()[0])
    if found > schema.VERSION:
        raise NewerDatabase(path, found, schema.VERSION)
    if found == 0:
        # A database takes its place only with its tables: migrating this one would hide that a mission is lost.
        raise DamagedDatabase(path, "it has no tables")


def migrate(db: Database, path: Path, steps: Migrations = migrations) -> Path | None:
    """Bring a database to the present layout, after a copy of it as it was; returns the copy, if there was need."""
    if not steps.pending(db):
        return None
    found = int(db.conn.execute("PRAGMA user_version").fetchone()[0])
    backup = path.with_name(f"{path.name}.layout-{found}")
    unfinished = backup.with_name(f"{backup.name}.new")
    unfinished.unlink(missing_ok=True)
    db.conn.execute("VACUUM INTO ?", (str(unfinished),))
    sync_file(unfinished)
    with around("migration.rename"):
        unfinished.replace(backup)
    sync_folder(path.parent)
    with around("migration.apply"):
        steps.apply(db)
    return backup


def _claim(db: Database, path: Path) -> int:
    migrate(db, path)
    with around("database.claim"), db.atomic():
        db.conn.execute("UPDATE fence SET number = number + 1")
        return _fence(db)


def _only_read(db: Database) -> None:
    db.conn.execute("PRAGMA query_only = ON")


def _fence(db: Database) -> int:
    return int(db.conn.execute("SELECT number FROM fence").fetchone()[0])
