import pytest

from mission_tui.domain.contract import Assertion
from mission_tui.domain.decision import Decision
from mission_tui.domain.draft import SERVICES, DraftEdit, said
from mission_tui.domain.events import (
    AnyEvent,
    ContractAmended,
    DecisionOpened,
    MilestoneSealed,
    SkillsCommitted,
)
from mission_tui.domain.gates import GateRefused, check
from mission_tui.domain.mission import Mission
from mission_tui.domain.next import judgement_needed
from mission_tui.domain.plan import Services
from mission_tui.domain.rollback import preview
from mission_tui.engine.commands import consequences
from mission_tui.store.inbox import Command, Decide, EditDraft, Override, RollBack, WriteSkill
from tests.support.missions import approved, assertion, created, feature, fold_gated, planned, proved, worker_started

SKILL = "---\nname: backend-worker\ndescription: How to work\n---\n\nTest first.\n"


def applied(events: list[AnyEvent], command: Command) -> Mission:
    """The state after the command, gated as the ledger does; GateRefused when it may not be."""
    mission = fold_gated(events)
    for event in consequences(mission, command):
        if violations := check(mission, event):
            raise GateRefused(violations)
        mission = mission.apply(event)
    return mission


def edit(mission: Mission, *changed: str, **parts: object) -> EditDraft:
    based_on = {name: said(mission, name) for name in changed}
    return EditDraft(edit=DraftEdit.model_validate({"based_on": based_on, **parts}))


def asked_to_approve() -> list[AnyEvent]:
    asked = Decision(id="D1", kind="approve_plan", summary="?", choices=("approve", "reject"), default="approve")
    return [*planned(), DecisionOpened(decision=asked)]


def reworded(name: str = "VAL-A-001") -> Assertion:
    return assertion(name).model_copy(update={"statement": "the command prints OK"})


def test_an_edit_of_a_submitted_draft_keeps_it_submitted_and_asks_for_approval_again():
    before = fold_gated(asked_to_approve())
    command = edit(before, "VAL-A-001", assertions=(reworded(),))
    after = applied(asked_to_approve(), command)
    assert after.contract.assertions["VAL-A-001"].statement == "the command prints OK"
    assert after.plan.submitted and not after.decisions.open
    assert after.contract.version == before.contract.version + 1
    assert command.id in after.commands
    assert "changed VAL-A-001" in after.conversation.messages[-1].text
    assert judgement_needed(after) == ()


def test_an_edit_that_leaves_an_assertion_without_a_feature_is_refused_as_a_whole():
    before = fold_gated(asked_to_approve())
    new = assertion("VAL-C-001")
    with pytest.raises(GateRefused, match="VAL-C-001: no feature fulfils it"):
        applied(asked_to_approve(), edit(before, assertions=(new,)))
    both = edit(before, assertions=(new,), features=(feature("F3", ("VAL-C-001",)),))
    assert list(applied(asked_to_approve(), both).plan.features) == ["F1", "F2", "F3"]


def test_a_part_that_somebody_else_changed_meanwhile_is_refused_by_name():
    old = fold_gated(planned())
    theirs = edit(old, "F1", features=(feature("F1", ("VAL-A-001",), spec="theirs"),))
    mine = edit(old, "F1", features=(feature("F1", ("VAL-A-001",), spec="mine"),))
    mission = applied(planned(), theirs)
    with pytest.raises(GateRefused, match="F1 changed while you edited"):
        consequences(mission, mine)


def test_removing_an_assertion_takes_it_out_of_the_features_that_promised_it():
    more = [created(), *planned()[1:2], planned()[2], planned()[3]]
    before = fold_gated(more)
    with pytest.raises(GateRefused, match="F2: fulfils no assertion"):
        applied(more, edit(before, removed=("VAL-B-001",)))
    after = applied(more, edit(before, removed=("VAL-B-001", "F2")))
    assert set(after.contract.assertions) == {"VAL-A-001", "VAL-G-001"}
    assert set(after.plan.features) == {"F1"}


def test_features_and_milestones_are_put_in_the_order_that_is_asked_for():
    events = planned()
    before = fold_gated(events)
    loose = feature("F2", ("VAL-B-001",), "M2")
    after = applied(events, edit(before, features=(loose,), order=("M2", "M1", "F2", "F1")))
    assert (list(after.plan.features), list(after.plan.milestones)) == (["F2", "F1"], ["M2", "M1"])
    with pytest.raises(GateRefused, match="F2: comes after F1, which is later in the plan"):
        applied(events, edit(before, order=("M2", "M1", "F2", "F1")))


def test_an_order_that_breaks_a_precondition_is_refused_after_approval_too():
    before = fold_gated(approved())
    with pytest.raises(GateRefused, match="later in the plan"):
        applied(approved(), edit(before, order=("M2", "M1")))


