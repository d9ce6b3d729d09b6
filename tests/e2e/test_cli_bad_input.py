import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_tui.cli.main import run
from tests.support.cli import Outcome, Program, make_program, plan_data, write_plan, write_script
from tests.support.git_repos import commit_all, git, hashes, write


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return make_program(tmp_path)


def called_here(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> Outcome:
    """In this process, which spares a second; for what is refused before anything is looked at."""
    code = run(arguments)
    said = capsys.readouterr()
    return Outcome(code, said.out, said.err)


def refused_plan(program: Program, change: Callable[[dict[str, Any]], None]) -> list[str]:
    data = plan_data()
    change(data)
    plan = write_plan(program.root / "plan.yaml", data)
    done = program("new", "--repo", program.repo, "--plan", plan, "--model", "openai/x")
    assert (done.code, done.out) == (2, "")
    assert not list(program.data.glob("missions/*"))
    assert git(program.repo, "branch", "--list") == "* main"
    prefix = f"mission-tui: {plan}:"
    assert all(line.startswith(prefix) for line in done.err.splitlines()), done.err
    return [line.removeprefix(prefix) for line in done.err.splitlines()]


def test_a_plan_that_is_not_yaml_is_refused_with_its_line(program: Program):
    plan = program.root / "plan.yaml"
    plan.write_text("title: x\ncontract: [\n")
    done = program("new", "--repo", program.repo, "--plan", plan, "--model", "openai/x")
    assert done.code == 2
    assert done.complaint().startswith(f"{plan}:")


def test_a_plan_file_that_is_not_there_is_refused(program: Program):
    done = program("new", "--repo", program.repo, "--plan", "nowhere.yaml", "--model", "openai/x")
    assert (done.code, done.complaint()) == (2, "nowhere.yaml: No such file or directory")


def test_a_missing_field_is_named_with_its_place(program: Program):
    lines = refused_plan(program, lambda data: data["contract"][0].pop("statement"))
    assert len(lines) == 1
    assert "contract[0].statement: is missing" in lines[0]


def test_a_broken_gate_is_named_with_its_place_one_line_for_each_problem(program: Program):
    lines = refused_plan(program, lambda data: data["features"][0].update(fulfills=["VAL-OTHER-001"]))
    assert sorted(line.partition(": ")[2].partition(":")[0] for line in lines) == ["F1", "VAL-HELLO-001"]
    assert all(line.partition(":")[0].isdigit() for line in lines)


def test_an_unknown_skill_is_named_with_its_feature(program: Program):
    lines = refused_plan(program, lambda data: data["features"][0].update(skill="no-such-skill"))
    assert len(lines) == 1
    assert "F1" in lines[0]
    assert "no-such-skill" in lines[0]


def test_a_directory_that_is_no_repository_is_refused(program: Program):
    elsewhere = program.root / "elsewhere"
    elsewhere.mkdir()
    done = program("new", "--repo", elsewhere, "--goal", "x", "--model", "openai/x")
    assert done.code == 2
    assert "not a git repository" in done.complaint()


def test_a_repository_without_a_commit_is_refused(program: Program):
    empty = program.root / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    done = program("new", "--repo", empty, "--goal", "x", "--model", "openai/x")
    assert done.code == 2
    assert "no commit yet" in done.complaint()


def test_init_makes_a_repository_where_there_is_none(program: Program):
    made = program.root / "made"
    done = program("new", "--repo", made, "--init", "--goal", "Make a clock.", "--model", "openai/x")
    assert done.code == 0
    assert git(made, "rev-list", "--count", "HEAD") == "1"


def test_a_dirty_checkout_is_said_and_left_as_it_is(program: Program):
    write(program.repo, {"a.txt": "changed\n", "new.txt": "new\n"})
    before = hashes(program.repo, leaving_out=(".git/",))
    done = program("new", "--repo", program.repo, "--goal", "Do it.", "--model", "openai/x")
    assert done.code == 0
    assert "uncommitted changes" in done.err
    assert hashes(program.repo, leaving_out=(".git/",)) == before


def test_submodules_and_large_files_are_said_in_a_line_each(program: Program):
    write(
        program.repo,
        {".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ./x\n', ".gitattributes": "*.bin filter=lfs\n"},
    )
    git(program.repo, "add", "-A")
    git(program.repo, "commit", "-qm", "More")
    done = program("new", "--repo", program.repo, "--goal", "Do it.", "--model", "openai/x")
    assert done.code == 0
    assert "note: the repository has submodules; their folders stay empty" in done.err
    assert "note: the repository uses Git LFS" in done.err


def test_a_detached_head_is_said(program: Program):
    git(program.repo, "checkout", "-q", "--detach")
    done = program("new", "--repo", program.repo, "--goal", "Do it.", "--model", "openai/x")
    assert done.code == 0
    assert "HEAD is detached" in done.err


def test_new_prints_the_id_and_nothing_else(program: Program):
    mission = program.new("--model", "openai/x")
    assert [path.name for path in (program.data / "missions").iterdir()] == [mission]


def test_an_unknown_base_is_refused(program: Program):
    done = program("new", "--repo", program.repo, "--goal", "x", "--model", "openai/x", "--base", "nowhere")
    assert done.code == 2
    assert "nowhere" in done.complaint()


def test_no_model_says_where_one_is_set(program: Program):
    done = program("new", "--repo", program.repo, "--goal", "x")
    assert done.code == 2
    assert "--model" in done.complaint()
    assert "config.toml" in done.complaint()


def test_an_unknown_role_lists_the_roles(program: Program):
    done = program("new", "--repo", program.repo, "--goal", "x", "--model", "openai/x", "--seat", "janitor=openai/x")
    assert done.code == 2
    assert "orchestrator" in done.complaint()


def test_a_script_that_is_not_there_is_refused(program: Program):
    done = program("new", "--repo", program.repo, "--goal", "x", "--model", "scripted:nowhere.yaml")
    assert done.code == 2
    assert str(program.root / "nowhere.yaml") in done.complaint()


def test_a_missing_key_is_said_before_an_engine_starts(program: Program):
    program.settings('[seats.default]\nmodel = "openai/x"\napi_key_env = "NO_SUCH_KEY_VARIABLE"\n')
    mission = program.new("--yes")
    seq = program("status", mission, "--json").json["seq"]
    for how in ([], ["--detach"]):
        done = program("run", mission, *how)
        assert (done.code, done.complaint()) == (2, "model openai/x: no key; set NO_SUCH_KEY_VARIABLE")
    assert program("status", mission, "--json").json["seq"] == seq


def test_a_provider_that_cannot_be_told_is_said_before_an_engine_starts(program: Program):
    mission = program.new("--yes", "--model", "no-such-model")
    done = program("run", mission)
    assert done.code == 2
    assert "no-such-model" in done.complaint()


def test_a_refused_connection_ends_with_5_and_one_line(program: Program):
    mission = program.new("--yes", "--model", "openai/x", "--api-base", "http://127.0.0.1:1/v1")
    done = program("run", mission, env={"MISSION_TUI_RETRY_S": "0", "MISSION_TUI_OFFLINE": "1"})
    assert done.code == 5
    assert [line for line in done.err.splitlines() if "127.0.0.1:1" not in line] == []
    assert len(done.err.splitlines()) == 1
    assert program("status", mission, "--json").json["decisions"][0]["kind"] == "provider"


@pytest.mark.parametrize("command", ["status", "events", "decisions", "run", "pause", "verify"])
def test_an_unknown_id_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str):
    done = called_here(capsys, ["--data-dir", str(tmp_path), command, "nowhere"])
    assert done.code == 2
    assert "there is no mission 'nowhere'" in done.complaint()


def test_an_ambiguous_prefix_names_the_missions(program: Program):
    first, second = program.new("--model", "openai/x"), program.new("--model", "openai/x")
    complaint = program("status", "say").complaint()
    assert first in complaint
    assert second in complaint
    assert program("status", first[:-1], "--json").json["id"] == first


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["bogus"], "bogus"),
        (["status"], "ID"),
        (["status", "x", "y"], "unexpected"),
        (["skills"], "skills list"),
        (["land", "x", "--as", "stone"], "stone"),
        (["new", "--repo", "repo"], "--goal"),
        (["new", "--repo", "repo", "--goal", "x", "--brief", "y"], "not both"),
        (["new", "--repo", "repo", "--goal", "x", "--model", "m", "--yes"], "--plan"),
        (["new", "--repo", "repo", "--goal", "x", "--model", "m", "--review", "never"], "never"),
        (["new", "--repo", "repo", "--goal", "x", "--model", "m", "--api-base", "example.org"], "example.org"),
        (["new", "--repo", "repo", "--goal", "x", "--usd", "0"], "--usd"),
        (["new", "--repo", "repo", "--brief", "nowhere.md"], "nowhere.md"),
        (["events", "x", "--since", "-1"], "--since"),
        ([], "terminal"),
    ],
)
def test_wrong_arguments_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
):
    done = called_here(capsys, ["--data-dir", str(tmp_path), *arguments])
    assert done.code == 2
    assert word in done.complaint()


