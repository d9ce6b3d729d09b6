"""A mission that no provider answers is parked, and goes on exactly once: in time, or when the human says so."""

import time
from collections.abc import Sequence

from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionWithdrawn
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import ModelError, ModelUnavailable
from mission_tui.engine.desk import Desk

WOKEN = "the time to try again has come"


def park(desk: Desk, error: ModelError) -> None:
    """Wait until the time that the provider named; else for a while, or for the human when waiting mends nothing."""
    attempt = _attempt(desk)
    retry_at = _retry_at(desk, error, attempt)
    desk.open_decision(
        "provider",
        f"the model does not answer: {error}{_until(retry_at)}",
        ("retry", "abort"),
        "retry",
        retry_at=retry_at,
        payload={
            "attempt": attempt,
            "tokens": _answered(desk),
            "named": retry_at is not None and retry_at == error.retry_at,
        },
    )


def wake(desk: Desk) -> None:
    """Let go on what has waited long enough."""
    due = [d for d in parked(desk.mission) if d.retry_at is not None and d.retry_at <= desk.clock.now()]
    desk.append(*(DecisionWithdrawn(id=d.id, reason=WOKEN) for d in due))


def seconds_to_wait(mission: Mission, now: float) -> float | None:
    """Until the next parked call may be made; None when no time is set."""
    times = [d.retry_at for d in parked(mission) if d.retry_at is not None]
    return max(0.0, min(times) - now) if times else None


def parked(mission: Mission) -> Sequence[Decision]:
    return [d for d in mission.decisions.open if d.kind == "provider"]


def is_named(decision: Decision, now: float) -> bool:
    """Whether the provider itself named the time: calling it earlier is useless, also after a restart."""
    return bool(decision.payload.get("named")) and (decision.retry_at or 0) > now


def _retry_at(desk: Desk, error: ModelError, attempt: int) -> float | None:
    """The named time. One that is over, or was named before and did not help, is no reason to ask without a pause."""
    if error.retry_at is None and not isinstance(error, ModelUnavailable):
        return None
    now = desk.clock.now()
    pause = min(desk.patience.first_s * 2 ** min(attempt - 1, 30), desk.patience.longest_s)
    if error.retry_at is None or error.retry_at <= now:
        return now + pause
    return error.retry_at if attempt == 1 else max(error.retry_at, now + pause)


def _attempt(desk: Desk) -> int:
    """How often in a row the mission has been parked without an answer in between."""
    decisions = [d.decision for d in desk.mission.decisions.decisions.values() if d.decision.kind == "provider"]
    last = decisions[-1].payload if decisions else {}
    return int(last.get("attempt", 0)) + 1 if last.get("tokens") == _answered(desk) else 1


def _answered(desk: Desk) -> int:
    """Grows with every answer, and with nothing else."""
    usage = desk.journal.spend().usage
    return usage.input_tokens + usage.output_tokens


def _until(retry_at: float | None) -> str:
    if retry_at is None:
        return ""
    return f"; tried again at {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(retry_at))}"
