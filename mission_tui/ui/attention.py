"""What waits for the human across all missions, and telling when something starts to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from mission_tui.store.errors import StoreError
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.listing import DecisionLine, Listed, listed
from mission_tui.ui.look import DECISION
from mission_tui.ui.text import one_line

WATCH_S = 2.0


class Waiting(NamedTuple):
    """One open decision of one mission."""

    mission: str
    title: str
    decision: DecisionLine


class Notices(Protocol):
    """How the human wants to be told."""

    @property
    def bell(self) -> bool: ...
    @property
    def desktop(self) -> bool: ...


class Attention:
    """Reads only missions whose database was written to since the last look. For one thread."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stamps: dict[str, tuple[int, int]] = {}
        self._known: dict[str, Listed] = {}
        self._told: set[tuple[str, str]] | None = None

    def look(self) -> list[Waiting]:
        """Everything that waits, the longest first."""
        missions = all_missions(self._data)
        for files in missions:
            self._read(files)
        present = {files.id for files in missions}
        found = [
            Waiting(m.id, m.title, decision)
            for name, m in self._known.items()
            if name in present and m.status not in ("completed", "failed", "aborted")
            for decision in m.decisions
        ]
        return sorted(found, key=lambda w: w.decision.opened_at)

    def repositories(self) -> list[str]:
        """Those of earlier missions, the latest first."""
        missions = sorted(self._known.values(), key=lambda m: m.created_at, reverse=True)
        return list(dict.fromkeys(m.repo for m in missions))

    def news(self) -> list[Waiting]:
        """What began to wait since the last call; nothing at the first."""
        found = self.look()
        known, self._told = self._told, {(w.mission, w.decision.id) for w in found}
        return [] if known is None else [w for w in found if (w.mission, w.decision.id) not in known]

    def _read(self, files: MissionFiles) -> None:
        try:
            stamp = (files.database.stat().st_mtime_ns, _changed(files.database.with_name("mission.db-wal")))
            if self._stamps.get(files.id) != stamp:
                self._known[files.id] = listed(files)
                self._stamps[files.id] = stamp
        except (OSError, StoreError):
            self._known.pop(files.id, None)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def escapes(waiting: Waiting, notices: Notices) -> Iterator[str]:
    """What to write to the terminal: a bell, and its own notification in the two ways that terminals know."""
    if notices.bell:
        yield "\a"
    if notices.desktop:
        title = _plain(waiting.title or waiting.mission)
        text = _plain(f"{DECISION[waiting.decision.kind]}: {waiting.decision.summary}")
        yield f"\x1b]9;{title}: {text}\x1b\\"
        yield f"\x1b]777;notify;{title};{text}\x1b\\"


def _plain(text: str) -> str:
    """One short line that cannot end the escape sequence, nor be taken for another field of it."""
    return re.sub(r"[;\x00-\x1f\x7f-\x9f]", " ", one_line(text, 160))
