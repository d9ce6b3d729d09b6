"""A mission in one file, taken while it runs, and put back again.

Whoever is killed in between leaves a folder that the next try takes away: beside the backup that was being written,
or, of a mission that was being put back, one without a database, which is no mission yet.
"""

import contextlib
import errno
import fcntl
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from mission_tui.crashpoints import around
from mission_tui.folders import remove_tree, walk
from mission_tui.store.connection import reading_only
from mission_tui.store.durable import sync_file, sync_folder
from mission_tui.store.errors import MissionExists, StoreError, explained
from mission_tui.store.layout import MissionFiles, new_mission_files
from mission_tui.store.lock import MissionLock

BUNDLE = "work.bundle"
"""The mission's commits, as git packs them."""
_ARCHIVE = "archive"
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
_NOT_A_BACKUP = (tarfile.TarError, zlib.error, EOFError, OSError)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextlib.contextmanager
def room_for(target: Path) -> Generator[Path]:
    """A scratch folder beside a backup that is about to be written. Raises StoreError where it must not be."""
    making = target.with_name(f".{target.name}.making")
    if target.exists():
        _clear([making])
        raise _taken(target)
    if not target.parent.is_dir():
        raise StoreError(f"{target.parent} is no folder; make it first")
    with _scratch(making) as folder:
        yield folder


def snapshot(files: MissionFiles, scratch: Path) -> None:
    """Copy the database, before everything else.

    Artifacts are on the disk before a row names them and are never changed, and commits before the ledger's head: all
    that the copy names is in the backup, however far the engine goes on meanwhile.
    """
    copy = scratch / "mission.db"
    conn = sqlite3.connect(reading_only(files.database), uri=True, isolation_level=None)
    try:
        conn.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise explained(error, files.database) from error
    finally:
        conn.close()


def write_backup(files: MissionFiles, scratch: Path, target: Path) -> int:
    """Everything that cannot be made again, with what `scratch` has, in one new file; returns its size in bytes."""
    unfinished = scratch / _ARCHIVE
    with tarfile.open(unfinished, "w:gz", compresslevel=1) as archive:
        _add_text(archive, "backup", f"{_MARK}{files.id}\n")
        archive.add(scratch / "mission.db", f"{files.id}/mission.db")
        archive.add(scratch / BUNDLE, BUNDLE)
        _add_folder(archive, files)
    sync_file(unfinished)
    with around("backup.link"):
        if not _linked(unfinished, target):
            unfinished.rename(target)
    sync_folder(target.parent)
    return target.stat().st_size


@contextlib.contextmanager
def room_to_unpack(data: Path) -> Generator[Path]:
    """A scratch folder on the missions' own disk."""
    clear_unpacked(data)
    with _scratch(Path(tempfile.mkdtemp(prefix=".restoring-", dir=data))) as folder:
        yield folder


def clear_unpacked(data: Path) -> None:
    """Take away what processes left that were killed while they put a mission back."""
    _clear(data.glob(".restoring-*"))


def backed_up(data: Path, source: Path) -> MissionFiles:
    """Where the mission in a backup belongs. Raises StoreError, and MissionExists when it is there."""
    try:
        with tarfile.open(source) as archive:
            files = new_mission_files(data, _id_in(archive, source))
    except _NOT_A_BACKUP as error:
        raise _unreadable(source, error) from error
    if files.root.exists() and not files.being_restored:
        raise MissionExists(files.id)
    return files


def unpack(source: Path, scratch: Path, files: MissionFiles) -> MissionFiles:
    """Unpack a backup; the folder returned is not in its place yet."""
    try:
        with tarfile.open(source) as archive:
            archive.extractall(scratch, filter="tar")
            _read_to_its_checksum(archive)
    except _NOT_A_BACKUP as error:
        raise _unreadable(source, error) from error
    unpacked = MissionFiles(scratch / files.id)
    for name in ("live", "runs", "inbox", "artifacts"):
        (unpacked.root / name).mkdir(mode=0o700, exist_ok=True)
    return unpacked


def put_in_place(unpacked: MissionFiles, files: MissionFiles) -> MissionLock:
    """Give a mission its folder, but not yet its database; the lock returned keeps everybody else from it."""
    lock = MissionLock.acquire(unpacked)
    files.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with around("restore.folder"):
            unpacked.database.rename(unpacked.restoring)
            unpacked.root.rename(files.root)
    except OSError as error:
        lock.release()
        raise MissionExists(files.id) from error
    sync_folder(files.root.parent)
    return lock


def complete(files: MissionFiles) -> None:
    """All of a mission is in its place: from now on it is one."""
    with around("restore.database"):
        files.restoring.rename(files.database)
    sync_folder(files.root)


@contextlib.contextmanager
def _scratch(folder: Path) -> Generator[Path]:
    """An empty folder for this process alone, gone afterwards. Raises StoreError while another one works there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.iterdir():
            remove_tree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        raise StoreError(f"another process is at work in {folder}; wait for it") from None
    finally:
        os.close(descriptor)


def _clear(folders: Iterable[Path]) -> None:
    for left in folders:
        if left.is_dir():
            with contextlib.suppress(StoreError), _scratch(left):
                pass


def _linked(unfinished: Path, target: Path) -> bool:
    """Unlike a rename it replaces nothing. False where the disk knows no links and the name is free."""
    try:
        os.link(unfinished, target)
    except OSError as error:
        if target.exists():
            raise _taken(target) from error
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def _taken(target: Path) -> StoreError:
    return StoreError(f"{target} exists already; name a file that does not")


def _unreadable(source: Path, error: Exception) -> StoreError:
    return StoreError(f"{source} cannot be read as a backup of a mission: {error}")


def _add_folder(archive: tarfile.TarFile, files: MissionFiles) -> None:
    for path in _kept(files):
        try:
            info = archive.gettarinfo(path, f"{files.id}/{path.relative_to(files.root)}")
            if info.isreg():
                with path.open("rb") as file:
                    archive.addfile(info, _AsLong(file))
            else:
                archive.addfile(info)
        except FileNotFoundError:
            continue  # an agent has just removed it


class _AsLong(io.RawIOBase):
    """A file that may become shorter while it is read: what is gone reads as zeros, as it does on a disk."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size).ljust(size, b"\0")


def _read_to_its_checksum(archive: tarfile.TarFile) -> None:
    """An archive's end comes before the end of what it is packed in, which tells whether all of it is as written."""
    while archive.fileobj.read(1 << 20):
        pass


def _kept(files: MissionFiles) -> Iterator[Path]:
    for entry in sorted(files.root.iterdir()):
        if entry.name in _LEFT_OUT or entry.name.startswith((".", "mission.db.")):
            continue
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            every = (Path(folder, name) for folder, folders, files in walk(entry) for name in (*folders, *files))
            yield from (path for path in sorted(every) if path.is_file() or path.is_symlink() or path.is_dir())


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
