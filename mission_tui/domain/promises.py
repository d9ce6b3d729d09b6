"""Old failures that features promise to fix."""

from mission_tui.domain.mission import Mission


def promised_fixes(mission: Mission) -> frozenset[str]:
    """The tests and checks that completed features promised to make pass."""
    done = (f.feature for f in mission.plan.features.values() if f.status == "completed")
    return frozenset(name for feature in done for name in feature.fixes)


def empty_promises(mission: Mission) -> tuple[str, ...]:
    """Promises about something that the baseline does not know as failing: a slip in a name would never block."""
    base = mission.validation.base
    if base is None or base.setup_problem:
        return ()
    failing = {name for c in base.checks for name in c.failing} | {c.name for c in base.checks if c.exit_code != 0}
    flaky = {name for c in base.checks for name in c.flaky}
    return tuple(
        f"{state.feature.id} promises to fix {name}, which does not fail on the base"
        for state in mission.plan.features.values()
        for name in state.feature.fixes
        if name not in failing | flaky and state.status != "cancelled"
    )
