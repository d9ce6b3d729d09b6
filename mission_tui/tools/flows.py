"""Verdicts of a user tester, and the flows that let the engine see the same without a model."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, ValidationError

from mission_tui.domain.base import Frozen
from mission_tui.domain.checks import BrowserStep
from mission_tui.domain.contract import Assertion, Proof
from mission_tui.domain.events import AnyEvent, FlowReplayed, VerdictRecorded
from mission_tui.domain.gates.contract import selectors
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Evidence, Verdict, VerdictStatus
from mission_tui.tools.base import Replay, Tool, ToolProblem, ToolResult, Workshop

_REFERENCE = re.compile(r"(?:aria-)?(?:ref=)?(?:f\d+)?e\d+")


class RecordVerdict(Frozen):
    assertion: str
    status: VerdictStatus
    reason: str = Field(min_length=1)
    evidence: tuple[str, ...] = Field(default=(), description="ids that the observing tools returned")
    flow: tuple[dict[str, Any], ...] = Field(
        default=(), description="what you did and saw as check steps, from a fresh start; the engine replays them"
    )


async def record_verdict(args: RecordVerdict, workshop: Workshop) -> ToolResult:
    assignment = workshop.assignment
    if args.assertion not in assignment.assertions:
        asked = ", ".join(assignment.assertions) or "none"
        raise ToolProblem(f"record_verdict: {args.assertion} is not yours to judge in this run (yours: {asked})")
    try:
        evidence = workshop.evidence(args.evidence)
    except KeyError as error:
        raise ToolProblem(f"record_verdict: no evidence {error} was stored in this run") from None
    replay = await _replay(args, workshop) if args.flow else None
    if replay is None:
        return ToolResult(
            f"{args.assertion}: {args.status} recorded", lambda m: (_verdict(m, args, workshop, evidence, None),)
        )
    replayed = _replayed(args, workshop, replay)
    if not replayed.agreed:
        return ToolResult(_differs(args, replay), lambda _: (replayed,))

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        return replayed, _verdict(mission, args, workshop, (*evidence, *replay.evidence), replay)

    return ToolResult(f"{args.assertion}: {args.status} recorded. {_worth(replay)}", facts)


def _verdict(
    mission: Mission, args: RecordVerdict, workshop: Workshop, evidence: tuple[Evidence, ...], replay: Replay | None
) -> VerdictRecorded:
    assignment = workshop.assignment
    seen = replay is not None and not _vacuous(replay)
    verdict = Verdict(
        assertion=args.assertion,
        status=args.status,
        reason=args.reason,
        evidence=evidence,
        prover="mechanical" if seen else "agent",
        cause=replay.cause if seen and replay is not None else None,
        tree=mission.tree,
        milestone=assignment.milestone or "",
        round=assignment.round,
    )
    return VerdictRecorded(run_id=assignment.run_id, verdict=verdict)


async def _replay(args: RecordVerdict, workshop: Workshop) -> Replay:
    if args.status not in ("passed", "failed"):
        raise ToolProblem(f"record_verdict: a flow shows that something holds or not; {args.status} has none")
    live = workshop.mission.contract.assertions[args.assertion]
    return await workshop.replay(live.model_copy(update={"proof": _with_steps(live, args.flow)}))


def _with_steps(live: Assertion, flow: tuple[dict[str, Any], ...]) -> Proof:
    """The assertion's proof with the flow as its checks. Raises ToolProblem with what to mend."""
    by = live.proof.by
    if by == "review":
        raise ToolProblem(f"record_verdict: {live.id} is proved by review, which has no flow")
    if by != "command" and not any(key.startswith("expect_") for step in flow for key in step):
        raise ToolProblem("record_verdict: the flow expects nothing, so it would always pass; add expect_… keys")
    try:
        proof = type(live.proof).model_validate({**live.proof.model_dump(mode="json"), "checks": flow})
    except ValidationError as error:
        wrong = "; ".join(f"step {'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()[:5])
        raise ToolProblem(f"record_verdict: the flow is not a list of {by} check steps: {wrong}") from None
    for number, step in enumerate(proof.checks, 1):
        if isinstance(step, BrowserStep) and any(_REFERENCE.fullmatch(s) for s in selectors(step)):
            raise ToolProblem(
                f"record_verdict: flow step {number} uses a handle of a snapshot, which means nothing in another "
                "session; name the element by {role, name}, {label} or {text}"
            )
    return proof


def _replayed(args: RecordVerdict, workshop: Workshop, replay: Replay) -> FlowReplayed:
    assignment = workshop.assignment
    return FlowReplayed(
        run_id=assignment.run_id,
        assertion=args.assertion,
        proof=replay.proof,
        claimed=args.status,
        status=replay.status,
        cause=replay.cause,
        reason=replay.reason,
        evidence=replay.evidence,
        control=replay.control,
        milestone=assignment.milestone or "",
        round=assignment.round,
    )


def _vacuous(replay: Replay) -> bool:
    return replay.status == "passed" and replay.control is not None and replay.control.outcome == "vacuous"


def _differs(args: RecordVerdict, replay: Replay) -> str:
    return (
        f"{args.assertion}: NOT recorded. The engine replayed your flow in a fresh session and saw {replay.status}: "
        f"{replay.reason}. Mend the flow, or record what is true. Once the product was seen to do otherwise, only a "
        "replay that agrees makes a pass."
    )


def _worth(replay: Replay) -> str:
    control = replay.control
    if replay.status != "passed" or control is None:
        return "The replay agrees."
    if control.outcome == "red":
        return "The replay agrees and fails without the work: from now on the engine proves it by itself."
    if control.outcome == "vacuous":
        return (
            f"The replay agrees, but the flow passes without the work of {control.feature} too, so it counts as your "
            "own observation only. A flow that fails there would be proof: record the verdict again with it."
        )
    return (
        f"The replay agrees. Without the work of {control.feature} nothing was observed ({control.reason[:300]}), so "
        "the flow does not stand yet: begin it with an expectation that the missing work breaks, and record again."
    )


TOOL = Tool("record_verdict", RecordVerdict, "state", record_verdict)
