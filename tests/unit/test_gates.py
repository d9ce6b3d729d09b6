import pytest

from mission_tui.domain.contract import Amendment
from mission_tui.domain.decision import Answer, Decision
from mission_tui.domain.events import (
    AnyEvent,
    ArtifactsCollected,
    AssertionOverridden,
    ContractAmended,
    ContractDrafted,
    DecisionAnswered,
    DecisionOpened,
    FeatureAdded,
    FeatureCancelled,
    FeatureChanged,
    FeatureCompleted,
    FindingSeen,
    HandoffRecorded,
    IssueDismissed,
    IssueOpened,
    MilestoneSealed,
    MissionAborted,
    MissionCompleted,
    MissionPaused,
    MissionRolledBack,
    PlanApproved,
    PlanDrafted,
    PlanSubmitted,
    ReplayRequested,
    RunStarted,
    ScrutinyRecorded,
    VacuousSigned,
    ValidationConcluded,
    ValidationStarted,
)
from mission_tui.domain.gates import RULES, check
from mission_tui.domain.handoff import Handoff, Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Milestone, Services
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.verdict import CheckComparison
from tests.support.missions import (
    SHA,
    approved,
    assertion,
    built,
    controlled,
    created,
    evidence,
    feature,
    fold_gated,
    handed_off,
    planned,
    proved,
    refusal,
    replayed,
    run_ended,
    validating,
    verdict,
    worker_started,
)


def issue(name: str = "I1") -> IssueOpened:
    return IssueOpened(issue=Issue(id=name, source="handoff", severity="blocking", summary="odd"))


def question() -> DecisionOpened:
    return DecisionOpened(
        decision=Decision(id="D1", kind="request", summary="which?", choices=("left", "right"), default="left")
    )


M1 = Milestone(id="M1", title="One")
DRAFT: list[AnyEvent] = [created(), ContractDrafted(assertions=(assertion("VAL-A-001"),))]
LOGIN = assertion(
    "VAL-A-001",
    by="http",
    evidence=["response"],
    checks=[{"request": "POST /login", "body": {"password": "${APP_PASSWORD}"}, "expect_status": 200}],
)
BROWSER = {
    "by": "browser",
    "evidence": ["screenshot"],
    "checks": [{"goto": "/", "expect_text": "ok"}, {"click": "#go"}],
}


def amended(**changes: object) -> ContractAmended:
    return ContractAmended(amendment=Amendment.model_validate({"reason": "why", **changes}), signed=False)


def written(*assertions: object) -> list[AnyEvent]:
    return [created(), ContractDrafted.model_validate({"assertions": assertions})]


def unchecked(event: ContractDrafted) -> ContractDrafted:
    """The same contract without machine checks: an agent proves it."""
    return ContractDrafted(assertions=tuple(assertion(a.id, guard=a.guard, checks=[]) for a in event.assertions))


def drafted(*features: object, milestones: tuple[Milestone, ...] = (M1,)) -> PlanDrafted:
    return PlanDrafted.model_validate({"milestones": milestones, "features": features})


CONCLUDED = ValidationConcluded(milestone="M1", round=1, passed=True, summary="sure")
VACUOUS = {"assertion": "VAL-A-001", "feature": "F1", "commit": "c0", "outcome": "vacuous"}
AGENT_PROVED: list[AnyEvent] = [
    *(e if not isinstance(e, ContractDrafted) else unchecked(e) for e in validating()),
]
SEALED: list[AnyEvent] = [*proved(), MilestoneSealed(id="M1", head="c1")]

