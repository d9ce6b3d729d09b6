"""The first user message of a run: what this agent needs to know, and nothing it must not know.

Facts only; how to act on them is in the role's prompt.
"""

import json
from collections.abc import Iterable, Sequence

from mission_tui.domain.contract import Assertion
from mission_tui.domain.control import vacuous
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import HandoffRecorded
from mission_tui.domain.findings import outside, trend
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.next import judgement_needed
from mission_tui.domain.plan import Ready, Services
from mission_tui.domain.state.issues import IssueState
from mission_tui.domain.verdict import CheckOutcome
from mission_tui.tools.base import Assignment, both_ends
from mission_tui.tools.findings import shown_before


def _section(title: str, body: str) -> str:
    return f"## {title}\n{body.strip()}\n" if body.strip() else ""


def _join(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def assertion_text(assertion: Assertion, checks: bool = True) -> str:
    """One assertion as an agent reads it."""
    proof = assertion.proof
    lines = [
        f"{assertion.id} {assertion.title}{' (guard: holds today, needs no owner)' if assertion.guard else ''}",
        f"  statement: {assertion.statement}",
        f"  proof: by {proof.by}; evidence for a pass: {', '.join(proof.evidence)}",
        f"  procedure: {proof.procedure}",
    ]
    if proof.files:
        lines.append(f"  files: {', '.join(proof.files)}")
    if checks and proof.checks:
        steps = [s.model_dump(mode="json", exclude_unset=True) for s in proof.checks]
        lines += [f"  check: {json.dumps(step, ensure_ascii=False)}" for step in steps]
    return "\n".join(lines)


def _goal(mission: Mission) -> str:
    created = mission.created
    if created is None:
        return ""
    begins_so = created.goal.startswith(created.title.removesuffix("…"))
    return created.goal if begins_so else f"{created.title}\n\n{created.goal}"


def services_text(services: Services) -> str:
    lines = [f"setup: {command}" for command in services.setup]
    lines += [f"check {name}: {command}" for name, command in services.checks.items()]
    if services.app is not None:
        lines.append(f"app: {services.app.start} (ready: {_ready(services.app.ready)})")
    if services.secrets:
        named = ", ".join(f"${{{name}}}" for name in services.secrets)
        lines.append(f"secrets (write the name, never a value; the app finds them in its environment): {named}")
    return _bullets(lines)


def _ready(ready: Ready | None) -> str:
    if ready is None:
        return "once it listens on $PORT"
    return f"once {ready.http} answers" if ready.http else f"once its log matches {ready.log!r}"


def _assertions(mission: Mission, names: Iterable[str], checks: bool = True) -> str:
    live = mission.contract.assertions
    return "\n".join(assertion_text(live[name], checks) for name in names if name in live)


def handoff_text(recorded: HandoffRecorded) -> str:
    handoff = recorded.handoff
    lines = [f"{recorded.feature}, attempt {recorded.attempt}: {handoff.summary}"]
    lines += [f"  undone: {item}" for item in handoff.undone]
    lines += [
        f"  claimed `{c.command}` exit {c.claimed_exit}; observed {c.observed_exit if c.ran else 'no such command'}"
        for c in recorded.claims
        if c.contradicted
    ]
    if not handoff.procedure_followed:
        lines.append(f"  procedure not followed: {handoff.deviations}")
    return "\n".join(lines)


def for_orchestrator(mission: Mission, readiness: str, rules: str, skills: Sequence[str]) -> str:
    """Everything that the orchestrator negotiates with: the state of the mission and what needs its judgement."""
    drafting = not mission.plan.approved
    return _join(
        [
            _section("Goal", _goal(mission)),
            _section("What needs you now", _bullets(judgement_needed(mission))),
            _section("What was said", _conversation(mission)),
            _section("The engineer's rules", rules),
            _section("Constraints you broadcast", _bullets(mission.conversation.constraints)),
            _section("Readiness of the repository", readiness if drafting else ""),
            _section("Skills", _bullets(skills)),
            _section("Contract", _contract(mission)),
            _section("Plan", _plan(mission)),
            _section("Services manifest", services_text(mission.plan.services)),
            _section("Base", _base(mission)),
            _section("Open issues", _issues(mission)),
            _section("Handoffs so far", "\n".join(handoff_text(h) for h in mission.runs.handoffs[-12:])),
            _section("Validation", _validation(mission)),
        ]
    )


def _conversation(mission: Mission) -> str:
    said = mission.conversation.messages[-40:]
    answered = [
        f"question {d.decision.id}: {_asked(d.decision)}\n  the human: {d.answer.choice} {d.answer.note}".rstrip()
        for d in mission.decisions.decisions.values()
        if d.answer is not None and d.decision.kind in ("answer", "request", "sign_amendment", "approve_plan")
    ]
    return "\n".join([*(f"{m.author}: {m.text}" for m in said), *answered])


def _asked(decision: Decision) -> str:
    """The questions with their keys and defaults, which an answer may refer to."""
    if not decision.questions:
        return decision.summary
    return "".join(f"\n  {q.id}: {q.text} (default: {q.default or 'none'})" for q in decision.questions)


def _contract(mission: Mission) -> str:
    if not mission.plan.submitted and not mission.contract.assertions:
        return ""
    if not mission.plan.approved:
        return _assertions(mission, mission.contract.assertions)
    owners = mission.plan.owners
    return "\n".join(
        f"{name} {a.title} [{a.proof.by}{', mechanical' if a.mechanical else ''}] "
        f"{'guard' if a.guard else owners.get(name, 'no owner')}: {mission.assertion_status(name)}"
        for name, a in mission.contract.assertions.items()
    )


def _plan(mission: Mission) -> str:
    lines: list[str] = []
    for name, state in mission.plan.milestones.items():
        lines.append(f"{name} {state.milestone.title}: {mission.milestone_status(name)}")
        lines += [
            f"  {f.feature.id} {f.feature.title} [{f.status}, {f.origin}] "
            f"fulfills {', '.join(f.feature.fulfills) or '-'}"
            for f in mission.plan.by_milestone.get(name, ())
        ]
    return "\n".join(lines)


def _specs(mission: Mission) -> str:
    return "\n".join(f"{f.feature.id}: {f.feature.spec}\n" for f in mission.plan.features.values())


def _base(mission: Mission) -> str:
    base = mission.validation.base
    if base is None:
        return ""
    lines = [
        f"check {c.name} (`{c.command}`): exit {c.exit_code} after {c.duration_s:.0f} s, {_tests(c)}"
        f"{_old(sorted(c.failing)[:20])}{_unsteady(c.flaky)}"
        for c in base.checks
    ]
    lines += [f"{name} passes already and is not a guard" for name in vacuous(mission)]
    lines += [
        f"{r.assertion} on the base: {r.cause}: {r.reason}"
        for r in base.results
        if not r.passed and r.cause != "expectation"
    ]
    return _bullets([*lines, *([f"setup failed: {base.setup_problem}"] if base.setup_problem else [])])


def _tests(check: CheckOutcome) -> str:
    return "single tests not told" if check.cases is None else f"{len(check.cases)} tests"


def _unsteady(flaky: Sequence[str]) -> str:
    return f"; flaky, so it proves nothing: {', '.join(flaky[:20])}" if flaky else ""


def _old(failing: Sequence[str]) -> str:
    return f"; failed already on the base: {', '.join(failing)}" if failing else ""


def _issues(mission: Mission) -> str:
    return "\n".join(
        f"{i.id} [{i.severity}, {i.source}{f', {i.feature}' if i.feature else ''}] {i.summary}"
        f"{f' ({i.file}:{i.line or 1})' if i.file else ''}{_sightings(mission, i)}\n"
        f"{both_ends(i.detail, 2000)}".rstrip()
        for i in mission.issues.open
    )


def _sightings(mission: Mission, issue: Issue) -> str:
    """How often a finding was met, and whether it lies beside the milestone's work."""
    seen = mission.issues.issues[issue.id].seen
    again = f"; seen {len(seen)} times" if len(seen) > 1 else ""
    return again + ("; in code that the milestone did not touch" if outside(mission, issue) else "")


def _convergence(mission: Mission, milestone: str | None) -> list[str]:
    rounds = trend(mission, milestone) if milestone else ()
    return [
        f"round {r.round}: {len(r.new)} new findings, {len(r.repeated)} repeated, {len(r.regressed)} regressed, "
        f"{len(r.gone)} gone"
        for r in rounds
    ]


def _validation(mission: Mission) -> str:
    lines: list[str] = []
    for name in mission.contract.assertions:
        verdict = mission.validation.latest(name)
        if verdict is not None and not mission.holds(name):
            lines.append(f"{name} {mission.assertion_status(name)}: {both_ends(verdict.reason, 1500)}")
    milestone = mission.plan.current_milestone()
    last = mission.validation.last_round(milestone) if milestone else None
    if last is not None and last.scrutiny is not None:
        lines += [
            f"check {c.name}: {'ok' if c.ok else c.blocking(40)}{_old(c.old_failures[:40])}"
            + (f"; flaky {', '.join(c.flaky[:20])}" if c.flaky else "")
            for c in last.scrutiny.comparisons
        ]
    return _bullets([*lines, *_convergence(mission, milestone)])


def for_worker(mission: Mission, assignment: Assignment, skill: str | None, rules: str) -> str:
    """One feature, its assertions, its skill, and what holds for everybody."""
    state = mission.plan.features[assignment.feature or ""]
    feature = state.feature
    answered = [i.issue for i in mission.issues.issues.values() if i.resolution == f"feature {feature.id}"]
    before = [h for h in mission.runs.handoffs if h.feature == feature.id]
    earlier = [h for h in mission.runs.handoffs if h.feature in feature.after][-5:]
    return _join(
        [
            _section("Mission", _goal(mission)),
            _section(f"Your feature: {feature.id} {feature.title}", feature.spec),
            _section("Assertions it must make true", _assertions(mission, feature.fulfills)),
            _section("Issues it must settle", "\n".join(f"{i.id} {i.summary}\n{i.detail}".rstrip() for i in answered)),
            _section("What failed last time", _failures(mission, feature.fulfills)),
            _section("The engineer's rules", rules),
            _section("Constraints for everybody", _bullets(mission.conversation.constraints)),
            _section(f"Your skill: {feature.skill}", skill or ""),
            _section("Services manifest", services_text(mission.plan.services)),
            _section("Fails on the base already", _base_failures(mission)),
            _section("Earlier attempts at this feature", "\n".join(handoff_text(h) for h in before)),
            _section("Handoffs of the features before it", "\n".join(handoff_text(h) for h in earlier)),
        ]
    )


def _failures(mission: Mission, names: Iterable[str]) -> str:
    verdicts = [(n, mission.validation.latest(n)) for n in names]
    return _bullets(f"{n}: {both_ends(v.reason, 2000)}" for n, v in verdicts if v is not None and v.status != "passed")


def _base_failures(mission: Mission) -> str:
    base = mission.validation.base
    return _bullets(
        f"{c.name}: {', '.join(sorted(c.failing)[:50])}" for c in (base.checks if base else ()) if c.failing
    )


def for_reviewer(mission: Mission, assignment: Assignment, diff: str) -> str:
    """The spec, the assertions and the diff; nothing of what the worker thought or said."""
    feature = mission.plan.features[assignment.feature or ""].feature
    return _join(
        [
            _section(f"Feature {feature.id}: {feature.title}", feature.spec),
            _section("Assertions it claims to fulfil", _assertions(mission, feature.fulfills)),
            _section("Fails on the base already", _base_failures(mission) or "nothing"),
            _section("You must answer in `verdicts`", _bullets(assignment.assertions)),
            _section("You must answer in `candidates`", _bullets(f"{c.id} {c.text}" for c in assignment.candidates)),
            _section("Constraints for everybody", _bullets(mission.conversation.constraints)),
            _section("Findings of earlier rounds", _earlier_findings(mission, assignment)),
            _section("Diff", f"```diff\n{both_ends(diff, 60_000)}\n```"),
        ]
    )


def _earlier_findings(mission: Mission, assignment: Assignment) -> str:
    """What validators found before in what this one looks at, with its id, place and fate."""
    known = [mission.issues.issues[name] for name in shown_before(mission, assignment)]
    return _bullets(
        f"{i.issue.id} [{i.issue.severity}]{f' {i.issue.file}:{i.issue.line or 1}' if i.issue.file else ''} "
        f"{i.issue.summary}: {_fate(mission, i)}"
        for i in known
    )


def _fate(mission: Mission, state: IssueState) -> str:
    feature = mission.plan.features.get(state.settled_by or "")
    if feature is not None:
        return f"became {feature.feature.id}, which is {feature.status}"
    return state.resolution or "open"


def for_user_tester(mission: Mission, assignment: Assignment) -> str:
    """What the product should do, never how it was built."""
    milestone = mission.plan.milestones[assignment.milestone or ""].milestone
    context = [n for n in mission.to_prove(milestone.id) if n not in assignment.assertions]
    return _join(
        [
            _section("Mission", _goal(mission)),
            _section(f"Milestone {milestone.id}", milestone.title),
            _section("You must record a verdict for", _assertions(mission, assignment.assertions)),
            _section(
                "Proved by machine already (for orientation)",
                _bullets(f"{n} {mission.contract.assertions[n].title}" for n in context),
            ),
            _section("Findings of earlier rounds", _earlier_findings(mission, assignment)),
            _section("Services manifest", services_text(mission.plan.services)),
            _section("Constraints for everybody", _bullets(mission.conversation.constraints)),
        ]
    )


def for_contract_reviewer(mission: Mission) -> str:
    return _join(
        [
            _section("Goal", _goal(mission)),
            _section("What was said", _conversation(mission)),
            _section("Contract", _assertions(mission, mission.contract.assertions)),
            _section("Plan", _plan(mission)),
            _section("Specs that the workers will be given", _specs(mission)),
            _section("Services manifest", services_text(mission.plan.services)),
            _section("Base", _base(mission)),
        ]
    )


def for_researcher(question: str, paths: Sequence[str]) -> str:
    return _join([_section("Question", question), _section("Begin with", _bullets(paths))])
