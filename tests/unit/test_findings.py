import pytest

from mission_tui.domain.events import (
    AnyEvent,
    FeatureAdded,
    FindingSeen,
    IssueDismissed,
    IssueOpened,
    ReviewRecorded,
    ValidationConcluded,
    ValidationStarted,
)
from mission_tui.domain.findings import outside, proposed, same, trend
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.verdict import Finding
from tests.support.missions import built, feature, fold_gated, handed_off, worker_started


def issue(name: str, file: str | None = "a.py", line: int | None = 10, **more: object) -> Issue:
    given = {"severity": "blocking", "summary": f"{name} is off by one", "feature": "F1", "milestone": "M1"}
    return Issue.model_validate(
        {"id": name, "source": "finding", "file": file, "line": line, "rounds": (1,), **given, **more}
    )


def finding(title: str, file: str | None = "a.py", line: int | None = 10) -> Finding:
    return Finding(severity="blocking", title=title, evidence="seen", consequence="wrong", file=file, line=line)


def round_of(number: int, *shown: str, seen: tuple[str, ...] = (), new: tuple[Issue, ...] = ()) -> list[AnyEvent]:
    """A validation round in which the reviewer was shown some findings and saw some."""
    again = (
        FindingSeen(id=name, milestone="M1", round=number, severity="blocking", detail="still", line=12)
        for name in seen
    )
    return [
        ValidationStarted(milestone="M1", round=number, tree="t-c1"),
        ReviewRecorded(milestone="M1", round=number, feature="F1", summary="read", shown=shown),
        *again,
        *(IssueOpened(issue=one) for one in new),
        ValidationConcluded(milestone="M1", round=number, passed=False, summary="no"),
    ]


def fix(name: str, *resolves: str) -> list[AnyEvent]:
    return [
        FeatureAdded(feature=feature(name, ("VAL-A-001",)), origin="fix", resolves=resolves),
        worker_started("R2", name),
        *handed_off("R2", name, "c1"),
    ]


def after(*parts: list[AnyEvent]) -> Mission:
    return fold_gated([*built(), *(event for part in parts for event in part)])


def test_a_finding_that_persists_after_its_fix_keeps_its_id_and_is_open_again():
    mission = after(
        round_of(1, new=(issue("I1"), issue("I2", line=50))),
        fix("F9", "I1", "I2"),
        round_of(2, "I1", "I2", seen=("I1",)),
    )
    assert [i.id for i in mission.issues.open] == ["I1"]
    assert mission.issues.issues["I1"].issue.line == 12
    first, second = trend(mission, "M1")
    assert (first.new, first.repeated) == (("I1", "I2"), ())
    assert (second.new, second.repeated, second.gone) == ((), ("I1",), ("I2",))


def test_a_finding_that_was_gone_and_is_back_has_regressed():
    gone = [*round_of(1, new=(issue("I1"),)), *fix("F9", "I1"), *round_of(2, "I1")]
    back = after(gone, round_of(3, "I1", seen=("I1",)))
    assert [r.regressed for r in trend(back, "M1")] == [(), (), ("I1",)]
    assert [r.gone for r in trend(back, "M1")] == [(), ("I1",), ()]


@pytest.mark.parametrize(("before", "open_again"), [("suggestion", True), ("blocking", False)])
def test_a_dismissed_finding_comes_back_only_if_it_got_worse(before: str, open_again: bool):
    mission = after(
        round_of(1, new=(issue("I1", severity=before),)),
        [IssueDismissed(id="I1", reason="harmless", backlog=True)],
        round_of(2, "I1", seen=("I1",)),
    )
    assert bool(mission.issues.open) == open_again


def test_findings_in_files_that_the_milestone_did_not_touch_are_told_apart():
    mission = after()
    assert not outside(mission, issue("I1"))
    assert outside(mission, issue("I1", file="other.py"))
    assert not outside(mission, issue("I1", file=None))


def test_the_same_title_in_the_same_file_is_the_same_and_the_same_place_is_proposed():
    known = after(round_of(1, new=(issue("I1"), issue("I2", line=13)))).issues.findings
    assert same(finding("I1 is  OFF by one", line=90), issue("I1"))
    assert not same(finding("I1 is off by one", "b.py"), issue("I1"))
    assert proposed(finding("Wrong result for empty input", line=2), known) == known[0].issue
    assert proposed(finding("I2 is off by one or two"), known) == known[1].issue
    assert proposed(finding("Leaks a file handle", line=99), known) is None
    assert proposed(finding("I1 is off by one", "b.py"), known) is None
