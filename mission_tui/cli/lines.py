"""One line for every event, as `run` and `events` print them."""

from datetime import datetime
from typing import assert_never

from mission_tui.cli.tables import plain
from mission_tui.domain import events as e
from mission_tui.domain.budget import Limits
from mission_tui.domain.handoff import Issue, ObservedClaim
from mission_tui.domain.verdict import ControlResult

WIDTH = 160
"""Characters after which a line's text is cut: a line stays a line."""


def event_line(recorded: e.Recorded) -> str:
    """`  12 14:03:22  F1 is completed: 1 commit`."""
    at = datetime.fromtimestamp(recorded.at).astimezone()
    run = f"{recorded.event.run_id} " if recorded.event.run_id else ""
    text = plain(event_text(recorded.event))
    if len(text) > WIDTH:
        text = f"{text[: WIDTH - 1].rstrip()}…"
    return f"{recorded.seq:>4} {at:%H:%M:%S}  {run}{text}"


def event_text(event: e.AnyEvent) -> str:
    """What happened, in words."""
    if isinstance(event, e.LifecycleEvent):
        return _lifecycle(event)
    if isinstance(event, e.ConversationEvent):
        return _conversation(event)
    if isinstance(event, e.ContractEvent):
        return _contract(event)
    if isinstance(event, e.PlanEvent):
        return _plan(event)
    if isinstance(event, e.FeatureEvent):
        return _feature(event)
    if isinstance(event, e.ValidationEvent):
        return _validation(event)
    return _other(event)


def _other(
    event: e.MissionCreated | e.MissionRolledBack | e.CommitRecorded | e.RunEvent | e.IssueEvent | e.DecisionEvent,
) -> str:
    if isinstance(event, e.RunEvent):
        return _run(event)
    if isinstance(event, e.IssueEvent):
        return _issue(event)
    if isinstance(event, e.DecisionEvent):
        return _decision(event)
    match event:
        case e.MissionCreated():
            return f"mission {event.id} created on {event.branch} from {event.base_commit[:12]}"
        case e.MissionRolledBack():
            return f"rolled back to {event.to}: {event.reason}"
        case e.CommitRecorded():
            return f"commit {event.commit[:12]} ({event.reason}): {_files(event.paths)}"
    assert_never(event)


def _lifecycle(event: e.LifecycleEvent) -> str:
    match event:
        case e.MissionPaused():
            return f"paused{' at once' if event.at_once else ''}: {event.reason}"
        case e.MissionResumed():
            return "resumed"
        case e.MissionAborted():
            return f"aborted: {event.reason}"
        case e.MissionCompleted():
            return "the mission is completed: every live assertion holds"
        case e.MissionFailed():
            return f"the mission failed: {event.reason}"
        case e.BudgetChanged():
            return f"caps are now {_limits(event.limits)}"
        case e.SeatSwitched():
            at = "" if event.until is None else f" until {datetime.fromtimestamp(event.until).astimezone():%H:%M:%S}"
            return f"{event.role} is answered by {_model(event.model)}{at}: {event.reason}"
        case e.SeatChanged():
            return f"{event.role} is now played by {_model(event.seat.model)}"
        case e.ArtifactsCollected():
            size = f"{event.bytes / 1e6:.1f} MB"
            files = _count(len(event.artifacts), "stored file")
            return f"cleared away {files} ({size}): only dropped attempts, or nothing, named them"
    assert_never(event)


def _conversation(event: e.ConversationEvent) -> str:
    match event:
        case e.MessageSaid():
            return f"{event.author}: {event.text}"
        case e.MessagesDelivered():
            return f"the orchestrator has seen {_count(event.upto, 'message')} so far"
        case e.ConstraintBroadcast():
            return f"from now on everybody is told: {event.text}"
        case e.SkillWritten():
            lesson = f": {event.lesson}" if event.lesson else ""
            return f"skill {event.name} {'has a new lesson' if lesson else 'was written'} ({event.author}){lesson}"
        case e.SkillsCommitted():
            return f"your edits are on the branch: {', '.join(event.names)}"
    assert_never(event)


