import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mission_tui.demo.sample import make_sample, sample_history
from mission_tui.store.layout import mission_files
from mission_tui.store.queries import Reader
from tests.support.cli import Program
from tests.support.git_repos import git, hashes

pytestmark = pytest.mark.timeout(400)
PATIENCE_S = 300
DEMO = ("demo", "--headless", "--fast")


@dataclass(frozen=True)
class Played:
    """A demo that has come to its end."""

    program: Program
    code: int
    out: str

    @property
    def id(self) -> str:
        return next((self.program.data / "missions").iterdir()).name

    @property
    def repo(self) -> Path:
        return self.program.root / "demo" / "pocketbook"

    @property
    def status(self) -> dict[str, Any]:
        return self.program("status", self.id, "--json").json

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.program("events", self.id, "--json").out.splitlines()]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events if event["kind"] == kind]

    def outcome(self) -> dict[str, Any]:
        """Everything that two demos have in common, however often one of them was killed."""
        status = self.status
        return {
            "tree": [data["tree"] for data in self.data("mission_completed")],
            "assertions": status["assertions"],
            "milestones": status["milestones"],
            "features": [{k: v for k, v in feature.items() if k != "commits"} for feature in status["features"]],
            "commits": [len(feature["commits"]) for feature in status["features"]],
            "state": status["state"],
        }


def new_program(root: Path) -> Program:
    (root / "home").mkdir()
    return Program(root)


def to_the_end(program: Program, *args: object) -> tuple[int, str]:
    process = program.start(*args)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err, err
    return process.returncode, out


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    program = new_program(tmp_path_factory.mktemp("demo"))
    code, out = to_the_end(program, *DEMO, "--dir", program.root / "demo")
    return Played(program, code, out)


def test_the_demo_completes_and_says_where_its_report_is(played: Played):
    assert played.code == 0, played.out[-3000:]
    report = Path(played.out.strip().splitlines()[-1].removeprefix("report: "))
    assert report.is_file()
    assert "20 passed" in played.out


def test_every_assertion_passes_and_every_milestone_is_sealed(played: Played):
    status = played.status
    assert status["state"] == "completed"
    assert (status["assertions"]["total"], status["assertions"]["passed"]) == (20, 20)
    assert [(m["state"], m["round"]) for m in status["milestones"]] == [("sealed", 2), ("sealed", 2)]
    assert [(f["id"], f["origin"], f["state"]) for f in status["features"]] == [
        *((f"F{n}", "plan", "completed") for n in range(1, 6)),
        *((f"F{n}", "fix", "completed") for n in range(6, 9)),
    ]


def test_the_finished_demo_breaks_no_invariant(played: Played):
    verified = played.program("verify", played.id)
    assert verified.code == 0, verified.out


def test_all_five_kinds_of_proof_are_used(played: Played):
    assertions = [a for data in played.data("contract_drafted") for a in data["assertions"]]
    assert {a["proof"]["by"] for a in assertions} == {"command", "http", "browser", "terminal", "review"}


