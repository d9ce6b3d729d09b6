"""Tokens and money of one call, as litellm's local price map knows them."""

from mission_tui.domain.ports import Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.litellm_types import Litellm, RawUsage, field

_PRICES = ("input_cost_per_token", "output_cost_per_token")
_free: dict[str, bool] = {}
"""What the price map says; looking up a model that it lacks takes a third of a millisecond."""


def usage_of(litellm: Litellm, seat: SeatSettings, raw: RawUsage | None, *, reported: bool) -> Usage:
    """`raw` is the usage object of a stream's last chunk, None when there was none.

    A price counts as known when the provider or the price map names one; an explicit price of zero is a price.
    Counts that litellm had to make itself (`reported` False) never give a known price.
    """
    if raw is None:
        return Usage(usd_known=False)
    cached = field(field(raw, "prompt_tokens_details"), "cached_tokens")
    cost = field(raw, "cost")
    known = isinstance(cost, int | float) or _is_free(litellm, seat)
    return Usage(
        input_tokens=raw.prompt_tokens or 0,
        cached_tokens=cached if isinstance(cached, int) else 0,
        output_tokens=raw.completion_tokens or 0,
        usd=float(cost) if isinstance(cost, int | float) else 0.0,
        usd_known=known and reported,
    )


def _is_free(litellm: Litellm, seat: SeatSettings) -> bool:
    """Whether zero is this model's stated price, in the seat's options or in the price map."""
    if all(name in seat.options for name in _PRICES):
        return all(seat.options[name] == 0 for name in _PRICES)
    if seat.model not in _free:
        _free[seat.model] = _is_mapped_free(litellm, seat.model)
    return _free[seat.model]


def _is_mapped_free(litellm: Litellm, model: str) -> bool:
    try:
        key = litellm.get_model_info(model)["key"]
    except Exception:
        return False  # litellm raises a bare Exception for a model that its map does not have
    entry = litellm.model_cost.get(key, {})
    return all(entry.get(name) == 0 for name in _PRICES)
