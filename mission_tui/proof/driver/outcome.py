"""How steps fail, and how they wait."""

import time
from collections.abc import Callable
from typing import Any

from patterns import PatternTooSlow, found


class StepFailure(Exception):
    """A step that did not succeed: the cause as `domain.verdict.Cause` names it, and a line with expected and seen."""

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.evidence: list[dict[str, str]] = []

    def as_answer(self) -> dict[str, Any]:
        return {"cause": self.cause, "reason": str(self), "evidence": self.evidence}


def wait_until(met: Callable[[], str | None], within_s: float, pause: Callable[[float], bool]) -> None:
    """Ask again until `met` returns None; its last words are the failure once the time is over.

    `pause` waits for news, at most as many seconds as it is given, and returns False when no more can come.
    """
    deadline = time.monotonic() + within_s
    more = True
    while True:
        complaint = met()
        if complaint is None:
            return
        if not more or time.monotonic() >= deadline:
            raise StepFailure("expectation", complaint)
        more = pause(0.05)


def matches(pattern: str, text: str) -> bool:
    """Raises StepFailure for a pattern that does not come to an end: that says nothing about the product."""
    try:
        return found(pattern, text)
    except PatternTooSlow as slow:
        raise StepFailure("setup", str(slow)) from None


def shown(text: str, limit: int = 300) -> str:
    """A text on one line, shortened, for a failure's message."""
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= limit else flat[:limit] + "…")
