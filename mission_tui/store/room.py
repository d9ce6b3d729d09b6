"""Room on the mission's disk: enough to go on with, and a little in reserve to say why not."""

import contextlib
import os
from pathlib import Path

from mission_tui.store.errors import NoRoom

LEAST_FREE = 24 << 20
"""Bytes; below it a mission pauses while everything can still be recorded."""
RESERVE = 4 << 20
"""Bytes that are given back when something filled the disk at once: results and the pause fit into it."""


class Room:
    """The room that a mission has on its disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reserve = folder / "reserve"

    def check(self) -> None:
        """Raises NoRoom when there is too little to go on with."""
        disk = os.statvfs(self._folder)
        if not disk.f_blocks:
            return  # a file system that does not tell
        free = disk.f_bavail * disk.f_frsize
        if free < RESERVE:
            self.release()
        if free < LEAST_FREE:
            raise NoRoom(self._folder)
        if not self._reserve.exists():
            self._lay_aside()

    def release(self) -> None:
        """Give the reserve back, so that what was done can be recorded."""
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def _lay_aside(self) -> None:
        with contextlib.suppress(OSError):  # a file system without it: then only the early pause protects
            descriptor = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, RESERVE)
            finally:
                os.close(descriptor)
