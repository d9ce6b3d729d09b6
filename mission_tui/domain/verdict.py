"""Verdicts, their evidence, and what scrutiny and the baseline say of the repository's own checks."""

from typing import Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import EvidenceKind
from mission_tui.domain.handoff import Severity

VerdictStatus = Literal["passed", "failed", "blocked", "inconclusive"]
Cause = Literal["expectation", "setup", "missing_tool", "build", "locator", "app", "timeout", "vacuous", "other"]
"""Why a proof did not pass. Only `expectation` is a true red: the product was observed and did otherwise."""
Prover = Literal["mechanical", "agent", "reviewer"]


class Evidence(Frozen):
    """A stored observation. `artifact` is the SHA-256 of its content, which is also its name in the artifact store."""

    id: str
    kind: EvidenceKind
    artifact: str = Field(pattern=r"^[0-9a-f]{64}$")
    name: str
    media_type: str
    bytes: int = Field(ge=0)


class Verdict(Frozen):
    """What was observed of one assertion, on one tree."""

    assertion: str
    status: VerdictStatus
    reason: str = Field(min_length=1)
    evidence: tuple[Evidence, ...] = ()
    prover: Prover
    cause: Cause | None = None
    tree: str
    """Fingerprint of the tree it was proved on."""
    depends_on: tuple[str, ...] | None = None
    """Paths whose change makes it stale; None: any path."""
    milestone: str
    round: int = Field(ge=1)


class CaseResult(Frozen):
    """One test of a suite, as its JUnit report says."""

    name: str
    outcome: Literal["passed", "failed", "skipped"]


class CheckOutcome(Frozen):
    """One check of the services manifest, run once on one tree."""

    name: str
    command: str
    exit_code: int | None
    duration_s: float
    cases: tuple[CaseResult, ...] | None = None
    """Test by test where the runner reports it."""
    output: Evidence | None = None

    @property
    def failing(self) -> frozenset[str]:
        return frozenset(c.name for c in self.cases or () if c.outcome == "failed")


class CheckComparison(Frozen):
    """A check beside its baseline."""

    name: str
    ok: bool
    new_failures: tuple[str, ...] = ()
    old_failures: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    """Tests of the baseline that no longer exist or are now skipped: candidates for the reviewers."""


def compare_check(before: CheckOutcome | None, after: CheckOutcome) -> CheckComparison:
    """Only new failures count: what failed on the base is shown and does not block."""
    if after.exit_code == 0:
        fixed = before.failing if before else frozenset[str]()
        return CheckComparison(name=after.name, ok=True, fixed=tuple(sorted(fixed)), vanished=_vanished(before, after))
    if before is None or before.exit_code == 0:
        return CheckComparison(name=after.name, ok=False, new_failures=_named(after, after.failing))
    if before.cases is None or after.cases is None:
        return _whole_check(before, after)
    new = after.failing - before.failing
    # The runner may fail for a reason that no test shows (a crash at collection, a coverage threshold).
    unexplained = not after.failing
    return CheckComparison(
        name=after.name,
        ok=not new and not unexplained,
        new_failures=tuple(sorted(new)) or ((after.name,) if unexplained else ()),
        old_failures=tuple(sorted(after.failing & before.failing)),
        fixed=tuple(sorted(before.failing - after.failing)),
        vanished=_vanished(before, after),
    )


def _whole_check(before: CheckOutcome, after: CheckOutcome) -> CheckComparison:
    same_view = (before.cases is None) == (after.cases is None)
    if same_view and before.exit_code == after.exit_code:
        return CheckComparison(name=after.name, ok=True, old_failures=(after.name,))
    return CheckComparison(name=after.name, ok=False, new_failures=_named(after, after.failing))


def _named(after: CheckOutcome, failing: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(failing)) or (after.name,)


def _vanished(before: CheckOutcome | None, after: CheckOutcome) -> tuple[str, ...]:
    if before is None or before.cases is None or after.cases is None:
        return ()
    ran_before = {c.name for c in before.cases if c.outcome != "skipped"}
    ran_after = {c.name for c in after.cases if c.outcome != "skipped"}
    return tuple(sorted(ran_before - ran_after))


class Finding(Frozen):
    """One problem that a validator reports."""

    severity: Severity
    title: str = Field(min_length=1)
    evidence: str = Field(min_length=1)
    consequence: str = Field(min_length=1)
    file: str | None = None
    line: int | None = None
    same_as: str | None = Field(
        default=None, description="id of the earlier finding that this is, or `new` if it is none of those listed"
    )


class ControlResult(Frozen):
    """One proof on the tree from before the work that it is to prove, where it has to fail."""

    assertion: str
    feature: str
    """Whose parent tree it was."""
    commit: str
    outcome: Literal["red", "vacuous", "inconclusive"]
    """red: the product was observed and did otherwise. vacuous: it passed without the work. inconclusive: the product
    was not observed (setup, missing tool, build, app) or the proof found nothing to look at (locator)."""
    cause: Cause | None = None
    reason: str = ""


class BaseResult(Frozen):
    """One mechanical proof on the untouched base."""

    assertion: str
    passed: bool
    cause: Cause | None = None
    reason: str = ""
    proof: str = ""
    """Digest of the proof that was carried out: an assertion that changes elsewhere is not proved on the base again."""
