"""Makes the model of a seat, and says beforehand what would keep it from working."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from mission_tui.domain.ports import Model, ModelMisconfigured
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm import litellm_loader
from mission_tui.llm.litellm_model import LitellmModel, Watchdog
from mission_tui.llm.litellm_request import key_of, refuse_reserved_options
from mission_tui.llm.retry import Retries, Retrying, RetryPolicy
from mission_tui.llm.scripted import ScriptedModel

SCRIPTED = "scripted:"
_MAKERS = {
    "anthropic": r"claude",
    "openai": r"\bgpt|\bo\d\b|chatgpt|codex",
    "google": r"gemini|gemma|\bpalm",
    "mistral": r"mistral|codestral|devstral|magistral",
    "meta": r"llama",
    "deepseek": r"deepseek",
    "alibaba": r"qwen|qwq",
    "moonshot": r"kimi|moonshot",
    "zai": r"\bglm",
    "xai": r"grok",
    "minimax": r"minimax",
}


def make_model(
    seat: SeatSettings,
    *,
    pacing: float = 0.0,
    policy: RetryPolicy | None = None,
    watchdog: Watchdog | None = None,
    retries: Retries | None = None,
) -> Model:
    """The model of a seat, with retries when it is a real one. It is cheap: make one per run, so notices have an owner.

    `pacing` is for scripted models: seconds per reply. Raises ModelMisconfigured for a bad script.
    """
    if is_scripted(seat):
        return ScriptedModel(Path(seat.model.removeprefix(SCRIPTED)), pacing)
    return Retrying(LitellmModel(seat, _watchdog(seat, watchdog or Watchdog())), policy, retries)


def _watchdog(seat: SeatSettings, usual: Watchdog) -> Watchdog:
    """The usual limits, with those that the seat sets itself."""
    own = seat.model_dump(include=set(Watchdog.model_fields), exclude_none=True)
    return usual.model_copy(update=own)


def context_window(seat: SeatSettings) -> int | None:
    """Tokens that a seat's model takes; None while nobody knows. Loads nothing."""
    if seat.context_window is not None:
        return seat.context_window
    return None if is_scripted(seat) else litellm_loader.known_window(seat.model)


def is_scripted(seat: SeatSettings) -> bool:
    """Whether the seat is played from a file."""
    return seat.model.startswith(SCRIPTED)


async def preload(seats: Iterable[SeatSettings]) -> None:
    """Load, in a thread, what these seats need: seconds for real models, nothing for scripted ones."""
    if not all(is_scripted(seat) for seat in seats):
        await litellm_loader.preload()


async def check_seat(seat: SeatSettings) -> str | None:
    """One line about what would keep the seat from working, or None; no network call is made.

    Loads litellm (seconds) only for a seat that relies on a provider's usual key variable.
    """
    own = await _check_own(seat)
    return own if own is not None or seat.fallback is None else await check_seat(seat.fallback)


async def _check_own(seat: SeatSettings) -> str | None:
    try:
        if is_scripted(seat):
            make_model(seat)
            return None
        refuse_reserved_options(seat)
        if key_of(seat) is not None:
            return None
    except ModelMisconfigured as error:
        return str(error)
    return await _check_usual_key(seat)


async def _check_usual_key(seat: SeatSettings) -> str | None:
    await litellm_loader.preload()
    litellm = litellm_loader.load()
    try:
        litellm.get_llm_provider(seat.model)
    except Exception:  # litellm raises BadRequestError for a name whose provider it cannot tell
        return f"model {seat.model}: unknown provider; write PROVIDER/MODEL, for example anthropic/{seat.model}"
    missing = [name for name in litellm.validate_environment(seat.model)["missing_keys"] if not os.environ.get(name)]
    return f"model {seat.model}: no key; set {', '.join(missing)}" if missing else None


def provider_of(model: str) -> str:
    """Who made a model, as far as its name tells; two seats of one maker may share blind spots.

    A maker counts however the model is reached (`openrouter/anthropic/…`, `bedrock/…claude…`); for names that tell
    nothing it is the part before the first slash.
    """
    if model.startswith(SCRIPTED):
        return "scripted"
    for maker, names in _MAKERS.items():
        if re.search(names, model.partition("/")[2] or model, re.IGNORECASE):
            return maker
    return model.partition("/")[0].lower()
