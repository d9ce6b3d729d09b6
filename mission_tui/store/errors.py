"""What can go wrong with a mission's files. Every message is one line and says what to do."""

import errno
import os
import sqlite3
from pathlib import Path


class StoreError(Exception):
    """The store cannot do what was asked of it."""

    def beside(self, folder: Path) -> str:
        """The problem in words, without the long way to the mission's folder."""
        return str(self).replace(f"{folder}/", "")


class UnknownMission(StoreError):
    """No mission, or more than one, has an id that begins so."""


class MissionExists(StoreError):
    """A mission is created once."""

    def __init__(self, mission_id: str) -> None:
        super().__init__(f"mission {mission_id} exists already; choose another id")


class MissionBusy(StoreError):
    """Another process holds the mission. `pid` is None only while the holder has not said who it is."""

    def __init__(self, mission_id: str, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"mission {mission_id} is held by {who}; attach to it, or stop it first")
        self.pid = pid


class NoDatabase(StoreError):
    """There is nothing to read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no mission database at {path}; see `mission-tui list` for what there is")


class DamagedDatabase(StoreError):
    """The file is there, but what it says makes no sense."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is damaged ({why}); see `mission-tui verify`, and restore a copy of the folder")


class NewerDatabase(StoreError):
    """It was written by a later version of this program."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} was written by a newer mission-tui (layout {found}, this one knows {known}); upgrade mission-tui"
        )


class LockedDatabase(StoreError):
    """Another connection kept it locked for longer than we wait."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is locked by another process; close what has it open and try again")


class Exhausted(StoreError):
    """The machine lacks what a write needs. Nothing was written; the same write succeeds once it is there again."""


class NoRoom(Exhausted):
    """The disk is full."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no room left on the disk of {path}; free some space and resume the mission")


class CannotWrite(Exhausted):
    """Read-only, not allowed, over a quota, or a disk that fails."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be written ({why}); make it writable and resume the mission")


class TooManyFiles(Exhausted):
    """The process, or the machine, may open no more files."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"too many files are open to use {path}; raise the limit (`ulimit -n`) and resume the mission")


class TooManyProcesses(Exhausted):
    """The user, or the machine, may start no more processes or threads."""

    def __init__(self) -> None:
        super().__init__("no more processes may be started; end some, or raise the limit, and resume the mission")


class FenceLost(StoreError):
    """A later writer has taken the mission over: this one must stop at once."""

    def __init__(self, path: Path, mine: int | None, current: int | None) -> None:
        have = "it was opened for reading only" if mine is None else f"writer {mine} was replaced by writer {current}"
        super().__init__(f"{path} must not be written by this process: {have}")


class StepNotRunning(StoreError):
    """A step is finished once."""

    def __init__(self, run_id: str, n: int) -> None:
        super().__init__(f"step {n} of run {run_id} is not running, so it cannot be finished")


def lacking(error: BaseException, path: Path) -> Exhausted | None:
    """What the machine lacked, if that is why something failed: it is worth a pause, not the end of an engine."""
    match error:
        case BaseExceptionGroup():
            found = [lacking(one, path) for one in error.exceptions]
            return next((one for one in found if one is not None), None) if all(found) else None
        case Exhausted():
            return error
        case OSError() if error.errno is not None:
            return _by_number(error.errno, Path(error.filename) if isinstance(error.filename, str) else path)
        case _:
            return _by_words(error, path)


def only_locked(error: BaseException) -> bool:
    """Whether it is only that somebody else has the database at present: waiting is all it takes."""
    match error:
        case BaseExceptionGroup():
            return all(only_locked(one) for one in error.exceptions)
        case _:
            return isinstance(error, LockedDatabase)


def of_the_machine(error: OSError) -> bool:
    """Whether no agent could have done otherwise. What is forbidden may be its own doing."""
    return error.errno in _LACKS and error.errno not in _FORBIDDEN


def explained(error: sqlite3.Error, path: Path) -> Exception:
    """The same error in words for the user; programming errors come back as they are."""
    text = " ".join(str(error).split())
    if "decode to UTF-8" in text:  # the only one that does not come from SQLite, and so has no name
        return DamagedDatabase(path, text[:80])
    if "locked" in text or "busy" in text:
        return LockedDatabase(path)
    if "disk is full" in text:
        return NoRoom(path)
    if "readonly" in text and error.sqlite_errorname != "SQLITE_READONLY_DBMOVED":
        return CannotWrite(path, text)
    if "unable to open" in text:
        return _why_not_opened(path, text)
    if error.sqlite_errorname in _NOT_WRITTEN:
        return CannotWrite(path, text)
    if "malformed" in text or "not a database" in text or "disk I/O error" in text:
        return DamagedDatabase(path, text)
    return error


def errno_text(number: int) -> str:
    """The words of the C library, which programs such as git end their complaints with."""
    return os.strerror(number)


def _by_number(number: int, path: Path) -> Exhausted | None:
    kind = _LACKS.get(number)
    if kind is NoRoom:
        return NoRoom(path)
    if kind is TooManyFiles:
        return TooManyFiles(path)
    if kind is TooManyProcesses:
        return TooManyProcesses()
    return CannotWrite(path, errno_text(number)) if kind is CannotWrite else None


def _by_words(error: BaseException, path: Path) -> Exhausted | None:
    """Of a program that failed, or of a library that wraps what failed."""
    # The list of missions is painted before pydantic is imported, which ports are made of.
    from mission_tui.domain.ports import BoxError, ModelError

    text = " ".join(str(error).split())
    found = next((number for number in _LACKS if errno_text(number) in text), None)
    if "can't start new thread" in text:
        found = errno.EAGAIN
    if found in _FORBIDDEN and isinstance(error, ModelError | BoxError):
        return None  # a provider that says so means the key, a box has its own decision
    if found == errno.EAGAIN and isinstance(error, ModelError):
        return None  # a provider's own trouble
    forbidden = found is None and "insufficient permission" in text and not isinstance(error, ModelError | BoxError)
    lack = _by_number(errno.EACCES if forbidden else found or 0, path)
    return CannotWrite(path, text[:200]) if isinstance(lack, CannotWrite) else lack


def _why_not_opened(path: Path, text: str) -> Exception:
    if not path.exists():
        return NoDatabase(path)
    try:
        path.open("r+b").close()
    except OSError as error:
        return lacking(error, path) or DamagedDatabase(path, text)
    return DamagedDatabase(path, text)


_LACKS: dict[int, type[NoRoom | TooManyFiles | TooManyProcesses | CannotWrite]] = {
    errno.ENOSPC: NoRoom,
    errno.EMFILE: TooManyFiles,
    errno.ENFILE: TooManyFiles,
    errno.EAGAIN: TooManyProcesses,
    errno.EROFS: CannotWrite,
    errno.EDQUOT: CannotWrite,
    errno.EFBIG: CannotWrite,
    errno.EACCES: CannotWrite,
    errno.EPERM: CannotWrite,
}
_NOT_WRITTEN = {f"SQLITE_IOERR_{what}" for what in ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "SHMOPEN", "SHMSIZE")}
"""A quota that is used up looks so, also to who only reads: the lock table beside the database must grow for it."""
_FORBIDDEN = (errno.EACCES, errno.EPERM)
