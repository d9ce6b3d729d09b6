"""What happens beside the engine and may be killed as well: backup, restore, migration, the screen's memory."""

import asyncio
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

from mission_tui.cli.backup import back_up, restore
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import StoreError
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.queries import Reader
from mission_tui.store.seen import Place, Seen, last_place, last_seen, remember_place, remember_seen
from mission_tui.store.verify import verify
from tests.support.engine import git

SEEN = Seen(seq=7, at=2.0, usd=0.5)
PLACE = Place(mission="here", pane="chat")


def saved(root: Path) -> Path:
    return root / "saved"


def _back_up(root: Path) -> None:
    (files,) = all_missions(root / "data")
    try:
        asyncio.run(back_up(files, saved(root)))
    except StoreError as error:
        assert "exists already" in str(error)


def _restore(root: Path) -> None:
    if not all_missions(root / "data"):
        asyncio.run(restore(root / "data", saved(root)))


def _migrate(root: Path) -> None:
    (files,) = all_missions(root / "data")
    MissionDatabase.open(files).close()


def _look(root: Path) -> None:
    (files,) = all_missions(root / "data")
    remember_seen(files, SEEN)
    remember_place(root / "data", PLACE)


ACTS: dict[str, Callable[[Path], None]] = {
    "backup": _back_up,
    "restore": _restore,
    "migrate": _migrate,
    "look": _look,
}


def half_done(root: Path, act: str) -> list[str]:
    """What is neither as it was before nor as it is to be, after an act was killed."""
    match act:
        case "backup":
            return _half_a_backup(saved(root))
        case "restore":
            return [str(broken) for files in all_missions(root / "data") for broken in verify(files)]
        case "migrate":
            (files,) = all_missions(root / "data")
            copies = [version(path) for path in files.root.glob("mission.db.layout-1")]
            return [f"{n} instead of 1" for n in copies if n != 1] + [str(broken) for broken in verify(files)]
        case _:
            (files,) = all_missions(root / "data")
            seen, place = last_seen(files), last_place(root / "data")
            return [str(one) for one in (seen, place) if one not in (Seen(), SEEN, Place(), PLACE)]


def _half_a_backup(target: Path) -> list[str]:
    if not target.exists():
        return []
    with tarfile.open(target) as archive:
        names = archive.getnames()
    return [f"no {name}" for name in ("backup", "work.bundle") if name not in names]


def version(database: Path) -> int:
    conn = sqlite3.connect(database)
    try:
        return int(conn.execute("PRAGMA user_version").fetchone()[0])
    finally:
        conn.close()


def make_older(files: MissionFiles) -> None:
    """Take the database back to the first layout."""
    conn = sqlite3.connect(files.database, isolation_level=None)
    conn.execute("DROP INDEX steps_repeated")
    conn.execute("DROP INDEX steps_kept")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name <> 'm001_ledger_and_journal'")
    conn.execute("PRAGMA user_version = 1")
    conn.close()


def left_over(root: Path) -> list[str]:
    """Files of unfinished acts, and worktrees that git knows of without reason."""
    hidden = [path.name for folder in (root, root / "data") for path in folder.iterdir() if path.name.startswith(".")]
    (files,) = all_missions(root / "data")
    worktrees = git(root / "repo", "worktree", "list", "--porcelain")
    foreign = [w for w in worktrees.split("\n\n") if "prunable" in w or "kept" in w]
    return [*hidden, *foreign, *([str(files.restoring)] if files.restoring.exists() else [])]


def head_of(files: MissionFiles) -> str:
    with Reader(files) as reader:
        return reader.mission().head
