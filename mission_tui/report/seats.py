"""What each seat did and cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import Usage
from mission_tui.report.times import Moments
from mission_tui.store.queries import RunTotals


@dataclass(frozen=True, slots=True)
class SeatLine:
    role: str
    model: str
    runs: int
    steps: int
    usage: Usage
    seconds: float
    """Wall time of its runs; runs side by side count each."""


def seat_lines(mission: Mission, totals: Sequence[RunTotals], times: Moments) -> tuple[SeatLine, ...]:
    """One line for each role and model that played it, in the order in which they came up."""
    lines: dict[tuple[str, str], SeatLine] = {}
    for total in totals:
        run = mission.runs.runs.get(total.run_id)
        if run is None:
            continue
        key = (run.started.role, run.started.model)
        before = lines.get(key) or SeatLine(*key, runs=0, steps=0, usage=Usage(), seconds=0.0)
        lines[key] = SeatLine(
            *key,
            runs=before.runs + 1,
            steps=before.steps + total.steps,
            usage=_sum(before.usage, total.usage),
            seconds=before.seconds + times.run_s(total.run_id),
        )
    return tuple(lines.values())


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(
        input_tokens=a.input_tokens + b.input_tokens,
        cached_tokens=a.cached_tokens + b.cached_tokens,
        output_tokens=a.output_tokens + b.output_tokens,
        usd=a.usd + b.usd,
        usd_known=a.usd_known and b.usd_known,
    )
