"""What the human's commands and answers do to a mission: pure functions from a command to facts."""

import json
from typing import assert_never

from mission_tui.content.skills import check_name, check_text
from mission_tui.domain.budget import Limits
from mission_tui.domain.contract import Amendment
from mission_tui.domain.control import vacuous
from mission_tui.domain.decision import Answer, Decision
from mission_tui.domain.draft import facts_of, outdated
from mission_tui.domain.events import (
    AnyEvent,
    AssertionOverridden,
    BudgetChanged,
    ContractAmended,
    DecisionAnswered,
    DecisionWithdrawn,
    IssueDismissed,
    IssueOpened,
    MessageSaid,
    MilestoneSealed,
    MissionAborted,
    MissionPaused,
    MissionResumed,
    MissionRolledBack,
    PlanApproved,
    PlanReturned,
    ReplayRequested,
    SeatChanged,
    SkillWritten,
    VacuousSigned,
)
from mission_tui.domain.gates import GateRefused, Violation
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.rollback import checkpoint_before
from mission_tui.store.inbox import (
    Abort,
    Command,
    Decide,
    EditDraft,
    Override,
    Pause,
    Replay,
    Resume,
    RollBack,
    Say,
    SetBudget,
    SetSeat,
    WriteSkill,
)
from mission_tui.store.inbox import Stop as StopNow


def consequences(mission: Mission, command: Command) -> list[AnyEvent]:
    """The facts that a command causes. Raises GateRefused when it makes no sense now."""
    facts = _facts(mission, command)
    return [facts[0].model_copy(update={"command_id": command.id}), *facts[1:]]


def _facts(mission: Mission, command: Command) -> list[AnyEvent]:
    match command:
        case Say():
            return _said(mission, command)
        case Replay():
            return [ReplayRequested(assertion=command.assertion)]
        case Decide():
            return _decided(mission, command)
        case Override() | RollBack() | EditDraft() | WriteSkill():
            return _taken_in_hand(mission, command)
        case _:
            return _steered(mission, command)


def _steered(mission: Mission, command: Pause | StopNow | Resume | Abort | SetSeat | SetBudget) -> list[AnyEvent]:
    match command:
        case Pause():
            return [MissionPaused(reason="the human paused it")]
        case StopNow():
            return [MissionPaused(reason="the human stopped it", at_once=True)]
        case Resume():
            return [MissionResumed()]
        case Abort():
            return [MissionAborted(reason=command.reason)]
        case SetSeat():
            return [SeatChanged(role=command.role, seat=command.seat)]
        case SetBudget():
            return _budget(mission, command)
    assert_never(command)


def _taken_in_hand(mission: Mission, command: Override | RollBack | EditDraft | WriteSkill) -> list[AnyEvent]:
    match command:
        case Override():
            return [AssertionOverridden(assertion=command.assertion, reason=command.reason)]
        case RollBack():
            return _roll_back(mission, command.to, command.reason)
        case EditDraft():
            return _edited(mission, command)
        case WriteSkill():
            return [_skill(command)]
    assert_never(command)


def _edited(mission: Mission, command: EditDraft) -> list[AnyEvent]:
    late = outdated(mission, command.edit)
    if late:
        names = ", ".join(late)
        raise _refused(late[0], f"{names} changed while you edited; look at it again, your text is kept")
    facts = facts_of(mission, command.edit)
    if not facts:
        raise _refused("draft", "the edit changes nothing")
    return facts


def _skill(command: WriteSkill) -> SkillWritten:
    wrong = check_name(command.name)
    problems = [(1, f"name: {wrong}")] if wrong else check_text(command.name, command.text)
    if problems:
        line, problem = problems[0]
        raise _refused(command.name, f"{command.name}: line {line}: {problem}")
    return SkillWritten(name=command.name, author="human", text=command.text, based_on=command.based_on)


def _said(mission: Mission, command: Say) -> list[AnyEvent]:
    """While a question waits, what the human says is its answer."""
    asked = next((d for d in mission.decisions.open if d.kind == "answer"), None)
    said = MessageSaid(author="human", text=command.text)
    if asked is None:
        return [said]
    return [DecisionAnswered(id=asked.id, answer=Answer(choice=command.text))]


def _budget(mission: Mission, command: SetBudget) -> list[AnyEvent]:
    changes = command.model_dump(include=set(Limits.model_fields), exclude_none=True)
    limits = Limits.model_validate({**mission.limits.model_dump(), **changes})
    waiting = [d for d in mission.decisions.open if d.kind == "raise_cap"]
    return [
        BudgetChanged(limits=limits),
        *(DecisionAnswered(id=d.id, answer=Answer(choice="retry", note="the cap was changed")) for d in waiting),
    ]


