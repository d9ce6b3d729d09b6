import os
import signal

import pytest

from mission_tui.domain.budget import Limits
from mission_tui.domain.events import (
    BudgetChanged,
    CommitRecorded,
    FeatureCompleted,
    MessageSaid,
    MilestoneSealed,
    MissionAborted,
    MissionCompleted,
    VerdictRecorded,
)
from mission_tui.domain.ports import Usage
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import FinishedStep, Journal, NewStep
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from mission_tui.store.redact import Redactor
from mission_tui.store.verify import verify
from tests.support.missions import (
    approved,
    built,
    created,
    handed_off,
    proved,
    run_ended,
    validating,
    verdict,
    worker_started,
)
from tests.support.stores import python, ticking
from tests.support.verifying import broken, journal_of, spend, tamper, whole, write


def test_a_whole_mission_is_found_whole(tmp_path):
    files = write(tmp_path, whole())
    journal = journal_of(files)
    journal.open_run("R1", {})
    [step] = journal.advance(start=[NewStep(run_id="R1", kind="model", name="m")])
    usage = Usage(input_tokens=5, usd=0.1)
    journal.advance(finish=[FinishedStep(run_id="R1", n=step.n, status="done", result={}, usage=usage)])
    assert verify(files, lambda commit: commit == "c1", Redactor({"KEY": "sk-12345678"})) == []


def test_an_empty_mission_is_whole(tmp_path):
    files = MissionFiles(tmp_path / "missions" / "demo-1")
    MissionDatabase.create(files).close()
    assert verify(files) == []


def test_verification_changes_nothing(tmp_path):
    files = write(tmp_path, whole())
    before = files.database.read_bytes()
    verify(files)
    assert files.database.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("DELETE FROM events WHERE seq = 3", "event 3 is missing"),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", "the stored state is that of event"),
        ("UPDATE events SET data = replace(data, 'Make it', 'Fake it') WHERE seq = 1", "changed after it was written"),
        ("UPDATE events SET at = at + 1 WHERE seq = 2", "changed after it was written"),
        ("UPDATE events SET data = '{}' WHERE seq = 2", "the stored state is not"),
        ("UPDATE events SET data = 'x' WHERE seq = 2", "event 2 (contract_drafted) makes no sense"),
        ("UPDATE events SET kind = 'cake_eaten' WHERE seq = 2", "event 2 (cake_eaten) makes no sense"),
        ("UPDATE state SET summary = replace(summary, 'Demo', 'Done')", "not the fold of the ledger"),
        ("DELETE FROM state", "the stored state is missing"),
    ],
)
def test_a_ledger_that_is_not_as_it_was_written_is_found(tmp_path, statement, word):
    files = write(tmp_path, [*approved(), worker_started()])
    tamper(files, statement)
    if "'{}'" in statement:
        word = "changed after it was written"
    broken(verify(files), 1, word)


def test_a_damaged_file_is_found(tmp_path):
    files = write(tmp_path, [created(), *(MessageSaid(author="human", text="x" * 3000) for _ in range(50))])
    content = bytearray(files.database.read_bytes())
    content[40_000:120_000] = os.urandom(80_000)
    files.database.write_bytes(bytes(content))
    broken(verify(files), 1, "damaged")
    files.database.write_bytes(b"x" * 5000)
    broken(verify(files), 1, "damaged")


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("DELETE FROM steps WHERE n = 1", "run R1 has 1 steps, but its last is number 2"),
        ("UPDATE steps SET result = NULL WHERE n = 1", "step 1 of run R1 is done, which does not fit its result"),
        (
            "INSERT INTO steps (run_id, n, kind, name, call_id, status, started_at, ended_at, request, result) "
            "SELECT run_id, 3, kind, name, call_id, 'unknown', 1, 2, request, '{}' FROM steps WHERE n = 2",
            "call c1 of run R1 was begun twice, as steps 2 and 3",
        ),
    ],
)
def test_a_journal_with_missing_halves_is_found(tmp_path, statement, word):
    files = write(tmp_path, [*approved(), worker_started()])
    journal = journal_of(files)
    journal.open_run("R1", {})
    model, _ = journal.advance(
        start=[
            NewStep(run_id="R1", kind="model", name="m"),
            NewStep(run_id="R1", kind="tool", name="run_command", call_id="c1"),
        ]
    )
    journal.advance(finish=[FinishedStep(run_id="R1", n=model.n, status="done", result={})])
    tamper(files, statement)
    found = [b for b in verify(files) if b.invariant != 7]
    broken(found, 2, word)