CASES: list[tuple[str, list[AnyEvent], AnyEvent]] = [
    ("creation", [], PlanSubmitted()),
    ("creation", [created()], created()),
    ("ended", [created(), MissionAborted(reason="enough")], MissionPaused(reason="why")),
    ("still_named", proved(), ArtifactsCollected(artifacts=(SHA,), bytes=2)),
    ("paused", [*approved(), MissionPaused(reason="why")], worker_started()),
    ("not_approved", planned(), worker_started()),
    ("one_writer", [*approved(), worker_started()], worker_started("R2", "F1")),
    ("open_issue", [*approved(), issue()], worker_started()),
    ("feature_state", built(), worker_started("R2", "F1")),
    ("feature_state", approved(), worker_started("R1", "F9")),
    ("precondition", approved(), worker_started("R1", "F2")),
    ("duplicate_id", [*approved(), worker_started(), *handed_off()], worker_started("R1", "F2")),
    ("run_state", approved(), run_ended()),
    ("run_state", built(), handed_off()[1]),
    ("second_handoff", [*approved(), worker_started(), *handed_off()[:2]], handed_off()[1]),
    ("duplicate_id", [*approved(), issue()], issue()),
    ("unknown_issue", approved(), IssueDismissed(id="I9", reason="none")),
    (
        "unknown_issue",
        [*approved(), issue(), IssueDismissed(id="I1", reason="no")],
        IssueDismissed(id="I1", reason="no"),
    ),
    (
        "unknown_finding",
        [*approved(), issue()],
        FindingSeen(id="I1", milestone="M1", round=1, severity="blocking", detail="a handoff's issue is no finding"),
    ),
    ("duplicate_id", [*approved(), question()], question()),
    ("unknown_decision", approved(), DecisionAnswered(id="D9", answer=Answer(choice="left"))),
    ("unknown_choice", [*approved(), question()], DecisionAnswered(id="D1", answer=Answer(choice="up"))),
    ("not_submitted", planned()[:3], PlanApproved(contract_version=1, base_commit="c0")),
    ("contract_version", planned(), PlanApproved(contract_version=7, base_commit="c0")),
    ("unknown_checkpoint", approved(), MissionRolledBack(to="M1", reason="bad")),
    ("run_state", [*approved(), worker_started()], MissionRolledBack(to="base", reason="bad")),
    ("proof_procedure", [created()], written(assertion("VAL-A-001", procedure=" "))[1]),
    ("proof_evidence", [created()], written(assertion("VAL-A-001", evidence=[]))[1]),
    ("evidence_kind", [created()], written(assertion("VAL-A-001", evidence=["screenshot"]))[1]),
    (
        "checks_expect",
        [created()],
        written(assertion("VAL-A-001", by="http", evidence=["response"], checks=[{"request": "GET /"}]))[1],
    ),
    ("locator", [created()], written(assertion("VAL-A-001", **BROWSER))[1]),
    (
        "secret",
        [created(seats={"default": SeatSettings(model="m", api_key_env="LOCAL_KEY")})],
        PlanDrafted(services=Services(secrets=("LOCAL_KEY",))),
    ),
    ("secret", approved(), PlanDrafted(run_id="R1", services=Services(secrets=("APP_PASSWORD",)))),
    (
        "secret",
        [*DRAFT[:1], ContractDrafted(assertions=(LOGIN,)), drafted(feature("F1", ("VAL-A-001",)))],
        PlanSubmitted(),
    ),
    ("proof_files", [created()], written(assertion("VAL-A-001", files=["/etc/**"]))[1]),
    ("proof_files", [created()], written(assertion("VAL-A-001", files=["app/../x"]))[1]),
    ("proof_files", [created()], written(assertion("VAL-A-001", files=["app/**.py"]))[1]),
    (
        "proof_files",
        [created()],
        written(assertion("VAL-A-001", by="review", evidence=["diff"], checks=[], files=["app/**"]))[1],
    ),
    ("duplicate_id", [created()], written(assertion("VAL-A-001"), assertion("VAL-A-001"))[1]),
    ("duplicate_id", approved(), amended(add=(assertion("VAL-A-001"),))),
    ("unknown_assertion", approved(), amended(drop=("VAL-Z-001",))),
    ("unknown_assertion", approved(), AssertionOverridden(assertion="VAL-Z-001", reason="fine")),
    ("contract_approved", approved(), ContractDrafted(assertions=(assertion("VAL-C-001"),))),
    ("unsigned_amendment", approved(), amended(change=(assertion("VAL-A-001"),))),
    ("unsigned_amendment", approved(), amended(drop=("VAL-A-001",))),
    ("no_contract", [created(), drafted(feature("F1", enabling="set up"))], PlanSubmitted()),
    ("no_features", DRAFT, PlanSubmitted()),
    ("no_owner", [*DRAFT, drafted(feature("F1", enabling="set up"))], PlanSubmitted()),
    ("two_owners", [*DRAFT, drafted(feature("F1", ("VAL-A-001",)), feature("F2", ("VAL-A-001",)))], PlanSubmitted()),
    ("no_purpose", DRAFT, drafted(feature("F1"))),
    ("unknown_skill", DRAFT, drafted(feature("F1", ("VAL-A-001",), skill="magic"))),
    ("unknown_assertion", DRAFT, drafted(feature("F1", ("VAL-Z-001",)))),
    ("unknown_milestone", DRAFT, drafted(feature("F1", ("VAL-A-001",), "M7"))),
    ("duplicate_id", DRAFT, drafted(feature("F1", ("VAL-A-001",)), feature("F1", enabling="x"))),
    ("duplicate_id", approved(), FeatureAdded(feature=feature("F1", ("VAL-A-001",)), origin="fix")),
    ("unknown_precondition", [*DRAFT, drafted(feature("F1", ("VAL-A-001",), after=("F9",)))], PlanSubmitted()),
    (
        "late_precondition",
        [*DRAFT, drafted(feature("F1", ("VAL-A-001",), after=("F2",)), feature("F2", enabling="x"))],
        PlanSubmitted(),
    ),
    ("late_precondition", approved(), PlanDrafted(order=("M2", "M1"))),
    ("plan_approved", approved(), drafted(feature("F3", enabling="x"), milestones=())),
    ("plan_approved", approved(), PlanSubmitted()),
    ("sealed_milestone", SEALED, FeatureAdded(feature=feature("F3", ("VAL-A-001",)), origin="fix")),
    ("feature_state", built(), FeatureChanged(feature=feature("F1", ("VAL-A-001",)))),
    ("unknown_feature", approved(), FeatureCancelled(id="F9", reason="no")),
    ("no_owner", approved(), FeatureCancelled(id="F1", reason="no")),
    ("feature_state", approved(), FeatureCompleted(id="F1", base="c0", head="c1", commits=("c1",))),
    (
        "no_handoff",
        [*approved(), worker_started()],
        FeatureCompleted(id="F1", base="c0", head="c1", commits=("c1",)),
    ),
    (
        "no_commit",
        [*approved(), worker_started(), *handed_off()[:2]],
        FeatureCompleted(id="F1", base="c0", head="c1", commits=()),
    ),
    (
        "unknown_issue",
        approved(),
        FeatureAdded(feature=feature("F3", ("VAL-A-001",)), origin="fix", resolves=("I9",)),
    ),
    ("missing_evidence", validating(), verdict("VAL-A-001", evidence=evidence("output"))),
    ("unknown_assertion", validating(), verdict("VAL-Z-001")),
    ("old_tree", validating(), verdict("VAL-A-001", tree="t0")),
    (
        "prover",
        [created(), ContractDrafted(assertions=(assertion("VAL-A-001", checks=[]),))],
        verdict("VAL-A-001", tree="t0"),
    ),
    ("prover", AGENT_PROVED, verdict("VAL-A-001")),
    ("prover", [*AGENT_PROVED, replayed("VAL-A-001", round=2)], verdict("VAL-A-001")),
    ("prover", [*AGENT_PROVED, replayed("VAL-A-001", control=VACUOUS)], verdict("VAL-A-001")),
    ("prover", [*AGENT_PROVED, replayed("VAL-A-001", status="failed")], verdict("VAL-A-001")),
    (
        "replay_differs",
        [*AGENT_PROVED, replayed("VAL-A-001", status="failed")],
        verdict("VAL-A-001", prover="agent"),
    ),
    ("unknown_assertion", validating(), replayed("VAL-Z-001")),
    ("unknown_assertion", validating(), controlled("VAL-Z-001")),
    ("unknown_assertion", validating(), VacuousSigned(assertion="VAL-Z-001", reason="fine")),
    ("unknown_assertion", validating(), ReplayRequested(assertion="VAL-Z-001")),
    ("not_replayable", AGENT_PROVED, ReplayRequested(assertion="VAL-A-001")),
    ("flow_kind", validating(), replayed("VAL-A-001", proof=assertion("VAL-A-001", by="http", checks=[]).proof)),
    ("not_this_round", built(), controlled("VAL-A-001")),
    ("unproved", [*validating(), verdict("VAL-A-001"), verdict("VAL-G-001")], CONCLUDED),
    (
        "unproved",
        [*validating(), verdict("VAL-A-001"), verdict("VAL-G-001"), controlled("VAL-A-001", "vacuous")],
        CONCLUDED,
    ),
    ("unfinished_features", approved(), ValidationStarted(milestone="M1", round=1, tree="t0")),
    ("round_open", validating(), ValidationStarted(milestone="M1", round=2, tree="t-c1")),
    ("round_number", built(), ValidationStarted(milestone="M1", round=4, tree="t-c1")),
    ("not_this_round", built(), ScrutinyRecorded(milestone="M1", round=1, checks=(), comparisons=())),
    ("unproved", validating(), ValidationConcluded(milestone="M1", round=1, passed=True, summary="sure")),
    ("unproved", validating(), ValidationConcluded(milestone="M1", round=1, passed=True, summary="x", signed=True)),
    ("not_this_round", built(), ValidationConcluded(milestone="M1", round=1, passed=False, summary="x")),
    ("unknown_milestone", built(), MilestoneSealed(id="M9", head="c1")),
    ("sealed_milestone", SEALED, MilestoneSealed(id="M1", head="c1")),
    ("not_validated", built(), MilestoneSealed(id="M1", head="c1")),
    ("open_issue", [*proved(), issue()], MilestoneSealed(id="M1", head="c1")),
    ("unfinished_features", approved(), MilestoneSealed(id="M1", head="c1")),
    ("unproved", approved(), MilestoneSealed(id="M1", head="c1")),
    ("unsealed", proved(), MissionCompleted(tree="t-c1")),
    ("unproved", SEALED, MissionCompleted(tree="t-c1")),
    ("open_issue", [*SEALED, issue()], MissionCompleted(tree="t-c1")),
]


