"""Facts about proof."""

from typing import Literal

from mission_tui.domain.contract import Proof
from mission_tui.domain.events.base import Event
from mission_tui.domain.verdict import (
    BaseResult,
    Cause,
    CheckComparison,
    CheckOutcome,
    ControlResult,
    Evidence,
    Finding,
    Verdict,
    VerdictStatus,
)
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


class ControlRecorded(Event):
    """The negative control: proofs of the milestone's features on those features' parent trees."""

    kind: Literal["control_recorded"] = "control_recorded"
    milestone: str
    round: int
    results: tuple[ControlResult, ...]


class FlowReplayed(Event):
    """The engine carried out, in a fresh session, the check steps that an agent gave for what it had found."""

    kind: Literal["flow_replayed"] = "flow_replayed"
    assertion: str
    proof: Proof
    """The assertion's proof with the flow as its checks."""
    claimed: VerdictStatus
    status: VerdictStatus
    """What the replay found."""
    cause: Cause | None = None
    reason: str
    evidence: tuple[Evidence, ...] = ()
    control: ControlResult | None = None
    """The same steps on the tree from before the work; None where nobody's work can be taken away."""
    milestone: str
    round: int

    @property
    def agreed(self) -> bool:
        return self.status == self.claimed


class ReplayRequested(Event):
    """The human wants to see a proof carried out."""

    kind: Literal["replay_requested"] = "replay_requested"
    assertion: str


class ReplayRecorded(Event):
    """What the proof that the human asked for said. It is no verdict, but a pass does not survive its failure."""

    kind: Literal["replay_recorded"] = "replay_recorded"
    assertion: str
    status: VerdictStatus
    cause: Cause | None = None
    reason: str
    evidence: tuple[Evidence, ...] = ()
    tree: str


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
