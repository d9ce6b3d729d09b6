import asyncio
import json
import time
from pathlib import Path

import pytest

from mission_tui.domain.ports import BoxError
from mission_tui.workspace.box import open_box
from tests.support.box_specs import eventually, spec_in

PROCESSES = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done"


async def test_a_command_runs_in_the_tree_and_reports_exit_code_and_output(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("pwd; echo problem >&2; touch made; exit 3", timeout_s=10)
    assert result.exit_code == 3
    assert result.output == "/workspace\nproblem\n"
    assert result.output_bytes == len(result.output)
    assert not result.timed_out
    assert (tmp_path / "tree" / "made").exists()


async def test_split_output_is_told_apart_and_still_given_together(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("echo out; echo err >&2", timeout_s=10, split=True)
    assert (result.stdout, result.stderr) == ("out\n", "err\n")
    assert sorted(result.output.split()) == ["err", "out"]


async def test_cwd_and_variables_are_the_commands_own(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "sub").mkdir()
    async with await open_box(spec) as box:
        inside = await box.run("pwd; echo $NAME", timeout_s=10, cwd="sub", env={"NAME": "value"})
        after = await box.run("pwd; echo $NAME", timeout_s=10)
        nowhere = await box.run("true", timeout_s=10, cwd="missing")
    assert inside.output == "/workspace/sub\nvalue\n"
    assert after.output == "/workspace\n\n"
    assert nowhere.exit_code != 0
    assert "/workspace/missing" in nowhere.output


async def test_death_by_a_signal_and_unknown_commands_look_as_in_a_shell(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run("kill -9 $$", timeout_s=10)).exit_code == 137
        assert (await box.run("no-such-program", timeout_s=10)).exit_code == 127
        assert (await box.run("yes | head -1", timeout_s=10)).output == "y\n"


async def test_standard_input_is_empty(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run("cat; echo done", timeout_s=10)).output == "done\n"


async def test_a_command_that_cannot_be_started_is_a_result_and_the_box_goes_on(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        too_long = await box.run("true " + "x" * 3_000_000, timeout_s=10)
        with_nul = await box.run("echo a\0b", timeout_s=10)
        assert (too_long.exit_code, with_nul.exit_code) == (126, 126)
        assert "cannot start" in too_long.output
        assert (await box.run("echo fine", timeout_s=10)).output == "fine\n"


async def test_output_that_is_not_text_is_decoded_with_replacement(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("printf 'a\\377b\\0c'", timeout_s=10)
    assert result.output == "a\N{REPLACEMENT CHARACTER}b\0c"


async def test_huge_output_is_cut_in_the_middle_and_logged_up_to_a_limit(tmp_path):
    log = tmp_path / "out" / "yes.log"
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("echo first; yes | head -c 100000000; echo last", timeout_s=60, log=log)
    assert result.output_bytes == 100_000_011
    assert len(result.output) < 140_000
    assert result.output.startswith("first\ny\n")
    assert result.output.endswith("y\nlast\n")
    assert f"{100_000_011 - 2 * 65536} bytes left out" in result.output
    assert 64 << 20 <= log.stat().st_size < (64 << 20) + 100


async def test_an_endless_flood_is_stopped_by_the_timeout(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("yes", timeout_s=1)
        assert result.timed_out
        assert result.exit_code is None
        assert result.output_bytes > 1_000_000
        assert "yes" not in (await box.run(PROCESSES, timeout_s=10)).output.split()


async def test_a_small_output_is_logged_whole_and_logs_are_appended_to(tmp_path):
    log = tmp_path / "small.log"
    async with await open_box(spec_in(tmp_path)) as box:
        await box.run("echo one", timeout_s=10, log=log)
        await box.run("echo two >&2", timeout_s=10, log=log)
    assert log.read_text() == "one\ntwo\n"


async def test_a_timeout_kills_the_whole_tree_and_keeps_what_was_said(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        started = time.monotonic()
        result = await box.run("echo before; (setsid sleep 111 &) ; trap '' TERM; sleep 222", timeout_s=0.5)
        assert time.monotonic() - started < 5
        assert result.timed_out
        assert result.exit_code is None
        assert result.output == "before\n"
        assert "sleep" not in (await box.run(PROCESSES, timeout_s=10)).output


@pytest.mark.parametrize(
    "leave_behind",
    [
        "sleep 333 &",
        "setsid sleep 333 &",
        "(setsid setsid sh -c '(env -i sleep 333 &)' &)",
        "python3 -c 'import os,time; os.fork() and exit(); os.setsid(); os.fork() and exit(); time.sleep(333)'",
        "nohup sh -c 'trap \"\" TERM HUP; sleep 333' >/dev/null 2>&1 &",
    ],
)
async def test_background_processes_neither_hang_a_command_nor_outlive_it(tmp_path, leave_behind):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run(f"{leave_behind}\necho said", timeout_s=20)
        assert result.exit_code == 0
        assert result.output == "said\n"
        assert result.duration_s < 5
        assert "333" not in (await box.run(PROCESSES, timeout_s=10)).output


async def test_a_process_that_keeps_moving_is_caught(tmp_path):
    runner = "import os, time\nwhile True:\n    time.sleep(0.001)\n    os.fork() and os._exit(0)"
    (spec_in(tmp_path).tree / "comet.py").write_text(runner)
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("setsid python3 comet.py & echo said", timeout_s=20)
        assert result.exit_code == 0

        async def gone():
            return "comet" not in (await box.run(PROCESSES, timeout_s=10)).output

        await eventually(gone)


async def test_killing_the_supervisor_frees_nobody(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run("setsid sleep 444 & kill -9 $PPID; sleep 444", timeout_s=20)
        assert result.exit_code is None
        assert not result.timed_out

        async def gone():
            return "444" not in (await box.run(PROCESSES, timeout_s=10)).output

        await eventually(gone)


async def test_nothing_inside_can_kill_or_look_into_the_first_process(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        result = await box.run(
            "kill -9 1; kill -INT 1; kill -TERM 1; ls -l /proc/1/fd; cat /proc/1/environ", timeout_s=10
        )
        assert "Permission denied" in result.output
        assert (await box.run("echo alive", timeout_s=10)).output == "alive\n"


async def test_commands_run_at_the_same_time(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        meet = "touch {mine}; until [ -e {other} ]; do sleep 0.01; done; echo {mine}"
        one, two = await asyncio.gather(
            box.run(meet.format(mine="a", other="b"), timeout_s=10),
            box.run(meet.format(mine="b", other="a"), timeout_s=10),
        )
        many = await asyncio.gather(*(box.run(f"echo {n}", timeout_s=20) for n in range(20)))
    assert (one.output, two.output) == ("a\n", "b\n")
    assert [each.output for each in many] == [f"{n}\n" for n in range(20)]


async def test_cancelling_kills_the_command_and_waits_for_its_end(tmp_path):
    spec = spec_in(tmp_path)
    async with await open_box(spec) as box:
        task = asyncio.create_task(box.run("touch started; sleep 555", timeout_s=60))

        async def started():
            return (spec.tree / "started").exists()

        await eventually(started)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "555" not in (await box.run(PROCESSES, timeout_s=10)).output


async def test_a_closed_box_says_so_and_closing_twice_is_fine(tmp_path):
    box = await open_box(spec_in(tmp_path))
    await box.close()
    await box.close()
    with pytest.raises(BoxError, match="closed"):
        await box.run("true", timeout_s=10)


async def test_closing_ends_a_running_command_with_an_error(tmp_path):
    spec = spec_in(tmp_path)
    box = await open_box(spec)
    task = asyncio.create_task(box.run("touch started; sleep 666", timeout_s=60))

    async def started():
        return (spec.tree / "started").exists()

    await eventually(started)
    await box.close()
    with pytest.raises(BoxError, match="closed"):
        await task


async def test_missing_bubblewrap_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BoxError, match="doctor --fix"):
        await open_box(spec_in(tmp_path))


async def test_refused_namespaces_say_what_to_do(tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BoxError, match=r"uid map: Permission denied.*user namespaces"):
        await open_box(spec_in(tmp_path))


async def test_a_trivial_command_costs_a_few_milliseconds(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        costs = []
        for _ in range(50):
            started = time.perf_counter()
            await box.run("true", timeout_s=10)
            costs.append(time.perf_counter() - started)
    # Typically 3 ms; the limit leaves room for a machine that is busy with other tests.
    assert sorted(costs)[5] < 0.02, json.dumps(costs)


def test_the_log_of_a_box_is_private(tmp_path):
    async def scenario() -> Path:
        async with await open_box(spec_in(tmp_path)) as box:
            await box.run("true", timeout_s=10, log=tmp_path / "private.log")
        return tmp_path / "private.log"

    assert asyncio.run(scenario()).stat().st_mode & 0o077 == 0
