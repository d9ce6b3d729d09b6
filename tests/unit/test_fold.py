from hypothesis import given, settings
from hypothesis import strategies as st

from mission_tui.domain.budget import Spend
from mission_tui.domain.contract import Amendment
from mission_tui.domain.events import (
    AnyEvent,
    AssertionOverridden,
    CommitRecorded,
    ContractAmended,
    ContractDrafted,
    FeatureAdded,
    FeatureCancelled,
    FindingSeen,
    IssueDismissed,
    IssueOpened,
    MilestoneAdded,
    MilestoneSealed,
    MissionCompleted,
    MissionPaused,
    MissionResumed,
    MissionRolledBack,
    PlanDrafted,
    Recorded,
    ReplayRecorded,
    ReplayRequested,
    ScrutinyRecorded,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
    event_from,
)
from mission_tui.domain.gates import check
from mission_tui.domain.gates.validation import unproved
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission, fold
from mission_tui.domain.next import Complete, Stop, Wait, next_action
from mission_tui.domain.plan import App, Milestone, Services
from mission_tui.domain.upkeep import dropped_runs, living_evidence
from mission_tui.store.status import status_json
from tests.support.missions import (
    approved,
    assertion,
    feature,
    fold_gated,
    handed_off,
    proved,
    refusal,
    run_ended,
    verdict,
    worker_started,
)

NAMES = st.sampled_from(["VAL-A-001", "VAL-B-001", "VAL-G-001", "VAL-Z-009"])
FEATURES = st.sampled_from(["F1", "F2", "F3"])
MILESTONES = st.sampled_from(["M1", "M2"])
RUNS = st.sampled_from(["R1", "R2", "R3", "R4"])
COMMITS = st.sampled_from(["c1", "c2", "c3"])
STATUSES = st.sampled_from(["passed", "failed", "blocked", "inconclusive"])
OUTCOMES = st.sampled_from(["finished", "partial", "failed"])
ROUNDS = st.integers(1, 3)


def moves() -> st.SearchStrategy[list[AnyEvent]]:
    """Groups of events that belong together, sensible or not."""
    one = st.one_of(
        st.builds(lambda r, f: [worker_started(r, f)], RUNS, FEATURES),
        st.builds(lambda r, f, c, n: handed_off(r, f, c, n), RUNS, FEATURES, COMMITS, ROUNDS),
        st.builds(lambda r, o: [run_ended(r).model_copy(update={"outcome": o})], RUNS, OUTCOMES),
        st.builds(
            lambda a, s, c, m, r: [verdict(a, s, tree=f"t-{c}", milestone=m, round=r)],
            NAMES, STATUSES, COMMITS, MILESTONES, ROUNDS,
        ),
        st.builds(
            lambda m, r, c: [ValidationStarted(milestone=m, round=r, tree=f"t-{c}")], MILESTONES, ROUNDS, COMMITS
        ),
        st.builds(
            lambda m, r: [ScrutinyRecorded(milestone=m, round=r, checks=(), comparisons=())], MILESTONES, ROUNDS
        ),
        st.builds(
            lambda m, r, p: [ValidationConcluded(milestone=m, round=r, passed=p, summary="so")],
            MILESTONES, ROUNDS, st.booleans(),
        ),
        st.builds(lambda m: [MilestoneSealed(id=m, head="c1")], MILESTONES),
        st.builds(lambda a: [AssertionOverridden(assertion=a, reason="fine")], NAMES),
        st.builds(lambda m: [MissionRolledBack(to=m, reason="bad")], st.sampled_from(["base", "M1", "M2"])),
        st.builds(
            lambda c, p: [CommitRecorded(commit=c, tree=f"t-{c}", paths=(p,), reason="skill")],
            COMMITS, st.sampled_from(["a.py", ".agents/x", "b.py"]),
        ),
        st.builds(
            lambda i: [IssueOpened(issue=Issue(id=i, source="handoff", severity="blocking", summary="odd"))],
            st.sampled_from(["I1", "I2"]),
        ),
        st.builds(lambda i: [IssueDismissed(id=i, reason="no")], st.sampled_from(["I1", "I2"])),
        st.builds(
            lambda i: [IssueOpened(issue=Issue(id=i, source="finding", severity="suggestion", summary="odd"))],
            st.sampled_from(["I3", "I4"]),
        ),
        st.builds(
            lambda i, m, r: [FindingSeen(id=i, milestone=m, round=r, severity="blocking", detail="again")],
            st.sampled_from(["I2", "I3", "I4"]), MILESTONES, ROUNDS,
        ),
        st.builds(
            lambda f, a, m: [FeatureAdded(feature=feature(f, (a,), m), origin="fix")], FEATURES, NAMES, MILESTONES
        ),
        st.builds(lambda f: [FeatureCancelled(id=f, reason="no")], FEATURES),
        st.sampled_from([[MissionPaused(reason="why")], [MissionResumed()], [MissionCompleted(tree="t-c1")]]),
    )  # fmt: skip
    return st.lists(one, max_size=25).map(lambda groups: [event for group in groups for event in group])


