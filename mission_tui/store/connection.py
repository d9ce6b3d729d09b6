"""A connection to a mission's database that only reads. It loads no models, so that the list of missions can use it."""

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from mission_tui.store import schema
from mission_tui.store.errors import DamagedDatabase, NewerDatabase, NoDatabase, explained

BUSY_TIMEOUT_S = 2.0


def reading_only(path: Path) -> str:
    """The address under which SQLite opens a database that it will not write.

    Beside a database with a write-ahead log it must write even to read, unless nobody can write anyway: on a read-only
    disk, or in a folder that we may not write, a log that was folded in is no longer needed.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return address
    writable = os.access(path.parent, os.W_OK) and not os.statvfs(path).f_flag & os.ST_RDONLY
    return address if writable else f"{address}&immutable=1"


class Connection:
    """A connection that cannot write. Any thread may use it, one at a time."""

    def __init__(self, path: Path) -> None:
        """Raises NoDatabase, NewerDatabase, DamagedDatabase or LockedDatabase."""
        self.path = path
        self._lock = Lock()
        if not path.is_file():
            raise NoDatabase(path)
        try:
            self._conn = sqlite3.connect(
                reading_only(path),
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise explained(error, path) from error
        try:
            self._check_version()
        except BaseException:
            self._conn.close()
            raise

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query, read in one go."""
        with self._lock:
            try:
                return self._conn.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise explained(error, self.path) from error

    @contextmanager
    def one_moment(self) -> Generator[None]:
        """All reads inside see the database as it is now. Until the end of it the log of what is written grows."""
        self.rows("BEGIN")
        try:
            self.rows("PRAGMA user_version")
            yield
        finally:
            if self._conn.in_transaction:
                self.rows("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._conn.close()

    def _check_version(self) -> None:
        found = int(self.rows("PRAGMA user_version")[0][0])
        if found > schema.VERSION:
            raise NewerDatabase(self.path, found, schema.VERSION)
        if found == 0:
            raise DamagedDatabase(self.path, "it has no tables")
