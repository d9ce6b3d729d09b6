"""How states look: a glyph, a word, and the style that repeats them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from mission_tui.domain.states import AssertionStatus, DecisionKind, FeatureStatus, MilestoneStatus, MissionStatus

Tone = Literal[
    "plain", "faint", "strong", "good", "bad", "odd", "live", "wait", "rule", "key", "code", "added", "removed", "you"
]
"""What a piece of text means; `widgets/lines.tcss` says how each looks."""

Piece = tuple[str, Tone]
Line = tuple[Piece, ...]


class Look(NamedTuple):
    """A state at a glance."""

    glyph: str
    word: str
    tone: Tone


ASSERTION: dict[AssertionStatus, Look] = {
    "pending": Look("·", "pending", "faint"),
    "passed": Look("✔", "passed", "good"),
    "failed": Look("✖", "failed", "bad"),
    "blocked": Look("!", "blocked", "odd"),
    "inconclusive": Look("?", "unclear", "odd"),
    "stale": Look("↻", "stale", "odd"),
    "overridden": Look("◆", "signed", "odd"),
}
MILESTONE: dict[MilestoneStatus, Look] = {
    "pending": Look("·", "pending", "faint"),
    "active": Look("◐", "active", "live"),
    "validating": Look("◑", "proving", "live"),
    "review": Look("▲", "review", "wait"),
    "sealed": Look("✔", "sealed", "good"),
    "rolled_back": Look("↶", "undone", "odd"),
}
FEATURE: dict[FeatureStatus, Look] = {
    "pending": Look("·", "pending", "faint"),
    "in_progress": Look("◐", "working", "live"),
    "completed": Look("✔", "done", "good"),
    "failed": Look("✖", "failed", "bad"),
    "cancelled": Look("-", "dropped", "faint"),
}
MISSION: dict[MissionStatus, Look] = {
    "planning": Look("◐", "planning", "live"),
    "awaiting_approval": Look("▲", "approve?", "wait"),
    "running": Look("●", "running", "live"),
    "paused": Look("‖", "paused", "strong"),
    "waiting": Look("▲", "waiting", "wait"),
    "completed": Look("✔", "completed", "good"),
    "failed": Look("✖", "failed", "bad"),
    "aborted": Look("✖", "aborted", "bad"),
}
DECISION: dict[DecisionKind, str] = {
    "approve_plan": "approve the plan",
    "review_milestone": "review a milestone",
    "sign_amendment": "sign an amendment",
    "raise_cap": "raise a cap",
    "answer": "answer questions",
    "provider": "mend the provider",
    "round_cap": "round cap",
    "request": "decide",
    "box": "mend the sandbox",
}


def counts(numbers: dict[AssertionStatus, int]) -> Line:
    """Assertions by state, those that are: `31 ✔  2 ✖  15 ·`."""
    pieces: list[Piece] = []
    for status in ("passed", "failed", "blocked", "inconclusive", "stale", "overridden", "pending"):
        number = numbers.get(status, 0)
        if number:
            look, gap = ASSERTION[status], "  " if pieces else ""
            pieces.append((f"{gap}{number} {look.glyph}", look.tone))
    return tuple(pieces)


def proved(counts: Mapping[AssertionStatus, int]) -> int:
    """Assertions that passed once or were signed over; stale ones among them are proved again in time."""
    return counts.get("passed", 0) + counts.get("overridden", 0) + counts.get("stale", 0)


def bar(counts: Mapping[AssertionStatus, int], width: int) -> Line:
    """How much is proved: on the present tree, on an older one, and not."""
    total = sum(counts.values())
    if total <= 0 or width <= 0:
        return (("─" * max(0, width), "rule"),)
    both = proved(counts) * width // total
    old = min(both, -(-counts.get("stale", 0) * width // total))
    return (("━" * (both - old), "good"), ("╍" * old, "odd"), ("─" * (width - both), "rule"))
