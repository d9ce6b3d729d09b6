"""Tokens and money of one call, as litellm's local price map knows them."""

from mission_tui.domain.ports import Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.litellm_types import Litellm, RawUsage, field

_PRICES = ("input_cost_per_token", "output_cost_per_token")
_MOST_TOKENS = 10**9
_MOST_USD = 10**5
_free: dict[str, bool] = {}
"""What the price map says; looking up a model that it lacks takes a third of a millisecond."""


def usage_of(litellm: Litellm, seat: SeatSettings, raw: RawUsage | None, *, reported: bool) -> Usage:
    """`raw` is the usage object of a stream's last chunk, None when there was none.

    A price counts as known when the provider or the price map names one; an explicit price of zero is a price.
    Counts that litellm had to make itself (`reported` False) never give a known price.
    """
    if raw is None:
        return Usage(usd_known=False)
    sent, cached, answered = (
        _believed(count, _MOST_TOKENS)
        for count in (
            raw.prompt_tokens or 0,
            field(field(raw, "prompt_tokens_details"), "cached_tokens") or 0,
            raw.completion_tokens or 0,
        )
    )
    cost = _believed(field(raw, "cost"), _MOST_USD)
    priced = cost is not None or _is_free(litellm, seat)
    return Usage(
        input_tokens=int(sent or 0),
        cached_tokens=int(min(cached or 0, sent or 0)),
        output_tokens=int(answered or 0),
        usd=float(cost or 0.0),
        usd_known=priced and reported and sent is not None and answered is not None,
    )


def _believed(value: object, most: float) -> int | float | None:
    """A figure that one call can have; a negative or an endless one is none, and would undo or use up every cap."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= most else None


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
