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
        return self.usage.input_tokens - self.usage.cached_tokens + self.usage.output_tokens


def exceeded(limits: Limits, spend: Spend) -> str | None:
    """Name the first cap that is used up, in words a human can act on; None while there is room."""
    if limits.usd is not None and spend.usage.usd >= limits.usd:
        return f"the money cap of ${limits.usd:g} is used up (${spend.usage.usd:.2f} spent)"
    if limits.tokens is not None and spend.tokens >= limits.tokens:
        unknown = "" if spend.usage.usd_known else "; prices are unknown, so tokens are what counts"
        return f"the token cap of {limits.tokens:,} is used up ({spend.tokens:,} spent{unknown})"
    if limits.hours is not None and spend.wall_s >= limits.hours * 3600:
        return f"the time cap of {limits.hours:g} h is used up ({spend.wall_s / 3600:.1f} h worked)"
    return None
