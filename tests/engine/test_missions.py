import hashlib
from pathlib import Path

from mission_tui.domain.events import (
    CommitRecorded,
    HandoffRecorded,
    IssueOpened,
    MissionPaused,
    Recorded,
    RunEnded,
    RunStarted,
    VerdictRecorded,
)
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.scripted import ScriptedModel
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide, Pause, Resume, Say
from mission_tui.store.verify import verify
from tests.support.engine import (
    APPROVING_REVIEWER,
    GOOD_WORKER,
    RUN_BYE,
    WRITE_BYE,
    bye,
    calls,
    command_proof,
    events,
    git,
    hand_off,
    mission,
    orchestrator,
    plan,
    repository,
    run,
    script,
    state,
    worker,
)
from tests.support.openai_server import OpenAIServer, asking

TESTER = {
    "name": "tester",
    "match": {"system": "Role: user_tester"},
    "turns": [
        calls({"start_service": {"name": "app"}}),
        calls({"browser_open": {"path": "/"}}),
        calls({"browser_screenshot": {"name": "home"}}, {"browser_console": {}}),
        calls({"submit_report": {"summary": "it greets"}}),
    ],
}
PAGE = {
    "id": "VAL-PAGE-001",
    "title": "The page says Bye",
    "statement": "The page shows Bye",
    "proof": {
        "by": "browser",
        "procedure": "open /",
        "evidence": ["screenshot", "console"],
        "checks": [{"goto": "/", "expect_text": "Bye", "within_s": 1}],
    },
}
ANSWERS = {
    "id": "VAL-APP-001",
    "title": "The app answers",
    "statement": "GET / answers 200",
    "guard": True,
    "proof": {
        "by": "http",
        "procedure": "request /",
        "evidence": ["response"],
        "checks": [{"request": "GET /", "expect_status": 200}],
    },
}
SCREEN = {
    "id": "VAL-TERM-001",
    "title": "In a terminal too",
    "statement": "bye.py prints bye in a terminal and ends with 0",
    "proof": {
        "by": "terminal",
        "procedure": "run it",
        "evidence": ["screen"],
        "checks": [{"spawn": "python3 bye.py", "expect_screen": "bye", "expect_exit": 0}],
    },
}
SIMPLE = {
    "id": "VAL-CODE-001",
    "title": "Nothing else changed",
    "statement": "The change touches bye.py and the heading only",
    "proof": {"by": "review", "procedure": "read the diff", "evidence": ["diff"]},
}
APP = {
    "checks": {"compiles": "python3 -m py_compile app.py"},
    "app": {"start": "python3 app.py", "ready": {"http": "/"}},
}
THOROUGH_WORKER = worker(
    calls({"read_file": {"path": "app.py"}}, {"search": {"pattern": "Hello"}}, text="I look first."),
    calls(
        {"write_file": {"path": "bye.py", "content": "print('bye')\n"}},
        {"edit_file": {"path": "app.py", "old": "Hello", "new": "Bye"}},
    ),
    RUN_BYE,
    hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}]),
)
JUDGING_REVIEWER = {
    "name": "reviewer",
    "match": {"system": "Role: reviewer"},
    "turns": [
        calls(
            {
                "submit_review": {
                    "summary": "small and right",
                    "verdicts": [{"assertion": "VAL-CODE-001", "status": "passed", "reason": "two files"}],
                }
            }
        )
    ],
}


