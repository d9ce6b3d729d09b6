"""Errors that are a user's mistake or a machine's lack, in the lines that are shown for them."""

from dataclasses import dataclass

from mission_tui.config import ConfigProblem
from mission_tui.content.planfile import PlanFileError
from mission_tui.demo.sample import DemoProblem
from mission_tui.domain.gates.base import GateRefused
from mission_tui.domain.ports import BoxError, ModelError
from mission_tui.store.errors import Exhausted, FenceLost, StoreError
from mission_tui.workspace.git_inspect import RepositoryProblem
from mission_tui.workspace.git_plumbing import GitError

BAD_INPUT = 2
INTERNAL = 1

_PLAIN = (ConfigProblem, DemoProblem, RepositoryProblem, GitError, BoxError, ModelError, StoreError)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What to print on stderr, and what to leave with."""

    lines: tuple[str, ...]
    code: int = BAD_INPUT


def explained(error: BaseException) -> Mistake | None:
    """The lines for an error; None for one that nobody could have avoided but us."""
    match error:
        case BaseExceptionGroup():
            return explained(error.exceptions[0])
        case PlanFileError():
            return Mistake(tuple(error.problems))
        case GateRefused():
            return Mistake(tuple(violation.message for violation in error.violations))
        case Exhausted() | FenceLost():
            return Mistake((_line(error),), INTERNAL)
        case OSError() if error.filename:
            return Mistake((f"{error.filename}: {error.strerror}",))
        case _:
            return Mistake((_line(error),)) if isinstance(error, _PLAIN) else None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
