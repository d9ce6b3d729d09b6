"""Proves assertions mechanically: their check steps are carried out in a box, and what was seen is kept."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mission_tui.domain.checks import CommandStep
from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import App
from mission_tui.domain.ports import Box, BoxError, JsonObject
from mission_tui.domain.verdict import Cause, VerdictStatus
from mission_tui.proof.app import AppFailure, AppUnderTest, last_words
from mission_tui.proof.command import run_command_steps
from mission_tui.proof.results import ProofResult, RawEvidence, write_fresh
from mission_tui.proof.secrets import NONE, SecretMissing, Secrets
from mission_tui.proof.session import Driver, DriverFailure

STEP_PATIENCE_S = 30.0
DEATH_S = 0.5
CLEAN_HOME = (
    'find "$HOME" /tmp -mindepth 1 -maxdepth 1 ! -iname "*playwright*" ! -iname "*chrom*" '
    "! -name .cache ! -name .pki -exec rm -rf {} + 2>/dev/null; true"
)
"""What an assertion left in the box outside the tree would be there for the next one; the browser's own stays."""
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
    secrets: Secrets = NONE


async def prove_all(
    assertions: Sequence[Assertion],
    stage: Stage,
    reset: Callable[[], Awaitable[None]],
    record: Callable[[ProofResult], None] = lambda _: None,
) -> list[ProofResult]:
    """One assertion after the other in one box: a fresh app and session each, the tree put back before each.

    With `isolation: milestone` one app process and one tree serve them all.
    """
    prover = Prover(stage)
    results: list[ProofResult] = []
    try:
        for number, assertion in enumerate(assertions):
            if number and prover.shared is None:
                await reset()
                await stage.box.run(CLEAN_HOME, timeout_s=60)
            result = await prover.prove(assertion)
            record(result)
            results.append(result)
    finally:
        await prover.close()
    return results


class Prover:
    """Proves assertions in one box, with one program that makes the requests and holds the browser."""

    def __init__(self, stage: Stage) -> None:
        app = stage.app
        self.stage = stage
        self.driver = Driver(stage.box, stage.run_dir, stage.browser)
        self.shared = self._app(app) if app is not None and app.isolation == "milestone" else None
        self._failed_starts: list[AppFailure] = []

    def _app(self, app: App) -> AppUnderTest:
        return AppUnderTest(app, self.stage.box, secrets=self.stage.secrets)

    async def close(self) -> None:
        try:
            if self.shared is not None:
                await self.shared.stop()
        finally:
            await self.driver.close()

    async def prove(self, assertion: Assertion) -> ProofResult:
        """One assertion. Never raises for what the product does; a pass carries every declared kind of evidence."""
        began = time.monotonic()
        try:
            self.stage.secrets.check()
            evidence = await self._observe(assertion)
        except DriverFailure as failure:
            return _ended(assertion, began, failure.evidence, failure.cause, str(failure))
        except AppFailure as failure:
            return _ended(assertion, began, self._app_log(assertion, failure.log), "app", failure.reason)
        except (BoxError, SecretMissing) as failure:
            return _ended(assertion, began, (), "setup", str(failure))
        missing = [k for k in assertion.proof.evidence if k not in {e.kind for e in evidence}]
        if missing:
            reason = f"the checks hold, but produced no evidence of kind {', '.join(missing)}"
            return _ended(assertion, began, evidence, "other", reason)
        return _ended(assertion, began, evidence, None, f"all {len(assertion.proof.checks)} steps hold")

    async def _observe(self, assertion: Assertion) -> tuple[RawEvidence, ...]:
        steps = assertion.proof.checks
        stage = self.stage
        if assertion.proof.by == "command":
            commands = [s for s in steps if isinstance(s, CommandStep)]
            return await run_command_steps(commands, stage.box, stage.run_dir, assertion.id, stage.secrets.values)
        if assertion.proof.by == "terminal":
            return await self._driven(assertion, "")
        if stage.app is None:
            raise AppFailure(f"a {assertion.proof.by} proof needs an app, and the services manifest names none")
        return await self._with_app(assertion, self.shared or self._app(stage.app))

    async def _with_app(self, assertion: Assertion, app: AppUnderTest) -> tuple[RawEvidence, ...]:
        try:
            return await self._driven(assertion, await self._started(app))
        except DriverFailure as failure:
            patience = DEATH_S if failure.cause == "app" else 0.0
            if failure.cause == "missing_tool" or not await app.has_died(patience):
                raise
            log = await app.log()
            evidence = failure.evidence + self._app_log(assertion, log)
            raise DriverFailure("app", f"the app died ({failure}){last_words(log)}", evidence) from None
        finally:
            if app is not self.shared:
                await app.stop()

    async def _started(self, app: AppUnderTest) -> str:
        """An app that twice in a row did not start from this tree is not waited for again."""
        if len(self._failed_starts) >= 2:
            raise self._failed_starts[-1]
        try:
            url = await app.start()
        except AppFailure as failure:
            self._failed_starts.append(failure)
            raise
        self._failed_starts.clear()
        return url

    def _app_log(self, assertion: Assertion, log: str) -> tuple[RawEvidence, ...]:
        if not log:
            return ()
        path = self.stage.run_dir / f"{assertion.id}-app.txt"
        write_fresh(path, log)
        return (RawEvidence(kind="output", path=path, name="app-log.txt", media_type="text/plain"),)

    async def _driven(self, assertion: Assertion, base: str) -> tuple[RawEvidence, ...]:
        secrets = self.stage.secrets
        steps = [secrets.filled(s.model_dump(mode="json", exclude_unset=True)) for s in assertion.proof.checks]
        timeout = sum(step.within_s + STEP_PATIENCE_S for step in assertion.proof.checks)
        message: JsonObject = {"do": "steps", "steps": steps, "base": base, "env": dict(secrets.values)}
        message["evidence"] = list(assertion.proof.evidence)
        try:
            answer = await self.driver.request(assertion.proof.by, assertion.id, message, timeout)
        finally:
            await self.driver.end_session(assertion.id)
        evidence: tuple[RawEvidence, ...] = answer["evidence"]
        return evidence


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
