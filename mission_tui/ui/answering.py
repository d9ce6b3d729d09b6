"""Decisions answered one after another, without leaving."""

import asyncio

from textual.app import App

from mission_tui.domain.decision import Decision
from mission_tui.domain.rollback import checkpoint_before
from mission_tui.store.inbox import Decide, RollBack, SetBudget
from mission_tui.ui.control import Host
from mission_tui.ui.estimate import estimate, measured
from mission_tui.ui.screens.decision import EDIT, DecisionScreen
from mission_tui.ui.screens.draft import DraftScreen
from mission_tui.ui.screens.questions import QuestionsScreen
from mission_tui.ui.screens.review import ReviewScreen
from mission_tui.ui.screens.rollback import RollbackScreen

Given = Decide | RollBack | SetBudget | str | None


async def answer_all(app: App[None], host: Host, first: Decision) -> None:
    """Open a decision and, once it is answered, those that wait beside it. Runs in a worker."""
    seen: set[str] = set()
    decision: Decision | None = first
    while decision is not None:
        given = await _ask(app, host, decision)
        if given is None:
            return
        if not isinstance(given, str):
            host.send(given)
        seen.add(decision.id)
        decision = next((d for d in host.mission.decisions.open if d.id not in seen), None)


async def _ask(app: App[None], host: Host, decision: Decision) -> Given:
    if decision.questions:
        return await app.push_screen_wait(QuestionsScreen(decision, host.files.id))
    milestone = decision.subject or ""
    if decision.kind == "review_milestone" and milestone in host.mission.plan.milestones:
        return await app.push_screen_wait(ReviewScreen(host, milestone, decision))
    estimated = ""
    if decision.kind == "approve_plan":
        estimated = estimate(host.mission, await asyncio.to_thread(measured, host.files))
    given = await app.push_screen_wait(DecisionScreen(host.mission, decision, estimated))
    if given == EDIT:
        await app.push_screen_wait(DraftScreen(host, host.talk))
        return None
    if isinstance(given, Decide) and given.choice in ("rollback", "roll back"):
        return await _after_preview(app, host, decision, given)
    return given


async def _after_preview(app: App[None], host: Host, decision: Decision, given: Decide) -> Given:
    """Going back is shown before it is done; what was asked for by the orchestrator stays its own."""
    asked = decision.payload.get("roll_back")
    to = str(asked) if asked else checkpoint_before(host.mission, (decision.subject or "").partition("#")[0])
    if to not in host.mission.checkpoints:
        return given
    command = await app.push_screen_wait(RollbackScreen(host.mission, to, given.note))
    return given if asked and command is not None else command
