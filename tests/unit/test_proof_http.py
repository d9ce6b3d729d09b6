from pathlib import Path

from mission_tui.domain.plan import App
from mission_tui.proof.prove import prove_all
from tests.support.proofs import APP, assertion, proved, proved_one, stage_in, texts


async def test_requests_are_checked_by_status_header_body_and_json(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "http",
        {"request": "GET /count", "expect_status": 200, "expect_header": {"Content-Type": "^application/json"}},
        {"expect_json": {"/count": 1, "/list/0/a~1b": None, "/list/1": True}, "expect_body": "count"},
        {"request": "POST /echo", "body": {"a": [1]}, "expect_status": 201, "expect_json": {"/a/0": 1}},
        {"request": "POST /echo", "body": "plain", "headers": {"Content-Type": "text/x"}, "expect_body": "^plain$"},
        {"expect_header": {"content-type": "^text/x$", "x-length": "5"}},
    )
    assert (result.status, result.cause, result.reason) == ("passed", None, "all 5 steps hold")
    assert "GET /count" in texts(result)["responses.json"]


async def test_a_failure_names_its_step_with_what_was_expected_and_seen(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "http",
        {"request": "GET /count", "expect_status": 200},
        {"request": "POST /echo", "body": "words", "expect_status": 200},
    )
    assert (result.status, result.cause) == ("failed", "expectation")
    assert result.reason == "step 2, POST /echo: expected status 200, seen 201 'words'"
    assert "words" in texts(result)["responses.json"]


async def test_json_pointers_that_lead_nowhere_and_near_misses_fail(tmp_path: Path):
    wrong = ({"/nowhere": 1}, {"/list/-1": True}, {"/list/9": 1}, {"/list/1": 1}, {"/count/x": 1})
    steps = [{"request": "GET /count", "expect_json": one, "within_s": 0.1} for one in wrong]
    results = await proved(tmp_path, *(assertion("http", s, number=n) for n, s in enumerate(steps)))
    assert [r.cause for r in results] == ["expectation"] * len(wrong)


async def test_what_only_reads_is_asked_again_until_it_fits_and_the_record_counts_how_often(tmp_path: Path):
    result = await proved_one(tmp_path, "http", {"request": "GET /eventually", "expect_status": 200})
    assert result.status == "passed"
    assert '"tries": 4' in texts(result)["responses.json"]


async def test_cookies_last_through_an_assertion_and_no_longer(tmp_path: Path):
    app = APP.model_copy(update={"isolation": "milestone"})
    results = await proved(
        tmp_path,
        assertion("http", {"request": "GET /login"}, {"request": "GET /whoami", "expect_body": "user=ada"}, number=1),
        assertion("http", {"request": "GET /whoami", "expect_body": "nobody"}, number=2),
        app=app,
    )
    assert [r.status for r in results] == ["passed", "passed"]


async def test_a_response_that_never_ends_is_judged_by_what_arrived(tmp_path: Path):
    result = await proved_one(
        tmp_path, "http", {"request": "GET /never", "expect_body": "^and again$", "within_s": 0.3}
    )
    assert result.status == "passed"
    assert '"cut": true' in texts(result)["responses.json"]


async def test_an_app_that_dies_meanwhile_blocks_the_proof_and_its_log_is_kept(tmp_path: Path):
    result = await proved_one(tmp_path, "http", {"request": "GET /die", "expect_status": 200})
    assert (result.status, result.cause) == ("blocked", "app")
    assert "the app died" in result.reason
    assert result.reason.endswith("the floor gave way")
    assert "ready to serve" in texts(result)["app-log.txt"]


async def test_an_app_that_ends_at_its_start_blocks_the_proof_with_its_last_words(tmp_path: Path):
    broken = App(start="python3 web.py broken")
    result = await proved_one(tmp_path, "http", {"request": "GET /count"}, app=broken)
    assert (result.status, result.cause) == ("blocked", "app")
    assert result.reason == "the app ended with exit code 1 at its start: no such database (at 5 tries)"
    assert "starting as" in texts(result)["app-log.txt"]


async def test_an_app_that_is_never_ready_is_waited_for_twice_and_no_more(tmp_path: Path):
    idle = App(start="python3 web.py idle", ready_timeout_s=0.3)
    several = [assertion("http", {"request": "GET /count"}, number=n) for n in range(6)]
    results = await proved(tmp_path, *several, app=idle)
    assert {(r.status, r.cause) for r in results} == {("blocked", "app")}
    assert "not ready within 0.3 s on port" in results[-1].reason
    assert results[1].duration_s >= 0.3 > results[2].duration_s


async def test_an_app_counts_as_ready_by_its_log_by_its_port_or_by_an_answer(tmp_path: Path):
    for number, ready in enumerate(({"log": "^ready to"}, None, {"http": "/nothing-here"})):
        app = App.model_validate({"start": "python3 web.py slow", "ready": ready})
        root = tmp_path / str(number)
        root.mkdir()
        result = await proved_one(root, "http", {"request": "GET /count", "expect_json": {"/count": 1}}, app=app)
        assert result.status == "passed", result.reason


async def test_without_an_app_there_is_nothing_to_ask(tmp_path: Path):
    result = await proved_one(tmp_path, "http", {"request": "GET /count"}, app=None)
    assert (result.status, result.cause) == ("blocked", "app")


async def test_each_assertion_has_an_app_a_tree_and_a_home_of_its_own(tmp_path: Path):
    resets: list[int] = []

    async def reset() -> None:
        resets.append(1)
        (tmp_path / "tree/left-in-tree").unlink(missing_ok=True)

    first = assertion(
        "http", {"request": "POST /file", "body": "x"}, {"request": "GET /host", "expect_body": "left-at-"}
    )
    second = assertion("http", {"request": "GET /host", "expect_body": r"\A(?!.*left)", "within_s": 0.1}, number=2)
    third = assertion("http", {"request": "GET /count", "expect_json": {"/count": 1}}, number=3)
    async with stage_in(tmp_path) as stage:
        results = await prove_all([first, second, third], stage, reset)
    assert [r.reason for r in results] == ["all 2 steps hold", "all 1 steps hold", "all 1 steps hold"]
    assert resets == [1, 1]


async def test_a_pass_without_a_declared_kind_of_evidence_is_inconclusive(tmp_path: Path):
    (result,) = await proved(
        tmp_path, assertion("http", {"request": "GET /count"}, evidence=("screenshot", "response"))
    )
    assert (result.status, result.cause) == ("inconclusive", "other")
    assert result.reason == "the checks hold, but produced no evidence of kind screenshot"
