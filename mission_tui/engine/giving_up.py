"""When runs for one purpose keep failing, the human is asked, instead of another run that fails too."""

from mission_tui.engine.desk import Desk

FAILED_RUNS = 2
"""Runs for the same purpose that may fail in a row before the human is asked."""


def gave_up(desk: Desk, role: str, feature: str | None = None, milestone: str | None = None) -> bool:
    """Whether no further run may be started now: the human is asked. The answer starts the count anew."""
    runs = desk.mission.runs.on(role, feature, milestone)
    failed = 0
    for run in reversed(runs):
        if run.ended is None or run.ended.outcome == "finished":
            break
        failed += run.ended.outcome != "cancelled"
    asked = f"{role}:{feature or milestone or ''}:{len(runs)}"
    if failed < FAILED_RUNS or failed % FAILED_RUNS:
        return False
    if any(d.decision.subject == asked for d in desk.mission.decisions.decisions.values()):
        return False
    reason = runs[-1].ended.summary if runs[-1].ended else ""
    desk.open_decision(
        "request",
        f"{failed} runs of the {role.replace('_', ' ')} failed: {reason}. Try again?",
        ("retry", "abort"),
        "retry",
        subject=asked,
        payload={"failed_run": runs[-1].id},
    )
    return True
