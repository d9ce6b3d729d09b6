import time
from contextlib import closing
from pathlib import Path
from typing import Any

from mission_tui.domain.events import IssueOpened, ReviewRecorded
from mission_tui.domain.findings import trend
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import Journal
from mission_tui.store.layout import MissionFiles
from mission_tui.store.verify import verify
from tests.support.engine import (
    APPROVING_REVIEWER,
    RUN_BYE,
    bye,
    calls,
    events,
    hand_off,
    mission,
    orchestrator,
    plan,
    run,
    script,
    state,
    worker,
)

CARELESS = worker(
    calls({"write_file": {"path": "bye.py", "content": "print('bye')  # noqa: T201\n"}}),
    RUN_BYE,
    hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}]),
    user="F1 Bye",
)
FIXER = worker(
    calls({"write_file": {"path": "bye.py", "content": "# says bye\nprint('bye')  # noqa: T201\n"}}),
    hand_off(),
    user="F2 Explain",
)
EXPLAIN = {
    "id": "F2",
    "title": "Explain it",
    "milestone": "M1",
    "spec": "say what it does",
    "fulfills": ["VAL-BYE-001"],
    "resolves": ["I1"],
}


def review(title: str, line: int, **more: Any) -> dict[str, Any]:
    answers = more.pop("candidates", [])
    one = {
        "severity": "blocking",
        "title": title,
        "evidence": "bye.py",
        "consequence": "nobody knows",
        "file": "bye.py",
    }
    return calls(
        {"submit_review": {"summary": "read", "findings": [{**one, "line": line, **more}], "candidates": answers}}
    )


def reviewer(user: str, *turns: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"reviewer {user}", "match": {"system": "Role: reviewer", "user": user}, "turns": list(turns)}


async def test_a_finding_that_two_reviewers_put_in_other_words_keeps_its_id(tmp_path: Path):
    answers = [{"id": "C1", "verdict": "justified", "reason": "printing is what it is for"}]
    title = "It does not explain itself"
    first = reviewer("Feature F1", review(title, 1), review(title, 1, candidates=answers))
    second = reviewer("Feature F2", review("Comment is no help", 2), review("Comment is no help", 2, same_as="I1"))
    boss = [
        orchestrator(
            calls({"add_feature": {"feature": EXPLAIN}}),
            calls({"continue_mission": {"note": "F2 explains it"}}),
            user=r"I1 .*explain itself(?![\s\S]*seen 2 times)",
        ),
        orchestrator(
            calls({"dismiss_issue": {"id": "I1", "reason": "a line of comment is enough here"}}),
            calls({"continue_mission": {"note": "enough"}}),
            user="seen 2 times",
        ),
    ]
    seats = script(tmp_path / "s.yaml", CARELESS, FIXER, first, second, *boss)
    files = await mission(tmp_path, seats, plan(bye()))
    assert await run(files) == 0
    assert [i.issue.id for i in events(files, IssueOpened)] == ["I1"]
    ended = state(files)
    assert ended.issues.issues["I1"].seen == (("M1", 1), ("M1", 2))
    assert [(r.new, r.repeated, r.gone) for r in trend(ended, "M1")][:2] == [(("I1",), (), ()), ((), ("I1",), ())]
    one, two = events(files, ReviewRecorded)
    assert [(a.verdict, a.candidate.text) for a in one.answers] == [
        ("justified", "bye.py:1 an ignore comment is new: print('bye')  # noqa: T201")
    ]
    assert (one.shown, two.shown) == ((), ("I1",))
    told = said_to(files, two.run_id)
    assert "- I1 [blocking] bye.py:1 It does not explain itself: became F2, which is completed" in told
    assert verify(files) == []


async def test_a_place_where_proof_may_be_weaker_that_nobody_answers_blocks_the_milestone(tmp_path: Path):
    silent = {**APPROVING_REVIEWER, "turns": APPROVING_REVIEWER["turns"] * 2}
    boss = orchestrator(
        calls({"dismiss_issue": {"id": "I1", "reason": "printing is what it is for"}}),
        calls({"continue_mission": {"note": "fine"}}),
    )
    files = await mission(tmp_path, script(tmp_path / "s.yaml", CARELESS, silent, boss), plan(bye()))
    assert await run(files) == 0
    opened = events(files, IssueOpened)
    assert [(i.issue.severity, i.issue.file) for i in opened] == [("blocking", "bye.py")]
    assert "an ignore comment is new" in opened[0].issue.summary
    assert events(files, ReviewRecorded)[0].answers[0].verdict == "unanswered"


def said_to(files: MissionFiles, run_id: str) -> str:
    """The first message that a run was given."""
    with closing(MissionDatabase.open(files, fence=False)) as database:
        context = Journal(database, time.time).context(run_id) or {}
    return next(m["content"] for m in context["messages"] if m["role"] == "user")
