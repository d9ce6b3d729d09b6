import asyncio
import json
import time

import pytest

from mission_tui.domain.ports import BoxError
from mission_tui.workspace.box import open_box
from tests.support.box_specs import answering, eventually, fetching, running, spec_in

ECHO = """
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    match message.get("do"):
        case "die": sys.exit("no more")
        case "hang": __import__("time").sleep(600)
        case "babble": print("not json", flush=True)
        case "list": print("[1]", flush=True)
        case _: print(json.dumps({"echo": message, "python": sys.version_info[:2], "run": os.getcwd()}), flush=True)
"""
SERVER = "python3 -u -m http.server --bind 127.0.0.1 {port}"


async def test_a_service_survives_between_commands_and_is_stopped_with_its_tree(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "index.html").write_text("hello from the box")
    async with await open_box(spec) as box:
        port = await box.free_port()
        started = await box.start_service("web", f"sleep 777 & {SERVER.format(port=port)}")
        assert started.running
        fetch = f"{answering(port)}; {fetching(port)}"
        assert (await box.run(fetch, timeout_s=30)).output == "hello from the box"
        assert (await box.run(running("777"), timeout_s=10)).exit_code == 0
        status = await box.service_status("web")
        assert status.running
        assert "GET /" in status.log_tail
        stopped = await box.stop_service("web")
        assert not stopped.running
        assert stopped.exit_code == 143
        for word in ("777", "http.server"):
            assert (await box.run(running(word), timeout_s=10)).exit_code == 1


async def test_a_service_that_ends_by_itself_shows_its_exit_code_and_log(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        await box.start_service("short", "echo bye; exit 4")

        async def ended():
            return not (await box.service_status("short")).running

        await eventually(ended)
        status = await box.service_status("short")
        assert (status.exit_code, status.log_tail) == (4, "bye\n")
        assert (await box.start_service("short", "sleep 60")).running
        with pytest.raises(BoxError, match="already running"):
            await box.start_service("short", "sleep 60")
        with pytest.raises(BoxError, match="short"):
            await box.service_status("other")


async def test_a_service_that_ignores_the_request_to_stop_is_killed(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        await box.start_service("stubborn", "trap '' TERM; echo ready; while :; do sleep 0.1; done")

        async def ready():
            return "ready" in (await box.service_status("stubborn")).log_tail

        await eventually(ready)
        started = time.monotonic()
        stopped = await box.stop_service("stubborn", timeout_s=0.3)
        assert time.monotonic() - started < 5
        assert not stopped.running
        assert stopped.exit_code is None


async def test_a_flooding_service_keeps_its_log_within_the_limit(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        await box.start_service("flood", "yes | head -c 80000000; echo end; sleep 600")
        log = next((tmp_path / "logs").glob("service-*.log"))

        async def full():
            return log.stat().st_size >= 64 << 20

        await eventually(full)
        assert "limit" in (await box.service_status("flood", 100)).log_tail
        await box.stop_service("flood", 0)
    assert log.stat().st_size < (64 << 20) + 100


async def test_logs_of_services_are_out_of_the_boxs_reach(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        await box.start_service("web", "echo genuine; sleep 600")

        async def said():
            return "genuine" in (await box.service_status("web")).log_tail

        await eventually(said)
        forge = "for fd in /proc/[0-9]*/fd/*; do case $(readlink $fd) in *.log*) echo forged > $fd;; esac; done"
        found = await box.run(f"{forge}; find /workspace /run /tmp /home /var /env -name 'service-*.log'", timeout_s=20)
        status = await box.service_status("web")
    assert "service-" not in found.output
    assert status.log_tail == "genuine\n"


async def test_ports_are_free_and_differ(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        ports = [await box.free_port() for _ in range(20)]
        assert len(set(ports)) == 20
        bind = f"python3 -c 'import socket; socket.socket().bind((\"127.0.0.1\", {ports[0]}))'"
        assert (await box.run(bind, timeout_s=10)).exit_code == 0


async def test_a_program_answers_requests_in_order(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "echo.py").write_text(ECHO)
    async with await open_box(spec) as box:
        program = await box.start_program(["python", "echo.py"])
        answers = await asyncio.gather(*(program.request({"n": n}, timeout_s=10) for n in range(5)))
        large = await program.request({"text": "x" * 2_000_000}, timeout_s=20)
        await program.close()
        await program.close()
        with pytest.raises(BoxError, match="ended"):
            await program.request({}, timeout_s=10)
        assert (await box.run(running("echo.py"), timeout_s=10)).exit_code == 1
    assert [answer["echo"]["n"] for answer in answers] == list(range(5))
    assert len(large["echo"]["text"]) == 2_000_000
    assert answers[0]["run"] == "/workspace"


async def test_python_means_the_interpreter_of_the_product_with_its_libraries(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "p.py").write_text(
        "import playwright, httpx, json; input(); print(json.dumps({'at': httpx.__file__}))"
    )
    async with await open_box(spec) as box:
        program = await box.start_program(["python", "p.py"])
        assert "site-packages" in (await program.request({}, timeout_s=20))["at"]


@pytest.mark.parametrize(
    ("do", "complaint"),
    [("die", "no more"), ("hang", "within 0.5 s"), ("babble", "not json"), ("list", "not a JSON object")],
)
async def test_a_program_that_misbehaves_is_ended_with_a_clear_error(tmp_path, do, complaint):
    spec = spec_in(tmp_path)
    (spec.tree / "echo.py").write_text(ECHO)
    async with await open_box(spec) as box:
        program = await box.start_program(["python", "echo.py"])
        await program.request({}, timeout_s=10)
        with pytest.raises(BoxError, match=complaint):
            await program.request({"do": do}, timeout_s=0.5 if do == "hang" else 10)
        with pytest.raises(BoxError, match="ended"):
            await program.request({}, timeout_s=10)
        assert (await box.run(running("echo.py"), timeout_s=10)).exit_code == 1


async def test_a_program_that_does_not_exist_is_an_error_at_the_first_request(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        program = await box.start_program(["no-such-program"])
        with pytest.raises(BoxError, match="no-such-program"):
            await program.request({}, timeout_s=10)


async def test_services_and_programs_may_be_left_to_the_closing_of_the_box(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "echo.py").write_text(ECHO)
    box = await open_box(spec)
    await box.start_service("web", "sleep 600")
    program = await box.start_program(["python", "echo.py"])
    assert json.dumps(await program.request({}, timeout_s=10))
    await box.close()
    with pytest.raises(BoxError):
        await program.request({}, timeout_s=10)
    with pytest.raises(BoxError, match="closed"):
        await box.service_status("web")
