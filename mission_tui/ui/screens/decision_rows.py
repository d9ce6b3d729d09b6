"""What the human should see before answering a decision, as lines."""

from collections import Counter
from collections.abc import Iterator

from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.decision import Decision
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.validation import RoundState
from mission_tui.ui.estimate import runs_ahead
from mission_tui.ui.look import ASSERTION, Line, Tone
from mission_tui.ui.text import clean, cut, one_line, padded, wrapped
from mission_tui.ui.widgets.lines import Painted

NOT_TRIED = ("setup", "missing_tool", "build", "app")
"""Causes that say nothing of the product: the proof itself could not be carried out."""


def detail_rows(mission: Mission, decision: Decision, width: int, estimated: str = "") -> list[Painted]:
    """Lines of at most `width` cells; empty where the summary says it all."""
    match decision.kind:
        case "approve_plan":
            return list(_plan(mission, width, estimated))
        case "review_milestone":
            return list(_review(mission, decision.subject or "", width))
        case "sign_amendment":
            return list(_amendment(mission, Amendment.model_validate(decision.payload), width))
        case "round_cap":
            return list(_unproved(mission, (decision.subject or "").partition("#")[0], width))
        case _:
            return []


def _row(*line: tuple[str, Tone]) -> Painted:
    return Painted("", *line)


def _heading(text: str) -> Iterator[Painted]:
    yield _row((text, "strong"))


def _body(text: str, width: int, tone: Tone = "plain", indent: int = 2, most: int = 8) -> Iterator[Painted]:
    for part in wrapped(clean(text), width - indent, most):
        yield _row((" " * indent + part, tone))


def _plan(mission: Mission, width: int, estimated: str) -> Iterator[Painted]:
    facts = _plan_facts(mission)
    for name, text in (*facts, ("estimate", estimated)) if estimated else facts:
        for place, part in enumerate(wrapped(text, width - 13, 4)):
            yield _row((f"{name if place == 0 else '':<12} ", "faint"), (part, "plain"))
    from mission_tui.domain.control import base_problems  # the gates behind it cost the first paint 25 ms

    problems = base_problems(mission)
    if problems:
        yield _row()
        yield _row(("The proof of the untouched base found", "wait"))
        for problem in problems:
            yield from _body(f"▲ {problem}", width)
    yield from _not_here(mission, width)
    yield from _by_judgement(mission, width)
    yield from _contract(mission, width)


def _not_here(mission: Mission, width: int) -> Iterator[Painted]:
    """Proofs that could not even be tried on the base: a missing tool, a broken setup, an app that does not start."""
    base = mission.validation.base
    live = mission.contract.assertions
    untried = [r for r in base.results if r.cause in NOT_TRIED and r.assertion in live] if base else []
    if not untried:
        return
    yield _row()
    yield _row(("Cannot be validated here as things are", "wait"))
    for result in untried:
        cause = (result.cause or "").replace("_", " ")
        yield from _body(f"▲ {result.assertion} {cause}: {result.reason}", width, most=3)


def _by_judgement(mission: Mission, width: int) -> Iterator[Painted]:
    """What no check of the engine's can show: somebody's word is all there will be."""
    judged = [a for a in mission.contract.assertions.values() if not a.mechanical]
    if not judged:
        return
    yield _row()
    yield _row(("Judged, not proved by machine (*)", "strong"))
    for assertion in judged:
        who = "a reviewer reads the diff" if assertion.proof.by == "review" else "a validator uses the product"
        text = f"{assertion.id} {who}: {one_line(assertion.title)}"
        yield _row(("  * ", "odd"), (cut(text, width - 4), "plain"))


