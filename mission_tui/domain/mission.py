"""A mission: the fold of its ledger, and what can be read off it."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, assert_never

from mission_tui.domain import events as e
from mission_tui.domain.base import replace
from mission_tui.domain.budget import Limits
from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import Services
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.state.contract import ContractState
from mission_tui.domain.state.conversation import ConversationState, DecisionsState
from mission_tui.domain.state.issues import IssuesState
from mission_tui.domain.state.plan import PlanState
from mission_tui.domain.state.runs import RunsState
from mission_tui.domain.state.validation import ValidationState
from mission_tui.domain.states import AssertionStatus, MilestoneStatus, MissionStatus


@dataclass(frozen=True)
class Checkpoint:
    """What a rollback restores, as it was when the plan was approved or a milestone sealed."""

    contract: ContractState
    plan: PlanState
    validation: ValidationState
    constraints: tuple[str, ...]
    head: str
    tree: str
    runs: int
    """How many runs had begun."""


@dataclass(frozen=True)
class Mission:
    """Immutable: `apply` gives the next state. Empty until `MissionCreated`."""

    created: e.MissionCreated | None = None
    seq: int = 0
    contract: ContractState = field(default_factory=ContractState)
    plan: PlanState = field(default_factory=PlanState)
    runs: RunsState = field(default_factory=RunsState)
    issues: IssuesState = field(default_factory=IssuesState)
    validation: ValidationState = field(default_factory=ValidationState)
    decisions: DecisionsState = field(default_factory=DecisionsState)
    conversation: ConversationState = field(default_factory=ConversationState)
    limits: Limits = field(default_factory=Limits)
    seats: dict[str, SeatSettings] = field(default_factory=dict[str, SeatSettings])
    standing_in: dict[str, e.SeatSwitched] = field(default_factory=dict[str, e.SeatSwitched])
    """By role: the fallback that answers for now."""
    paused: e.MissionPaused | None = None
    ended: Literal["completed", "failed", "aborted"] | None = None
    end_reason: str = ""
    head: str = ""
    """Commit of the mission branch."""
    tree: str = ""
    """Fingerprint of `head`, without `.mission/` and `.agents/`."""
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict[str, Checkpoint])
    rolled_back: frozenset[str] = frozenset()
    """Milestones whose work was rolled back and not started again."""
    collected: frozenset[str] = frozenset()
    """Artifacts that were removed because only dropped attempts had named them."""
    commands: frozenset[str] = frozenset()
    """Ids of the human's commands that have been applied."""

    def apply(self, event: e.AnyEvent) -> "Mission":
        """The state after one more fact. Facts that gates would refuse may raise KeyError."""
        if event.command_id:
            return replace(self._apply(event), seq=self.seq + 1, commands=self.commands | {event.command_id})
        return replace(self._apply(event), seq=self.seq + 1)

    def _apply(self, event: e.AnyEvent) -> "Mission":
        if isinstance(event, e.RunEvent):  # more than half of all, so they are asked for first
            return self._run(event)
        if isinstance(event, e.MissionCreated):
            return self._created(event)
        if isinstance(event, e.CommitRecorded):
            return replace(
                self, head=event.commit, tree=event.tree, validation=self.validation.commit(event, self.tree)
            )
        if isinstance(event, e.MissionRolledBack):
            return self._rolled_back(event)
        if isinstance(event, e.LifecycleEvent):
            return self._lifecycle(event)
        return self._work(event)

    def _work(
        self,
        event: e.ConversationEvent
        | e.ContractEvent
        | e.PlanEvent
        | e.FeatureEvent
        | e.IssueEvent
        | e.ValidationEvent
        | e.DecisionEvent,
    ) -> "Mission":
        if isinstance(event, e.ValidationEvent):
            return replace(self, validation=self.validation.apply(event))
        if isinstance(event, e.ContractEvent):
            return self._contract(event)
        if isinstance(event, e.FeatureEvent):
            return self._feature(event)
        if isinstance(event, e.PlanEvent):
            return self._plan(event)
        if isinstance(event, e.IssueEvent):
            return self._issue(event)
        if isinstance(event, e.DecisionEvent):
            return replace(self, decisions=self.decisions.apply(event))
        return replace(self, conversation=self.conversation.apply(event))

    def _created(self, event: e.MissionCreated) -> "Mission":
        conversation = replace(self.conversation, skills=frozenset(event.skills))
        return replace(
            self,
            created=event,
            limits=event.limits,
            seats=event.seats,
            head=event.base_commit,
            tree=event.base_tree,
            conversation=conversation,
        )

    def _lifecycle(self, event: e.LifecycleEvent) -> "Mission":
        match event:
            case e.MissionPaused():
                return replace(self, paused=event)
            case e.MissionResumed():
                return replace(self, paused=None)
            case e.MissionAborted():
                return replace(self, ended="aborted", end_reason=event.reason, paused=None)
            case e.MissionCompleted():
                return replace(self, ended="completed", end_reason="every live assertion holds")
            case e.MissionFailed():
                return replace(self, ended="failed", end_reason=event.reason)
            case e.BudgetChanged():
                return replace(self, limits=event.limits)
            case e.SeatChanged():
                others = {role: who for role, who in self.standing_in.items() if role != event.role}
                return replace(self, seats={**self.seats, event.role: event.seat}, standing_in=others)
            case e.SeatSwitched():
                others = {role: who for role, who in self.standing_in.items() if role != event.role}
                now = others if event.until is None else {**others, event.role: event}
                return replace(self, standing_in=now)
            case e.ArtifactsCollected():
                return replace(self, collected=self.collected.union(event.artifacts))
        assert_never(event)

    def _contract(self, event: e.ContractEvent) -> "Mission":
        changed = replace(self, contract=self.contract.apply(event))
        if isinstance(event, e.ContractAmended):
            touched = frozenset(a.id for a in event.amendment.change)
            return replace(changed, validation=self.validation.forget(touched))
        return changed

    def _plan(self, event: e.PlanEvent) -> "Mission":
        changed = replace(self, plan=self.plan.apply(event))
        if changed.plan.services != self.plan.services:
            return replace(changed, validation=self._observed_otherwise(changed.plan.services))
        if isinstance(event, e.PlanApproved):
            return changed._checkpoint("base")
        if isinstance(event, e.MilestoneSealed):
            return changed._checkpoint(event.id)
        return changed

    def _observed_otherwise(self, now: Services) -> ValidationState:
        """What was seen of an app that is set up or started otherwise since is not what is there now."""
        before = self.plan.services
        if (before.setup, before.app, before.secrets) == (now.setup, now.app, now.secrets):
            return self.validation
        live = self.contract.assertions
        seen = {name for name in self.validation.verdicts if name in live and live[name].proof.by != "review"}
        return self.validation.doubt(seen, "setup or app of the services manifest changed")

    def _feature(self, event: e.FeatureEvent) -> "Mission":
        changed = replace(self, plan=self.plan.apply_feature(event))
        if isinstance(event, e.FeatureAdded):
            return replace(changed, issues=self.issues.resolve(event.resolves, f"feature {event.feature.id}"))
        return changed

    def _issue(self, event: e.IssueEvent) -> "Mission":
        issues = self.issues.apply(event)
        if isinstance(event, e.FindingSeen):
            feature = self.plan.features.get(self.issues.issues[event.id].settled_by or "")
            if feature is not None and not feature.open:
                issues = issues.resolve((event.id,), None)
        return replace(self, issues=issues)

    def _run(self, event: e.RunEvent) -> "Mission":
        runs = self.runs.apply(event)
        if isinstance(event, e.RunEnded) and event.outcome == "failed":
            return replace(self, runs=runs, conversation=self.conversation.after_failure(event.run_id))
        if not isinstance(event, e.RunStarted) or event.role != "worker" or event.feature is None:
            return replace(self, runs=runs)
        plan = self.plan.start(event)
        milestone = plan.features[event.feature].feature.milestone
        return replace(self, runs=runs, plan=plan, rolled_back=self.rolled_back - {milestone})

    def _checkpoint(self, name: str) -> "Mission":
        point = Checkpoint(
            contract=self.contract,
            plan=self.plan,
            validation=self.validation,
            constraints=self.conversation.constraints,
            head=self.head,
            tree=self.tree,
            runs=len(self.runs.runs),
        )
        return replace(self, checkpoints={**self.checkpoints, name: point})

    def _rolled_back(self, event: e.MissionRolledBack) -> "Mission":
        point = self.checkpoints[event.to]
        undone = frozenset(m for m, s in self.plan.milestones.items() if m not in point.plan.milestones or not s.sealed)
        undone |= {m for m, s in self.plan.milestones.items() if s.sealed and not self._sealed_in(point, m)}
        kept = dict(list(self.checkpoints.items())[: list(self.checkpoints).index(event.to) + 1])
        return replace(
            self,
            contract=replace(point.contract, version=self.contract.version + 1),
            plan=point.plan,
            runs=self.runs.roll_back(point.runs),
            validation=point.validation,
            conversation=replace(self.conversation, constraints=point.constraints),
            head=point.head,
            tree=point.tree,
            issues=self.issues.forget_rounds(undone),
            checkpoints=kept,
            rolled_back=undone,
        )

    @staticmethod
    def _sealed_in(point: Checkpoint, milestone: str) -> bool:
        state = point.plan.milestones.get(milestone)
        return state is not None and state.sealed

    # What can be read off the state

    @property
    def id(self) -> str:
        return self.created.id if self.created else ""

    @property
    def status(self) -> MissionStatus:
        if self.ended:
            return self.ended
        if self.paused:
            return "paused"
        if any(d.kind == "approve_plan" for d in self.decisions.open):
            return "awaiting_approval"
        if self.decisions.open:
            return "waiting"
        return "running" if self.plan.approved else "planning"

    def assertion_status(self, assertion: str) -> AssertionStatus:
        if assertion in self.contract.overrides:
            return "overridden"
        verdict = self.validation.latest(assertion)
        if verdict is None:
            return "pending"
        if verdict.status == "passed" and assertion in self.validation.stale:
            return "stale"
        return verdict.status

    def holds(self, assertion: str) -> bool:
        """Passed on the present tree, or signed over."""
        return self.assertion_status(assertion) in ("passed", "overridden")

    def settled(self, milestone: str, assertion: str) -> bool:
        """Whether it holds as that milestone's seal needs it.

        The end of the plan proves anew whatever the engine proves by itself, also what nothing has touched since: a
        file that a proof does not need may still stand in the product's way.
        """
        last = self.plan.last_milestone() == milestone
        return self.proved_here(assertion) if last else self.holds(assertion)

    def proved_here(self, assertion: str) -> bool:
        """Whether it holds, and for what the engine proves by itself: was proved on this very tree."""
        verdict = self.validation.latest(assertion)
        elsewhere = verdict is not None and verdict.tree != self.tree
        signed = assertion in self.contract.overrides
        return self.holds(assertion) and (signed or not (elsewhere and self.mechanical(assertion)))

    def milestone_status(self, milestone: str) -> MilestoneStatus:
        state = self.plan.milestones[milestone]
        if state.sealed:
            return "sealed"
        if any(d.kind == "review_milestone" and d.subject == milestone for d in self.decisions.open):
            return "review"
        last = self.validation.last_round(milestone)
        if last is not None and last.concluded is None:
            return "validating"
        if any(f.status != "pending" for f in self.plan.in_milestone(milestone)) or last is not None:
            return "active"
        return "rolled_back" if milestone in self.rolled_back else "pending"

    def to_prove(self, milestone: str) -> tuple[str, ...]:
        """Assertions that must hold before the milestone is sealed, in contract order.

        Its own, every guard, what it had to repair of others, whatever the engine proves by itself of sealed
        milestones, and, for the last milestone, everything.
        """
        if self.plan.last_milestone() == milestone:
            return tuple(self.contract.assertions)
        own = self.own(milestone)
        owners = self.plan.owners
        sealed = {a for a, f in owners.items() if self.plan.milestones[self.plan.features[f].feature.milestone].sealed}
        return tuple(a for a in self.contract.assertions if a in own or (a in sealed and self.mechanical(a)))

    def mechanical(self, assertion: str) -> bool:
        """Whether the engine proves it by itself: by its checks, or by a flow that stands."""
        return self.contract.assertions[assertion].mechanical or self.validation.standing(assertion) is not None

    def provable(self, assertion: str) -> Assertion:
        """The assertion with the checks that the engine carries out for it."""
        live = self.contract.assertions[assertion]
        flow = self.validation.standing(assertion)
        return live if live.mechanical or flow is None else live.model_copy(update={"proof": flow.proof})

    def own(self, milestone: str) -> tuple[str, ...]:
        """What its features promise, and the guards, in contract order."""
        owners = self.plan.owners
        mine = {a for a, f in owners.items() if self.plan.features[f].feature.milestone == milestone}
        return tuple(name for name, a in self.contract.assertions.items() if a.guard or name in mine)

    @property
    def basis(self) -> str:
        """What a validation round would look at now; a failed round is repeated only once this has changed."""
        services = self.plan.services.model_dump_json()
        signed = len(self.contract.overrides) + len(self.plan.signed_vacuous)
        return f"{self.tree}/{self.contract.version}/{zlib.crc32(services.encode()):08x}/{signed}"

    def counts(self) -> dict[AssertionStatus, int]:
        result: dict[AssertionStatus, int] = dict.fromkeys(
            ("pending", "passed", "failed", "blocked", "inconclusive", "stale", "overridden"), 0
        )
        for name in self.contract.assertions:
            result[self.assertion_status(name)] += 1
        return result


def fold(events: Iterable[e.AnyEvent]) -> Mission:
    """The state that a whole ledger gives."""
    mission = Mission()
    for event in events:
        mission = mission.apply(event)
    return mission