async def test_a_mission_runs_to_its_end_through_litellm_over_http_with_every_kind_of_proof(tmp_path: Path):
    played = script(tmp_path / "s.yaml", THOROUGH_WORKER, JUDGING_REVIEWER, TESTER)
    model = ScriptedModel(Path(played.model.removeprefix("scripted:")))
    async with OpenAIServer(asking(model)) as server:
        seat = SeatSettings(model="openai/local", api_base=server.url)
        draft = plan(bye(), PAGE, SCREEN, SIMPLE, ANSWERS, services=APP)
        files = await mission(tmp_path, seat, draft)
        assert await run(files) == 0
    mission_state = state(files)
    assert mission_state.status == "completed"
    assert mission_state.counts()["passed"] == 5
    provers = {v.verdict.assertion: v.verdict.prover for v in events(files, VerdictRecorded)}
    assert provers["VAL-CODE-001"] == "reviewer"
    assert provers["VAL-PAGE-001"] == "mechanical"
    assert any(r.role == "user_tester" for r in events(files, RunStarted))
    assert all(r.usage.input_tokens > 0 and not r.usage.usd_known for r in events(files, RunEnded))
    assert verify(files) == []


async def test_the_users_checkout_is_untouched_and_each_feature_is_a_commit_with_trailers(tmp_path: Path):
    repo = repository(tmp_path / "repo")
    (repo / "notes.txt").write_text("not committed\n")
    before = fingerprint(repo)
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    assert await run(files) == 0
    assert fingerprint(repo) == before
    branch = state(files).created
    assert branch is not None
    log = git(repo, "log", "--format=%(trailers:key=Feature,valueonly)%(trailers:key=Run,valueonly)", branch.branch)
    assert log.split()[:2] == ["F1", "R1"] or "F1" in log.split()
    assert git(repo, "show", f"{branch.branch}:bye.py") == "print('bye')"


def fingerprint(repo: Path) -> dict[str, str]:
    """Everything of the user's: files, index, config, stash and every ref but the mission's own."""
    paths = [p for p in repo.rglob("*") if p.is_file() and ".git" not in p.relative_to(repo).parts]
    paths += [repo / ".git" / name for name in ("HEAD", "index", "config")]
    seen = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    refs = git(repo, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return {**seen, "refs": "\n".join(r for r in refs if "mission" not in r)}


async def test_a_claim_that_contradicts_the_journal_blocks_the_mission_until_it_is_answered(tmp_path: Path):
    red = worker(
        calls({"write_file": {"path": "bye.py", "content": "raise SystemExit(3)\n"}}),
        RUN_BYE,
        hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}, {"command": "make test", "exit_code": 0}]),
        user="F1 Bye",
    )
    fixer = worker(WRITE_BYE, hand_off(), user="F2 Mend")
    feature = {
        "id": "F2",
        "title": "Mend it",
        "milestone": "M1",
        "spec": "print bye",
        "fulfills": ["VAL-BYE-001"],
        "resolves": ["I1", "I2"],
    }
    boss = orchestrator(
        calls({"continue_mission": {"note": "it will be fine"}}),
        calls({"add_feature": {"feature": feature}}),
        calls({"continue_mission": {"note": "F2 mends it"}}),
        user="claims",
    )
    files = await mission(tmp_path, script(tmp_path / "s.yaml", red, fixer, boss, APPROVING_REVIEWER), plan(bye()))
    assert await run(files) == 0
    handoff = events(files, HandoffRecorded)[0]
    assert [c.contradicted for c in handoff.claims] == [True, True]
    assert [i.issue.source for i in events(files, IssueOpened)] == ["contradiction", "contradiction"]
    order = [r.role for r in events(files, RunStarted)]
    assert order[:3] == ["worker", "orchestrator", "worker"]
    assert state(files).issues.issues["I1"].resolution == "feature F2"


async def test_a_vacuous_assertion_reopens_the_approval_and_runs_only_once_signed(tmp_path: Path):
    always = {**bye(), "proof": command_proof("echo bye", "^bye$")}
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(always))
    assert await run(files) == 3
    waiting = state(files)
    assert waiting.status == "awaiting_approval"
    decision = waiting.decisions.open[0]
    assert "VAL-BYE-001" in decision.summary
    assert decision.default == "reject"
    inbox.send(files, Decide(decision=decision.id, choice="approve", note="it guards"))
    assert await run(files) == 0
    assert state(files).plan.signed_vacuous == {"VAL-BYE-001"}


