"""Validation of a milestone, stage by stage; every stage is read from the state, so any of them may be interrupted."""

import hashlib
from collections.abc import Sequence
from typing import assert_never

from pydantic import BaseModel

from mission_tui.domain import next as n
from mission_tui.domain.contract import Assertion
from mission_tui.domain.control import base_problems, red_cause
from mission_tui.domain.events import (
    AnyEvent,
    BaseProved,
    IssueOpened,
    RunStarted,
    ScrutinyRecorded,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.promises import promised_fixes
from mission_tui.domain.verdict import BaseResult, CheckComparison, Verdict, compare_check
from mission_tui.engine.agents import Agents
from mission_tui.engine.control import NegativeControl
from mission_tui.engine.desk import Desk
from mission_tui.engine.giving_up import gave_up
from mission_tui.engine.proving import Proving
from mission_tui.engine.together import all_of
from mission_tui.engine.workshop import store_evidence
from mission_tui.proof.results import ProofResult

ValidationAction = n.StartRound | n.Scrutinise | n.Review | n.Prove | n.Control | n.UserTest | n.Conclude


class Validation:
    def __init__(self, desk: Desk, agents: Agents) -> None:
        self.desk = desk
        self.agents = agents
        self.proving = Proving(desk)
        self.control = NegativeControl(desk, self.proving)

    async def perform(self, action: ValidationAction) -> None:
        match action:
            case n.StartRound():
                self._start_round(action)
            case n.Scrutinise():
                await self._scrutinise(action.milestone)
            case n.Review():
                await self._review(action)
            case n.Prove():
                await self._prove(action)
            case n.Control():
                await self.control.run(action)
            case n.UserTest():
                await self._user_test(action)
            case n.Conclude():
                self._conclude(action)
            case _:
                assert_never(action)

    # The base

    async def prove_base(self) -> None:
        """Checks and mechanical proofs on the untouched base; an interviewed plan's problems go to its author first."""
        mission = self.desk.mission
        created = mission.created
        commit = created.base_commit if created else mission.head
        problem = await self.proving.prepare(commit)
        services = digest(mission.plan.services)
        if problem is not None:
            self._record_base(_unproved_base(mission, problem, services))
            return
        before = mission.validation.base
        if before is None or before.services != services or before.setup_problem is not None:
            before = None
        checks = before.checks if before else tuple(await self.proving.run_checks_twice(commit))
        results = await self._base_results(commit, {r.proof: r for r in before.results} if before else {})
        self._record_base(
            BaseProved(contract_version=mission.contract.version, checks=checks, results=results, services=services)
        )

    async def _base_results(self, commit: str, known: dict[str, BaseResult]) -> tuple[BaseResult, ...]:
        """A proof that was carried out on the base before is not carried out again."""
        mechanical = [a for a in self.desk.mission.contract.assertions.values() if a.mechanical]
        fresh = tuple(a for a in mechanical if digest(a.proof) not in known)
        results = {r.assertion.id: r for r in await self.proving.prove(fresh, commit, "base")}
        return tuple(
            _base_result(a, results[a.id])
            if a.id in results
            else known[digest(a.proof)].model_copy(update={"assertion": a.id})
            for a in mechanical
        )

    def _record_base(self, event: BaseProved) -> None:
        self.desk.append(event)
        created = self.desk.mission.created
        if created is not None and created.interviewed and not self.desk.mission.plan.approved:
            self.desk.append(*self._base_issues())

    def _base_issues(self) -> Sequence[AnyEvent]:
        """Each problem is put to the orchestrator once; what it leaves standing is shown at approval."""
        known = {i.issue.summary for i in self.desk.mission.issues.issues.values()}
        problems = [p for p in base_problems(self.desk.mission) if p not in known]
        first = len(self.desk.mission.issues.issues) + 1
        return [
            IssueOpened(issue=Issue(id=f"I{first + k}", source="validation", severity="blocking", summary=p))
            for k, p in enumerate(problems)
        ]

    # Rounds

    def _start_round(self, action: n.StartRound) -> None:
        mission = self.desk.mission
        self.desk.append(
            ValidationStarted(milestone=action.milestone, round=action.round, tree=mission.tree, basis=mission.basis)
        )

    async def _scrutinise(self, milestone: str) -> None:
        """The repository's own checks beside their baseline; new failures open issues."""
        mission = self.desk.mission
        number = mission.validation.rounds[milestone][-1].round
        problem = await self.proving.prepare(mission.head)
        if problem is None:
            outcomes = tuple(await self.proving.run_checks(mission.head))
            promised = promised_fixes(mission)
            comparisons = tuple(compare_check(mission.validation.baseline_check(o.name), o, promised) for o in outcomes)
        else:
            outcomes = ()
            comparisons = (CheckComparison(name="setup", ok=False, new_failures=(problem,)),)
        recorded = ScrutinyRecorded(milestone=milestone, round=number, checks=outcomes, comparisons=comparisons)
        first = len(mission.issues.issues) + 1
        bad = [c for c in comparisons if not c.ok]
        issues = [_regression(c, f"I{first + k}", milestone, number) for k, c in enumerate(bad)]
        self.desk.append(recorded, *issues)

    async def _review(self, action: n.Review) -> None:
        """One reviewer with a clean context per feature, beside each other."""
        asked = [f for f in action.features if not gave_up(self.desk, "reviewer", f, action.milestone)]
        await all_of(self._review_feature(action.milestone, feature) for feature in asked)

    async def _review_feature(self, milestone: str, feature: str) -> None:
        def started(mission: Mission, run_id: str) -> RunStarted:
            own = mission.plan.owners
            asked = tuple(
                name
                for name in mission.to_prove(milestone)
                if own.get(name) == feature
                and mission.contract.assertions[name].proof.by == "review"
                and not mission.holds(name)
            )
            return RunStarted(
                run_id=run_id,
                role="reviewer",
                model=self.desk.seat("reviewer").model,
                feature=feature,
                milestone=milestone,
                base=mission.head,
                purpose=f"review {feature}",
                assertions=asked,
            )

        await self.agents.start("reviewer", started)

    async def _prove(self, action: n.Prove) -> None:
        """Mechanical proofs; each verdict is stored as soon as it is known.

        What declares its files, and passed, is first proved on nothing but those. The end of the plan proves all of
        it anyway, so nothing would be gained there.
        """
        mission = self.desk.mission
        number = mission.validation.rounds[action.milestone][-1].round
        assertions = tuple(mission.provable(name) for name in action.assertions)
        problem = await self.proving.prepare(mission.head)
        if problem is not None:
            self.desk.append(*(self._blocked(a, action.milestone, number, problem) for a in assertions))
            return

        at_the_end = mission.plan.last_milestone() == action.milestone
        declared: list[VerdictRecorded] = []

        def record(result: ProofResult) -> None:
            recorded = self._verdict(result, action.milestone, number)
            if result.status == "passed" and result.assertion.proof.files and not at_the_end:
                declared.append(recorded)
            else:
                self.desk.append(recorded)

        label = f"{action.milestone}-{number}"
        await self.proving.prove_for_sure(assertions, mission.head, label, record)
        by_id = {a.id: a for a in assertions}
        again = [by_id[one.verdict.assertion] for one in declared]
        seen = {r.assertion.id: r for r in await self.proving.prove_on_declared_files(again, mission.head, label)}
        self.desk.append(*(_narrowed(one, seen[one.verdict.assertion]) for one in declared))

    def _verdict(self, result: ProofResult, milestone: str, number: int) -> VerdictRecorded:
        kept = tuple(store_evidence(self.desk, raw, f"E{k}") for k, raw in enumerate(result.evidence, 1))
        verdict = Verdict(
            assertion=result.assertion.id,
            status=result.status,
            reason=result.reason,
            evidence=kept,
            prover="mechanical",
            cause=result.cause,
            tree=self.desk.mission.tree,
            milestone=milestone,
            round=number,
        )
        return VerdictRecorded(verdict=verdict)

    def _blocked(self, assertion: Assertion, milestone: str, number: int, problem: str) -> VerdictRecorded:
        return VerdictRecorded(
            verdict=Verdict(
                assertion=assertion.id,
                status="blocked",
                reason=problem,
                prover="mechanical",
                cause="setup",
                tree=self.desk.mission.tree,
                milestone=milestone,
                round=number,
            )
        )

    async def _user_test(self, action: n.UserTest) -> None:
        def started(mission: Mission, run_id: str) -> RunStarted:
            return RunStarted(
                run_id=run_id,
                role="user_tester",
                model=self.desk.seat("user_tester").model,
                milestone=action.milestone,
                base=mission.head,
                purpose=f"use {action.milestone} as a person would",
                assertions=action.assertions,
            )

        if not gave_up(self.desk, "user_tester", milestone=action.milestone):
            await self.agents.start("user_tester", started)

    def _conclude(self, action: n.Conclude) -> None:
        number = self.desk.mission.validation.rounds[action.milestone][-1].round
        self.desk.append(
            ValidationConcluded(
                milestone=action.milestone,
                round=number,
                passed=action.passed,
                summary=action.summary[:2000],
                signed=action.signed,
            )
        )


def digest(value: BaseModel) -> str:
    """Tells two proofs or manifests apart."""
    return hashlib.sha256(value.model_dump_json().encode()).hexdigest()[:16]


def _unproved_base(mission: Mission, problem: str, services: str) -> BaseProved:
    version = mission.contract.version
    return BaseProved(contract_version=version, checks=(), results=(), setup_problem=problem, services=services)


def _base_result(assertion: Assertion, result: ProofResult) -> BaseResult:
    return BaseResult(
        assertion=assertion.id,
        passed=result.status == "passed",
        cause=red_cause(result.cause, result.reason),
        reason=result.reason[:2000],
        proof=digest(assertion.proof),
    )


def _narrowed(recorded: VerdictRecorded, alone: ProofResult) -> VerdictRecorded:
    """A pass that depends on its declared files only, if the proof also passed where nothing else was."""
    files = alone.assertion.proof.files
    if alone.status == "passed":
        changes: dict[str, object] = {"globs": files}
    else:
        said = f"on {', '.join(files)} alone it is {alone.status}: {alone.reason[:500]}"
        words = f"{recorded.verdict.reason}. Any later commit makes it stale, since its `files` do not suffice: {said}"
        changes = {"reason": words}
    return recorded.model_copy(update={"verdict": recorded.verdict.model_copy(update=changes)})


def _regression(comparison: CheckComparison, issue_id: str, milestone: str, number: int) -> IssueOpened:
    return IssueOpened(
        issue=Issue(
            id=issue_id,
            source="regression",
            severity="blocking",
            summary=f"check {comparison.name} {comparison.blocking()}",
            milestone=milestone,
            rounds=(number,),
        )
    )
