"""What can go wrong with a mission's files. Every message is one line and says what to do."""

import sqlite3
from pathlib import Path


class StoreError(Exception):
    """The store cannot do what was asked of it."""


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


class NoRoom(StoreError):
    """The disk is full. Nothing was written; the same write succeeds once there is room."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no room left on the disk of {path}; free some space and resume the mission")


class FenceLost(StoreError):
    """A later writer has taken the mission over: this one must stop at once."""

    def __init__(self, path: Path, mine: int | None, current: int | None) -> None:
        have = "it was opened for reading only" if mine is None else f"writer {mine} was replaced by writer {current}"
        super().__init__(f"{path} must not be written by this process: {have}")


class StepNotRunning(StoreError):
    """A step is finished once."""

    def __init__(self, run_id: str, n: int) -> None:
        super().__init__(f"step {n} of run {run_id} is not running, so it cannot be finished")


def explained(error: sqlite3.Error, path: Path) -> Exception:
    """The same error in words for the user; programming errors come back as they are."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return LockedDatabase(path)
    if "disk is full" in text:
        return NoRoom(path)
    if "unable to open" in text:
        return NoDatabase(path) if not path.exists() else DamagedDatabase(path, text)
    if "malformed" in text or "not a database" in text or "disk I/O error" in text:
        return DamagedDatabase(path, text)
    return error
