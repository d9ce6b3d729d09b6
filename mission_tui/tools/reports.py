"""The calls that end a worker's, a reviewer's, a tester's and a researcher's run."""

from collections.abc import Sequence

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.events import (
    AnyEvent,
    ContractReviewed,
    IssueOpened,
    ReviewRecorded,
    UserTestingRecorded,
    VerdictRecorded,
)
from mission_tui.domain.handoff import Handoff, Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Finding, Verdict, VerdictStatus
from mission_tui.tools.base import Assignment, Tool, ToolProblem, ToolResult, Workshop, always


class ReviewVerdict(Frozen):
    assertion: str
    status: VerdictStatus
    reason: str = Field(min_length=1)


class SubmitReview(Frozen):
    summary: str = Field(min_length=1)
    findings: tuple[Finding, ...] = ()
    verdicts: tuple[ReviewVerdict, ...] = ()


class RecordVerdict(Frozen):
    assertion: str
    status: VerdictStatus
    reason: str = Field(min_length=1)
    evidence: tuple[str, ...] = Field(default=(), description="ids that the observing tools returned")


class SubmitReport(Frozen):
    summary: str = Field(min_length=1)
    findings: tuple[Finding, ...] = ()


async def submit_handoff(args: Handoff, workshop: Workshop) -> ToolResult:
    facts = await workshop.hand_off(args)
    return ToolResult("handed off", facts)


async def submit_review(args: SubmitReview, workshop: Workshop) -> ToolResult:
    assignment = workshop.assignment
    _answer_all(assignment, {v.assertion for v in args.verdicts})

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        if assignment.role == "contract_reviewer":
            reviewed = ContractReviewed(
                run_id=assignment.run_id,
                contract_version=mission.contract.version,
                summary=args.summary,
                findings=args.findings,
            )
            return (reviewed, *_issues(mission, assignment, args.findings))
        recorded = ReviewRecorded(
            run_id=assignment.run_id,
            milestone=assignment.milestone or "",
            round=assignment.round,
            feature=assignment.feature or "",
            summary=args.summary,
            findings=args.findings,
        )
        verdicts = [_review_verdict(mission, assignment, v) for v in args.verdicts]
        return (recorded, *verdicts, *_issues(mission, assignment, args.findings))

    return ToolResult(f"review recorded with {len(args.findings)} findings", facts)


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


def _issues(mission: Mission, assignment: Assignment, findings: tuple[Finding, ...]) -> list[IssueOpened]:
    first = len(mission.issues.issues) + 1
    return [
        IssueOpened(
            run_id=assignment.run_id,
            issue=Issue(
                id=f"I{first + offset}",
                source="finding",
                severity=finding.severity,
                summary=finding.title,
                detail=f"{finding.evidence}\nConsequence: {finding.consequence}",
                feature=assignment.feature,
                milestone=assignment.milestone,
                file=finding.file,
                line=finding.line,
                rounds=(assignment.round,),
            ),
        )
        for offset, finding in enumerate(findings)
    ]


async def record_verdict(args: RecordVerdict, workshop: Workshop) -> ToolResult:
    assignment = workshop.assignment
    if args.assertion not in assignment.assertions:
        asked = ", ".join(assignment.assertions) or "none"
        raise ToolProblem(f"record_verdict: {args.assertion} is not yours to judge in this run (yours: {asked})")
    try:
        evidence = workshop.evidence(args.evidence)
    except KeyError as error:
        raise ToolProblem(f"record_verdict: no evidence {error} was stored in this run") from None

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        verdict = Verdict(
            assertion=args.assertion,
            status=args.status,
            reason=args.reason,
            evidence=evidence,
            prover="agent",
            tree=mission.tree,
            milestone=assignment.milestone or "",
            round=assignment.round,
        )
        return (VerdictRecorded(run_id=assignment.run_id, verdict=verdict),)

    return ToolResult(f"{args.assertion}: {args.status} recorded", facts)


async def submit_report(args: SubmitReport, workshop: Workshop) -> ToolResult:
    assignment = workshop.assignment
    current = workshop.mission.validation.rounds[assignment.milestone or ""][-1]
    missing = [a for a in assignment.assertions if a not in current.proved]
    if missing:
        raise ToolProblem(
            f"submit_report: record a verdict for {', '.join(missing)} first; blocked or inconclusive, with the "
            "reason, is an honest answer"
        )

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        recorded = UserTestingRecorded(
            run_id=assignment.run_id,
            milestone=assignment.milestone or "",
            round=assignment.round,
            summary=args.summary,
            findings=args.findings,
        )
        return (recorded, *_issues(mission, assignment, args.findings))

    return ToolResult("report recorded", facts)


TOOLS = (
    Tool("submit_handoff", Handoff, "write", submit_handoff, always),
    Tool("submit_review", SubmitReview, "state", submit_review, always),
    Tool("record_verdict", RecordVerdict, "state", record_verdict),
    Tool("submit_report", SubmitReport, "state", submit_report, always),
)
