from pathlib import Path

from mission_tui.domain.plan import App
from mission_tui.proof.prove import prove_all
from tests.support.box_specs import knocking, running
from tests.support.proofs import assertion, nothing, proved_one, stage_in

COUNT = {"request": "GET /count", "expect_json": {"/count": 1}}


async def test_an_app_that_listens_elsewhere_blocks_and_says_where(tmp_path: Path):
    app = App(start="PORT=8123 exec python3 web.py", ready_timeout_s=2)
    async with stage_in(tmp_path, app) as stage:
        (result,) = await prove_all([assertion("http", COUNT)], stage, nothing)
        port_left = await stage.box.run(knocking(8123), timeout_s=10)
        process_left = await stage.box.run(running("web.py"), timeout_s=10)
    assert (result.status, result.cause) == ("blocked", "app")
    assert "it listens on 8123, not on $PORT" in result.reason
    assert (port_left.exit_code, process_left.exit_code) == (1, 1)


async def test_an_app_that_fails_now_and_then_at_its_start_is_started_again(tmp_path: Path):
    flaky = "echo try >> /tmp/tries; [ $(wc -l < /tmp/tries) -ge 3 ] || exit 1; exec python3 web.py slow"
    result = await proved_one(tmp_path, "http", COUNT, app=App(start=flaky))
    assert (result.status, result.reason) == ("passed", "all 1 steps hold")


async def test_a_gigabyte_of_log_is_drained_and_kept_in_part(tmp_path: Path):
    loud = App(start="yes noise | head -c 1000000000 & exec python3 web.py", ready_timeout_s=60)
    result = await proved_one(tmp_path, "http", {"request": "GET /die", "within_s": 30}, app=loud)
    assert (result.status, result.cause) == ("blocked", "app")
    assert sum(p.stat().st_size for p in (tmp_path / "logs").iterdir()) < 100_000_000
    assert all(e.path.stat().st_size < 1_000_000 for e in result.evidence if e.kind == "output")


async def test_a_request_that_is_redirected_for_ever_is_judged_by_its_first_answer(tmp_path: Path):
    result = await proved_one(tmp_path, "http", {"request": "GET /loop", "expect_status": 200, "within_s": 0.2})
    assert (result.status, result.cause) == ("failed", "expectation")
    assert "expected status 200, seen 303" in result.reason
