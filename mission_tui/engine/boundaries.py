"""What happens between runs: asking the human, sealing, rolling back, finishing."""

from typing import assert_never

from mission_tui.crashpoints import around
from mission_tui.domain import next as n
from mission_tui.domain.events import (
    MessagesDelivered,
    MilestoneAdded,
    MilestoneSealed,
    MissionCompleted,
    RunStarted,
)
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Milestone
from mission_tui.engine import delivery
from mission_tui.engine.agents import Agents
from mission_tui.engine.desk import Desk
from mission_tui.engine.giving_up import gave_up
from mission_tui.engine.papers import contract_markdown, plan_markdown, services_toml


class Boundaries:
    def __init__(self, desk: Desk, agents: Agents) -> None:
        self.desk = desk
        self.agents = agents
        self._papers: int | None = None
        """Version of the contract that was last written to the branch by this engine."""

    async def run_agent(self, action: n.Resume | n.Orchestrate | n.Work | n.ReviewContract) -> None:
        """Start or resume the one run that comes next."""
        match action:
            case n.Resume():
                await self.agents.resume(action.run_id)
            case n.Orchestrate():
                if not gave_up(self.desk, "orchestrator"):
                    await self._orchestrate(action)
            case n.Work():
                if not gave_up(self.desk, "worker", action.feature):
                    await self._work(action.feature)
            case n.ReviewContract():
                if not gave_up(self.desk, "contract_reviewer"):
                    await self._review_contract()
            case _:
                assert_never(action)

    async def perform(
        self,
        action: n.AskApproval | n.AskRoundCap | n.AskVacuous | n.AskReview | n.Seal | n.OpenFixMilestone | n.Complete,
    ) -> None:
        match action:
            case n.AskApproval():
                self._ask_approval(action.problems)
            case n.AskRoundCap():
                self._ask_round_cap(action)
            case n.AskVacuous():
                self._ask_vacuous(action.assertion)
            case n.AskReview():
                self._ask_review(action.milestone)
            case n.Seal():
                self._seal(action)
            case n.OpenFixMilestone():
                self._open_fix_milestone(action)
            case n.Complete():
                await self.write_papers("Contract and plan as completed")
                self.desk.clock_work(at_least_s=0)  # an engine that begins after the end counts no work
                self.desk.append(MissionCompleted(tree=self.desk.mission.tree))
            case _:
                assert_never(action)

    async def follow_the_ledger(self) -> None:
        """The branch is where the ledger says: after a rollback, or a crash between the two, git follows."""
        mission = self.desk.mission
        if mission.runs.active and any(
            mission.runs.runs[r].started.role in ("worker", "orchestrator") for r in mission.runs.active
        ):
            # A commit of that run may be ahead of the ledger; its own tool call finishes it.
            return
        head = await self.desk.repo.head()
        if head != mission.head:
            # The branch last: as long as it is elsewhere, whoever comes after a crash does both.
            await self.desk.repo.reset_worktree(mission.head)
            with around("rollback.branch"):
                await self.desk.repo.move_branch(mission.head, head)
        if mission.plan.approved and self._papers != mission.contract.version:
            await self.write_papers("Contract and plan as approved")

    async def keep_skill_edits(self) -> None:
        """The human's edits of skills go on the branch as soon as no run that may commit is under way."""
        mission = self.desk.mission
        writers = ("worker", "orchestrator")
        busy = any(mission.runs.runs[r].started.role in writers for r in mission.runs.active)
        if mission.conversation.skill_edits and not busy and not mission.ended:
            await delivery.commit_skill_edits(self.desk)

    async def write_papers(self, subject: str) -> None:
        """Contract, plan and services manifest go into the repository, on the mission branch."""
        mission = self.desk.mission
        files = {
            ".mission/contract.md": contract_markdown(mission).encode(),
            ".mission/plan.md": plan_markdown(mission).encode(),
            ".mission/services.toml": services_toml(mission).encode(),
        }
        events = await delivery.commit_files(self.desk, files, subject, None)
        self.desk.append(*events)
        self._papers = mission.contract.version

    # Runs

    async def _orchestrate(self, action: n.Orchestrate) -> None:
        upto = len(self.desk.mission.conversation.messages)

        def started(mission: Mission, run_id: str) -> RunStarted:
            return RunStarted(
                run_id=run_id,
                role="orchestrator",
                model=self.desk.seat("orchestrator").model,
                milestone=mission.plan.current_milestone(),
                base=mission.head,
                purpose="; ".join(action.reasons)[:500],
            )

        await self.agents.start("orchestrator", started, MessagesDelivered(upto=upto))

    async def _work(self, feature: str) -> None:
        def started(mission: Mission, run_id: str) -> RunStarted:
            return RunStarted(
                run_id=run_id,
                role="worker",
                model=self.desk.seat("worker").model,
                feature=feature,
                milestone=mission.plan.features[feature].feature.milestone,
                base=mission.head,
                purpose=mission.plan.features[feature].feature.title,
            )

        await self.agents.start("worker", started)

    async def _review_contract(self) -> None:
        def started(mission: Mission, run_id: str) -> RunStarted:
            return RunStarted(
                run_id=run_id,
                role="contract_reviewer",
                model=self.desk.seat("contract_reviewer").model,
                base=mission.head,
                purpose="read the drafted contract",
            )

        await self.agents.start("contract_reviewer", started)

    # Decisions

    def _ask_approval(self, problems: tuple[str, ...]) -> None:
        mission = self.desk.mission
        mechanical = sum(1 for a in mission.contract.assertions.values() if a.mechanical)
        total = len(mission.contract.assertions)
        runs = len(mission.plan.features) * 2 + len(mission.plan.milestones)
        features, milestones = len(mission.plan.features), len(mission.plan.milestones)
        words = f"{total} assertions ({mechanical} proved by machine), {features} feature{'s' * (features != 1)} in "
        words += f"{milestones} milestone{'s' * (milestones != 1)}, about {runs} to {runs * 2} runs"
        secrets = mission.plan.services.secrets
        words += f". The app is given {', '.join(secrets)} of the engine's environment" if secrets else ""
        lacking = self.desk.secrets.problem
        words += f" ({lacking})" if lacking else ""
        findings = f". The proof of the base found: {'; '.join(problems)}" if problems else ""
        self.desk.open_decision(
            "approve_plan",
            f"Approve the contract and the plan? {words}{findings}",
            ("approve", "reject"),
            "reject" if problems else "approve",
            payload={"problems": list(problems)},
        )

    def _ask_round_cap(self, action: n.AskRoundCap) -> None:
        self.desk.open_decision(
            "round_cap",
            f"{action.milestone} failed {action.round - 1} validation rounds. Allow another one, sign over what does "
            "not hold, or roll back?",
            ("retry", "accept", "rollback", "abort"),
            "rollback",
            subject=f"{action.milestone}#{action.round}",
        )

    def _ask_vacuous(self, assertion: str) -> None:
        control = self.desk.mission.validation.controls[assertion]
        title = self.desk.mission.contract.assertions[assertion].title
        self.desk.open_decision(
            "request",
            f"{assertion} ({title}) passes without the work of {control.feature}, so its proof does not show that the "
            "work is there. Sign it as it is, or have it changed?",
            ("sign", "change it"),
            "change it",
            subject=assertion,
            payload={"vacuous": assertion},
        )

    def _ask_review(self, milestone: str) -> None:
        mission = self.desk.mission
        names = [name for name, m in mission.plan.milestones.items() if m.provisional] + [milestone]
        proved = mission.to_prove(milestone)
        signed = sum(1 for a in proved if mission.assertion_status(a) == "overridden")
        over = f", {signed} signed over" if signed else ""
        self.desk.open_decision(
            "review_milestone",
            f"Review {', '.join(names)}: {len(proved) - signed} assertions hold{over}",
            ("accept", "reject", "rollback"),
            "accept",
            subject=milestone,
        )

    def _seal(self, action: n.Seal) -> None:
        head = self.desk.mission.head
        self.desk.append(MilestoneSealed(id=action.milestone, head=head, provisional=action.provisional))

    def _open_fix_milestone(self, action: n.OpenFixMilestone) -> None:
        number = sum(1 for m in self.desk.mission.plan.milestones if m.startswith("FIX-")) + 1
        title = f"Prove again: {', '.join(action.assertions[:5])}"
        self.desk.append(MilestoneAdded(milestone=Milestone(id=f"FIX-{number}", title=title)))
