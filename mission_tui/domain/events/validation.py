"""Facts about proof."""

from typing import Literal

from mission_tui.domain.events.base import Event
from mission_tui.domain.verdict import BaseResult, CheckComparison, CheckOutcome, Finding, Verdict
from mission_tui.domain.weakened import AnsweredCandidate


class BaseProved(Event):
    """What checks and mechanical proofs said about the untouched base."""

    kind: Literal["base_proved"] = "base_proved"
    contract_version: int
    checks: tuple[CheckOutcome, ...]
    results: tuple[BaseResult, ...]
    setup_problem: str | None = None
    """Why the base could not be set up, if so."""
    services: str = ""
    """Digest of the services manifest that was used."""


class ContractReviewed(Event):
    """A contract reviewer read the drafted contract."""

    kind: Literal["contract_reviewed"] = "contract_reviewed"
    contract_version: int
    summary: str
    findings: tuple[Finding, ...] = ()


class ValidationStarted(Event):
    kind: Literal["validation_started"] = "validation_started"
    milestone: str
    round: int
    tree: str
    basis: str = ""


class ScrutinyRecorded(Event):
    kind: Literal["scrutiny_recorded"] = "scrutiny_recorded"
    milestone: str
    round: int
    checks: tuple[CheckOutcome, ...]
    comparisons: tuple[CheckComparison, ...]


class ReviewRecorded(Event):
    kind: Literal["review_recorded"] = "review_recorded"
    milestone: str
    round: int
    feature: str
    summary: str
    findings: tuple[Finding, ...] = ()
    answers: tuple[AnsweredCandidate, ...] = ()
    """What the reviewer said of each place where proof may have become weaker."""
    shown: tuple[str, ...] = ()
    """Earlier findings that the reviewer was asked to look at again."""


class VerdictRecorded(Event):
    kind: Literal["verdict_recorded"] = "verdict_recorded"
    verdict: Verdict


class UserTestingRecorded(Event):
    kind: Literal["user_testing_recorded"] = "user_testing_recorded"
    milestone: str
    round: int
    summary: str
    findings: tuple[Finding, ...] = ()
    shown: tuple[str, ...] = ()
    """Earlier findings that the tester was asked to look at again."""


class ValidationConcluded(Event):
    kind: Literal["validation_concluded"] = "validation_concluded"
    milestone: str
    round: int
    passed: bool
    summary: str
    signed: bool = False
    """The human signed over, at the round cap, what does not hold."""