def test_a_step_that_still_runs_in_a_run_that_is_over_is_found(tmp_path):
    files = write(tmp_path, [*approved(), worker_started()])
    journal = journal_of(files)
    journal.advance(start=[NewStep(run_id="R1", kind="tool", name="run_command", call_id="c1")])
    assert verify(files) == []
    Ledger(MissionDatabase.open(files), lambda _m, _e: (), ticking()).append(run_ended())
    broken(verify(files), 2, "step 1 (run_command) of run R1 is still running")
    journal_of(files).settle("R1", "the engine stopped")
    assert verify(files) == []


def test_the_same_call_id_in_a_later_reply_is_another_call(tmp_path):
    files = write(tmp_path, [*approved(), worker_started()])
    journal = journal_of(files)
    journal.open_run("R1", {})
    for _ in range(2):
        for step in (
            NewStep(run_id="R1", kind="model", name="m"),
            NewStep(run_id="R1", kind="tool", name="t", call_id="c1"),
        ):
            [started] = journal.advance(start=[step])
            journal.advance(finish=[FinishedStep(run_id="R1", n=started.n, status="done", result={})])
    assert verify(files) == []


def test_a_completion_without_a_handoff_before_it_is_found(tmp_path):
    commit, handoff, completed, ended = handed_off()
    for number, events in enumerate(([commit, completed, ended], [commit, completed, handoff, ended])):
        files = write(tmp_path / str(number), [*approved(), worker_started(), *events])
        broken(verify(files), 3, "F1 was completed with 0 accepted handoffs")
    files = write(tmp_path / "twice", [*approved(), worker_started(), commit, handoff, handoff, completed, ended])
    broken(verify(files), 3, "F1 was completed with 2 accepted handoffs")


def test_a_completed_feature_whose_commit_is_not_on_the_branch_is_found(tmp_path):
    files = write(tmp_path, built())
    broken(verify(files, lambda _commit: False), 3, "F1: commit c1 is not on the mission branch")
    assert verify(files, lambda _commit: None) == []


def test_a_completed_feature_without_a_commit_is_found(tmp_path):
    commit, handoff, completed, ended = handed_off()
    assert isinstance(completed, FeatureCompleted)
    events = [*approved(), worker_started(), commit, handoff, completed.model_copy(update={"commits": ()}), ended]
    broken(verify(write(tmp_path, events)), 3, "F1 is completed without a commit")


def test_two_active_writers_are_found(tmp_path):
    files = write(tmp_path, [*approved(), worker_started("R1", "F1"), worker_started("R2", "F2")])
    broken(verify(files), 4, "run R2 began to write while R1 was writing")


def test_a_pass_without_its_evidence_is_found(tmp_path):
    lacking = verdict("VAL-A-001").verdict
    lacking = lacking.model_copy(update={"evidence": lacking.evidence[:1]})
    broken(
        verify(write(tmp_path / "one", [*validating(), VerdictRecorded(verdict=lacking)])),
        5,
        "VAL-A-001 passed without evidence of kind exit_code",
    )
    empty = lacking.model_copy(update={"evidence": ()})
    broken(
        verify(write(tmp_path / "none", [*validating(), VerdictRecorded(verdict=empty)])),
        5,
        "VAL-A-001 passed without evidence of kind output, exit_code",
    )


@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_changed_or_missing_artifact_is_found(tmp_path, harm):
    files = write(tmp_path, whole())
    artifact = next(p for p in sorted(files.artifacts.rglob("*")) if p.is_file())
    if harm == "change":
        artifact.chmod(0o644)
        artifact.write_bytes(b"all green, honestly")
    else:
        artifact.unlink()
    broken(verify(files), 5, artifact.name[:12])


def test_a_verdict_that_was_marked_passed_afterwards_is_found_twice_over(tmp_path):
    red = verdict("VAL-A-001", "failed", evidence=())
    files = write(tmp_path, [*validating(), red])
    tamper(files, "UPDATE events SET data = replace(data, '\"failed\"', '\"passed\"') WHERE kind = 'verdict_recorded'")
    found = verify(files)
    assert {b.invariant for b in found} == {1, 5}


def test_a_milestone_that_was_sealed_unproved_is_found(tmp_path):
    events = [*validating(), verdict("VAL-A-001", "failed"), MilestoneSealed(id="M1", head="c1")]
    broken(
        verify(write(tmp_path, events)),
        6,
        "M1 was sealed although VAL-A-001 was failed",
        "M1 was sealed although VAL-G-001 was pending",
    )


def test_a_mission_that_was_completed_unproved_is_found(tmp_path):
    found = verify(write(tmp_path, [*whole(), MissionCompleted(tree="t-c1")]))
    broken(found, 6, "although VAL-B-001 was pending", "with M2 unsealed")


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE counters SET usd = 0", "the steps add up to"),
        ("UPDATE counters SET steps = 7", "the counters say 7 steps, the journal has 1"),
        ("UPDATE counters SET runs = 3", "the counters say 3 runs, the journal has 1"),
        ("UPDATE run_totals SET output_tokens = 0", "the total of run R1"),
    ],
)
def test_counters_that_do_not_add_up_are_found(tmp_path, statement, word):
    files = write(tmp_path, [*approved(), worker_started()])
    spend(files, Usage(input_tokens=10, output_tokens=4, usd=0.5))
    tamper(files, statement)
    broken(verify(files), 7, word)


