"""The steps of one run that are held in memory, and their lines."""

from mission_tui.store.steps import StepRecord
from mission_tui.ui.panes.step_rows import StepLines
from mission_tui.ui.widgets.lines import Painted

KEPT = 600
"""Steps held in memory around what is in view; the rest is read again when it is scrolled to."""


class StepWindow:
    """The steps of one run that are held, and their lines for one width."""

    def __init__(self) -> None:
        self.steps: dict[int, StepRecord] = {}
        self.last = 0
        """Number of the run's latest step, held or not."""
        self._lines: dict[int, list[Painted]] = {}

    @property
    def first_held(self) -> int:
        return min(self.steps, default=0)

    @property
    def last_held(self) -> int:
        return max(self.steps, default=0)

    def merge(self, steps: list[StepRecord], last: int, keep_end: bool) -> None:
        """Take steps in that touch what is held; beyond KEPT the far end is forgotten."""
        self.last = max(self.last, last)
        for step in steps:
            if not self.steps or self.first_held - len(steps) <= step.n <= self.last_held + len(steps):
                self.steps[step.n] = step
                self._lines.pop(step.n, None)
        self.steps = dict(sorted(self.steps.items()))
        excess = len(self.steps) - KEPT
        if excess > 0:
            gone = list(self.steps)[:excess] if keep_end else list(self.steps)[-excess:]
            for n in gone:
                del self.steps[n]
                self._lines.pop(n, None)

    def rows(self, layout: StepLines, unfolded: set[int]) -> list[Painted]:
        rows: list[Painted] = []
        for n, step in self.steps.items():
            if n not in self._lines:
                self._lines[n] = layout.of(step, n in unfolded)
            rows += self._lines[n]
        return rows

    def forget_layout(self, n: int | None = None) -> None:
        if n is None:
            self._lines.clear()
        else:
            self._lines.pop(n, None)
