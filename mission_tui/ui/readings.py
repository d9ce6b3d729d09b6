"""What the screen reads of repositories and texts through whoever opened it: it imports neither git nor YAML itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from mission_tui.domain.base import Frozen
    from mission_tui.domain.seats import SeatSettings

PartKind = Literal["assertion", "milestone", "feature", "services"]


class Problem(NamedTuple):
    """One thing to mend in a text."""

    line: int
    """From 1."""
    text: str


class SkillText(NamedTuple):
    """A skill as the next run would be given it."""

    name: str
    origin: str
    """`mission`, `repository`, or `starter`."""
    description: str
    text: str
    problems: tuple[Problem, ...] = ()


class Revision(NamedTuple):
    """A skill as one commit of the mission branch left it."""

    commit: str
    at: float
    """Unix time in seconds."""
    subject: str
    author: str
    text: str


class Parsed(NamedTuple):
    """A part of contract or plan read from its text."""

    part: "Frozen | None"
    problems: tuple[Problem, ...]
    line_of: Callable[[tuple[str | int, ...]], int]
    """The line of a field, or of the nearest part around it."""


class Readings(Protocol):
    """All methods may block for a while, `LaunchProblem` says in a line why something cannot be read."""

    def diff(self, mission_id: str, base: str, head: str) -> str:
        """The unified difference of two commits of the mission branch."""
        ...

    def skills(self, mission_id: str) -> list[SkillText]:
        """What agents of the mission are given, by name."""
        ...

    def skill_problems(self, name: str, text: str) -> list[Problem]:
        """What is wrong with the text of a skill. Quick enough for every key."""
        ...

    def skill_history(self, mission_id: str, name: str) -> list[Revision]:
        """Its versions on the mission branch, the latest first."""
        ...

    def part_text(self, part: "Frozen") -> str:
        """A part of contract or plan as text to edit."""
        ...

    def parse_part(self, kind: PartKind, text: str) -> Parsed:
        """The same, read back. Quick enough for every key."""
        ...

    def readiness(self, repo: str) -> str:
        """What can be installed, checked, launched and validated in a repository, in words."""
        ...

    def paths(self, folder: str) -> list[str]:
        """Files of a repository that can be named with `@`, ignored ones left out."""
        ...

    def seat(self, assignment: str) -> "tuple[str, SeatSettings]":
        """`ROLE=MODEL`, judged."""
        ...