def _red_first(mission: Mission) -> str:
    """What the machine proofs said of the untouched base: those that fail there show something when they pass."""
    base = mission.validation.base
    if base is None:
        return "the untouched base was not proved yet"
    live = mission.contract.assertions
    results = [r for r in base.results if r.assertion in live]
    new = [r for r in results if not live[r.assertion].guard]
    red = sum(1 for r in new if not r.passed and r.cause not in NOT_TRIED)
    empty = sum(1 for r in new if r.passed)
    holding = sum(1 for r in results if live[r.assertion].guard and r.passed)
    untried = sum(1 for r in results if r.cause in NOT_TRIED)
    words = [f"{red} of {len(new)} fail on the untouched base, as they must"]
    words += [f"{holding} guards hold" if holding != 1 else "1 guard holds"]
    words += [f"▲ {empty} pass already" if empty > 1 else "▲ 1 passes already"] if empty else []
    words += [f"▲ {untried} could not be tried"] if untried else []
    return " · ".join(words)


def _plan_facts(mission: Mission) -> tuple[tuple[str, str], ...]:
    contract, plan, caps = mission.contract.assertions, mission.plan, mission.limits
    kinds = Counter(a.proof.by for a in contract.values())
    machine = sum(1 for a in contract.values() if a.mechanical)
    guards = sum(1 for a in contract.values() if a.guard)
    runs, most = runs_ahead(mission)
    share = 100 * machine // max(1, len(contract))
    proofs = " · ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    money = "no money cap" if caps.usd is None else f"at most ${caps.usd:g}"
    return (
        ("goal", one_line(mission.created.goal if mission.created else "")),
        ("contract", f"{len(contract)} assertions, {guards} of them guards: {proofs}"),
        (
            "by machine",
            f"{machine} of {len(contract)} ({share}%); the others (*) are judged by a validator",
        ),
        ("red first", _red_first(mission)),
        (
            "work",
            f"{len(plan.features)} features in {len(plan.milestones)} milestones, about {runs} to {most} runs",
        ),
        ("caps", f"{money}, {_cap(caps.tokens, 'tokens')}, {_cap(caps.hours, 'hours')}"),
    )


def _contract(mission: Mission, width: int) -> Iterator[Painted]:
    contract, plan = mission.contract.assertions, mission.plan
    owners = plan.owners
    owned: dict[str, list[Assertion]] = {}
    for assertion in contract.values():
        owned.setdefault(owners.get(assertion.id, ""), []).append(assertion)
    for name, state in plan.milestones.items():
        yield _row()
        yield _row((f"{name} ", "strong"), (cut(one_line(state.milestone.title), width - len(name) - 1), "strong"))
        for feature in plan.in_milestone(name):
            yield _row((f"  {feature.feature.id} ", "key"), (cut(one_line(feature.feature.title), width - 12), "plain"))
            for assertion in owned.get(feature.feature.id, ()):
                yield _row(*_claim(assertion, width))
    if owned.get(""):
        yield _row()
        yield from _heading("Guards: what works already and must go on working")
        for assertion in owned[""]:
            yield _row(*_claim(assertion, width))


def _cap(value: float | None, unit: str) -> str:
    return f"no cap on {unit}" if value is None else f"{value:,g} {unit}" if value < 1e6 else f"{value / 1e6:g}M {unit}"


def _claim(assertion: Assertion, width: int) -> Line:
    proof = assertion.proof.by + ("" if assertion.mechanical else "*")
    room = width - 4 - 17 - 10
    return (
        ("    ", "plain"),
        (padded(assertion.id, 16) + " ", "code"),
        (padded(one_line(assertion.title), room), "plain"),
        (proof.rjust(10), "faint"),
    )


def _review(mission: Mission, milestone: str, width: int) -> Iterator[Painted]:
    names = mission.to_prove(milestone)
    yield from _heading(f"{len(names)} assertions")
    for name in names:
        yield from _verdict(mission, name, width)
    for one in mission.validation.rounds.get(milestone, ()):
        yield _row()
        yield from _round(one, width)
    handoffs = [h for h in mission.runs.handoffs if _in(mission, h.feature, milestone)]
    yield _row()
    yield from _heading(f"{len(handoffs)} handoffs")
    for handoff in handoffs:
        wrong = sum(1 for claim in handoff.claims if claim.contradicted)
        mark: tuple[str, Tone] = (f" ✖ {wrong} contradicted", "bad") if wrong else ("", "plain")
        room = width - 4 - len(handoff.feature) - len(mark[0])
        yield _row((f"  {handoff.feature} ", "key"), (cut(one_line(handoff.handoff.summary), room), "plain"), mark)