def _decided(mission: Mission, command: Decide) -> list[AnyEvent]:
    state = mission.decisions.decisions.get(command.decision)
    if state is None or not state.open:
        open_ids = ", ".join(d.id for d in mission.decisions.open) or "none"
        raise _refused(command.decision, f"no open decision {command.decision!r} (open: {open_ids})")
    decision = state.decision
    answer = Answer(choice=command.choice, note=command.note, by=command.by)
    answered = DecisionAnswered(id=decision.id, answer=answer)
    if decision.choices and command.choice not in decision.choices:
        raise _refused(decision.id, f"{decision.id}: choose one of {', '.join(decision.choices)}")
    return [answered, *_follow(mission, decision, answer)]


def _follow(mission: Mission, decision: Decision, answer: Answer) -> list[AnyEvent]:
    match decision.kind:
        case "answer":
            return []
        case "approve_plan":
            return _approval(mission, answer)
        case "review_milestone":
            return _review(mission, decision, answer)
        case "sign_amendment":
            return _signature(decision, answer)
        case "round_cap":
            return _round_cap(mission, decision, answer)
        case "request":
            return _request(decision, answer)
        case "raise_cap" | "provider" | "box":
            return [MissionAborted(reason=decision.summary)] if answer.choice == "abort" else []
    assert_never(decision.kind)


def _approval(mission: Mission, answer: Answer) -> list[AnyEvent]:
    if answer.choice != "approve":
        note = answer.note or "please revise the plan"
        return [PlanReturned(note=note), MessageSaid(author="human", text=f"The plan is sent back: {note}")]
    return [
        PlanApproved(
            contract_version=mission.contract.version,
            base_commit=mission.created.base_commit if mission.created else "",
            signed_vacuous=vacuous(mission),
            base_was_proved=mission.validation.base is not None,
        )
    ]


def _review(mission: Mission, decision: Decision, answer: Answer) -> list[AnyEvent]:
    milestone = decision.subject or ""
    if answer.choice == "accept":
        return [MilestoneSealed(id=milestone, head=mission.head)]
    if answer.choice == "rollback":
        reason = answer.note or f"{milestone} was rolled back"
        return _roll_back(mission, checkpoint_before(mission, milestone), reason, decision.id)
    issue = Issue(
        id=mission.issues.next_id(),
        source="validation",
        severity="blocking",
        summary=f"the human rejects {milestone}: {answer.note or 'no reason given'}",
        milestone=milestone,
    )
    return [IssueOpened(issue=issue)]


def _roll_back(mission: Mission, to: str, reason: str, answering: str = "") -> list[AnyEvent]:
    """Issues and decisions about work that is gone are gone with it, but for the one that is being answered."""
    dismissed = [IssueDismissed(id=i.id, reason=f"rolled back to {to}") for i in mission.issues.open]
    moot = [
        DecisionWithdrawn(id=d.id, reason=f"rolled back to {to}")
        for d in mission.decisions.open
        if d.kind in ("round_cap", "sign_amendment", "review_milestone") and d.id != answering
    ]
    said = MessageSaid(author="human", text=f"Rolled back to {to}: {reason}")
    return [*dismissed, *moot, MissionRolledBack(to=to, reason=reason), said]


def _signature(decision: Decision, answer: Answer) -> list[AnyEvent]:
    amendment = Amendment.model_validate(decision.payload)
    if answer.choice == "sign":
        return [ContractAmended(amendment=amendment, signed=True)]
    note = answer.note or amendment.reason
    return [MessageSaid(author="human", text=f"I do not sign the amendment ({note}). Find another way.")]


def _round_cap(mission: Mission, decision: Decision, answer: Answer) -> list[AnyEvent]:
    milestone = (decision.subject or "").partition("#")[0]
    reason = answer.note or "signed over at the round cap"
    if answer.choice == "accept":
        open_ends = [a for a in mission.to_prove(milestone) if not mission.settled(milestone, a)]
        return [AssertionOverridden(assertion=a, reason=reason) for a in open_ends]
    if answer.choice == "rollback":
        return _roll_back(mission, checkpoint_before(mission, milestone), reason, decision.id)
    if answer.choice == "abort":
        return [MissionAborted(reason=reason)]
    return []


def _request(decision: Decision, answer: Answer) -> list[AnyEvent]:
    to = decision.payload.get("roll_back")
    if to and answer.choice == "roll back":
        reason = str(decision.payload.get("reason", decision.summary))
        return [MissionRolledBack(to=str(to), reason=reason)]
    if decision.payload.get("vacuous") and answer.choice == "sign":
        reason = answer.note or "kept as it is"
        return [VacuousSigned(assertion=str(decision.payload["vacuous"]), reason=reason)]
    if decision.payload.get("failed_run"):
        return [MissionAborted(reason=decision.summary)] if answer.choice == "abort" else []
    note = f" ({answer.note})" if answer.note else ""
    return [MessageSaid(author="human", text=f"On {json.dumps(decision.summary)} I decide: {answer.choice}{note}")]


def _refused(offender: str, message: str) -> GateRefused:
    return GateRefused([Violation(rule="command", offender=offender, message=message)])
