from pathlib import Path

from tests.support.contenders import Contenders, outlived
from tests.support.stores import empty_mission


def test_of_eight_processes_that_start_together_exactly_one_owns_the_mission_each_time(tmp_path: Path):
    files = empty_mission(tmp_path)
    fences: list[int | None] = []
    with Contenders(files) as eight:
        pids = {process.pid for process in eight.processes}
        for _ in range(10):
            answers = eight.round()
            owners = [a for a in answers if a["owner"]]
            assert len(owners) == 1
            assert {a["saw"] for a in answers if not a["owner"]} <= pids | {None}
            fences.append(owners[0]["fence"])
    assert fences == sorted(set(fences), key=lambda fence: fence or 0)


def test_an_engine_that_outlived_its_lock_cannot_write(tmp_path: Path):
    assert outlived(empty_mission(tmp_path))
