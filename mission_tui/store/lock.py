"""Who may write a mission: one process at a time, known by its pid, released by the kernel when it dies."""

import fcntl
import os
import time

from mission_tui.store.errors import MissionBusy
from mission_tui.store.layout import MissionFiles

_PATIENCE_S = 1.0
_PAUSE_S = 0.005


class MissionLock:
    """The mission's lock, held until `release` or the end of the process.

    It is an flock on a descriptor that no child inherits, so that `kill -9` frees it.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, files: MissionFiles) -> "MissionLock":
        """Take the lock; the mission's folder is made if it is not there. Raises MissionBusy with the holder's pid."""
        files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(files.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, files)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        return cls(descriptor)

    @staticmethod
    def holder(files: MissionFiles) -> int | None:
        """The pid of the living process that holds the mission, if any."""
        return holder(files)

    def release(self) -> None:
        """Let the next one in. Releasing twice is fine."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "MissionLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(files: MissionFiles) -> int | None:
    """The pid of the living process that holds the mission, if any."""
    try:
        descriptor = os.open(files.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return _pid(descriptor) if _owned(descriptor) else None
    finally:
        os.close(descriptor)


def _lock(descriptor: int, files: MissionFiles) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not _try(descriptor, fcntl.LOCK_EX):
        # A look at the holder takes the lock shared for a moment; only an exclusive owner is one. A child that a dead
        # owner was just making holds the lock until it has become another program.
        owner = _pid(descriptor) if _owned(descriptor) else None
        if (owner is not None and _alive(owner)) or time.monotonic() > deadline:
            raise MissionBusy(files.id, owner)
        time.sleep(_PAUSE_S)


def _owned(descriptor: int) -> bool:
    if not _try(descriptor, fcntl.LOCK_SH):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def _pid(descriptor: int) -> int | None:
    """What the owner wrote; it may need a moment between locking and writing."""
    deadline = time.monotonic() + _PATIENCE_S
    while _owned(descriptor):
        text = os.pread(descriptor, 32, 0).strip()
        if text.isdigit():
            return int(text)
        if time.monotonic() > deadline:
            return None
        time.sleep(_PAUSE_S)
    return None


__all__ = ["MissionBusy", "MissionLock", "holder"]