def _in(mission: Mission, feature: str, milestone: str) -> bool:
    state = mission.plan.features.get(feature)
    return state is not None and state.feature.milestone == milestone


def _verdict(mission: Mission, name: str, width: int) -> Iterator[Painted]:
    look = ASSERTION[mission.assertion_status(name)]
    assertion = mission.contract.assertions[name]
    verdict = mission.validation.latest(name)
    files = f"{len(verdict.evidence)}▤" if verdict else ""
    room = width - 2 - 17 - 10 - 9 - 4
    yield _row(
        (f"{look.glyph} ", look.tone),
        (padded(name, 16) + " ", "code"),
        (padded(one_line(assertion.title), room), "plain"),
        (f" {assertion.proof.by:<9}", "faint"),
        (f" {look.word:<8}", look.tone),
        (files.rjust(4), "faint"),
    )
    if verdict is not None and not mission.holds(name):
        yield from _body(verdict.reason, width, "faint", 4, 3)


def _round(one: RoundState, width: int) -> Iterator[Painted]:
    outcome = "under way" if one.concluded is None else "passed" if one.concluded.passed else "did not pass"
    yield from _heading(f"Round {one.round} {outcome}")
    if one.concluded is not None and not one.concluded.passed:
        yield from _body(one.concluded.summary, width, "faint", 2, 4)
    for check in one.scrutiny.comparisons if one.scrutiny else ():
        mark: tuple[str, Tone] = ("✔ ", "good") if check.ok else ("✖ ", "bad")
        words = [f"{len(check.new_failures)} new failures" if check.new_failures else ""]
        words += [f"{len(check.old_failures)} failed before too" if check.old_failures else ""]
        words += [f"{len(check.unkept)} promised but not fixed" if check.unkept else ""]
        words += [f"{len(check.flaky)} flaky" if check.flaky else ""]
        words += [f"{len(check.fixed)} fixed" if check.fixed else ""]
        yield _row(
            ("  ", "plain"), mark, (f"{one_line(check.name)}  ", "plain"), (", ".join(filter(None, words)), "faint")
        )
    reports = [*((r.feature, r.findings) for r in one.reviews)]
    reports += [("use", one.user_testing.findings)] if one.user_testing else []
    for source, findings in reports:
        for finding in findings:
            tone: Tone = "bad" if finding.severity == "blocking" else "plain"
            again = f" (again {finding.same_as})" if finding.same_as else ""
            text = f"{finding.severity.replace('_', ' ')}: {one_line(finding.title)}{again}"
            yield _row((f"  {source} ", "key"), (cut(text, width - 3 - len(source)), tone))


def _unproved(mission: Mission, milestone: str, width: int) -> Iterator[Painted]:
    if milestone not in mission.plan.milestones:
        return
    yield from _heading("What does not hold")
    for name in mission.to_prove(milestone):
        if not mission.holds(name):
            yield from _verdict(mission, name, width)


def _amendment(mission: Mission, amendment: Amendment, width: int) -> Iterator[Painted]:
    yield from _body(amendment.reason, width, indent=0)
    for assertion in amendment.add:
        yield _row((f"add {assertion.id}", "added"))
        yield from _body(assertion.statement, width, "added")
    for assertion in amendment.change:
        yield _row((f"change {assertion.id}", "strong"))
        old = mission.contract.assertions.get(assertion.id)
        if old is not None and old.statement != assertion.statement:
            yield from _body(f"- {old.statement}", width, "removed")
        yield from _body(f"+ {assertion.statement}", width, "added")
        if old is not None and old.proof != assertion.proof:
            yield from _body(f"- proof: {old.proof.model_dump_json(exclude_defaults=True)}", width, "removed")
            yield from _body(f"+ proof: {assertion.proof.model_dump_json(exclude_defaults=True)}", width, "added")
    for name in amendment.drop:
        yield _row((f"drop {name}", "removed"))
        old = mission.contract.assertions.get(name)
        yield from _body(old.statement if old else "", width, "removed")