def seen(event: AnyEvent, number: int) -> AnyEvent:
    """A verdict with evidence of its own."""
    if not isinstance(event, VerdictRecorded):
        return event
    evidence = [e.model_copy(update={"artifact": f"{number:064x}"}) for e in event.verdict.evidence]
    return VerdictRecorded(verdict=event.verdict.model_copy(update={"evidence": tuple(evidence)}))


def accepted(events: list[AnyEvent]) -> tuple[Mission, list[AnyEvent]]:
    mission, taken = fold_gated(approved()), approved()
    for event in events:
        if not check(mission, event):
            mission = mission.apply(event)
            taken.append(event)
    return mission, taken


@settings(max_examples=150, deadline=None)
@given(moves())
def test_whatever_the_gates_let_through_keeps_the_missions_promises(events: list[AnyEvent]):
    mission, taken = accepted(events)
    writers = [r for r in mission.runs.active if mission.runs.runs[r].started.role == "worker"]
    assert len(writers) <= 1
    for name, history in mission.validation.verdicts.items():
        declared = set(mission.contract.assertions[name].proof.evidence)
        assert all(v.status != "passed" or declared <= {e.kind for e in v.evidence} for v in history)
    for state in mission.plan.features.values():
        if state.status == "completed":
            assert any(h.feature == state.feature.id and not h.partial for h in mission.runs.handoffs)
            assert state.commits
    if mission.ended == "completed":
        assert all(mission.holds(a) for a in mission.contract.assertions)
        assert all(m.sealed for m in mission.plan.milestones.values())
        assert not mission.issues.open
    assert mission.seq == len(taken)
    assert sum(mission.counts().values()) == len(mission.contract.assertions)


@settings(max_examples=100, deadline=None)
@given(moves())
def test_the_stored_form_of_a_ledger_folds_to_the_same_state(events: list[AnyEvent]):
    mission, taken = accepted(events)
    stored = [event_from(e.kind, e.run_id, e.model_dump(mode="json", exclude={"kind", "run_id"})) for e in taken]
    assert fold(stored) == mission
    wire = [Recorded(seq=i, at=1.5, event=e).model_dump_json() for i, e in enumerate(taken, 1)]
    assert fold(Recorded.model_validate_json(w).event for w in wire) == mission


@settings(max_examples=100, deadline=None)
@given(moves())
def test_what_a_rollback_could_bring_back_is_never_taken_for_dropped(events: list[AnyEvent]):
    mission, _ = accepted([seen(one, n) for n, one in enumerate(events)])
    living, dropped = living_evidence(mission), dropped_runs(mission)
    for point in mission.checkpoints:
        back = MissionRolledBack(to=point, reason="bad")
        if not check(mission, back):
            assert living_evidence(mission.apply(back)) <= living
            assert dropped_runs(mission.apply(back)) >= dropped


