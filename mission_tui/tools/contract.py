"""Writing and amending the validation contract."""

from collections.abc import Sequence

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import (
    AnyEvent,
    ContractAmended,
    ContractDrafted,
    DecisionOpened,
    DecisionWithdrawn,
)
from mission_tui.domain.mission import Mission
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop


class WriteContract(Frozen):
    assertions: tuple[Assertion, ...] = ()
    remove: tuple[str, ...] = Field(default=(), description="ids to take out")


class AmendContract(Frozen):
    add: tuple[Assertion, ...] = ()
    change: tuple[Assertion, ...] = Field(default=(), description="whole assertions that replace those of the same id")
    drop: tuple[str, ...] = ()
    reason: str = Field(min_length=1)


def withdrawn_approval(mission: Mission) -> tuple[DecisionWithdrawn, ...]:
    """A plan that changes while the human looks at it is shown again."""
    return tuple(
        DecisionWithdrawn(id=d.id, reason="the contract or the plan changed; it will be shown again")
        for d in mission.decisions.open
        if d.kind == "approve_plan"
    )


async def write_contract(args: WriteContract, workshop: Workshop) -> ToolResult:
    if not args.assertions and not args.remove:
        raise ToolProblem("write_contract: give assertions to write or ids to remove")
    run_id = workshop.assignment.run_id

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        drafted = ContractDrafted(run_id=run_id, assertions=args.assertions, removed=args.remove)
        return (drafted, *withdrawn_approval(mission))

    live = workshop.mission.contract.assertions.keys() | {a.id for a in args.assertions}
    total = len(live - set(args.remove))
    mechanical = sum(1 for a in args.assertions if a.mechanical)
    return ToolResult(
        f"wrote {len(args.assertions)} assertions ({mechanical} with checks), removed {len(args.remove)}; "
        f"the contract has {total}",
        facts,
    )


async def amend_contract(args: AmendContract, workshop: Workshop) -> ToolResult:
    if not args.add and not args.change and not args.drop:
        raise ToolProblem("amend_contract: give at least one of add, change, drop")
    run_id = workshop.assignment.run_id

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        events: list[AnyEvent] = []
        if args.add:
            added = Amendment(add=args.add, reason=args.reason)
            events.append(ContractAmended(run_id=run_id, amendment=added, signed=False))
        if args.change or args.drop:
            events.append(_signature(mission, args, run_id))
        return events

    waits = "the changes and drops wait for the human's signature; " if args.change or args.drop else ""
    return ToolResult(f"added {len(args.add)}; {waits}give every added assertion an owner with add_feature", facts)


def _signature(mission: Mission, args: AmendContract, run_id: str) -> DecisionOpened:
    amendment = Amendment(change=args.change, drop=args.drop, reason=args.reason)
    unknown = [n for n in (*(a.id for a in args.change), *args.drop) if n not in mission.contract.assertions]
    if unknown:
        raise ToolProblem(f"amend_contract: not in the contract: {', '.join(unknown)}")
    names = [f"change {a.id}" for a in args.change] + [f"drop {name}" for name in args.drop]
    return DecisionOpened(
        run_id=run_id,
        decision=Decision(
            id=mission.decisions.next_id(),
            kind="sign_amendment",
            summary=f"Sign the amendment: {', '.join(names)} ({args.reason})",
            choices=("sign", "refuse"),
            default="refuse",
            payload=amendment.model_dump(mode="json"),
        ),
    )


TOOLS = (
    Tool("write_contract", WriteContract, "state", write_contract),
    Tool("amend_contract", AmendContract, "state", amend_contract),
)