def _contract(event: e.ContractEvent) -> str:
    match event:
        case e.ContractDrafted():
            removed = f", {len(event.removed)} removed" if event.removed else ""
            return f"contract: {_count(len(event.assertions), 'assertion')} drafted{removed}"
        case e.ContractAmended():
            change = event.amendment
            parts = [(change.add, "added"), (change.change, "changed"), (change.drop, "dropped")]
            said = ", ".join(f"{len(items)} {word}" for items, word in parts if items)
            return f"contract amended ({'signed' if event.signed else 'additions only'}): {said}: {change.reason}"
        case e.AssertionOverridden():
            return f"{event.assertion} was signed over: {event.reason}"
    assert_never(event)


def _plan(event: e.PlanEvent) -> str:
    match event:
        case e.PlanDrafted():
            what = f"{_count(len(event.milestones), 'milestone')}, {_count(len(event.features), 'feature')}"
            return f"plan: {what} drafted{', services named' if event.services else ''}"
        case e.PlanSubmitted():
            return "the plan was submitted"
        case e.PlanReturned():
            return f"the plan was sent back: {event.note}"
        case e.PlanApproved():
            kept = f", keeping {', '.join(event.signed_vacuous)} as it is" if event.signed_vacuous else ""
            return f"the plan was approved: contract version {event.contract_version}{kept}"
        case e.VacuousSigned():
            return f"{event.assertion} is kept although its proof passes without the work: {event.reason}"
        case e.MilestoneAdded():
            return f"milestone {event.milestone.id} added: {event.milestone.title}"
        case e.MilestoneSealed():
            return f"milestone {event.id} sealed{' for now' if event.provisional else ''} at {event.head[:12]}"
    assert_never(event)


def _feature(event: e.FeatureEvent) -> str:
    match event:
        case e.FeatureAdded():
            answers = f", answers {', '.join(event.resolves)}" if event.resolves else ""
            return f"feature {event.feature.id} added ({event.origin}{answers}): {event.feature.title}"
        case e.FeatureChanged():
            return f"feature {event.feature.id} changed{' and will be tried again' if event.retry else ''}"
        case e.FeatureCancelled():
            return f"feature {event.id} cancelled: {event.reason}"
        case e.FeatureCompleted():
            return f"feature {event.id} completed: {_count(len(event.commits), 'commit')}, {_files(event.paths)}"
        case e.FeatureFailed():
            return f"feature {event.id} failed: {event.reason}"
    assert_never(event)


def _run(event: e.RunEvent) -> str:
    match event:
        case e.RunStarted():
            about = event.feature or event.milestone
            return f"{event.role} started{f' on {about}' if about else ''} ({_model(event.model)})"
        case e.RunEnded():
            return f"{event.outcome} after {_count(event.steps, 'step')}: {event.summary}"
        case e.HandoffRecorded():
            wrong = [c for c in event.claims if c.contradicted]
            claims = f", {len(event.claims)} claims checked" if event.claims else ""
            against = "".join(f"; CONTRADICTED: {_claim(c)}" for c in wrong)
            return f"handoff of {event.feature}{claims}{against}: {event.handoff.summary}"
    assert_never(event)


def _claim(claim: ObservedClaim) -> str:
    seen = f"observed {claim.observed_exit}" if claim.ran else "never run"
    return f"`{claim.command}` claimed {claim.claimed_exit}, {seen}"


def _issue(event: e.IssueEvent) -> str:
    match event:
        case e.IssueOpened():
            return f"issue {event.issue.id} ({_issue_kind(event.issue)}): {event.issue.summary}"
        case e.FindingSeen():
            return f"issue {event.id} seen again in {event.milestone}, round {event.round}"
        case e.IssueDismissed():
            return f"issue {event.id} {'put in the backlog' if event.backlog else 'dismissed'}: {event.reason}"
    assert_never(event)


def _issue_kind(issue: Issue) -> str:
    return f"{issue.severity.replace('_', '-')} {issue.source}"


def _decision(event: e.DecisionEvent) -> str:
    match event:
        case e.DecisionOpened():
            return f"decision {event.decision.id} ({event.decision.kind}): {event.decision.summary}"
        case e.DecisionAnswered():
            note = f" ({event.answer.note})" if event.answer.note else ""
            recorded = " [recorded]" if event.answer.by == "recorded" else ""
            return f"decision {event.id} answered{recorded}: {event.answer.choice}{note}"
        case e.DecisionWithdrawn():
            return f"decision {event.id} withdrawn: {event.reason}"
    assert_never(event)


