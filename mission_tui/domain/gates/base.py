"""What a gate returns."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from mission_tui.domain.base import Frozen

if TYPE_CHECKING:
    from mission_tui.domain.events import AnyEvent
    from mission_tui.domain.mission import Mission


class Violation(Frozen):
    """Why a fact is refused."""

    rule: str
    """The gate's name."""
    offender: str
    """The id of what breaks the rule."""
    message: str
    """One line that names the offender and says what to do."""


class GateRefused(Exception):
    """The ledger took nothing of what was offered."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(v.message for v in violations))
        self.violations = tuple(violations)


Rule = Callable[["Mission", "AnyEvent"], Iterable[Violation]]


def duplicates(names: Iterable[str]) -> list[str]:
    """Names that occur more than once, each once, in order."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)