@pytest.mark.parametrize(("rule", "before", "event"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)])
def test_a_gate_refuses_and_names_the_offender(rule: str, before: list[AnyEvent], event: AnyEvent):
    mission = fold_gated(before)
    violations = [v for v in check(mission, event) if v.rule == rule]
    assert violations
    assert all(v.offender in v.message or v.offender in ("contract", "plan", "demo-1") or v.message for v in violations)


def test_every_gate_has_a_case_that_it_refuses():
    silent = []
    for rule in RULES:
        if not any(list(rule(fold_gated(before), event)) for _, before, event in CASES):
            silent.append(rule.__name__)
    assert silent == []


def test_a_mission_that_does_everything_right_is_never_refused():
    mission = fold_gated(
        [
            *SEALED,
            worker_started("R2", "F2"),
            *handed_off("R2", "F2", "c2"),
            ValidationStarted(milestone="M2", round=1, tree="t-c2"),
            ScrutinyRecorded(milestone="M2", round=1, checks=(), comparisons=()),
            *(verdict(name, tree="t-c2", milestone="M2") for name in ("VAL-A-001", "VAL-B-001", "VAL-G-001")),
            controlled("VAL-B-001", milestone="M2", feature_id="F2"),
            ValidationConcluded(milestone="M2", round=1, passed=True, summary="all hold"),
            MilestoneSealed(id="M2", head="c2"),
            MissionCompleted(tree="t-c2"),
        ]
    )
    assert mission.status == "completed"


