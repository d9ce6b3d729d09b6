import json
from pathlib import Path

import pytest

from mission_tui.cli.main import run as mission_tui
from mission_tui.domain.contract import Amendment
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionOpened
from mission_tui.workspace.git_bench import remove_tree
from tests.support.cli import ASSERTION, Program, make_program, write_script
from tests.support.git_repos import git, hashes
from tests.support.missions import approved, assertion
from tests.support.stores import wait_until
from tests.support.verifying import write

STATUS = {
    *("id", "title", "state", "repo", "branch", "base_commit", "head_commit", "seq", "engine", "usage", "assertions"),
    *("milestones", "features", "active_run", "decisions"),
}
USAGE = {
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "usd",
    "usd_known",
    "wall_s",
    "runs",
    "steps",
    "repeated_calls",
}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = make_program(tmp_path)
    made.settings(f'[seats.default]\nmodel = "scripted:{write_script(tmp_path / "script.yaml")}"\n')
    return made


def test_a_mission_from_a_plan_file_runs_to_its_end_and_can_be_looked_at(program: Program):
    before = hashes(program.repo, leaving_out=(".git/",))
    mission = program.new("--yes")
    ran = program("run", mission)
    assert (ran.code, ran.err) == (0, "")
    events = [json.loads(line) for line in program("events", mission, "--json").out.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {"seq", "at", "kind", "data"} <= events[0].keys()
    assert len(ran.out.splitlines()) == len(events) - len(events_before_the_run(events))

    status = program("status", mission, "--json").json
    assert status.keys() >= STATUS
    assert status["usage"].keys() == USAGE
    assert status["state"] == "completed"
    assert status["assertions"]["passed"] == status["assertions"]["total"] == 1
    assert status["milestones"][0].items() >= {"id": "M1", "state": "sealed", "round": 1}.items()
    assert status["features"][0].items() >= {"state": "completed", "fulfills": [ASSERTION], "origin": "plan"}.items()
    assert status["active_run"] is None
    assert status["engine"] == {"alive": False, "pid": None}
    assert git(program.repo, "show", f"{status['branch']}:hello.txt") == "hello"
    assert hashes(program.repo, leaving_out=(".git/",)) == before

    verified = program("verify", mission)
    assert (verified.code, verified.out) == (0, f"mission {mission}: every invariant holds\n")
    assert "nothing can change it any more" in program("pause", mission).complaint()
    again = program("run", mission)
    assert (again.code, again.out) == (0, "")

    report = program("export", mission, program.root / "report")
    assert report.out.strip() == str(program.root / "report" / "report.html")
    assert json.loads((program.root / "report" / "mission.json").read_text()) == status
    assert len((program.root / "report" / "events.jsonl").read_text().splitlines()) == len(events)
    page = (program.root / "report" / "report.html").read_text()
    assert ASSERTION in page
    assert "as claimed" in page


def events_before_the_run(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return events[: next(i for i, event in enumerate(events) if event["kind"] == "plan_approved") + 1]


def test_verify_finds_a_branch_that_was_moved(program: Program):
    mission = program.new("--yes")
    assert program("run", mission).code == 0
    status = program("status", mission, "--json").json
    git(program.repo, "update-ref", f"refs/heads/{status['branch']}", status["base_commit"])
    verified = program("verify", mission)
    assert verified.code == 4
    assert "not on mission/say-hello" in verified.out


def test_an_unapproved_mission_waits_with_3_and_goes_on_after_the_answer(program: Program):
    mission = program.new("--review", "auto")
    waiting = program("run", mission)
    assert waiting.code == 3
    assert f"mission-tui decide {mission} D1 approve|reject" in waiting.err
    decision = program("decisions", mission, "--json").json[0]
    assert decision.keys() >= {"id", "kind", "summary", "choices", "default"}
    assert decision["kind"] == "approve_plan"
    answered = program("decide", mission, "D1", "approve", "--note", "go")
    assert (answered.code, answered.out) == (0, "will be applied when the engine runs\n")
    assert program("run", mission).code == 0
    assert program("decisions", mission, "--json").json == []


def test_a_mission_that_was_aborted_leaves_with_4(program: Program):
    mission = program.new("--yes")
    program("abort", mission, "--reason", "changed my mind")
    assert program("run", mission).code == 4
    assert program("status", mission, "--json").json["end_reason"] == "changed my mind"


def test_a_detached_engine_is_attached_to_and_takes_commands(program: Program):
    mission = program.new("--review", "milestone")
    started = program("run", mission, "--detach")
    assert started.code == 0
    pid = int(started.out.split()[1])
    assert program("run", mission, "--detach").out == started.out
    assert program("status", mission, "--json").json["engine"] == {"alive": True, "pid": pid}
    wait_until(lambda: program("decisions", mission, "--json").json != [], seconds=60)
    assert program("decide", mission, "D1", "approve").out == "taken\n"
    assert program("say", mission, "Thank you.").out in ("taken\n", "will be applied at the engine's next step\n")
    attached = program("run", mission)
    assert attached.code == 3
    assert f"mission-tui decide {mission} D" in attached.err
    program("abort", mission)
    wait_until(lambda: not program("status", mission, "--json").json["engine"]["alive"], seconds=60)


def test_pause_and_budget_work_without_an_engine(program: Program):
    mission = program.new("--yes")
    assert program("pause", mission).out == "will be applied when the engine runs\n"
    assert program("budget", mission, "--usd", "3").code == 0
    paused = program("run", mission)
    assert paused.code == 3
    assert f"mission-tui resume {mission}" in paused.err
    assert program("status", mission, "--json").json["state"] == "paused"
    assert "--usd" in program("budget", mission).complaint()
    program("resume", mission)
    assert program("run", mission).code == 0
    kinds = [json.loads(line)["kind"] for line in program("events", mission, "--json").out.splitlines()]
    assert kinds.index("mission_paused") < kinds.index("budget_changed") < kinds.index("mission_resumed")


def test_list_and_people_s_views_show_the_mission(program: Program):
    mission = program.new()
    listed = program("list")
    assert mission in listed.out
    assert "awaiting_approval (1 for you)" in listed.out
    assert "VAL" not in program("status", mission).out
    assert f"mission-tui decide {mission} D1 CHOICE" in program("decisions").out
    assert "plan was submitted" in program("events", mission, "--since", "3").out


def test_an_interrupted_run_leaves_with_130_and_goes_on_later(program: Program):
    mission = program.new("--yes")
    process = program.start("run", mission)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(2)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert program("run", mission).code == 0


def test_a_reader_that_leaves_interrupts_the_run_and_nothing_is_lost(program: Program):
    mission = program.new("--yes")
    with program.start("run", mission) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.stderr.read(), process.wait(timeout=60)) == ("", 130)
    assert program("run", mission).code == 0
    assert program("verify", mission).code == 0


def test_a_worktree_or_repository_that_was_taken_away_is_said_with_what_to_do(program: Program):
    mission = program.new("--yes")
    status = program("status", mission, "--json").json
    worktree = program.data / "missions" / mission / "worktree"
    remove_tree(worktree)
    again = f"git -C {program.repo} worktree add --force {worktree} {status['branch']}"
    for command in (["run", mission], ["run", mission, "--detach"], ["backup", mission, program.root / "kept.tar"]):
        done = program(*command)
        assert (done.code, f"is gone: make it again with `{again}`" in done.complaint()) == (2, True)
    verified = program("verify", mission)
    assert (verified.code, verified.out.count("\n"), "worktree" in verified.out) == (4, 1, True)
    git(program.repo, *again.split()[3:])
    assert program("run", mission).code == 0
    assert program("verify", mission).code == 0

    program.repo.rename(program.root / "elsewhere")
    verified = program("verify", mission)
    assert (verified.code, verified.out.count("\n")) == (4, 1)
    assert f"the mission's repository {program.repo} is not there" in verified.out


def test_land_says_how_to_merge_or_make_a_patch(program: Program):
    mission = program.new("--yes")
    branch = program("status", mission, "--json").json["branch"]
    landed = program("land", mission)
    assert (landed.code, f"`git -C {program.repo} merge {branch}`" in landed.complaint()) == (2, True)
    assert f"..{branch}`" in program("land", mission, "--as", "patch").complaint()


def test_what_an_amendment_changes_is_shown_before_it_is_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    weaker = assertion("VAL-A-001").model_copy(update={"statement": "the command prints\n something"})
    amendment = Amendment(change=(weaker,), drop=("VAL-B-001",), reason="it cannot be had")
    signature = Decision(
        id="D7",
        kind="sign_amendment",
        summary="Sign the amendment",
        choices=("sign", "refuse"),
        default="refuse",
        payload=amendment.model_dump(mode="json"),
    )
    files = write(tmp_path, [*approved(), DecisionOpened(decision=signature)])
    assert mission_tui(["decisions", files.id, "--data-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    at = shown.index("  VAL-A-001")
    assert shown[at : at + 5] == [
        "  VAL-A-001",
        "  - the command prints ok",
        "  + the command prints something",
        "  VAL-B-001",
        "  - the command prints ok",
    ]
