"""What must be nowhere: known secrets, and a lock that outlived its engine."""

import os
from collections.abc import Iterator
from pathlib import Path

from mission_tui.domain.mission import Mission
from mission_tui.folders import files_below
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
from mission_tui.store.queries import BATCH, Connection
from mission_tui.store.redact import Redactor
from mission_tui.store.verify.findings import LEFTOVERS, Broken

_TEXTS = (
    ("events", "seq", "data"),
    ("contexts", "rowid", "context"),
    ("steps", "id", "request"),
    ("steps", "id", "result"),
)


def check_leftovers(
    db: Connection, files: MissionFiles, mission: Mission, redactor: Redactor, worked_on: bool
) -> Iterator[Broken]:
    """Secrets in database, artifacts, logs, inbox and live text; a lock held for a process that is gone; open runs.

    `worked_on`: an engine had the mission at the moment that the database shows.
    """
    secrets = (*_secrets_in_rows(db, redactor), *_secrets_in_files(files, redactor)) if redactor.knows_any else ()
    for what in (*_orphaned_lock(files), *(_open_runs(mission) if not worked_on else ()), *secrets):
        yield Broken(invariant=LEFTOVERS, what=what)


def _orphaned_lock(files: MissionFiles) -> Iterator[str]:
    pid = holder(files)
    if pid is not None and not _alive(pid):
        yield f"the mission's lock is held although process {pid} is gone: a child of it lives on"


def _open_runs(mission: Mission) -> Iterator[str]:
    if mission.ended and mission.runs.active:
        yield f"the mission is {mission.ended}, but {', '.join(mission.runs.active)} never ended"


def _secrets_in_rows(db: Connection, redactor: Redactor) -> Iterator[str]:
    for table, key, column in _TEXTS:
        last = -1
        query = f"SELECT {key}, {column} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"
        while batch := db.rows(query, (last, BATCH)):
            for number, text in batch:
                for name in sorted(redactor.found_in((text or "").encode())):
                    yield f"the secret {name} is in {column} {number} of {table}"
            last = batch[-1][0]


def _secrets_in_files(files: MissionFiles, redactor: Redactor) -> Iterator[str]:
    for path in _stored_files(files):
        for name in sorted(redactor.found_in(path.read_bytes())):
            yield f"the secret {name} is in {path.relative_to(files.root)}"


def _stored_files(files: MissionFiles) -> Iterator[Path]:
    for folder in (files.artifacts, files.inbox, files.live):
        yield from sorted(files_below(folder))
    if files.log.is_file():
        yield files.log
    if holder(files) is None:  # secrets are taken out of a run's logs when it ends
        logs = sorted(files.runs.glob("*/logs/*"))
        yield from (path for path in logs if path.is_file() and not path.is_symlink())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