def _control(event: e.ControlEvent) -> str:
    if isinstance(event, e.ReplayRequested):
        return f"the human asked for a replay of {event.assertion}"
    if isinstance(event, e.ReplayRecorded):
        return f"replay of {event.assertion}: {event.status}: {event.reason}"
    if isinstance(event, e.FlowReplayed):
        said = "agrees" if event.agreed else f"differs (claimed {event.claimed}, seen {event.status})"
        without = f"; {event.control.outcome} without the work" if event.control else ""
        return f"{event.assertion}: the replay {said}{without}: {event.reason}"
    red = sum(r.outcome == "red" for r in event.results)
    odd = "".join(f"; {r.assertion} {_uncontrolled(r)}" for r in event.results if r.outcome != "red")
    return f"{event.milestone}: negative control: {red} of {len(event.results)} red without the work{odd}"


def _uncontrolled(result: ControlResult) -> str:
    return f"{result.outcome} ({result.cause})" if result.cause else result.outcome


def _validation(event: e.ValidationEvent) -> str:
    if isinstance(event, e.ControlEvent):
        return _control(event)
    match event:
        case e.BaseProved():
            return _base(event)
        case e.ContractReviewed():
            return f"contract review: {_count(len(event.findings), 'finding')}: {event.summary}"
        case e.ValidationStarted():
            return f"{event.milestone}: validation round {event.round} of tree {event.tree[:12]}"
        case e.ScrutinyRecorded():
            return f"{event.milestone}: scrutiny: {_scrutiny(event)}"
        case e.ReviewRecorded():
            return f"review of {event.feature}: {_count(len(event.findings), 'finding')}: {event.summary}"
        case e.VerdictRecorded():
            v = event.verdict
            kinds = f" [{', '.join(dict.fromkeys(x.kind for x in v.evidence))}]" if v.evidence else ""
            return f"{v.assertion} {v.status} ({v.prover}){kinds}: {v.reason}"
        case e.UserTestingRecorded():
            return f"user testing of {event.milestone}: {_count(len(event.findings), 'finding')}: {event.summary}"
        case e.ValidationConcluded():
            verdict = ("passed" if event.passed else "failed") + (" (signed over)" if event.signed else "")
            return f"{event.milestone}: round {event.round} {verdict}: {event.summary}"
    assert_never(event)


def _base(event: e.BaseProved) -> str:
    if event.setup_problem:
        return f"the base cannot be set up: {event.setup_problem}"
    checks = ", ".join(
        f"{c.name} exit {'-' if c.exit_code is None else c.exit_code}{f' ({len(c.flaky)} flaky)' if c.flaky else ''}"
        for c in event.checks
    )
    green = sum(r.passed for r in event.results)
    red = sum(not r.passed and r.cause == "expectation" for r in event.results)
    unclear = len(event.results) - green - red
    told = f"{_count(red, 'proof')} red, {green} green{f', {unclear} inconclusive' if unclear else ''}"
    return f"base proved: {checks or 'no checks'}; {told}"


def _scrutiny(event: e.ScrutinyRecorded) -> str:
    said = [f"{c.name} {'ok' if c.ok else c.blocking()}" for c in event.comparisons]
    return ", ".join(said) or "no checks are named"


def _limits(limits: Limits) -> str:
    usd = "no money cap" if limits.usd is None else f"${limits.usd:g}"
    tokens = "no token cap" if limits.tokens is None else f"{limits.tokens:,} tokens"
    hours = "no time cap" if limits.hours is None else f"{limits.hours:g} h"
    steps = "" if limits.steps is None else f", {limits.steps:,} steps"
    return f"{usd}, {tokens}, {hours}{steps}; a run has {_run_limits(limits)}"


def _run_limits(limits: Limits) -> str:
    parts = [
        "" if limits.run_usd is None else f"${limits.run_usd:g}",
        "" if limits.run_tokens is None else f"{limits.run_tokens:,} tokens",
        "" if limits.run_hours is None else f"{limits.run_hours:g} h",
        f"{limits.run_turns} turns",
    ]
    return ", ".join(part for part in parts if part)


def _model(name: str) -> str:
    return "scripted" if name.startswith("scripted:") else name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _files(paths: tuple[str, ...]) -> str:
    shown = ", ".join(paths[:4])
    return (shown + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")) or "no files"
