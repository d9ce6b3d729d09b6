"""Caps on what a mission may spend, and what it has spent."""

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import Usage


class Limits(Frozen):
    """Caps of one mission; None means no cap of that kind."""

    usd: float | None = Field(default=20.0, gt=0)
    tokens: int | None = Field(default=20_000_000, gt=0)
    """Input tokens that were not cached, plus output tokens."""
    hours: float | None = Field(default=48.0, gt=0)
    """Hours during which the engine worked; waiting for the human does not count."""
    steps: int | None = Field(default=None, gt=0)
    """Model and tool calls of the whole mission."""
    run_usd: float | None = Field(default=None, gt=0)
    run_tokens: int | None = Field(default=None, gt=0)
    run_hours: float | None = Field(default=12.0, gt=0)
    """Hours that one run works; waiting for the human or for a provider does not count."""
    run_turns: int = Field(default=200, gt=0)
    """Model calls of one run."""


class Spend(Frozen):
    """What a mission has used so far."""

    usage: Usage = Usage()
    wall_s: float = 0.0
    runs: int = 0
    steps: int = 0

    @property
    def tokens(self) -> int:
        return counted(self.usage)


def counted(usage: Usage) -> int:
    """Tokens that a cap counts."""
    return usage.input_tokens - usage.cached_tokens + usage.output_tokens


def exceeded(limits: Limits, spend: Spend) -> str | None:
    """Name the first cap that is used up, in words a human can act on; None while there is room."""
    if limits.usd is not None and spend.usage.usd >= limits.usd:
        return f"the money cap of ${limits.usd:g} is used up (${spend.usage.usd:.2f} spent)"
    if limits.tokens is not None and spend.tokens >= limits.tokens:
        unknown = "" if spend.usage.usd_known else "; prices are unknown, so tokens are what counts"
        return f"the token cap of {limits.tokens:,} is used up ({spend.tokens:,} spent{unknown})"
    return overworked(limits, spend)


def overworked(limits: Limits, spend: Spend) -> str | None:
    """Name the first cap that is used up of those that work uses up while no model is asked."""
    if limits.hours is not None and spend.wall_s >= limits.hours * 3600:
        return f"the time cap of {limits.hours:g} h is used up ({spend.wall_s / 3600:.1f} h worked)"
    if limits.steps is not None and spend.steps >= limits.steps:
        return f"the step cap of {limits.steps:,} is used up ({spend.steps:,} steps done)"
    return None


def run_exceeded(limits: Limits, usage: Usage, turns: int, seconds: float) -> str | None:
    """Name the first cap of one run that is used up; its run is then ended, with what it has done told honestly."""
    if turns >= limits.run_turns:
        return f"the run used up its {limits.run_turns} turns"
    if limits.run_usd is not None and usage.usd >= limits.run_usd:
        return f"the run used up its ${limits.run_usd:g}"
    if limits.run_tokens is not None and counted(usage) >= limits.run_tokens:
        return f"the run used up its {limits.run_tokens:,} tokens"
    return run_overworked(limits, seconds)


def run_overworked(limits: Limits, seconds: float) -> str | None:
    """As `run_exceeded`, of what a run uses up while no model is asked."""
    if limits.run_hours is not None and seconds >= limits.run_hours * 3600:
        return f"the run used up its {limits.run_hours:g} h"
    return None
