"""The structured report that ends a worker's run, and what the journal saw of its claims."""

from typing import Literal

from pydantic import Field

from mission_tui.domain.base import Frozen

Severity = Literal["blocking", "non_blocking", "suggestion"]


class ClaimedCommand(Frozen):
    """A command that a worker says it ran, with the exit code it says it saw."""

    command: str = Field(min_length=1)
    exit_code: int
    note: str = ""


class ReportedIssue(Frozen):
    severity: Severity
    summary: str = Field(min_length=1)
    detail: str = ""


class Handoff(Frozen):
    """What a worker says of its feature."""

    summary: str = Field(min_length=1)
    completed: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    commands: tuple[ClaimedCommand, ...] = ()
    issues: tuple[ReportedIssue, ...] = ()
    procedure_followed: bool = True
    deviations: str = ""


class ObservedClaim(Frozen):
    """A claim beside what the journal observed of the same command in the same run."""

    command: str
    claimed_exit: int
    observed_exit: int | None
    """Exit code of the last matching command; None when it was killed or never run."""
    ran: bool
    step: int | None = None
    """The step of the run in which it was observed."""

    @property
    def contradicted(self) -> bool:
        return not self.ran or self.observed_exit != self.claimed_exit


class ObservedCommand(Frozen):
    """A command as the journal recorded it."""

    command: str
    exit_code: int | None
    step: int


def _normal(command: str) -> str:
    return " ".join(command.split())


def compare_claims(
    claims: tuple[ClaimedCommand, ...], observed: tuple[ObservedCommand, ...]
) -> tuple[ObservedClaim, ...]:
    """Match each claim with the last observed run of the same command line (white space folded)."""
    last = {_normal(o.command): o for o in observed}
    result: list[ObservedClaim] = []
    for claim in claims:
        seen = last.get(_normal(claim.command))
        result.append(
            ObservedClaim(
                command=claim.command,
                claimed_exit=claim.exit_code,
                observed_exit=seen.exit_code if seen else None,
                ran=seen is not None,
                step=seen.step if seen else None,
            )
        )
    return tuple(result)


IssueSource = Literal["handoff", "leftover", "contradiction", "finding", "regression", "run", "validation"]


class Issue(Frozen):
    """Something that must become a feature or be dismissed with a reason before the mission goes on."""

    id: str
    source: IssueSource
    severity: Severity
    summary: str = Field(min_length=1)
    detail: str = ""
    feature: str | None = None
    """The feature in whose run or review it came up."""
    assertion: str | None = None
    """The assertion whose proof shows nothing."""
    milestone: str | None = None
    file: str | None = None
    line: int | None = None
    rounds: tuple[int, ...] = ()
    """Validation rounds of its milestone in which it was seen."""
