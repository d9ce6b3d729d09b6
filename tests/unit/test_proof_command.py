import sys
from pathlib import Path

import pytest

from mission_tui.domain.verdict import CaseResult
from mission_tui.proof.checks import parse_junit, run_check
from mission_tui.proof.prove import prove_all
from tests.support.proofs import assertion, proved_one, stage_in, texts


async def test_a_command_is_checked_by_exit_code_streams_and_files(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "command",
        {"run": "echo out; echo err >&2; exit 3", "expect_exit": 3, "expect_stdout": "^out$", "expect_stderr": "^err$"},
        {"run": "mkdir 'a b' && touch 'a b/c'", "expect_file": "a b/c"},
        app=None,
    )
    assert (result.status, result.reason) == ("passed", "all 2 steps hold")
    assert texts(result)["output.txt"].startswith("$ echo out")
    assert texts(result)["exit_code.txt"].startswith("3\techo out")


@pytest.mark.parametrize(
    ("step", "status", "cause", "words"),
    [
        ({"run": "echo no; exit 1"}, "failed", "expectation", "expected exit code 0, seen 1: 'no'"),
        (
            {"run": "echo no", "expect_stdout": "yes"},
            "failed",
            "expectation",
            "expected stdout to match 'yes', seen 'no'",
        ),
        ({"run": "true", "expect_file": "x", "within_s": 0.1}, "failed", "expectation", "expected the file x, which"),
        ({"run": "no-such-program"}, "blocked", "missing_tool", "no-such-program: command not found"),
        ({"run": "no-such-program", "expect_exit": 127}, "passed", None, "all 1 steps hold"),
        ({"expect_stdout": "x"}, "inconclusive", "other", "the first step needs a `run`"),
    ],
)
async def test_how_commands_fail(tmp_path: Path, step: dict, status: str, cause: str | None, words: str):
    result = await proved_one(tmp_path, "command", step)
    assert (result.status, result.cause) == (status, cause)
    assert words in result.reason


async def test_a_box_that_has_died_blocks_and_says_what_to_do(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        await stage.box.close()
        (result,) = await prove_all([assertion("command", {"run": "true"})], stage, stage.box.close)
    assert (result.status, result.cause) == ("blocked", "setup")
    assert result.reason == "the box is closed: open another one"


async def test_links_that_a_box_left_for_the_host_are_not_followed(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    trap = (
        f"cd $MISSION_RUN_DIR; for n in VAL-X-002-output.txt VAL-X-002-exit.txt tests.log; do ln -s {victim} $n; done"
    )
    async with stage_in(tmp_path) as stage:
        results = await prove_all(
            [assertion("command", {"run": trap}), assertion("command", {"run": "echo hi"}, number=2)],
            stage,
            reset_nothing,
        )
        await run_check("tests", "echo hi", stage.box, stage.run_dir, 30)
    assert [r.status for r in results] == ["passed", "passed"]
    assert victim.read_text() == "untouched"


async def reset_nothing() -> None:
    return


async def test_pytest_is_read_test_by_test_without_editing_its_command(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        (tmp_path / "tree/test_sample.py").write_text(SAMPLE)
        run = await run_check("unit tests", f"{PYTEST} test_sample.py", stage.box, stage.run_dir, 60)
    assert run.exit_code == 1
    assert run.cases == (
        CaseResult(name="test_sample::test_good", outcome="passed"),
        CaseResult(name="test_sample::test_bad", outcome="failed"),
        CaseResult(name="test_sample::test_later", outcome="skipped"),
        CaseResult(name="test_sample::test_unready", outcome="failed"),
    )
    assert "1 failed, 1 passed, 1 skipped, 1 error" in run.log.read_text()


async def test_a_check_that_runs_pytest_twice_is_read_from_its_summaries_and_others_have_no_tests(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        (tmp_path / "tree/test_sample.py").write_text("def test_good(): pass\n")
        plain = await run_check("lint", "echo fine", stage.box, stage.run_dir, 60)
        twice = await run_check("both", f"{PYTEST}; {PYTEST}", stage.box, stage.run_dir, 60)
    assert (plain.exit_code, plain.cases, plain.log.read_text()) == (0, None, "fine\n")
    assert (twice.exit_code, twice.cases) == (0, (CaseResult(name="test_sample.py::test_good", outcome="passed"),))


async def test_reports_that_a_build_leaves_are_read_if_this_run_wrote_them(tmp_path: Path):
    reports = tmp_path / "tree/core/target/surefire-reports"
    reports.mkdir(parents=True)
    (reports / "TEST-old.xml").write_text('<testsuite><testcase classname="Old" name="gone"/></testsuite>')
    case = '<testsuite><testcase classname="A" name="b"><failure/></testcase></testsuite>'
    async with stage_in(tmp_path) as stage:
        command = f"echo '{case}' > core/target/surefire-reports/TEST-a.xml; exit 1"
        run = await run_check("maven", command, stage.box, stage.run_dir, 60, tmp_path / "tree")
    assert run.cases == (CaseResult(name="A::b", outcome="failed"),)


async def test_a_check_that_takes_too_long_has_no_exit_code(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        run = await run_check("slow", "echo begun; sleep 60", stage.box, stage.run_dir, 0.3)
    assert (run.exit_code, run.log.read_text()) == (None, "begun\n")


def test_what_is_no_report_is_no_result(tmp_path: Path):
    report = tmp_path / "report.xml"
    assert parse_junit(report) is None
    for text in ("", "not xml", "<html/>", '<?xml version="1.0"?><testsuites><testsuite'):
        report.write_text(text)
        assert parse_junit(report) is None, text
    report.unlink()
    report.symlink_to("/etc/passwd")
    assert parse_junit(report) is None


PYTEST = f"{sys.executable} -m pytest"
SAMPLE = """
import pytest
def test_good(): pass
def test_bad(): assert 1 == 2
@pytest.mark.skip
def test_later(): pass
@pytest.fixture
def broken(): raise OSError
def test_unready(broken): pass
"""
