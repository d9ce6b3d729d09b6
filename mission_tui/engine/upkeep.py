"""Clears away what only dropped attempts had stored: outputs and evidence that nothing names any more."""

from mission_tui.domain.events import ArtifactsCollected
from mission_tui.domain.upkeep import dropped_runs, living_evidence
from mission_tui.engine.desk import Desk


class Upkeep:
    """For the loop, between two actions, while nothing is being observed: what has just been stored is named later."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._seen: tuple[object, ...] | None = None

    def collect(self) -> None:
        """At the engine's start, when a milestone was sealed, and when the mission was rolled back.

        The fact comes first, the removal after it: an engine that is killed in between leaves files that nothing
        names, and the next one removes them. While somebody copies the mission it waits for the next occasion.
        """
        mission = self.desk.mission
        now = (tuple(mission.checkpoints), len(mission.runs.rolled_back))
        if now == self._seen:
            return
        with self.desk.artifacts.alone() as alone:
            if not alone:
                return
            self._seen = now
            self.desk.artifacts.remove_unfinished()
            self._remove_unnamed()

    def _remove_unnamed(self) -> None:
        stored = self.desk.artifacts.sizes()
        if not stored:
            return
        mission = self.desk.mission
        living = living_evidence(mission) | self.desk.journal.artifacts(without=dropped_runs(mission))
        unnamed = sorted(stored.keys() - living)
        news = tuple(sha for sha in unnamed if sha not in mission.collected)
        if news:
            self.desk.append(ArtifactsCollected(artifacts=news, bytes=sum(stored[sha] for sha in news)))
        if unnamed:
            self.desk.artifacts.remove(unnamed)
