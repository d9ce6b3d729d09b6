"""Coming back to a mission: what happened meanwhile, and the place where one was."""

import time

from mission_tui.domain.events import Recorded
from mission_tui.store.errors import StoreError
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from mission_tui.store.seen import Seen, last_seen, remember_seen

REMEMBER_EVERY_S = 2.0


class Attendance:
    """How far the human has followed one mission, remembered as it goes on."""

    def __init__(self, files: MissionFiles) -> None:
        self.files = files
        self.before = last_seen(files)
        """As it was when the mission was opened."""
        self._written = 0.0

    def away(self, now: float) -> float:
        """Seconds since the last look; 0 for a mission that was never looked at."""
        return now - self.before.at if self.before.at else 0.0

    def follow(self, seq: int, usd: float, last: bool = False) -> None:
        """The human sees this much now. Written every few seconds, and at the `last` look."""
        now = time.time()
        if seq and (last or now - self._written > REMEMBER_EVERY_S):
            self._written = now
            remember_seen(self.files, Seen(seq=seq, at=now, usd=usd))

    def news(self) -> list[Recorded]:
        """What happened since the last look. Blocks for a moment."""
        try:
            with Reader(self.files) as reader:
                return reader.events(self.before.seq, limit=-1)
        except StoreError:
            return []
