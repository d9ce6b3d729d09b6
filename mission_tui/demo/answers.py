"""The engineer's recorded answers, for a demo that nobody watches. Each is sent as a command and seen as an event."""

from collections.abc import Callable

from mission_tui.domain.decision import Decision
from mission_tui.store.durable import write_durably
from mission_tui.store.inbox import Decide
from mission_tui.store.layout import MissionFiles

Answerer = Callable[[Decision], Decide | None]
"""The recorded answer to a decision; None where only a human can know."""

_MARK = "recorded-answers"
_QUESTIONS = {
    "months": "calendar months, as in 2026-05; no month means everything",
    "theme": "follow the system until somebody chooses, then remember the choice in that browser",
    "deleting": "delete at once, no undo; but never by a link that a crawler could follow",
}
_REVIEWS = {
    "M1": "The bookkeeper's file opens cleanly, and formulas stay text. Go on.",
    "M2": "Tried it on my own machine as well. Thank you.",
}


def mark_recorded(files: MissionFiles) -> None:
    """Let every later run of this mission take the recorded answers."""
    write_durably(files.root / _MARK, b"")


def for_mission(files: MissionFiles) -> Answerer | None:
    """The recorded answers of a mission that was marked so; None for all others."""
    return recorded_answer if (files.root / _MARK).exists() else None


def recorded_answer(decision: Decision) -> Decide | None:
    """What the demo's engineer says to a decision of the demo's story; problems of this machine are not in it."""
    match decision.kind:
        case "answer":
            return _decide(
                decision, "\n".join(f"{q.id}: {_QUESTIONS.get(q.id, q.default)}" for q in decision.questions)
            )
        case "approve_plan":
            return _decide(decision, "approve", "Every claim is one that I would check myself.")
        case "review_milestone":
            return _decide(decision, "accept", _REVIEWS.get(decision.subject or "", ""))
        case _:
            return None


def _decide(decision: Decision, choice: str, note: str = "") -> Decide:
    return Decide(decision=decision.id, choice=choice, note=note, by="recorded")
