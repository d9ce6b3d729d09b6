"""From what a validator reports to issues with ids that stay the same across rounds."""

from collections.abc import Sequence

from mission_tui.domain.events import AnyEvent, FindingSeen, IssueOpened
from mission_tui.domain.findings import earlier, proposed, same
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Finding
from mission_tui.tools.base import Assignment, ToolProblem, Workshop


def shown_before(mission: Mission, assignment: Assignment) -> tuple[str, ...]:
    """Ids of the earlier findings that the run was asked to look at again."""
    if assignment.milestone is None:
        return ()
    before = (assignment.milestone, assignment.round)
    return tuple(i.issue.id for i in earlier(mission, assignment.milestone, assignment.feature) if before not in i.seen)


def recognised(tool: str, findings: Sequence[Finding], workshop: Workshop) -> tuple[Finding, ...]:
    """The findings, each with `same_as` set to a known id or None.

    Code knows the same title in the same file again, and asks once about other findings at the same place; a validator
    that does not answer is taken to mean the known one. Raises ToolProblem with what to mend.
    """
    known = {i.issue.id: i for i in workshop.mission.issues.findings}
    settled: list[Finding] = []
    doubts: list[str] = []
    for k, finding in enumerate(findings):
        if finding.same_as not in (None, "new", *known):
            raise ToolProblem(f"{tool}: findings.{k}.same_as: no finding has the id {finding.same_as!r}")
        match = finding.same_as
        if match is None:
            sure = next((i.issue for i in known.values() if same(finding, i.issue)), None)
            maybe = sure or proposed(finding, known.values())
            match = maybe.id if maybe else None
            if maybe and not sure:
                place = f"{maybe.file}:{maybe.line or 1}" if maybe.file else "no file"
                doubts.append(f"- findings.{k} lies where {maybe.id} does ({maybe.summary}; {place})")
        settled.append(finding.model_copy(update={"same_as": None if match == "new" else match}))
    if doubts and workshop.first_time("\n".join(doubts)):
        listed = "\n".join(doubts)
        raise ToolProblem(
            f"{tool}: say whether these are known already, then call again with everything:\n{listed}\n"
            "Set `same_as` to that id if it is the same defect, to `new` if it is another."
        )
    return tuple(settled)


def finding_facts(mission: Mission, assignment: Assignment, findings: Sequence[Finding]) -> list[AnyEvent]:
    """A known finding is seen again, any other opens an issue."""
    facts: list[AnyEvent] = []
    number = len(mission.issues.issues)
    for finding in _once_each(findings):
        detail = f"{finding.evidence}\nConsequence: {finding.consequence}"
        if finding.same_as is not None and assignment.milestone is not None:
            facts.append(
                FindingSeen(
                    run_id=assignment.run_id,
                    id=finding.same_as,
                    milestone=assignment.milestone,
                    round=assignment.round,
                    severity=finding.severity,
                    detail=detail,
                    file=finding.file,
                    line=finding.line,
                )
            )
            continue
        number += 1
        issue = Issue(
            id=f"I{number}",
            source="finding",
            severity=finding.severity,
            summary=finding.title,
            detail=detail,
            feature=assignment.feature,
            milestone=assignment.milestone,
            file=finding.file,
            line=finding.line,
            rounds=(assignment.round,),
        )
        facts.append(IssueOpened(run_id=assignment.run_id, issue=issue))
    return facts


def _once_each(findings: Sequence[Finding]) -> list[Finding]:
    """Two findings that turn out to be the same known one are seen once."""
    by_id = {f.same_as: f for f in findings if f.same_as is not None}
    return [*by_id.values(), *(f for f in findings if f.same_as is None)]
