"""When a provider wants the next call, read from the headers of its refusal, or from its words."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

_RESET = re.compile(r"^(?:x-|anthropic-)?ratelimit-(?:reset(?:-[\w-]+)?|[\w-]+-reset)$")
"""`x-ratelimit-reset-tokens: 6m0s` (OpenAI), `anthropic-ratelimit-tokens-reset: 2026-01-01T00:00:00Z`,
`x-ratelimit-reset: 1767225600000` (OpenRouter), `ratelimit-reset: 30` (IETF draft)."""
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_TOLD = re.compile(
    r"(?:(?:retry|try again) in |[\"']retryDelay[\"']: *[\"'])((?:\d+(?:\.\d+)?(?:ms|[dhms]))+)", re.IGNORECASE
)
"""`Please retry in 34.07s` and `"retryDelay": "34s"` (Google), `Please try again in 6m0s` (OpenAI)."""
_SECONDS = (86_400, 3_600, 60, 1, 0.001)
LONGEST_S = 366 * 86_400
_EPOCH = 1_000_000_000
"""Larger numbers are points in time, in seconds or (a thousand times larger still) milliseconds."""


def retry_at(headers: Mapping[str, str], now: float) -> float | None:
    """Unix seconds of the next call that makes sense; `headers` have lower-case names. None when nothing is named.

    A time that is further off than any quota's period is no time: nobody is kept waiting for a slip of the provider's.
    """
    at = _named(headers, now)
    return at if at is not None and at - now <= LONGEST_S else None


def told_wait(text: str) -> float | None:
    """Seconds to wait that a refusal's words name: Google has no header for it, other providers not always."""
    found = _TOLD.search(text)
    seconds = _seconds(found[1]) if found else None
    return seconds if seconds is not None and seconds <= LONGEST_S else None


def _named(headers: Mapping[str, str], now: float) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return now + milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return now + seconds
    date = _date(value)
    return _reset_at(headers, now) if date is None else max(now, date.timestamp())


def _reset_at(headers: Mapping[str, str], now: float) -> float | None:
    """The latest reset among the limits that are used up."""
    times = [
        at
        for name, value in headers.items()
        if _RESET.match(name)
        and _number(headers.get(name.replace("reset", "remaining"))) == 0
        and (at := _moment(value, now)) is not None
    ]
    return max(times, default=None)


def _moment(value: str, now: float) -> float | None:
    number = _number(value)
    if number is not None:
        if number < _EPOCH:
            return now + number
        return number / 1000 if number > _EPOCH * 1000 else number
    seconds = _seconds(value.strip())
    if seconds is not None:
        return now + seconds
    try:
        return max(now, datetime.fromisoformat(value.strip()).timestamp())
    except ValueError:
        return None


def _seconds(text: str) -> float | None:
    """Of a duration such as `6m0s`."""
    parts = _DURATION.fullmatch(text)
    if parts is None or not text:
        return None
    return sum(float(part) * unit for part, unit in zip(parts.groups(), _SECONDS, strict=True) if part)


def _number(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return None
    return float(value)


def _date(value: str | None) -> datetime | None:
    try:
        return None if value is None else parsedate_to_datetime(value)
    except ValueError:
        return None
