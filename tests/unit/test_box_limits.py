from dataclasses import replace

from mission_tui.workspace.box import open_box
from mission_tui.workspace.box_spec import share_of_memory
from tests.support.box_specs import spec_in

HOG = "python3 -c 'import time; kept = []\nwhile True: kept.append(bytearray(1 << 22)); time.sleep(0.001)'"
BOMB = "bomb() { bomb & bomb & wait; }; bomb"


async def test_a_fork_bomb_is_killed_and_the_box_goes_on(tmp_path):
    async with await open_box(replace(spec_in(tmp_path), max_processes=300)) as box:
        result = await box.run(BOMB, timeout_s=60)
        assert result.over is not None
        assert "more than 300 processes" in result.over
        assert result.over in result.output
        assert not result.timed_out
        assert (await box.run("echo alive", timeout_s=20)).output == "alive\n"
        left = (await box.run("echo /proc/[0-9]*", timeout_s=20)).output
        assert len(left.split()) < 12


async def test_a_memory_hog_is_killed_with_its_children_and_a_service_beside_it_is_not(tmp_path):
    async with await open_box(replace(spec_in(tmp_path), max_memory=200 << 20)) as box:
        await box.start_service("quiet", "sleep 100")
        result = await box.run(f"{HOG} & wait", timeout_s=60)
        assert result.over == "it used more than 200 MB of memory, so it was killed"
        assert result.exit_code is None
        assert (await box.service_status("quiet")).running
        assert (await box.run("echo alive", timeout_s=20)).output == "alive\n"


async def test_boxed_processes_go_before_the_engine_when_the_machine_runs_out_of_memory(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run("cat /proc/self/oom_score_adj", timeout_s=10)).output == "700\n"


def test_a_command_may_use_most_of_the_memory_but_not_all():
    assert share_of_memory() > 1 << 28