@settings(max_examples=150, deadline=None)
@given(moves())
def test_something_always_comes_next_and_never_completes_too_early(events: list[AnyEvent]):
    mission, _ = accepted(events)
    action = next_action(mission)
    if isinstance(action, Complete):
        assert not check(mission, MissionCompleted(tree=mission.tree))
    if mission.ended:
        assert isinstance(action, Stop)
    if mission.paused and not mission.ended:
        assert isinstance(action, Wait)


def test_a_stored_contract_is_read_back_as_it_was_written_for_every_kind_of_proof():
    checks = {
        "command": [{"run": "true"}, {"expect_file": "out", "within_s": 2}],
        "http": [
            {"request": "POST /x", "body": {"a": 1}, "expect_status": 201, "expect_header": {"content-length": 5}}
        ],
        "browser": [
            {"goto": "/"},
            {"fill": {"target": {"label": "Name"}, "value": "x"}, "expect_visible": {"text": "x"}},
        ],
        "terminal": [{"spawn": "x", "size": [80, 24]}, {"press": "Enter", "expect_screen": "ok"}],
        "review": [],
    }
    written = [
        assertion(f"VAL-K-00{i}", by=by, evidence=[], checks=steps) for i, (by, steps) in enumerate(checks.items())
    ]
    event = ContractDrafted(assertions=tuple(written))
    assert event_from(event.kind, None, event.model_dump(mode="json", exclude={"kind", "run_id"})) == event
    assert [a.model_dump(mode="json")["proof"]["checks"] for a in written][1][0]["request"] == "POST /x"
    stored = event_from(event.kind, None, event.model_dump(mode="json", exclude={"kind", "run_id"}))
    assert isinstance(stored, ContractDrafted)
    for assertions in (written, stored.assertions):
        browser = assertions[2].model_dump(mode="json")["proof"]["checks"]
        assert browser == checks["browser"], "as it was written, also when it comes from the ledger"


def test_a_rollback_restores_code_contract_verdicts_and_plan_together():
    before = fold_gated([*proved(), MilestoneSealed(id="M1", head="c1")])
    later = [worker_started("R2", "F2"), *handed_off("R2", "F2", "c2")]
    mission = before
    for event in later:
        mission = mission.apply(event)
    assert mission.assertion_status("VAL-A-001") == "stale"
    back = mission.apply(MissionRolledBack(to="M1", reason="wrong way"))
    assert (back.head, back.tree, back.plan) == (before.head, before.tree, before.plan)
    assert back.assertion_status("VAL-A-001") == "passed"
    assert back.milestone_status("M2") == "rolled_back"
    assert back.plan.features["F2"].status == "pending"


def test_sealing_proves_again_what_the_engine_can_prove_of_sealed_milestones():
    events = [*proved(), MilestoneSealed(id="M1", head="c1"), MilestoneAdded(milestone=Milestone(id="M3", title="3"))]
    broken = CommitRecorded(commit="c2", tree="t-c2", paths=("a.py",), reason="handoff")
    mission = fold_gated([*events, broken])
    assert mission.to_prove("M2") == ("VAL-A-001", "VAL-B-001", "VAL-G-001")
    assert "VAL-A-001" not in mission.own("M2")
    assert mission.assertion_status("VAL-A-001") == "stale"


def test_a_pass_does_not_survive_a_replay_that_fails():
    seen = ReplayRecorded(assertion="VAL-A-001", status="failed", cause="expectation", reason="no", tree="t-c1")
    mission = fold_gated([*proved(), ReplayRequested(assertion="VAL-A-001"), seen])
    assert mission.assertion_status("VAL-A-001") == "stale"
    assert refusal([*proved(), seen], MilestoneSealed(id="M1", head="c1")) == {"unproved"}
    unseen = seen.model_copy(update={"status": "blocked", "cause": "setup"})
    assert fold_gated([*proved(), unseen]).holds("VAL-A-001")


