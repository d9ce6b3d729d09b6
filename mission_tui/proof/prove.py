"""Proves assertions mechanically: their check steps are carried out in a box, and what was seen is kept."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mission_tui.domain.checks import CommandStep
from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import App
from mission_tui.domain.ports import Box, BoxError
from mission_tui.domain.verdict import Cause, VerdictStatus
from mission_tui.proof.app import AppFailure, AppUnderTest
from mission_tui.proof.command import run_command_steps
from mission_tui.proof.results import ProofResult, RawEvidence
from mission_tui.proof.session import Driver, DriverFailure

STEP_PATIENCE_S = 30.0
ENVIRONMENT: frozenset[Cause] = frozenset({"setup", "missing_tool", "app", "build", "timeout"})
"""Causes that lie in the surroundings: the product was not observed, and the verdict is `blocked`."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where assertions are proved: a box with its own copy of the tree."""

    box: Box
    app: App | None
    browser: Path | None
    run_dir: Path
    """On the host, what the box sees as its run directory."""


async def prove_all(
    assertions: Sequence[Assertion],
    stage: Stage,
    reset: Callable[[], Awaitable[None]],
    record: Callable[[ProofResult], None] = lambda _: None,
) -> list[ProofResult]:
    """One assertion after the other in one box: a fresh app and session each, the tree put back before each.

    With `isolation: milestone` one app process and one tree serve them all.
    """
    driver = Driver(stage.box, stage.run_dir, stage.browser)
    shared = AppUnderTest(stage.app, stage.box) if stage.app and stage.app.isolation == "milestone" else None
    results: list[ProofResult] = []
    try:
        for number, assertion in enumerate(assertions):
            if number and shared is None:
                await reset()
            result = await prove(assertion, stage, driver, shared)
            record(result)
            results.append(result)
    finally:
        if shared is not None:
            await shared.stop()
        await driver.close()
    return results


async def prove(assertion: Assertion, stage: Stage, driver: Driver, shared: AppUnderTest | None = None) -> ProofResult:
    """One assertion. It never raises for what the product does; a pass carries every declared kind of evidence."""
    began = time.monotonic()
    try:
        evidence = await _observe(assertion, stage, driver, shared)
    except DriverFailure as failure:
        return _ended(assertion, began, failure.evidence, failure.cause, str(failure))
    except AppFailure as failure:
        return _ended(assertion, began, (), "app", str(failure))
    except BoxError as failure:
        return _ended(assertion, began, (), "setup", str(failure))
    missing = [k for k in assertion.proof.evidence if k not in {e.kind for e in evidence}]
    if missing:
        reason = f"the checks hold, but produced no evidence of kind {', '.join(missing)}"
        return _ended(assertion, began, evidence, "other", reason)
    return _ended(assertion, began, evidence, None, f"all {len(assertion.proof.checks)} steps hold")


def _ended(
    assertion: Assertion, began: float, evidence: tuple[RawEvidence, ...], cause: Cause | None, reason: str
) -> ProofResult:
    status: VerdictStatus = "inconclusive"
    if cause is None:
        status = "passed"
    elif cause == "expectation":
        status = "failed"
    elif cause in ENVIRONMENT:
        status = "blocked"
    return ProofResult(
        assertion=assertion,
        status=status,
        reason=reason,
        cause=cause,
        evidence=evidence,
        duration_s=round(time.monotonic() - began, 3),
    )


async def _observe(
    assertion: Assertion, stage: Stage, driver: Driver, shared: AppUnderTest | None
) -> tuple[RawEvidence, ...]:
    steps = assertion.proof.checks
    if assertion.proof.by == "command":
        commands = [s for s in steps if isinstance(s, CommandStep)]
        return await run_command_steps(commands, stage.box, stage.run_dir, assertion.id)
    if assertion.proof.by == "terminal":
        return await _driven(assertion, driver, "")
    if stage.app is None:
        raise AppFailure(f"the services manifest names no app, so a {assertion.proof.by} proof has nothing to look at")
    app = shared or AppUnderTest(stage.app, stage.box)
    try:
        return await _driven(assertion, driver, await app.start())
    except DriverFailure as failure:
        if failure.cause != "missing_tool" and not await app.running():
            reason = f"the app died: {failure}\n{(await app.log())[-1500:]}"
            raise DriverFailure("app", reason, failure.evidence) from None
        raise
    finally:
        if shared is None:
            await app.stop()


async def _driven(assertion: Assertion, driver: Driver, base: str) -> tuple[RawEvidence, ...]:
    steps = [step.model_dump(mode="json", exclude_unset=True) for step in assertion.proof.checks]
    timeout = sum(step.within_s + STEP_PATIENCE_S for step in assertion.proof.checks)
    message = {"do": "steps", "steps": steps, "base": base, "evidence": list(assertion.proof.evidence)}
    try:
        answer = await driver.request(assertion.proof.by, assertion.id, message, timeout)
    finally:
        await driver.end_session(assertion.id)
    evidence: tuple[RawEvidence, ...] = answer["evidence"]
    return evidence