def test_a_call_begun_beyond_the_cap_is_found_and_the_one_that_crosses_it_is_not(tmp_path):
    files = write(tmp_path, [*approved(), worker_started()])
    spend(files, Usage(usd=15), Usage(usd=15))
    assert verify(files) == []
    spend(files, Usage(usd=1), start=3000.0)
    broken(verify(files), 7, "step 3 of run R1 was begun although the money cap of $20 is used up")


def test_a_raised_cap_counts_from_when_it_was_raised(tmp_path):
    files = write(tmp_path, [*approved(), worker_started()])
    spend(files, Usage(usd=25))
    Ledger(MissionDatabase.open(files), lambda _m, _e: (), ticking(2500)).append(BudgetChanged(limits=Limits(usd=40)))
    spend(files, Usage(usd=5), start=3000.0)
    assert verify(files) == []


@pytest.mark.parametrize("place", ["ledger", "journal", "artifact", "log", "inbox"])
def test_a_secret_that_was_stored_is_found(tmp_path, place):
    secret = "sk-12345678"
    files = write(
        tmp_path, [*approved(), worker_started(), MessageSaid(author="human", text=secret * (place == "ledger") or "x")]
    )
    if place == "journal":
        journal_of(files).open_run("R1", {"messages": [{"content": secret}]})
    if place == "artifact":
        Artifacts(files.artifacts).put_bytes(f"\0{secret}".encode())
    if place == "log":
        files.log.write_text(f"Authorization: {secret}\n")
    if place == "inbox":
        (files.inbox / "refused.json").write_text(secret)
    broken(verify(files, redactor=Redactor({"KEY": secret})), 8, "the secret KEY is in")
    assert verify(files) == []


HOLDER = """
import os, sys, time
from pathlib import Path
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import MissionLock
lock = MissionLock.acquire(MissionFiles(Path(sys.argv[1])))
child = os.fork()
if child:
    print(child, flush=True)
    os._exit(0)
sys.stdin.read()
"""


def test_a_lock_that_outlived_its_engine_is_found(tmp_path):
    files = write(tmp_path, [created()])
    process = python(HOLDER, str(files.root))
    child = int(process.stdout.readline())
    process.wait()
    try:
        broken(verify(files), 8, f"process {process.pid} is gone")
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()


def test_a_commit_of_the_product_by_a_run_that_only_validates_is_found(tmp_path):
    reviewer = worker_started("R2").model_copy(update={"role": "reviewer"})
    own = CommitRecorded(run_id="R2", commit="c2", tree="t-c1", paths=(".agents/skills/x/SKILL.md",), reason="Skill x")
    foreign = own.model_copy(update={"paths": ("a.py",)})
    files = write(tmp_path / "own", [*built(), reviewer, own])
    assert verify(files) == []
    files = write(tmp_path / "foreign", [*built(), reviewer, foreign])
    broken(verify(files), 4, "run R2, a reviewer's, committed a.py, which only workers change")


def test_a_run_that_outlived_its_mission_is_found(tmp_path):
    files = write(tmp_path, [*approved(), worker_started(), MissionAborted(reason="enough")])
    broken(verify(files), 8, "the mission is aborted, but R1 never ended")


def test_a_seal_on_a_proof_that_a_later_commit_made_stale_is_found(tmp_path):
    later = CommitRecorded(run_id="R2", commit="c2", tree="t-c2", paths=("a.py",), reason="handoff")
    events = [*proved(), worker_started("R2", "F2"), later, run_ended("R2"), MilestoneSealed(id="M1", head="c2")]
    broken(verify(write(tmp_path, events)), 6, "M1 was sealed although VAL-A-001 was stale")


def test_a_mission_is_whole_while_its_engine_goes_on(tmp_path):
    files = write(tmp_path, built())
    db = MissionDatabase.open(files)
    ledger, journal = Ledger(db, lambda _m, _e: (), ticking()), Journal(db, ticking(2000.0))

    def engine_goes_on(_commit: str) -> bool:
        if not ledger.mission.runs.active:
            ledger.append(worker_started("R2", "F2"))
            journal.open_run("R2", {})
            journal.advance(start=[NewStep(run_id="R2", kind="tool", name="run_command")])
        return True

    assert verify(files, engine_goes_on) == []
    assert verify(files) == []
    assert [step.name for step in journal.running()] == ["run_command"]
