"""The calls that end a worker's, a reviewer's, a tester's and a researcher's run."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.events import (
    AnyEvent,
    ContractReviewed,
    ReviewRecorded,
    UserTestingRecorded,
    VerdictRecorded,
)
from mission_tui.domain.handoff import Handoff
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Finding, Verdict, VerdictStatus
from mission_tui.domain.weakened import AnsweredCandidate
from mission_tui.tools import flows
from mission_tui.tools.base import Assignment, Tool, ToolProblem, ToolResult, Workshop, always
from mission_tui.tools.findings import finding_facts, recognised, shown_before


class ReviewVerdict(Frozen):
    assertion: str
    status: VerdictStatus
    reason: str = Field(min_length=1)


class CandidateVerdict(Frozen):
    id: str
    verdict: Literal["justified", "weakened"]
    reason: str = Field(min_length=1)


class SubmitReview(Frozen):
    summary: str = Field(min_length=1)
    findings: tuple[Finding, ...] = ()
    verdicts: tuple[ReviewVerdict, ...] = ()
    candidates: tuple[CandidateVerdict, ...] = Field(
        default=(), description="an answer for each candidate that the first message lists"
    )


class SubmitReport(Frozen):
    summary: str = Field(min_length=1)
    findings: tuple[Finding, ...] = ()


async def submit_handoff(args: Handoff, workshop: Workshop) -> ToolResult:
    facts = await workshop.hand_off(args)
    return ToolResult("handed off", facts)


async def submit_review(args: SubmitReview, workshop: Workshop) -> ToolResult:
    assignment = workshop.assignment
    _answer_all(assignment, {v.assertion for v in args.verdicts})
    if assignment.role == "contract_reviewer":
        return ToolResult(_recorded(args.findings), lambda mission: _contract_review(mission, assignment, args))
    _answer_candidates(args, workshop)
    answers = _answered(assignment, args.candidates)
    findings = recognised("submit_review", args.findings, workshop)
    # What the engine words itself is known by its title and file alone.
    findings = (*findings, *recognised("submit_review", _weakened(answers), workshop))

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        recorded = ReviewRecorded(
            run_id=assignment.run_id,
            milestone=assignment.milestone or "",
            round=assignment.round,
            feature=assignment.feature or "",
            summary=args.summary,
            findings=findings,
            answers=answers,
            shown=shown_before(mission, assignment),
        )
        verdicts = [_review_verdict(mission, assignment, v) for v in args.verdicts]
        return (recorded, *verdicts, *finding_facts(mission, assignment, findings))

    return ToolResult(_recorded(findings), facts)


def _recorded(findings: Sequence[Finding]) -> str:
    return f"review recorded with {len(findings)} findings"


def _contract_review(mission: Mission, assignment: Assignment, args: SubmitReview) -> Sequence[AnyEvent]:
    reviewed = ContractReviewed(
        run_id=assignment.run_id,
        contract_version=mission.contract.version,
        summary=args.summary,
        findings=args.findings,
    )
    return (reviewed, *finding_facts(mission, assignment, args.findings))


def _answer_all(assignment: Assignment, answered: set[str]) -> None:
    missing = [a for a in assignment.assertions if a not in answered]
    if missing:
        raise ToolProblem(f"submit_review: `verdicts` must answer {', '.join(missing)} too")
    foreign = sorted(answered - set(assignment.assertions))
    if foreign:
        asked = ", ".join(assignment.assertions) or "none"
        raise ToolProblem(f"submit_review: you were not asked about {', '.join(foreign)} (asked: {asked})")


def _review_verdict(mission: Mission, assignment: Assignment, answer: ReviewVerdict) -> VerdictRecorded:
    feature = mission.plan.features[assignment.feature or ""]
    return VerdictRecorded(
        run_id=assignment.run_id,
        verdict=Verdict(
            assertion=answer.assertion,
            status=answer.status,
            reason=answer.reason,
            evidence=assignment.attached,
            prover="reviewer",
            tree=mission.tree,
            depends_on=feature.paths,
            milestone=assignment.milestone or "",
            round=assignment.round,
        ),
    )


def _answered(assignment: Assignment, answers: Sequence[CandidateVerdict]) -> tuple[AnsweredCandidate, ...]:
    given = {a.id: a for a in answers}
    return tuple(
        AnsweredCandidate(candidate=c, verdict=given[c.id].verdict, reason=given[c.id].reason)
        if c.id in given
        else AnsweredCandidate(candidate=c, verdict="unanswered", reason="the reviewer gave no answer")
        for c in assignment.candidates
    )


def _answer_candidates(args: SubmitReview, workshop: Workshop) -> None:
    """Each candidate is asked for once; what stays unanswered goes to the orchestrator."""
    candidates = {c.id: c for c in workshop.assignment.candidates}
    foreign = sorted({a.id for a in args.candidates} - candidates.keys())
    if foreign:
        raise ToolProblem(f"submit_review: no candidate has the id {', '.join(foreign)}")
    missing = [c for name, c in candidates.items() if name not in {a.id for a in args.candidates}]
    if missing and workshop.first_time("candidates"):
        listed = "\n".join(f"- {c.id} {c.text}" for c in missing)
        raise ToolProblem(
            f"submit_review: `candidates` must answer each place where proof may have become weaker:\n{listed}"
        )


def _weakened(answers: Sequence[AnsweredCandidate]) -> list[Finding]:
    return [
        Finding(
            severity="blocking",
            title=a.candidate.text,
            evidence=f"{a.candidate.kind.replace('_', ' ')}, {a.verdict}: {a.reason}",
            consequence="the repository's own tests prove less than they did before this feature",
            file=a.candidate.file,
            line=a.candidate.line,
        )
        for a in answers
        if a.verdict != "justified"
    ]


async def submit_report(args: SubmitReport, workshop: Workshop) -> ToolResult:
    assignment = workshop.assignment
    current = workshop.mission.validation.rounds[assignment.milestone or ""][-1]
    missing = [a for a in assignment.assertions if a not in current.proved]
    if missing:
        raise ToolProblem(
            f"submit_report: record a verdict for {', '.join(missing)} first; blocked or inconclusive, with the "
            "reason, is an honest answer"
        )

    findings = recognised("submit_report", args.findings, workshop)

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        recorded = UserTestingRecorded(
            run_id=assignment.run_id,
            milestone=assignment.milestone or "",
            round=assignment.round,
            summary=args.summary,
            findings=findings,
            shown=shown_before(mission, assignment),
        )
        return (recorded, *finding_facts(mission, assignment, findings))

    return ToolResult("report recorded", facts)


TOOLS = (
    Tool("submit_handoff", Handoff, "write", submit_handoff, always),
    Tool("submit_review", SubmitReview, "state", submit_review, always),
    flows.TOOL,
    Tool("submit_report", SubmitReport, "state", submit_report, always),
)
