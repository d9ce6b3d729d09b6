"""Runs, and the handoffs that ended them."""

from dataclasses import dataclass, field
from typing import assert_never

from mission_tui.domain.base import replace
from mission_tui.domain.events import (
    HandoffRecorded,
    RunEnded,
    RunEvent,
    RunStarted,
)
from mission_tui.domain.layers import Layers


@dataclass(frozen=True)
class RunState:
    id: str
    started: RunStarted
    ended: RunEnded | None = None


@dataclass(frozen=True)
class RunsState:
    runs: Layers[str, RunState] = field(default_factory=Layers[str, RunState])
    active: tuple[str, ...] = ()
    handoffs: tuple[HandoffRecorded, ...] = ()
    rolled_back: frozenset[str] = frozenset()
    """Runs whose work a rollback took back; what was talked about with the orchestrator stays."""

    def apply(self, event: RunEvent) -> "RunsState":
        match event:
            case RunStarted():
                return self._started(event)
            case RunEnded():
                return self._ended(event)
            case HandoffRecorded():
                return replace(self, handoffs=(*self.handoffs, event))
        assert_never(event)

    def roll_back(self, kept: int) -> "RunsState":
        """What began after the first `kept` runs is taken back."""
        later = list(self.runs.values())[kept:]
        undone = frozenset(run.id for run in later if run.started.role != "orchestrator")
        return replace(self, rolled_back=self.rolled_back | undone)

    def next_id(self) -> str:
        return f"R{len(self.runs) + 1}"

    def on(self, role: str, feature: str | None, milestone: str | None = None) -> list[RunState]:
        """The runs of a role for a feature, or for none, in the order in which they began."""
        wanted = (role, feature)
        mine = [run for run in self.runs.values() if (run.started.role, run.started.feature) == wanted]
        return [run for run in mine if milestone in (None, run.started.milestone)]

    def handoff_of(self, run_id: str) -> HandoffRecorded | None:
        return next((h for h in reversed(self.handoffs) if h.run_id == run_id), None)

    def _started(self, event: RunStarted) -> "RunsState":
        run_id = event.run_id or ""
        runs = self.runs.with_(run_id, RunState(run_id, event))
        return replace(self, runs=runs, active=(*self.active, run_id))

    def _ended(self, event: RunEnded) -> "RunsState":
        run_id = event.run_id or ""
        runs = self.runs.with_(run_id, replace(self.runs[run_id], ended=event))
        return replace(self, runs=runs, active=tuple(r for r in self.active if r != run_id))
