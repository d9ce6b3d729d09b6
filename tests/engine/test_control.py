from pathlib import Path
from typing import Any

from mission_tui.domain.events import (
    ControlRecorded,
    FlowReplayed,
    IssueOpened,
    ReplayRecorded,
    RunStarted,
    VerdictRecorded,
)
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide, Refused, Replay
from mission_tui.store.verify import verify
from tests.support.engine import (
    APPROVING_REVIEWER,
    WRITE_BYE,
    bye,
    calls,
    command_proof,
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

APP = {
    "checks": {"compiles": "python3 -m py_compile app.py"},
    "app": {"start": "python3 app.py", "ready": {"http": "/"}},
}
TWICE = {
    "id": "VAL-TWICE-001",
    "title": "Says bye again",
    "statement": "bye.py prints bye",
    "proof": command_proof("cat bye.py", "bye"),
}
ABSENT = {
    "id": "VAL-TEST-001",
    "title": "Its test passes",
    "statement": "test_bye.py passes",
    "proof": command_proof("test -e test_bye.py || { echo 'ERROR: file or directory not found'; false; }", ""),
}


def two_features(*assertions: dict[str, Any]) -> dict[str, Any]:
    draft = plan(bye(), *assertions)
    second = {"id": "F2", "title": "Again", "milestone": "M1", "spec": "nothing new", "after": ["F1"]}
    draft["features"][0]["fulfills"] = ["VAL-BYE-001"]
    draft["features"].append({**second, "fulfills": [a["id"] for a in assertions]})
    return draft


async def test_a_proof_that_passes_without_its_features_work_is_vacuous_until_the_human_signs(tmp_path: Path):
    boss = orchestrator(
        calls({"dismiss_issue": {"id": "I1", "reason": "F1 did it on the way; the claim is right"}}),
        calls({"continue_mission": {"note": "the human decides"}}),
        user="VAL-TWICE-001 passes on the parent tree of F2",
    )
    idle = worker(calls({"write_file": {"path": "notes.md", "content": "again\n"}}), hand_off(), user="F2 Again")
    seats = script(tmp_path / "s.yaml", idle, worker(WRITE_BYE, hand_off()), boss, APPROVING_REVIEWER)
    files = await mission(tmp_path, seats, two_features(TWICE))
    assert await run(files) == 3
    (control,) = events(files, ControlRecorded)
    seen = {r.assertion: (r.feature, r.outcome, r.cause) for r in control.results}
    assert seen == {"VAL-BYE-001": ("F1", "red", "expectation"), "VAL-TWICE-001": ("F2", "vacuous", None)}
    assert state(files).counts()["passed"] == 2
    (decision,) = state(files).decisions.open
    assert decision.default == "change it"
    assert "VAL-TWICE-001" in decision.summary
    inbox.send(files, Decide(decision=decision.id, choice="sign", note="as it is"))
    assert await run(files) == 0
    assert len(events(files, ControlRecorded)) == 1
    assert verify(files) == []


async def test_a_proof_that_could_not_even_begin_without_the_work_is_inconclusive_and_must_be_answered(tmp_path: Path):
    boss = orchestrator(
        calls({"dismiss_issue": {"id": "I1", "reason": "the test is part of the work"}}),
        calls({"continue_mission": {"note": "go on"}}),
        user="VAL-TEST-001: never seen to fail for the asserted reason",
    )
    tested = worker(
        calls({"write_file": {"path": "test_bye.py", "content": "def test_bye():\n    assert 'bye'\n"}}),
        hand_off(),
        user="F2 Again",
    )
    seats = script(tmp_path / "s.yaml", tested, worker(WRITE_BYE, hand_off()), boss, APPROVING_REVIEWER)
    files = await mission(tmp_path, seats, two_features(ABSENT))
    assert await run(files) == 0
    results = {r.assertion: r for c in events(files, ControlRecorded) for r in c.results}
    assert (results["VAL-TEST-001"].outcome, results["VAL-TEST-001"].cause) == ("inconclusive", "build")
    (issue,) = [i.issue for i in events(files, IssueOpened)]
    assert (issue.severity, issue.feature) == ("non_blocking", "F2")


async def test_a_proof_that_the_human_asks_for_is_carried_out_while_the_mission_waits(tmp_path: Path):
    seats = script(tmp_path / "s.yaml", worker(WRITE_BYE, hand_off()), APPROVING_REVIEWER)
    files = await mission(tmp_path, seats, plan(bye()), review="milestone")
    assert await run(files) == 3
    inbox.send(files, Replay(assertion="VAL-BYE-001"))
    unknown = inbox.send(files, Replay(assertion="VAL-NOPE-001"))
    assert await run(files) == 3
    assert isinstance(inbox.outcome(files, unknown), Refused)
    (replay,) = events(files, ReplayRecorded)
    assert (replay.assertion, replay.status, replay.tree) == ("VAL-BYE-001", "passed", state(files).tree)
    assert {e.kind for e in replay.evidence} == {"output", "exit_code"}
    assert verify(files) == []


def page(name: str, statement: str, **more: Any) -> dict[str, Any]:
    proof = {"by": "http", "procedure": "look at it", "evidence": ["response"], **more}
    return {"id": name, "title": statement, "statement": statement, "proof": proof}


GREETING = worker(calls({"edit_file": {"path": "app.py", "old": "Hello", "new": "Bye"}}), hand_off())


def watching(*turns: dict[str, Any]) -> dict[str, Any]:
    return {"name": "tester", "match": {"system": "Role: user_tester"}, "turns": list(turns)}


def judge(name: str, status: str, **more: Any) -> dict[str, Any]:
    return calls({"record_verdict": {"assertion": name, "status": status, "reason": "looked", **more}})


async def test_a_flow_that_passes_here_and_fails_without_the_work_proves_its_assertion_from_then_on(tmp_path: Path):
    greets = page("VAL-PAGE-001", "The page says Bye", by="browser", evidence=["screenshot", "console"])
    flow = [{"goto": "/", "expect_text": "^Bye$", "within_s": 1}]
    later = worker(calls({"write_file": {"path": "other.py", "content": "\n"}}), hand_off(), user="F2 Other")
    report = calls({"submit_report": {"summary": "it greets"}})
    watcher = watching(judge("VAL-PAGE-001", "passed", flow=flow), report)
    curious = {**watching(report), "match": {"system": "Role: user_tester", "user": "Milestone M2"}}
    draft = plan(greets, services=APP)
    draft["milestones"].append({"id": "M2", "title": "Other"})
    draft["features"].append({"id": "F2", "title": "Other", "milestone": "M2", "spec": "other", "enabling": "tidy"})
    seats = script(tmp_path / "s.yaml", later, GREETING, curious, watcher, APPROVING_REVIEWER)
    files = await mission(tmp_path, seats, draft)
    assert await run(files) == 0
    (replay,) = events(files, FlowReplayed)
    assert replay.agreed
    assert (replay.control.feature, replay.control.outcome, replay.control.cause) == ("F1", "red", "expectation")
    verdicts = [v.verdict for v in events(files, VerdictRecorded)]
    assert [(v.prover, v.status, v.milestone) for v in verdicts] == [
        ("mechanical", "passed", "M1"),
        ("mechanical", "passed", "M2"),
    ]
    assert all({e.kind for e in v.evidence} >= {"screenshot", "console"} for v in verdicts)
    assert [r.assertions for r in events(files, RunStarted) if r.role == "user_tester"][1:] == [()]
    assert verify(files) == []


async def test_an_agent_that_reports_a_flow_which_the_engine_cannot_repeat_gets_no_pass(tmp_path: Path):
    see = calls({"start_service": {"name": "app"}}), calls({"http_request": {"method": "GET", "path": "/"}})
    lie = [{"request": "GET /", "expect_body": "Good night", "within_s": 0.3}]
    idle = [{"request": "GET /", "expect_status": 200}]
    good = [{"request": "GET /", "expect_body": "<h1>Bye", "within_s": 0.3}]
    watcher = watching(
        *see,
        judge("VAL-NIGHT-001", "passed", evidence=["E1"], flow=lie),
        judge("VAL-NIGHT-001", "passed", evidence=["E1"]),
        judge("VAL-NIGHT-001", "failed", evidence=["E1"], flow=lie),
        judge("VAL-BYE-002", "passed", evidence=["E1"], flow=idle),
        judge("VAL-BYE-003", "passed", evidence=["E1"], flow=[{"request": "GET /"}]),
        judge("VAL-BYE-003", "passed", evidence=["E1"], flow=good),
        calls({"submit_report": {"summary": "no good night"}}),
    )
    boss = orchestrator(calls({"request_decision": {"summary": "drop?", "choices": ["a", "b"], "default": "a"}}))
    draft = plan(
        page("VAL-NIGHT-001", "The page says Good night"),
        page("VAL-BYE-002", "It answers"),
        page("VAL-BYE-003", "It says Bye"),
        services=APP,
    )
    seats = script(tmp_path / "s.yaml", GREETING, watcher, boss, APPROVING_REVIEWER)
    files = await mission(tmp_path, seats, draft)
    assert await run(files) == 3
    verdicts = [(v.verdict.assertion, v.verdict.status, v.verdict.prover) for v in events(files, VerdictRecorded)]
    assert verdicts == [
        ("VAL-NIGHT-001", "failed", "mechanical"),
        ("VAL-BYE-002", "passed", "agent"),
        ("VAL-BYE-003", "passed", "mechanical"),
    ]
    replays = [(f.assertion, f.agreed, f.control and f.control.outcome) for f in events(files, FlowReplayed)]
    assert replays == [
        ("VAL-NIGHT-001", False, None),
        ("VAL-NIGHT-001", True, None),
        ("VAL-BYE-002", True, "vacuous"),
        ("VAL-BYE-003", True, "red"),
    ]
    assert not state(files).mechanical("VAL-BYE-002")