def test_settings_with_a_mistake_are_named_with_their_file(program: Program):
    program.settings("[seat.default]\nmodel = 'x'\n")
    done = program("new", "--repo", program.repo, "--goal", "x")
    assert done.code == 2
    assert "config.toml: seat: is not a known key: did you mean `seats`?" in done.complaint()


def test_a_repository_cannot_say_where_its_code_is_sent(program: Program):
    write(program.repo, {".mission/config.toml": '[seats.default]\napi_base = "http://example.org"\n'})
    commit_all(program.repo)
    done = program("new", "--repo", program.repo, "--goal", "x", "--model", "openai/x")
    assert done.code == 2
    assert "seats.default.api_base cannot be set by a repository" in done.complaint()


def test_a_damaged_database_is_one_line_and_does_not_hide_other_missions(program: Program):
    good, bad = program.new("--model", "openai/x"), program.new("--model", "openai/x")
    (program.data / "missions" / bad / "mission.db").write_bytes(b"no database at all, by any means" * 200)
    assert "damaged" in program("status", bad).complaint()
    assert program("verify", bad).code == 4
    listed = {one["id"]: one for one in program("list", "--json").json}
    assert "error" in listed[bad]
    assert listed[good]["state"] == "awaiting_approval"


def test_a_decision_or_choice_that_is_not_there_is_said_at_once(program: Program):
    mission = program.new("--model", "openai/x")
    assert "no decision 'D7' (open: D1)" in program("decide", mission, "D7", "approve").complaint()
    assert "choose one of approve, reject" in program("decide", mission, "D1", "perhaps").complaint()


def test_the_data_folder_may_stand_before_or_after_the_command(program: Program):
    elsewhere = program.root / "elsewhere"
    assert json.loads(program("--data-dir", elsewhere, "list", "--json").out) == []
    mission = program.new("--model", "openai/x", "--data-dir", elsewhere)
    for arguments in (["--data-dir", elsewhere, "status", mission], ["status", mission, "--data-dir", elsewhere]):
        assert program(*arguments, "--json").json["id"] == mission


def test_a_data_folder_that_cannot_be_made_is_one_line(program: Program):
    script = write_script(program.root / "script.yaml")
    (program.root / "file").write_text("")
    done = program(
        *("new", "--repo", program.repo, "--goal", "x", "--model", f"scripted:{script}"),
        *("--data-dir", program.root / "file" / "below"),
    )
    assert done.code == 2
    assert "Not a directory" in done.complaint()
