"""What the human saw last, and where, kept beside the missions: a screen that was killed opens at the same place."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.store.layout import MissionFiles


@dataclass(frozen=True, slots=True)
class Seen:
    """How far the human had followed a mission."""

    seq: int = 0
    at: float = 0.0
    """Unix time in seconds."""
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the screen was."""

    mission: str | None = None
    pane: str = ""
    zoomed: bool = False
    view: str = ""
    """The screen over the mission: `review`, `skills`, `draft`, or none."""


def last_seen(files: MissionFiles) -> Seen:
    """Zero for a mission that nobody has looked at."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        read = json.loads((files.root / "seen.json").read_bytes())
        return Seen(seq=int(read["seq"]), at=float(read["at"]), usd=float(read["usd"]))
    return Seen()


def remember_seen(files: MissionFiles, seen: Seen) -> None:
    """A loss of it costs nothing but a longer digest, so that it need not survive a power cut."""
    _write(files.root / "seen.json", seen)


def last_place(data: Path) -> Place:
    with suppress(OSError, ValueError, TypeError, KeyError):
        read = json.loads((data / "screen.json").read_bytes())
        mission, zoomed = read["mission"], bool(read["zoomed"])
        return Place(str(mission) if mission else None, str(read["pane"]), zoomed, str(read["view"]))
    return Place()


def remember_place(data: Path, place: Place) -> None:
    _write(data / "screen.json", place)


def _write(path: Path, what: Seen | Place) -> None:
    """Whole or not at all. That it cannot be written is no reason to disturb anybody."""
    with suppress(OSError):
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(what), separators=(",", ":")))
        with around("seen.rename"):
            temporary.replace(path)
