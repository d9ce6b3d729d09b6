"""Red before green, and red again: a proof is load-bearing only if it fails where the work is missing."""

import re

from mission_tui.domain.contract import Assertion
from mission_tui.domain.mission import Mission
from mission_tui.domain.promises import empty_promises
from mission_tui.domain.state.plan import FeatureState
from mission_tui.domain.verdict import Cause, ControlResult, VerdictStatus


def grounds(mission: Mission, assertion: str) -> tuple[FeatureState, ...]:
    """Completed features that fulfil it, the newest first; on the parent tree of one of them its proof must fail."""
    done = [f for f in mission.plan.features.values() if f.status == "completed" and f.parent is not None]
    return tuple(reversed([f for f in done if assertion in f.feature.fulfills]))


def exempt(mission: Mission, assertion: Assertion) -> bool:
    """Guards protect what was there before; the rest has the human's signature."""
    return (
        assertion.guard
        or assertion.id in mission.contract.overrides
        or assertion.id in mission.plan.signed_vacuous
    )  # fmt: skip


def to_control(mission: Mission, milestone: str) -> tuple[str, ...]:
    """Mechanical assertions of the milestone's completed features whose proof has not been seen without the work."""
    promised = {a for f in mission.plan.in_milestone(milestone) if f.status == "completed" for a in f.feature.fulfills}
    return tuple(
        name
        for name, a in mission.contract.assertions.items()
        if name in promised and a.mechanical and not exempt(mission, a) and name not in mission.validation.controls
        and grounds(mission, name)
    )  # fmt: skip


def vacuous_controls(mission: Mission) -> tuple[ControlResult, ...]:
    """Live assertions whose proof passes without the work, and that nobody has signed."""
    live = mission.contract.assertions
    return tuple(
        r
        for name, r in mission.validation.controls.items()
        if r.outcome == "vacuous" and name in live and not exempt(mission, live[name])
    )


def waiting_for_signature(mission: Mission) -> tuple[ControlResult, ...]:
    """Vacuous proofs that the orchestrator would keep: the human decides, once."""
    open_issues = {i.assertion for i in mission.issues.open}
    asked = {d.decision.subject for d in mission.decisions.decisions.values() if "vacuous" in d.decision.payload}
    return tuple(r for r in vacuous_controls(mission) if r.assertion not in open_issues | asked)


def complaints(mission: Mission, names: tuple[str, ...]) -> list[str]:
    """What the negative control has against these assertions, in words."""
    return [
        f"{r.assertion} passes without the work of {r.feature}, so its proof shows nothing"
        for r in vacuous_controls(mission)
        if r.assertion in names
    ]


_UNBUILT = re.compile(
    r"SyntaxError|IndentationError|error TS\d|\[build failed\]|could not compile|COMPILATION ERROR|BUILD FAILED"
    r"|error: cannot find symbol|undefined reference|ERROR collecting|errors? during collection"
    r"|file or directory not found|no tests ran|No rule to make target"
    r"|(?:\.go:\d+:\d+|\.rs:\d+|\.java:\d+|\.c(?:pp|c)?:\d+:\d+): (?:error|undefined)"
)
"""What compilers and test runners say when they could not even begin."""


def red_cause(cause: Cause | None, reason: str) -> Cause | None:
    """Why a proof failed where the work is missing: what could not even begin did not observe the product."""
    return "build" if cause == "expectation" and _UNBUILT.search(reason) else cause


def control_result(
    assertion: str, feature: FeatureState, status: VerdictStatus, cause: Cause | None, reason: str
) -> ControlResult:
    """What a proof on a feature's parent tree means."""
    cause = red_cause(cause, reason)
    outcome = "vacuous" if status == "passed" else "red" if cause == "expectation" else "inconclusive"
    return ControlResult(
        assertion=assertion,
        feature=feature.feature.id,
        commit=feature.parent or "",
        outcome=outcome,
        cause=cause,
        reason=reason[:2000],
    )


def red_before(mission: Mission, assertion: str) -> bool:
    """Whether the proof was seen to fail on the base because the product did otherwise."""
    base = mission.validation.base
    results = base.results if base else ()
    return any(r.assertion == assertion and not r.passed and r.cause == "expectation" for r in results)


def base_is_unproved(mission: Mission) -> bool:
    """Whether the base has yet to be proved for the contract as it stands before approval."""
    base = mission.validation.base
    return base is None or (not mission.plan.approved and base.contract_version != mission.contract.version)


def vacuous(mission: Mission) -> tuple[str, ...]:
    """Assertions that pass on the untouched base although they are not guards, and are not signed."""
    base = mission.validation.base
    live = mission.contract.assertions
    return tuple(
        r.assertion
        for r in (base.results if base else ())
        if r.passed and r.assertion in live and not live[r.assertion].guard
        and r.assertion not in mission.plan.signed_vacuous
    )  # fmt: skip


def base_problems(mission: Mission) -> tuple[str, ...]:
    """What the proof of the base found that needs a signature or another contract."""
    base = mission.validation.base
    if base is None or mission.plan.signed_base:
        return ()
    problems = [
        f"{name} passes on the base already: mark it `guard` or make it say what is new" for name in vacuous(mission)
    ]
    live = mission.contract.assertions
    problems += [
        f"{r.assertion} is a guard but does not pass on the base: {r.reason}"
        for r in base.results
        if not r.passed and r.assertion in live and live[r.assertion].guard
    ]
    problems += empty_promises(mission)
    if base.setup_problem:
        problems.append(f"the base cannot be set up: {base.setup_problem}")
    return tuple(problems)
