"""Turns what litellm raises into a `ModelError` of one line that says what to do.

The status decides before the class does: a 500 whose body says `invalid_request_error` arrives as `BadRequestError`.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from mission_tui.domain.ports import ContextOverflow, ModelError, ModelMisconfigured, ModelUnavailable, QuotaExhausted
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.retry_headers import retry_at, told_wait

_LENGTH = 300
_PREFIXES = re.compile(r"^(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)\s*[:-]\s*)+")
_TAIL = re.compile(r"\s*Original exception: .*", re.DOTALL)
_TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum context|prompt is too long|input is too long|too many (input )?tokens"
    r"|prompt length|input length|model token limit|reduce the length",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
"""Larger than what a minute allows: waiting does not help, a shorter request does."""
_NO_CREDIT = re.compile(
    r"insufficient.?(quota|balance|credit)|exceeded your current quota|credit balance", re.IGNORECASE
)
_PASSING = frozenset({408, 409, 425, 429})


def as_model_error(
    error: Exception, seat: SeatSettings, *, secret: str | None = None, now: Callable[[], float] = time.time
) -> ModelError:
    """The error of ours that says the same; `secret` is blotted out of the provider's words."""
    error = _innermost(error)
    status = _status(error)
    said = _one_line(error, secret)
    about = f"model {seat.model}: "
    if _is_overflow(error, status, said):
        return ContextOverflow(about + said)
    if status == 402 or (status != 401 and _NO_CREDIT.search(said)):
        return QuotaExhausted(f"{about}{said}; the account needs credit", _retry_at(error, now()))
    if status in {401, 403}:
        return ModelMisconfigured(f"{about}{said}; {_key_advice(seat)}")
    if status == 404:
        return ModelMisconfigured(f"{about}{said}; check the model's name{_base_advice(seat)}")
    if _is_missing_key(error, said):
        return ModelMisconfigured(f"{about}{said}; {_key_advice(seat)}")
    if status is not None and 400 <= status < 500 and status not in _PASSING:
        return ModelMisconfigured(about + said)
    if isinstance(error, ImportError):
        return ModelMisconfigured(f"{about}{said}; install what this provider needs")
    return ModelUnavailable(f"{about}{said}{_reach_advice(seat, said)}", _retry_at(error, now()))


def _innermost(error: Exception) -> Exception:
    """litellm wraps what happens in the middle of a stream; the cause says more."""
    seen: set[int] = set()
    while isinstance(cause := getattr(error, "original_exception", None), Exception) and id(error) not in seen:
        seen.add(id(error))
        error = cause
    return error


def _status(error: Exception) -> int | None:
    status: Any = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _headers(error: Exception) -> dict[str, str]:
    headers: Any = getattr(error, "litellm_response_headers", None)
    response: Any = getattr(error, "response", None)
    if headers is None:
        headers = getattr(response, "headers", None)
    return {str(name).lower(): str(value) for name, value in headers.items()} if headers else {}


def _retry_at(error: Exception, now: float) -> float | None:
    """What the headers name, else what the words do."""
    at = retry_at(_headers(error), now)
    wait = told_wait(str(error)) if at is None else None
    return at if wait is None else now + wait


def _is_overflow(error: Exception, status: int | None, said: str) -> bool:
    if type(error).__name__ == "ContextWindowExceededError":
        return True
    if status == 413 or (status == 429 and _TOO_LARGE.search(said)):
        return True
    return status in {400, 422} and _TOO_LONG.search(said) is not None


def _is_missing_key(error: Exception, said: str) -> bool:
    return type(error).__name__ == "AuthenticationError" or "api_key client option must be set" in said


def _key_advice(seat: SeatSettings) -> str:
    if seat.api_key_env is not None:
        return f"check the key in {seat.api_key_env}"
    if seat.api_base is not None:
        return "name the key's environment variable in the seat's api_key_env"
    return "set or check the provider's key, for example " + usual_key_variable(seat.model)


def usual_key_variable(model: str) -> str:
    """The name that most providers give their key's variable."""
    provider, slash, _ = model.partition("/")
    return re.sub(r"\W", "_", provider).upper() + "_API_KEY" if slash else "OPENAI_API_KEY"


def _base_advice(seat: SeatSettings) -> str:
    return "" if seat.api_base is None else f" and api_base {seat.api_base} (it usually ends in /v1)"


def _reach_advice(seat: SeatSettings, said: str) -> str:
    unreachable = seat.api_base is not None and "connect" in said.lower()
    return f" (is {seat.api_base} up?)" if unreachable else ""


def _one_line(error: Exception, secret: str | None) -> str:
    text = _TAIL.sub("", str(error)) or type(error).__name__
    text = " ".join(text.split())
    text = _PREFIXES.sub("", text) or text
    if secret:
        text = text.replace(secret, "[key]")
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"