def test_after_approval_an_edit_is_a_signed_amendment_and_changes_of_single_features():
    before = fold_gated(approved())
    command = edit(before, "VAL-B-001", "F2", assertions=(reworded("VAL-B-001"),), features=(
        feature("F2", ("VAL-B-001",), "M2", spec="better"),
    ), services=Services(checks={"tests": "pytest"}))  # fmt: skip
    facts = consequences(before, command)
    assert isinstance(facts[0], ContractAmended) and facts[0].signed
    after = applied(approved(), command)
    assert after.plan.features["F2"].feature.spec == "better"
    assert after.plan.services.checks == {"tests": "pytest"}
    assert after.plan.approved


def test_a_feature_that_is_being_worked_on_cannot_be_edited():
    events = [*approved(), worker_started()]
    with pytest.raises(GateRefused, match="F1: is in_progress"):
        applied(events, edit(fold_gated(events), features=(feature("F1", ("VAL-A-001",), spec="other"),)))


def test_services_are_compared_by_what_they_say():
    mission = fold_gated(planned())
    assert said(mission, SERVICES) == "{}"
    assert applied(planned(), edit(mission, SERVICES, services=Services(setup=("make",)))).plan.services.setup


def test_an_edit_that_says_nothing_is_refused():
    with pytest.raises(GateRefused, match="changes nothing"):
        consequences(fold_gated(planned()), EditDraft(edit=DraftEdit()))


def test_an_override_signs_one_assertion_over():
    after = applied(approved(), Override(assertion="VAL-A-001", reason="checked by hand"))
    assert after.assertion_status("VAL-A-001") == "overridden"
    assert after.contract.overrides == {"VAL-A-001": "checked by hand"}
    with pytest.raises(GateRefused, match="no live assertion"):
        applied(approved(), Override(assertion="VAL-Z-001", reason="why not"))


def reviewing() -> list[AnyEvent]:
    asked = Decision(
        id="D1",
        kind="review_milestone",
        summary="?",
        choices=("accept", "reject", "rollback"),
        default="accept",
        subject="M1",
    )
    return [*proved(), DecisionOpened(decision=asked)]


def test_the_preview_of_a_rollback_names_what_the_rollback_takes_back():
    mission = fold_gated(reviewing())
    said_before = preview(mission, "base")
    assert (said_before.undone, said_before.head) == (("F1",), "c0")
    assert said_before.unproved == ("VAL-A-001", "VAL-G-001")
    after = applied(reviewing(), RollBack(to="base", reason="wrong road"))
    assert after.plan.features["F1"].status == "pending"
    assert all(not after.holds(a) for a in said_before.unproved)
    assert not after.decisions.open
    assert after.head == said_before.head


def test_rolling_back_as_the_answer_to_a_review_leaves_no_decision_open():
    after = applied(reviewing(), Decide(decision="D1", choice="rollback", note="wrong road"))
    assert not after.decisions.open
    assert after.rolled_back == {"M1", "M2"}


def test_rolling_back_at_the_round_cap_answers_the_decision_once():
    capped = Decision(
        id="D1", kind="round_cap", summary="?", choices=("retry", "rollback"), default="rollback", subject="M1#6"
    )
    after = applied([*proved(), DecisionOpened(decision=capped)], Decide(decision="D1", choice="rollback"))
    assert after.plan.features["F1"].status == "pending"


def test_a_rollback_names_the_run_that_must_end_first_and_the_seals_it_breaks():
    events = [*proved(), MilestoneSealed(id="M1", head="c1"), worker_started("R9", "F2")]
    found = preview(fold_gated(events), "base")
    assert (found.blocked_by, found.unsealed) == ("R9", ("M1",))
    with pytest.raises(GateRefused, match="R9 is active"):
        applied(events, RollBack(to="base", reason="now"))


def test_a_humans_skill_waits_for_the_branch_until_it_is_committed():
    after = applied(approved(), WriteSkill(name="backend-worker", text=SKILL, based_on="old"))
    assert after.conversation.skill_edits["backend-worker"].text == SKILL
    assert after.apply(SkillsCommitted(names=("backend-worker",))).conversation.skill_edits == {}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("backend-worker", "no head", "line 1: must begin with a line `---`"),
        ("backend-worker", SKILL.replace("backend-worker", "other"), "line 2: name: `other` must equal the folder's"),
        ("backend-worker", SKILL.replace("How to work", ""), "line 3: description"),
        ("../../etc", SKILL, "name: must be 1 to 64"),
    ],
)
def test_a_skill_that_is_no_skill_is_refused_with_its_line(name: str, text: str, problem: str):
    with pytest.raises(GateRefused, match=problem):
        applied(approved(), WriteSkill(name=name, text=text))