async def test_a_paused_mission_makes_no_call_and_goes_on_where_it_was(tmp_path: Path):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))

    def pause(recorded: Recorded) -> None:
        if isinstance(recorded.event, RunStarted):
            inbox.send(files, Pause())

    assert await run(files, pause) == 3
    paused = state(files)
    assert paused.status == "paused"
    assert not events(files, HandoffRecorded)
    assert len(events(files, MissionPaused)) == 1
    inbox.send(files, Resume())
    assert await run(files) == 0
    assert [r.role for r in events(files, RunStarted)].count("worker") == 1


async def test_an_interview_leads_from_a_goal_to_an_approved_plan(tmp_path: Path):
    boss = orchestrator(
        calls({"ask_human": {"questions": [{"id": "q1", "text": "Which word?", "choices": ["bye", "ciao"]}]}}),
        calls({"write_contract": {"assertions": [bye()]}}),
        calls(
            {
                "write_plan": {
                    **{k: v for k, v in plan(bye()).items() if k in ("milestones", "features", "services")},
                    "submit": True,
                }
            }
        ),
    )
    reader = {
        "name": "contract reviewer",
        "match": {"system": "Role: contract_reviewer"},
        "turns": [calls({"submit_review": {"summary": "no holes", "findings": []}})],
    }
    seat = script(tmp_path / "s.yaml", boss, reader, GOOD_WORKER, APPROVING_REVIEWER)
    files = await mission(tmp_path, seat, plan(bye()), plan=None, approve=False)
    assert await run(files) == 3
    assert state(files).decisions.open[0].questions[0].choices == ("bye", "ciao")
    inbox.send(files, Say(text="bye, please"))
    assert await run(files) == 3
    assert [d.kind for d in state(files).decisions.open] == ["approve_plan"]
    inbox.send(files, Decide(decision=state(files).decisions.open[0].id, choice="approve"))
    assert await run(files) == 0
    assert state(files).validation.contract_review is not None


async def test_rejecting_a_milestone_goes_to_the_orchestrator_and_rolling_back_restores_the_base(tmp_path: Path):
    seat = script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER)
    files = await mission(tmp_path, seat, plan(bye()), review="milestone")
    assert await run(files) == 3
    review = state(files).decisions.open[0]
    assert (review.kind, review.subject) == ("review_milestone", "M1")
    inbox.send(files, Decide(decision=review.id, choice="rollback", note="wrong word"))
    inbox.send(files, Pause())
    assert await run(files) == 3
    back = state(files)
    assert back.plan.features["F1"].status == "pending"
    assert back.milestone_status("M1") == "rolled_back"
    assert back.assertion_status("VAL-BYE-001") == "pending"


async def test_malformed_calls_get_precise_corrections_and_cost_only_the_turn(tmp_path: Path):
    clumsy = worker(
        calls({"fly": {"to": "the moon"}}, {"write_file": {"pth": "bye.py"}}, {"read_file": {"path": "../secret"}}),
        WRITE_BYE,
        hand_off(),
    )
    files = await mission(tmp_path, script(tmp_path / "s.yaml", clumsy, APPROVING_REVIEWER), plan(bye()))
    assert await run(files) == 0
    from mission_tui.store.queries import Reader

    with Reader(files) as reader:
        said = [str((s.result or {}).get("text")) for s in reader.steps("R1") if s.status == "failed"]
    assert "there is no tool 'fly'" in said[0]
    assert "path: is missing" in said[1]
    assert "pth: is not a field here" in said[1]
    assert "inside the repository" in said[2]


async def test_commits_of_contract_and_plan_are_on_the_branch_and_leave_the_tree_fingerprint_alone(tmp_path: Path):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    await run(files)
    papers = [c for c in events(files, CommitRecorded) if ".mission/contract.md" in c.paths]
    created = state(files).created
    assert created is not None
    assert papers[0].tree == created.base_tree
    assert "VAL-BYE-001" in git(tmp_path / "repo", "show", f"{created.branch}:.mission/contract.md")
