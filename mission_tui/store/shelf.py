"""Missions that were put away: still whole, but out of the list until they are asked for."""

from contextlib import suppress

from mission_tui.store.layout import MissionFiles


def archived(files: MissionFiles) -> bool:
    return (files.root / "archived").exists()


def archive(files: MissionFiles, away: bool) -> None:
    """Put a mission away, or back. Raises OSError."""
    mark = files.root / "archived"
    if away:
        mark.touch()
    else:
        with suppress(FileNotFoundError):
            mark.unlink()
