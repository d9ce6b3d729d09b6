from pathlib import Path

from mission_tui.cli.lines import event_text
from mission_tui.domain.events import ArtifactsCollected, Recorded
from mission_tui.store import inbox
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.inbox import Abort, Decide, Pause, Resume
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support.engine import (
    APPROVING_REVIEWER,
    WRITE_BYE,
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

TALKATIVE = "seq 20000"
TERSE = "seq 30000 35000"
FIRST_TRY = worker(
    WRITE_BYE,
    calls({"run_command": {"command": TALKATIVE}}),
    hand_off(commands=[{"command": TALKATIVE, "exit_code": 0}]),
    user=r"F1 (?![\s\S]*attempt 1)",
)
SECOND_TRY = worker(
    WRITE_BYE,
    calls({"run_command": {"command": TERSE}}),
    hand_off(commands=[{"command": TERSE, "exit_code": 0}]),
    user=r"F1 [\s\S]*attempt 1",
)
SULLEN = worker(
    calls({"run_command": {"command": TALKATIVE}}),
    *[{"text": "I am thinking."} for _ in range(12)],
    user=r"F1 (?![\s\S]*attempt 1)",
)
ONWARD = orchestrator(calls({"continue_mission": {"note": "from the start"}}), user="Rolled back to base")
MENDER = orchestrator(
    calls({"change_feature": {"id": "F1", "changes": {"retry": True}}}),
    calls({"continue_mission": {"note": "once more"}}),
    user="feature F1 failed",
)


def outputs(files: MissionFiles, run_id: str) -> set[str]:
    with Reader(files) as reader:
        named = {(s.result or {}).get("artifact") for s in reader.steps(run_id)}
    return {sha for sha in named if isinstance(sha, str)}


def stored(files: MissionFiles) -> set[str]:
    return set(Artifacts(files.artifacts).sizes())


def attempts(files: MissionFiles) -> list[str]:
    return [r.id for r in state(files).runs.runs.values() if r.started.role == "worker"]


async def answer(files: MissionFiles, choice: str) -> None:
    (decision,) = state(files).decisions.open
    inbox.send(files, Decide(decision=decision.id, choice=choice))


async def with_a_milestone_to_review(root: Path) -> MissionFiles:
    seat = script(root / "s.yaml", FIRST_TRY, SECOND_TRY, APPROVING_REVIEWER, ONWARD)
    draft = plan(bye(), services={"checks": {"compiles": "seq 50000 53000; python3 -m py_compile app.py"}})
    files = await mission(root, seat, draft, review="milestone")
    assert await run(files) == 3
    assert outputs(files, "R1") <= stored(files)
    return files


async def test_what_a_rolled_back_attempt_stored_is_cleared_away_and_nothing_that_counts(tmp_path: Path):
    files = await with_a_milestone_to_review(tmp_path)
    (verdict,) = state(files).validation.verdicts["VAL-BYE-001"]
    evidence = {e.artifact for e in verdict.evidence}
    base = state(files).validation.base
    assert base is not None
    kept = {check.output.artifact for check in base.checks if check.output}
    await answer(files, "rollback")
    seen: list[Recorded] = []

    def watch(one: Recorded) -> None:
        if isinstance(one.event, ArtifactsCollected):
            seen.append(one)

    assert await run(files, watch) == 3
    first, second = attempts(files)
    (told,) = seen
    assert isinstance(told.event, ArtifactsCollected)
    assert set(told.event.artifacts) >= outputs(files, first)
    assert set(told.event.artifacts) & evidence
    assert told.event.bytes > 100_000
    assert "dropped attempts" in event_text(told.event)
    assert stored(files).isdisjoint(outputs(files, first))
    assert outputs(files, second) and outputs(files, second) <= stored(files)
    assert kept and kept <= stored(files)
    assert verify(files) == []
    await answer(files, "accept")
    assert await run(files) == 0
    assert verify(files) == []


async def test_an_attempt_that_was_given_up_is_kept_until_another_one_has_done_its_work(tmp_path: Path):
    seat = script(tmp_path / "s.yaml", SULLEN, SECOND_TRY, APPROVING_REVIEWER, MENDER)
    files = await mission(tmp_path, seat, plan(bye()))
    while_failed: list[bool] = []

    def watch(one: Recorded) -> None:
        if one.event.kind == "feature_changed":
            while_failed.append(outputs(files, "R1") <= stored(files))

    assert await run(files, watch) == 0
    first, second = attempts(files)
    assert while_failed == [True]
    assert outputs(files, first) and stored(files).isdisjoint(outputs(files, first))
    assert outputs(files, second) <= stored(files)
    (told,) = events(files, ArtifactsCollected)
    assert outputs(files, first) <= set(told.artifacts)
    assert verify(files) == []


async def test_what_a_killed_engine_left_over_is_removed_and_counted_once(tmp_path: Path):
    files = await with_a_milestone_to_review(tmp_path)
    artifacts = Artifacts(files.artifacts)
    orphan = artifacts.put_bytes(b"stored, and killed before anything named it")
    unfinished = artifacts.path(orphan).with_name(f".{orphan}.0123.new")
    unfinished.write_bytes(b"half")
    await answer(files, "rollback")
    with artifacts.held():  # a backup is being taken
        inbox.send(files, Pause())
        assert await run(files) == 3
        inbox.send(files, Resume())
        assert await run(files, lambda one: one.event.kind == "run_started" and inbox.send(files, Pause())) == 3
        assert orphan in stored(files)
    inbox.send(files, Resume())
    assert await run(files, lambda one: one.event.kind == "run_started" and inbox.send(files, Pause())) == 3
    (told,) = events(files, ArtifactsCollected)
    assert {orphan, *outputs(files, "R1")} <= set(told.artifacts)
    assert stored(files).isdisjoint({orphan, *outputs(files, "R1")})
    assert not unfinished.exists()
    again = artifacts.put_bytes(b"stored, and killed before anything named it")  # as if it had not been removed
    inbox.send(files, Resume())
    assert await run(files) == 3
    assert again not in stored(files)
    assert len(events(files, ArtifactsCollected)) == 1
    assert verify(files) == []


async def test_a_file_that_counts_is_missed_whatever_the_ledger_says_was_cleared_away(tmp_path: Path):
    files = await with_a_milestone_to_review(tmp_path)
    inbox.send(files, Abort(reason="enough"))
    assert await run(files) == 4
    (output,) = outputs(files, "R1")
    files.artifact(output).unlink()
    (broken,) = verify(files)
    assert broken.invariant == 5
    assert output[:12] in broken.what and "of run R1" in broken.what
