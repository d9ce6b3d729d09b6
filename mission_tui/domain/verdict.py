"""Verdicts, their evidence, and what scrutiny and the baseline say of the repository's own checks."""

from collections.abc import Set
from typing import Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import EvidenceKind
from mission_tui.domain.globs import matches
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
    globs: tuple[str, ...] = ()
    """Instead of paths: it was also proved on a tree that held nothing but the files that these name."""
    milestone: str
    round: int = Field(ge=1)

    def depends_on_any(self, changed: Set[str]) -> bool:
        """Whether a change of these paths may change what was observed."""
        if self.globs:
            return any(matches(self.globs, path) for path in changed)
        return self.depends_on is None or not changed.isdisjoint(self.depends_on)


class CaseResult(Frozen):
    """One test of a suite, as its runner says."""

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
    flaky: tuple[str, ...] = ()
    """Tests, or the check itself, that did otherwise when it was run again on the same tree."""
    again_s: float | None = None
    """How long the second run took, in seconds; None when there was none."""

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
    flaky: tuple[str, ...] = ()
    """Failing now, but unsteady on the base already: they say nothing either way."""
    unkept: tuple[str, ...] = ()
    """Old failures that a completed feature promised to fix and that do not pass."""

    def blocking(self, most: int = 10) -> str:
        """Why it is not ok, in words that follow its name."""
        new = f"has new failures: {', '.join(self.new_failures[:most])}" if self.new_failures else ""
        unkept = f"still fails what was promised to be fixed: {', '.join(self.unkept[:most])}" if self.unkept else ""
        return "; ".join(filter(None, (new, unkept)))


def with_second_run(first: CheckOutcome, second: CheckOutcome) -> CheckOutcome:
    """The baseline of a check that was run twice on one tree: what differs is flaky."""
    if first.cases is None or second.cases is None:
        unsteady = (first.name,) if first.exit_code != second.exit_code else ()
    else:
        before, after = ({c.name: c.outcome for c in run.cases or ()} for run in (first, second))
        unsteady = tuple(sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n)))
        if not unsteady and first.exit_code != second.exit_code:
            unsteady = (first.name,)
    return first.model_copy(update={"flaky": unsteady, "again_s": second.duration_s})


def compare_check(
    before: CheckOutcome | None, after: CheckOutcome, promised: frozenset[str] = frozenset()
) -> CheckComparison:
    """Only new failures count, and old ones that were promised to be fixed.

    What failed on the base otherwise, or was flaky there, is shown and does not block.
    """
    compared = _compared(before, after)
    unkept = _unkept(before, after, promised)
    return compared.model_copy(update={"ok": compared.ok and not unkept, "unkept": unkept}) if unkept else compared


def _compared(before: CheckOutcome | None, after: CheckOutcome) -> CheckComparison:
    if after.exit_code == 0:
        fixed = before.failing if before else frozenset[str]()
        return CheckComparison(name=after.name, ok=True, fixed=tuple(sorted(fixed)), vanished=_vanished(before, after))
    if before is None:
        return CheckComparison(name=after.name, ok=False, new_failures=_named(after, after.failing))
    if after.name in before.flaky and not after.failing:
        return CheckComparison(name=after.name, ok=True, flaky=(after.name,), vanished=_vanished(before, after))
    if before.cases is None or after.cases is None:
        return _whole_check(before, after)
    unsteady = after.failing & frozenset(before.flaky)
    old = (after.failing & before.failing) - unsteady
    new = after.failing - old - unsteady
    # The runner may fail for a reason that no test shows (a crash at collection, a coverage threshold).
    unexplained = not after.failing
    return CheckComparison(
        name=after.name,
        ok=not new and not unexplained,
        new_failures=tuple(sorted(new)) or ((after.name,) if unexplained else ()),
        old_failures=tuple(sorted(old)),
        fixed=tuple(sorted(before.failing - after.failing)),
        vanished=_vanished(before, after),
        flaky=tuple(sorted(unsteady)),
    )


def _whole_check(before: CheckOutcome, after: CheckOutcome) -> CheckComparison:
    same_view = (before.cases is None) == (after.cases is None)
    if same_view and before.exit_code == after.exit_code:
        return CheckComparison(name=after.name, ok=True, old_failures=(after.name,))
    return CheckComparison(name=after.name, ok=False, new_failures=_named(after, after.failing))


def _unkept(before: CheckOutcome | None, after: CheckOutcome, promised: frozenset[str]) -> tuple[str, ...]:
    """A promised test must pass: one that was deleted or skipped is not fixed."""
    mine = promised & (before.failing | {before.name} if before else frozenset[str]())
    passed = {c.name for c in after.cases or () if c.outcome == "passed"} - after.failing
    if after.exit_code == 0:
        passed |= {after.name} | (mine if after.cases is None and (before is None or before.cases is None) else set())
    return tuple(sorted(name for name in mine - passed if not _within_a_pass(name, after)))


def _named(after: CheckOutcome, failing: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(failing)) or (after.name,)


def _vanished(before: CheckOutcome | None, after: CheckOutcome) -> tuple[str, ...]:
    if before is None or before.cases is None or after.cases is None:
        return ()
    ran_before = {c.name for c in before.cases if c.outcome != "skipped"}
    ran_after = {c.name for c in after.cases if c.outcome != "skipped"}
    return tuple(sorted(name for name in ran_before - ran_after if not _within_a_pass(name, after)))


def _within_a_pass(name: str, after: CheckOutcome) -> bool:
    """Some runners name a file's tests only when they fail; of a file that passes they name the file."""
    file, among, _ = name.partition("::")
    return bool(among) and any(c.name == file and c.outcome == "passed" for c in after.cases or ())


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