def test_a_vacuous_proof_that_the_human_signs_may_pass():
    vacuous = [*validating(), verdict("VAL-A-001"), verdict("VAL-G-001"), controlled("VAL-A-001", "vacuous")]
    assert refusal(vacuous, CONCLUDED) == {"unproved"}
    assert refusal([*vacuous, VacuousSigned(assertion="VAL-A-001", reason="it is the wording")], CONCLUDED) == set()


def test_a_secret_that_the_plan_names_may_be_used_and_the_human_may_add_one():
    named = PlanDrafted(services=Services(secrets=("APP_PASSWORD",)))
    plan = [created(), ContractDrafted(assertions=(LOGIN,)), drafted(feature("F1", ("VAL-A-001",))), named]
    assert refusal(plan, PlanSubmitted()) == set()
    assert refusal(approved(), named.model_copy(update={"command_id": "by-hand"})) == set()


def test_a_replay_that_agrees_makes_a_verdict_mechanical_and_stands_once_it_was_red_without_the_work():
    red = {**VACUOUS, "outcome": "red", "cause": "expectation"}
    unclear = {**VACUOUS, "outcome": "inconclusive", "cause": "locator"}
    assert refusal([*AGENT_PROVED, replayed("VAL-A-001", control=unclear)], verdict("VAL-A-001")) == set()
    assert not fold_gated([*AGENT_PROVED, replayed("VAL-A-001", control=unclear)]).mechanical("VAL-A-001")
    standing = fold_gated([*AGENT_PROVED, replayed("VAL-A-001", control=red)])
    assert standing.mechanical("VAL-A-001")
    assert standing.provable("VAL-A-001").proof.checks


def test_a_seal_without_the_repositorys_own_checks_passing_is_refused():
    red = CheckComparison(name="tests", ok=False, new_failures=("test_a",))
    events = [
        *built(),
        ValidationStarted(milestone="M1", round=1, tree="t-c1"),
        ScrutinyRecorded(milestone="M1", round=1, checks=(), comparisons=(red,)),
        verdict("VAL-A-001"),
        verdict("VAL-G-001"),
    ]
    event = ValidationConcluded(milestone="M1", round=1, passed=True, summary="all hold")
    assert refusal(events, event) == {"unproved"}


def test_a_partial_handoff_does_not_complete_a_feature():
    partial = HandoffRecorded(
        run_id="R1",
        feature="F1",
        attempt=1,
        handoff=Handoff(summary="cut"),
        claims=(),
        base="c0",
        head="c1",
        partial=True,
    )
    event = FeatureCompleted(id="F1", base="c0", head="c1", commits=("c1",))
    assert refusal([*approved(), worker_started(), partial], event) == {"no_handoff"}


def test_researchers_and_reviewers_may_run_beside_each_other():
    reviewer = RunStarted(run_id="R2", role="reviewer", model="m", feature="F1", milestone="M1", base="c1")
    assert check(fold_gated([*validating(), reviewer]), reviewer.model_copy(update={"run_id": "R3"})) == []


def test_an_empty_mission_takes_only_its_creation():
    assert [v.rule for v in check(Mission(), run_ended())] == ["creation", "run_state"]
