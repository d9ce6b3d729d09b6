"""How the orchestrator talks to the human, settles issues and lets the mission go on."""

from collections.abc import Sequence

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.decision import Decision, Question
from mission_tui.domain.events import (
    AnyEvent,
    ConstraintBroadcast,
    DecisionOpened,
    IssueDismissed,
    MissionRolledBack,
)
from mission_tui.domain.mission import Mission
from mission_tui.domain.next import judgement_needed
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop, always


class AskHuman(Frozen):
    questions: tuple[Question, ...] = Field(min_length=1, max_length=12)


class DismissIssue(Frozen):
    id: str
    reason: str = Field(min_length=1)
    backlog: bool = Field(default=False, description="true: it is right, and listed for after the mission")


class RollBack(Frozen):
    to: str = Field(description="`base`, or the id of a sealed milestone")
    reason: str = Field(min_length=1)


class Broadcast(Frozen):
    text: str = Field(min_length=1)


class ContinueMission(Frozen):
    note: str = Field(min_length=1)


class RequestDecision(Frozen):
    summary: str = Field(min_length=1)
    choices: tuple[str, ...] = Field(min_length=2)
    default: str


async def ask_human(args: AskHuman, workshop: Workshop) -> ToolResult:
    run_id = workshop.assignment.run_id
    first = args.questions[0]

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        more = f" (and {len(args.questions) - 1} more)" if len(args.questions) > 1 else ""
        decision = Decision(
            id=mission.decisions.next_id(),
            kind="answer",
            summary=f"{first.text}{more}",
            choices=(),
            default=first.default or "",
            blocks="the orchestrator",
            subject=run_id,
            questions=args.questions,
        )
        return (DecisionOpened(run_id=run_id, decision=decision),)

    return ToolResult("waiting for the human", facts)


async def dismiss_issue(args: DismissIssue, workshop: Workshop) -> ToolResult:
    dismissed = IssueDismissed(run_id=workshop.assignment.run_id, id=args.id, reason=args.reason, backlog=args.backlog)
    return ToolResult(f"{args.id} {'is in the backlog' if args.backlog else 'dismissed'}", lambda _: (dismissed,))


async def roll_back(args: RollBack, workshop: Workshop) -> ToolResult:
    mission = workshop.mission
    if args.to not in mission.checkpoints:
        raise ToolProblem(
            f"roll_back: {args.to!r} is no checkpoint; there are {', '.join(mission.checkpoints) or 'none'}"
        )
    names = list(mission.checkpoints)
    undone = [n for n in names[names.index(args.to) + 1 :] if mission.plan.milestones[n].sealed]
    run_id = workshop.assignment.run_id
    if not undone:
        back = MissionRolledBack(run_id=run_id, to=args.to, reason=args.reason)
        return ToolResult(f"rolled back to {args.to}: code, contract, plan, verdicts and skills", lambda _: (back,))

    def facts(now: Mission) -> Sequence[AnyEvent]:
        decision = Decision(
            id=now.decisions.next_id(),
            kind="request",
            summary=f"Roll back to {args.to}, undoing the sealed {', '.join(undone)}? {args.reason}",
            choices=("roll back", "keep"),
            default="keep",
            payload={"roll_back": args.to, "reason": args.reason},
        )
        return (DecisionOpened(run_id=run_id, decision=decision),)

    return ToolResult(f"{', '.join(undone)} was accepted by the human, who is asked first", facts)


async def broadcast(args: Broadcast, workshop: Workshop) -> ToolResult:
    said = ConstraintBroadcast(run_id=workshop.assignment.run_id, text=args.text)
    return ToolResult("every later run will be given this", lambda _: (said,))


async def continue_mission(args: ContinueMission, workshop: Workshop) -> ToolResult:
    left = judgement_needed(workshop.mission)
    if left and not workshop.mission.decisions.open:
        listed = "\n".join(f"- {reason}" for reason in left)
        raise ToolProblem(f"continue_mission: this still needs an answer from you:\n{listed}")
    return ToolResult(args.note)


async def request_decision(args: RequestDecision, workshop: Workshop) -> ToolResult:
    if args.default not in args.choices:
        raise ToolProblem(f"request_decision: `default` must be one of {', '.join(args.choices)}")
    run_id = workshop.assignment.run_id

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        decision = Decision(
            id=mission.decisions.next_id(),
            kind="request",
            summary=args.summary,
            choices=args.choices,
            default=args.default,
        )
        return (DecisionOpened(run_id=run_id, decision=decision),)

    return ToolResult("the human is asked", facts)


TOOLS = (
    Tool("ask_human", AskHuman, "suspend", ask_human),
    Tool("dismiss_issue", DismissIssue, "state", dismiss_issue),
    Tool("roll_back", RollBack, "state", roll_back),
    Tool("broadcast", Broadcast, "state", broadcast),
    Tool("continue_mission", ContinueMission, "state", continue_mission, always),
    Tool("request_decision", RequestDecision, "state", request_decision, always),
)