def test_a_pass_goes_stale_only_when_something_it_depends_on_changes():
    mission = fold_gated([*proved()])
    skill = CommitRecorded(commit="c2", tree="t-c1", paths=(".agents/skills/x/SKILL.md",), reason="skill")
    assert mission.apply(skill).assertion_status("VAL-A-001") == "passed"
    code = CommitRecorded(commit="c2", tree="t-c2", paths=("a.py",), reason="handoff")
    assert mission.apply(code).assertion_status("VAL-A-001") == "stale"
    narrow = mission.apply(verdict("VAL-A-001", depends_on=("b.py",)))
    assert narrow.apply(code).assertion_status("VAL-A-001") == "passed"


def committed(commit: str, *paths: str, tree: str = "") -> CommitRecorded:
    return CommitRecorded(commit=commit, tree=tree or f"t-{commit}", paths=paths, reason="handoff")


def test_a_pass_with_declared_files_stays_fresh_until_one_of_them_changes_and_says_which_commit_did_it():
    mission = fold_gated([*proved()]).apply(verdict("VAL-A-001", globs=("app/**", "*.toml")))
    docs = mission.apply(committed("c2", "docs/index.md", "app.md"))
    assert docs.assertion_status("VAL-A-001") == "passed"
    assert docs.assertion_status("VAL-G-001") == "stale"
    assert docs.validation.why_stale("VAL-G-001") == ("commit c2",)
    touched = docs.apply(committed("c3", "app/new/page.py")).apply(committed("c4", "README"))
    assert touched.assertion_status("VAL-A-001") == "stale"
    assert touched.validation.why_stale("VAL-A-001") == ("commit c3",)
    assert touched.validation.why_stale("VAL-G-001") == ("commit c2", "commit c3", "commit c4")
    assert status_json(touched, Spend(), None)["stale"][0] == {"id": "VAL-A-001", "because": ["commit c3"]}
    undone = touched.apply(committed("c5", "app/new/page.py", tree="t-c1"))
    assert undone.assertion_status("VAL-A-001") == "passed"


def test_a_tree_that_changes_without_naming_paths_leaves_no_pass_fresh():
    narrow = fold_gated([*proved()]).apply(verdict("VAL-A-001", globs=("app/**",)))
    assert narrow.apply(committed("c2", ".mission/plan.md")).assertion_status("VAL-A-001") == "stale"
    assert narrow.apply(committed("c2", ".mission/plan.md", tree="t-c1")).assertion_status("VAL-A-001") == "passed"


def test_a_doubted_pass_does_not_become_fresh_with_the_tree():
    changed = assertion("VAL-A-001", checks=[{"run": "echo no", "expect_stdout": "^no$"}])
    amended = ContractAmended(amendment=Amendment(change=(changed,), reason="other words"), signed=True)
    mission = fold_gated([*proved(), amended, committed("c2", "a.py"), committed("c3", "a.py", tree="t-c1")])
    assert mission.assertion_status("VAL-A-001") == "stale"
    assert mission.validation.why_stale("VAL-A-001") == ("its statement or proof was changed",)
    assert mission.assertion_status("VAL-G-001") == "passed"


def test_a_changed_app_makes_passes_stale_and_a_changed_check_does_not():
    mission = fold_gated([*proved()])
    checks = PlanDrafted(services=Services(checks={"lint": "true"}))
    assert mission.apply(checks).assertion_status("VAL-A-001") == "passed"
    app = PlanDrafted(services=Services(app=App(start="serve")))
    assert mission.apply(app).assertion_status("VAL-A-001") == "stale"


def test_the_last_milestone_needs_every_proof_of_the_engine_on_its_very_tree():
    narrow = fold_gated([*proved()]).apply(verdict("VAL-A-001", globs=("app/**",)))
    mission = narrow.apply(MilestoneSealed(id="M1", head="c1")).apply(committed("c2", "docs/x.md"))
    assert mission.holds("VAL-A-001")
    assert mission.settled("M1", "VAL-A-001")
    assert not mission.settled("M2", "VAL-A-001")
    assert "VAL-A-001 has yet to be proved on this tree" in unproved(mission, "M2")
    assert {v.offender for v in check(mission, MissionCompleted(tree=mission.tree))} >= {"VAL-A-001"}
    here = mission.apply(verdict("VAL-A-001", tree="t-c2"))
    assert here.settled("M2", "VAL-A-001")
