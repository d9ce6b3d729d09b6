"""What the human saw last, and where, kept beside the missions: a screen that was killed opens at the same place."""

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from mission_tui.domain.base import Frozen
from mission_tui.store.layout import MissionFiles


class Seen(Frozen):
    """How far the human had followed a mission."""

    seq: int = 0
    at: float = 0.0
    """Unix time in seconds."""
    usd: float = 0.0


class Place(Frozen):
    """Where the screen was."""

    mission: str | None = None
    pane: str = ""
    zoomed: bool = False
    view: str = ""
    """The screen over the mission: `review`, `skills`, `draft`, or none."""


def last_seen(files: MissionFiles) -> Seen:
    """Zero for a mission that nobody has looked at."""
    with suppress(OSError, ValidationError):
        return Seen.model_validate_json((files.root / "seen.json").read_bytes())
    return Seen()


def remember_seen(files: MissionFiles, seen: Seen) -> None:
    """A loss of it costs nothing but a longer digest, so that it need not survive a power cut."""
    _write(files.root / "seen.json", seen)


def last_place(data: Path) -> Place:
    with suppress(OSError, ValidationError):
        return Place.model_validate_json((data / "screen.json").read_bytes())
    return Place()


def remember_place(data: Path, place: Place) -> None:
    _write(data / "screen.json", place)


def _write(path: Path, what: Frozen) -> None:
    """Whole or not at all. That it cannot be written is no reason to disturb anybody."""
    with suppress(OSError):
        temporary = path.with_suffix(".new")
        temporary.write_text(what.model_dump_json())
        temporary.replace(path)
