"""Starting and resuming the runs of agents: who they are, what they are told, where they work."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from mission_tui.content.resources import skills_dir
from mission_tui.content.roles import Role
from mission_tui.content.skills import find_skills
from mission_tui.domain.contract import Assertion
from mission_tui.domain.events import AnyEvent, RunEnded, RunStarted
from mission_tui.domain.mission import Mission
from mission_tui.domain.weakened import candidates, vanished_test
from mission_tui.engine import briefing
from mission_tui.engine.conversation import opening
from mission_tui.engine.desk import Desk
from mission_tui.engine.replay import replay_flow
from mission_tui.engine.run import AgentRun, Outcome
from mission_tui.engine.seat_model import SeatModel
from mission_tui.engine.trees import tree_for
from mission_tui.engine.workshop import RunWorkshop, store_evidence
from mission_tui.llm.retry import RetryNotice
from mission_tui.llm.seats import context_window
from mission_tui.proof.results import RawEvidence
from mission_tui.tools.base import Assignment, Halted, Replay, ToolProblem
from mission_tui.tools.registry import TOOLS
from mission_tui.tools.tree import TreeFiles, TreeProblem
from mission_tui.workspace.readiness import examine, render

RULES_FILE = ".mission/rules.md"


class Agents:
    """Runs agents for the loop, one after another or, where they only read, beside each other."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def start(self, role: str, started: Callable[[Mission, str], RunStarted], *also: AnyEvent) -> Outcome:
        """Record a new run with its first messages, then play it."""
        run_id = self.desk.mission.runs.next_id()
        event = started(self.desk.mission, run_id)
        with self.desk.transaction("run.start"):
            self.desk.append(event, *(e.model_copy(update={"run_id": run_id}) for e in also))
        return await self.resume(run_id)

    async def resume(self, run_id: str) -> Outcome:
        """Play a recorded run from its last step on."""
        event = self.desk.mission.runs.runs[run_id].started
        role = self.desk.roles[event.role]
        assignment = self._assignment(event, run_id)
        place = await tree_for(self.desk, role, run_id, event.base)
        if event.role == "reviewer":
            assignment = await self._with_diff(assignment)
        workshop = RunWorkshop(self.desk, assignment, role, place, self)
        try:
            if self.desk.journal.context(run_id) is None:
                text = await self._briefing(event, assignment)
                specs = [TOOLS[name].spec(role.name) for name in role.tools]
                self.desk.journal.open_run(run_id, opening(role.body, text, specs))
            return await self._play(event, run_id, workshop)
        finally:
            await workshop.close()

    async def research(self, parent: Assignment, asking: Role, question: str, paths: tuple[str, ...]) -> str:
        """A researcher's answer. It sees no more of the tree than the role that asks."""
        if asking.name == "researcher":
            raise ToolProblem("research: answer by yourself; a researcher starts no others")
        run_id = self.desk.mission.runs.next_id()
        event = RunStarted(
            run_id=run_id,
            role="researcher",
            model=self.desk.seat("researcher").model,
            feature=parent.feature,
            milestone=parent.milestone,
            base=self.desk.mission.runs.runs[parent.run_id].started.base,
            purpose=question,
            parent=parent.run_id,
        )
        if self.desk.mission.paused:
            raise Halted
        self.desk.append(event)
        role = self.desk.roles["researcher"].model_copy(update={"reads": asking.reads})
        place = await tree_for(self.desk, role, run_id, event.base)
        workshop = RunWorkshop(self.desk, Assignment(run_id, "researcher"), role, place, self)
        specs = [TOOLS[name].spec(role.name) for name in role.tools]
        self.desk.journal.open_run(run_id, opening(role.body, briefing.for_researcher(question, paths), specs))
        try:
            await self._play(event, run_id, workshop)
        finally:
            await workshop.close()
            self._drop(run_id, "whoever asked was interrupted, and asks anew")
        ended = self.desk.mission.runs.runs[run_id].ended
        if ended is None or ended.outcome == "cancelled":
            raise Halted
        if ended.outcome != "finished":
            raise ToolProblem(f"research: no answer ({ended.summary})")
        steps = self.desk.journal.steps(run_id)
        last = next(s for s in reversed(steps) if s.kind == "model" and s.status == "done")
        return str((last.result or {})["message"]["content"])

    async def replay(self, assertion: Assertion, commit: str, label: str) -> Replay:
        """Carry out a flow that a run gave, in a box of its own."""
        return await replay_flow(self.desk, assertion, commit, label)

    def cancel_leftovers(self) -> None:
        """End what nobody will resume: researchers, whose asking step asks anew, and any run of an ended mission."""
        mission = self.desk.mission
        for run_id in mission.runs.active:
            if mission.ended or mission.runs.runs[run_id].started.parent is not None:
                self._drop(run_id, "the engine stopped")

    def _drop(self, run_id: str, reason: str) -> None:
        """End a run that nobody will resume, unless it has ended."""
        if run_id not in self.desk.mission.runs.active:
            return
        usage = self.desk.journal.run_usage(run_id)
        with self.desk.transaction("run.cancel"):
            self.desk.journal.settle(run_id, reason)
            self.desk.append(RunEnded(run_id=run_id, outcome="cancelled", summary=reason, usage=usage, steps=0))

    async def _play(self, event: RunStarted, run_id: str, workshop: RunWorkshop) -> Outcome:
        def say(notice: RetryNotice) -> None:
            self.desk.live(run_id).note(str(notice))
            self.desk.on_notice(f"{run_id} {event.role}: {notice}")

        model = SeatModel(self.desk, event.role, run_id, say)
        return await AgentRun(self.desk, workshop, model, lambda: context_window(model.seat)).play()

    def _assignment(self, event: RunStarted, run_id: str) -> Assignment:
        last = self.desk.mission.validation.last_round(event.milestone) if event.milestone else None
        return Assignment(
            run_id=run_id,
            role=event.role,
            feature=event.feature,
            milestone=event.milestone,
            round=last.round if last else 1,
            assertions=event.assertions,
        )

    async def _with_diff(self, assignment: Assignment) -> Assignment:
        feature = assignment.feature or ""
        diff = await self.feature_diff(feature)
        path = self.desk.files.runs / assignment.run_id / "feature.diff"
        await asyncio.to_thread(path.write_text, diff, encoding="utf-8")
        raw = RawEvidence(kind="diff", path=path, name=f"{feature}.diff", media_type="text/x-diff")
        attached = (store_evidence(self.desk, raw, "diff"),) if assignment.assertions else ()
        weakened = list(candidates(diff))
        for test in await self._vanished(assignment.milestone or "", feature):
            weakened.append(vanished_test(test, len(weakened) + 1))
        return replace(assignment, attached=attached, candidates=tuple(weakened))

    async def _vanished(self, milestone: str, feature: str) -> list[str]:
        """Tests of the base that no longer run: for the first feature whose diff names them, else for the last one."""
        mission = self.desk.mission
        last = mission.validation.last_round(milestone)
        if last is None or last.scrutiny is None:
            return []
        vanished = [t for c in last.scrutiny.comparisons for t in c.vanished]
        done = [f.feature.id for f in mission.plan.in_milestone(milestone) if f.status == "completed"]
        diffs = {name: await self.feature_diff(name) for name in done} if vanished else {}
        blamed = {t: next((n for n in done if _bare(t) in diffs[n]), done[-1]) for t in vanished}
        return [t for t, name in blamed.items() if name == feature]

    async def feature_diff(self, feature: str) -> str:
        state = self.desk.mission.plan.features[feature]
        return await self.desk.repo.diff(state.base or "", state.head or "")

    async def _briefing(self, event: RunStarted, assignment: Assignment) -> str:
        mission = self.desk.mission
        match event.role:
            case "worker":
                skill = self._skill(assignment)
                return briefing.for_worker(mission, assignment, skill, self._rules())
            case "reviewer":
                diff = await self.feature_diff(assignment.feature or "")
                return briefing.for_reviewer(mission, assignment, diff)
            case "user_tester":
                return briefing.for_user_tester(mission, assignment)
            case "contract_reviewer":
                return briefing.for_contract_reviewer(mission)
            case _:
                return await self._orchestrator_briefing()

    async def _orchestrator_briefing(self) -> str:
        mission = self.desk.mission
        readiness = "" if mission.plan.approved else render(await asyncio.to_thread(examine, self.desk.files.worktree))
        found = find_skills(self.desk.files.worktree, None, skills_dir())
        skills = [f"{s.name}: {s.description}" for s in found.skills.values()]
        return briefing.for_orchestrator(mission, readiness, self._rules(), skills)

    def _skill(self, assignment: Assignment) -> str | None:
        name = self.desk.mission.plan.features[assignment.feature or ""].feature.skill
        if name is None:
            return None
        found = find_skills(self.desk.files.worktree, None, skills_dir())
        return found.skills[name].body if name in found.skills else None

    def _rules(self) -> str:
        try:
            return TreeFiles(self.desk.files.worktree).read(RULES_FILE)
        except (TreeProblem, OSError):
            return ""


def _bare(test: str) -> str:
    """A test's own name, without its module, class and parameters."""
    return test.partition("[")[0].rpartition(".")[2].rpartition("::")[2].strip()
