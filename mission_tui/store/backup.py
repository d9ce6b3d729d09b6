"""A mission in one file, taken while it runs, and put back again."""

import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mission_tui.store.artifacts import Artifacts
from mission_tui.store.connection import reading_only
from mission_tui.store.durable import sync_folder
from mission_tui.store.errors import MissionExists, StoreError, explained
from mission_tui.store.layout import MissionFiles, new_mission_files

BUNDLE = "work.bundle"
"""The mission's commits, as git packs them."""
_LEFT_OUT = {
    "lock",
    "detached",
    "live",
    "reserve",
    "engine.log",
    "runs",
    "mission.db",
    "mission.db-wal",
    "mission.db-shm",
}
_MARK = "mission-tui backup 1\n"


def write_backup(files: MissionFiles, target: Path, bundle: Path) -> int:
    """Everything that cannot be made again, in one new file; returns its size in bytes.

    The database is copied first: artifacts are on the disk before a row names them and are never changed, so all that
    the copy names is in the backup, however far the engine goes on meanwhile. Raises StoreError where the file exists.
    """
    with Artifacts(files.artifacts).held():
        return _write_backup(files, target, bundle)


def _write_backup(files: MissionFiles, target: Path, bundle: Path) -> int:
    if target.exists():
        raise StoreError(f"{target} exists already; name a file that does not")
    if not target.parent.is_dir():
        raise StoreError(f"{target.parent} is no folder; make it first")
    unfinished = target.with_name(f".{target.name}.new")
    try:
        with tempfile.TemporaryDirectory(prefix="mission-backup-") as scratch:
            database = Path(scratch, "mission.db")
            _snapshot(files.database, database)
            with tarfile.open(unfinished, "w:gz", compresslevel=1) as archive:
                _add_text(archive, "backup", f"{_MARK}{files.id}\n")
                archive.add(database, f"{files.id}/mission.db")
                archive.add(bundle, BUNDLE)
                _add_folder(archive, files)
        os.link(unfinished, target)  # unlike a rename it replaces nothing
    except FileExistsError as error:
        raise StoreError(f"{target} exists already; name a file that does not") from error
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(target.parent)
    return target.stat().st_size


def read_backup(data: Path, source: Path, scratch: Path) -> MissionFiles:
    """Put a mission's folder back; its commits are left in `scratch`. Raises StoreError, MissionExists."""
    try:
        with tarfile.open(source) as archive:
            files = new_mission_files(data, _id_in(archive, source))
            if files.root.exists():
                raise MissionExists(files.id)
            files.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            archive.extractall(scratch, filter="tar")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StoreError(f"{source} cannot be read as a backup of a mission: {error}") from error
    for name in ("live", "runs", "inbox", "artifacts"):
        (scratch / files.id / name).mkdir(mode=0o700, exist_ok=True)
    (scratch / files.id).rename(files.root)
    sync_folder(files.root.parent)
    return files


def _snapshot(database: Path, target: Path) -> None:
    conn = sqlite3.connect(reading_only(database), uri=True, isolation_level=None)
    try:
        conn.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise explained(error, database) from error
    finally:
        conn.close()


def _add_folder(archive: tarfile.TarFile, files: MissionFiles) -> None:
    for path in _kept(files):
        try:
            archive.add(path, f"{files.id}/{path.relative_to(files.root)}", recursive=False)
        except FileNotFoundError:
            continue  # an agent has just removed it


def _kept(files: MissionFiles) -> Iterator[Path]:
    for entry in sorted(files.root.iterdir()):
        if entry.name in _LEFT_OUT or entry.name.startswith((".", "mission.db.")):
            continue
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from (
                path for path in sorted(entry.rglob("*")) if path.is_file() or path.is_symlink() or path.is_dir()
            )


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(text.encode())
    archive.addfile(info, io.BytesIO(text.encode()))


def _id_in(archive: tarfile.TarFile, source: Path) -> str:
    first = archive.next()
    stream = archive.extractfile(first) if first is not None and first.name == "backup" else None
    text = stream.read(4096).decode(errors="replace") if stream else ""
    mission_id = text.removeprefix(_MARK).strip()
    if not text.startswith(_MARK) or not mission_id or "/" in mission_id or mission_id.startswith("."):
        raise StoreError(f"{source} is no backup of a mission")
    return mission_id