def test_the_engineers_own_branch_and_checkout_are_untouched(played: Played, tmp_path: Path):
    make_sample(tmp_path / "fresh")
    assert git(played.repo, "rev-parse", "main") == git(tmp_path / "fresh", "rev-parse", "main")
    assert git(played.repo, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(played.repo, "status", "--porcelain") == ""
    assert hashes(played.repo, leaving_out=(".git",)) == hashes(tmp_path / "fresh", leaving_out=(".git",))


def test_each_feature_has_a_commit_with_its_trailers(played: Played):
    status = played.status
    for feature in status["features"]:
        (commit,) = feature["commits"]
        trailers = git(played.repo, "log", "-1", "--format=%(trailers:only,unfold)", commit)
        assert f"Mission: {played.id}\nFeature: {feature['id']}\nRun: R" in trailers
        git(played.repo, "merge-base", "--is-ancestor", commit, status["branch"])


def test_a_vacuous_assertion_is_sent_back_before_approval(played: Played):
    first, second = played.data("base_proved")
    passed = {r["assertion"] for r in first["results"] if r["passed"]}
    assert passed == {"VAL-GUARD-001", "VAL-GUARD-002", "VAL-MONTH-002"}
    assert {r["assertion"] for r in second["results"] if r["passed"]} == {"VAL-GUARD-001", "VAL-GUARD-002"}
    assert {r["cause"] for r in second["results"] if not r["passed"]} == {"expectation"}


def test_the_red_test_of_the_base_is_known_by_name_and_blocks_nothing(played: Played):
    tests = [c for data in played.data("scrutiny_recorded") for c in data["comparisons"] if c["name"] == "tests"]
    assert len(tests) == 4
    assert all(c["ok"] and c["old_failures"] == ["tests.test_rounding::test_half_cents_round_up"] for c in tests)


def test_a_claim_of_green_tests_that_were_red_is_contradicted_and_repaired(played: Played):
    contradicted = [
        (data["feature"], claim["claimed_exit"], claim["observed_exit"])
        for data in played.data("handoff_recorded")
        for claim in data["claims"]
        if claim["observed_exit"] != claim["claimed_exit"]
    ]
    assert contradicted == [("F3", 0, 1)]
    (issue,) = [data["issue"] for data in played.data("issue_opened") if data["issue"]["source"] == "contradiction"]
    assert answering_feature(played, issue["id"]) == "F6"


def test_a_button_that_only_the_browser_finds_dead_is_repaired(played: Played):
    verdicts = [data["verdict"] for data in played.data("verdict_recorded")]
    failed = sorted((v["assertion"], v["cause"], v["round"]) for v in verdicts if v["status"] == "failed")
    assert failed == [(f"VAL-{name}", "expectation", 1) for name in ("DARK-001", "DARK-002", "EXPORT-006")]
    again = [v for v in verdicts if v["assertion"] == "VAL-DARK-001" and v["round"] == 2]
    assert [v["status"] for v in again] == ["passed"]
    assert {e["kind"] for e in again[0]["evidence"]} >= {"screenshot", "console"}


def test_a_flow_that_the_tester_found_catches_a_later_defect_without_the_tester(played: Played):
    (replay,) = played.data("flow_replayed")
    assert (replay["assertion"], replay["status"], replay["control"]["outcome"]) == ("VAL-EXPORT-006", "passed", "red")
    (run,) = {e["run_id"] for e in played.events if e["kind"] == "flow_replayed"}
    verdicts = [(e.get("run_id"), e["data"]["verdict"]) for e in played.events if e["kind"] == "verdict_recorded"]
    seen = [
        (who == run, v["prover"], v["milestone"], v["round"], v["status"])
        for who, v in verdicts
        if v["assertion"] == "VAL-EXPORT-006"
    ]
    assert seen == [
        (True, "mechanical", "M1", 2, "passed"),
        (False, "mechanical", "M2", 1, "failed"),
        (False, "mechanical", "M2", 2, "passed"),
    ]


def test_every_proof_of_a_feature_is_red_on_the_tree_from_before_it(played: Played):
    results = [r for data in played.data("control_recorded") for r in data["results"]]
    assert len(results) == 14
    assert {(r["outcome"], r["cause"]) for r in results} == {("red", "expectation")}


def test_the_exported_tests_pass_on_the_missions_tree_and_fail_on_the_base(played: Played, tmp_path: Path):
    played.program("export", played.id, tmp_path / "out")
    chosen = "export_006 or export_003 or month_004"
    seen = {
        tree: run_exported(tmp_path / "out" / "proofs", tree, chosen)
        for tree in (played.program.data / "missions" / played.id / "worktree", played.repo)
    }
    assert [(done.returncode, done.stdout.splitlines()[-1].split(" in ")[0]) for done in seen.values()] == [
        (0, "3 passed, 12 deselected"),
        (1, "3 failed, 12 deselected"),
    ], [done.stdout for done in seen.values()]


def run_exported(folder: Path, tree: Path, chosen: str) -> subprocess.CompletedProcess[str]:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
    environment = {**os.environ, "MISSION_REPO": str(tree), **({"CHROMIUM": browser} if browser else {})}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-k", chosen, "."]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)


def test_a_blocking_finding_of_a_reviewer_becomes_a_feature(played: Played):
    (issue,) = [
        data["issue"]
        for data in played.data("issue_opened")
        if data["issue"]["source"] == "finding" and data["issue"]["severity"] == "blocking"
    ]
    assert "=HYPERLINK" in issue["detail"]
    assert answering_feature(played, issue["id"]) == "F7"


def answering_feature(played: Played, issue: str) -> str:
    return next(data["feature"]["id"] for data in played.data("feature_added") if issue in data["resolves"])


def test_a_lesson_of_one_worker_is_given_to_the_next(played: Played):
    (written,) = [data for data in played.data("skill_written") if data["author"] == "worker"]
    first, second = [
        e["run_id"] for e in played.events if e["kind"] == "run_started" and e["data"]["role"] == "worker"
    ][:2]
    with Reader(mission_files(played.program.data, played.id)) as reader:
        given = {run: json.dumps(reader.context(run)) for run in (first, second)}
    assert written["lesson"] not in given[first]
    assert written["lesson"] in given[second]


def test_two_researchers_work_for_one_turn_of_the_orchestrator(played: Played):
    researchers = [e for e in played.events if e["kind"] == "run_started" and e["data"]["role"] == "researcher"]
    assert [e["data"]["parent"] for e in researchers] == ["R1", "R1"]


def test_every_recorded_answer_is_an_event_that_says_so(played: Played):
    answers = played.data("decision_answered")
    assert len(answers) == 4
    assert {data["answer"]["by"] for data in answers} == {"recorded"}


def test_a_demo_killed_in_a_worker_and_in_a_validation_goes_on_to_the_same_end(played: Played, tmp_path: Path):
    program = new_program(tmp_path)
    kill_at(program, "worker started on F3", *DEMO, "--dir", program.root / "demo")
    killed = Played(program, 0, "")
    kill_at(program, "M1: scrutiny", "run", killed.id)
    code, out = to_the_end(program, "run", killed.id)
    assert code == 0, out[-3000:]
    assert killed.outcome() == played.outcome()
    assert program("verify", killed.id).code == 0


def kill_at(program: Program, words: str, *args: object) -> None:
    process = program.start(*args)
    assert process.stdout is not None and process.stderr is not None
    with process, process.stdout as lines:
        seen = next((line for line in lines if words in line), None)
        process.send_signal(signal.SIGKILL)
    assert seen is not None, f"it never said {words!r}"


def test_a_folder_in_use_is_refused_in_one_line(tmp_path: Path):
    program = new_program(tmp_path)
    (tmp_path / "demo" / "pocketbook").mkdir(parents=True)
    (tmp_path / "demo" / "pocketbook" / "mine.txt").write_text("mine")
    done = program(*DEMO, "--dir", tmp_path / "demo")
    assert done.code == 2
    assert "is not empty" in done.complaint()


def test_the_sample_has_a_history_and_is_the_same_every_time(tmp_path: Path):
    for name in ("one", "two"):
        make_sample(tmp_path / name)
    assert git(tmp_path / "one", "rev-parse", "HEAD") == git(tmp_path / "two", "rev-parse", "HEAD")
    subjects = git(tmp_path / "one", "log", "--reverse", "--format=%s").splitlines()
    assert subjects == [commit.subject for commit in sample_history()]
    assert git(tmp_path / "one", "status", "--porcelain") == ""
