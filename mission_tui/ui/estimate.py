"""What a mission may cost, measured by earlier missions on this machine; nothing is guessed."""

from collections.abc import Sequence
from statistics import quantiles
from typing import NamedTuple

from mission_tui.domain.mission import Mission
from mission_tui.store.errors import StoreError
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.queries import MissionSummary, summary
from mission_tui.ui.text import clock, counted, money, tokens

LEAST_RUNS = 5
"""Runs from which a mission's figures per run say something."""
MOST = 40
"""Missions that are read."""


class PerRun(NamedTuple):
    """What a run of an earlier mission took, on average."""

    usd: float | None
    seconds: float
    tokens: float
    """What a cap counts: input that was not cached, and output."""


def runs_ahead(mission: Mission) -> tuple[int, int]:
    """How many runs the plan needs at least: one to build and one to review each feature, one to use each milestone;
    and with as many again for what goes wrong."""
    least = len(mission.plan.features) * 2 + len(mission.plan.milestones)
    return least, 2 * least


def measured(files: MissionFiles) -> list[PerRun]:
    """The other missions beside this one. Blocks for a moment."""
    found: list[PerRun] = []
    others = [other for other in all_missions(files.root.parent.parent) if other.id != files.id]
    for other in others[-MOST:]:
        try:
            found += _per_run(summary(other))
        except StoreError:
            continue
    return found


def _per_run(one: MissionSummary) -> list[PerRun]:
    runs = one.spend.runs
    if runs < LEAST_RUNS:
        return []
    usage = one.spend.usage
    return [PerRun(usage.usd / runs if usage.usd_known else None, one.spend.wall_s / runs, one.spend.tokens / runs)]


def estimate(mission: Mission, known: Sequence[PerRun]) -> str:
    """Cost, tokens and time with their range, or why there is none."""
    if not known:
        return "no earlier mission on this machine to measure by; the caps hold"
    least, most = runs_ahead(mission)
    low, high = _range([one.seconds for one in known])
    words = [f"{clock(low * least)} to {clock(high * most)} of work"]
    low, high = _range([one.tokens for one in known])
    words.insert(0, f"{tokens(round(low * least))} to {tokens(round(high * most))} tokens")
    prices = [one.usd for one in known if one.usd is not None]
    if prices:
        low, high = _range(prices)
        words.insert(0, f"{money(low * least)} to {money(high * most)}")
    return f"{', '.join(words)}, by {counted(len(known), 'earlier mission')} on this machine"


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From the lower to the upper quartile."""
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = quantiles(values, n=4)
    return low, high
