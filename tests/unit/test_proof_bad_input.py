from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mission_tui.domain.plan import App, Ready
from mission_tui.proof.prove import prove_all
from tests.support.box_specs import knocking, running
from tests.support.proofs import assertion, nothing, proved_one, stage_in, texts

LISTENING = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep --quiet ' 0A '"
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


async def test_an_app_that_fails_now_and_then_at_its_start_is_started_again_and_told_of(tmp_path: Path):
    flaky = "echo try >> /tmp/tries; [ $(wc -l < /tmp/tries) -ge 3 ] || { echo no luck; exit 4; }; exec python3 web.py"
    result = await proved_one(tmp_path, "http", COUNT, app=App(start=flaky))
    said = "the app started at try 3 only; before, the app ended with exit code 4 at its start: no luck"
    assert (result.status, result.reason) == ("passed", f"all 1 steps hold; {said}")
    assert texts(result)["failed-starts.txt"].count("no luck") == 4


SLOW = "(a+)+$"
"""Exponential for a text of many a's that ends otherwise."""


@pytest.mark.parametrize(
    ("by", "steps"),
    [
        ("command", [{"run": f"echo {'a' * 40}!", "expect_stdout": SLOW}]),
        ("http", [{"request": "POST /echo", "body": "a" * 40 + "!", "expect_body": SLOW}]),
        ("terminal", [{"spawn": f"echo {'a' * 40}!; cat", "expect_screen": SLOW}]),
    ],
)
async def test_a_pattern_that_never_comes_to_an_end_blocks(tmp_path: Path, by: str, steps: list[dict[str, Any]]):
    result = await proved_one(tmp_path, by, *steps)
    assert (result.status, result.cause) == ("blocked", "setup")
    assert "takes more than 2 s to match" in result.reason


async def test_a_pattern_of_readiness_that_never_comes_to_an_end_blocks(tmp_path: Path):
    app = App(start=f"echo {'a' * 40}!; exec python3 web.py", ready=Ready(log=SLOW))
    result = await proved_one(tmp_path, "http", COUNT, app=app)
    assert (result.status, result.cause) == ("blocked", "app")
    assert "nobody can tell whether the app is ready" in result.reason


BAD_APPS = {
    "ends at its start": (App(start="python3 web.py broken"), "no such database"),
    "is never ready": (
        App(start="trap '' TERM; python3 web.py idle", ready_timeout_s=1, stop_timeout_s=0.5),
        "nothing listens",
    ),
    "is no program": (App(start="no-such-program"), "not found"),
    "leaves a child": (App(start="setsid python3 web.py slow & exit 1"), "exit code 1"),
    "dies meanwhile": (App(start="exec python3 web.py", ready=Ready(http="/count")), "the app died"),
}
DIES: list[tuple[str, dict[str, Any]]] = [("http", {"request": "GET /die"}), ("browser", {"goto": "/die"})]


@pytest.mark.parametrize("kind", BAD_APPS)
async def test_a_bad_app_blocks_with_its_reason_and_leaves_no_process_and_no_port(tmp_path: Path, kind: str):
    app, said = BAD_APPS[kind]
    async with stage_in(tmp_path, app) as stage:
        proofs = [assertion(by, step, number=n) for n, (by, step) in enumerate(DIES)]
        results = await prove_all(proofs, stage, nothing)
        left = await stage.box.run(f"{running('web.py')} || {LISTENING}", timeout_s=10)
    assert [(r.status, r.cause) for r in results] == [("blocked", "app")] * 2
    assert all(said in r.reason for r in results)
    assert left.exit_code == 1, left.output


BAD_QUESTIONS: list[tuple[str, dict[str, Any], str, str]] = [
    ("browser", {"goto": "/", "expect_visible": "h1[["}, "setup", "not a selector"),
    ("browser", {"goto": "/", "expect_count": {"target": ">> nonsense=", "count": 0}}, "setup", "not a selector"),
    ("command", {"run": "no-such-program"}, "missing_tool", "not found"),
    ("terminal", {"spawn": "no-such-program", "expect_screen": "x"}, "missing_tool", "not found"),
    ("browser", {"goto": "/loop", "expect_text": "x"}, "app", "ERR_TOO_MANY_REDIRECTS"),
]


@pytest.mark.parametrize(("by", "step", "cause", "said"), BAD_QUESTIONS, ids=[str(q[1]) for q in BAD_QUESTIONS])
async def test_a_proof_that_cannot_look_is_blocked_with_the_reason(
    tmp_path: Path, by: str, step: dict[str, Any], cause: str, said: str
):
    result = await proved_one(tmp_path, by, step)
    assert (result.status, result.cause) == ("blocked", cause)
    assert said in result.reason


@pytest.mark.parametrize("key", ["expect_body", "expect_header"])
def test_a_bad_regular_expression_is_refused_before_anything_is_proved(key: str):
    pattern = "(" if key == "expect_body" else {"x": "("}
    with pytest.raises(ValidationError, match="not a regular expression"):
        assertion("http", {"request": "GET /", key: pattern})


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
