from pathlib import Path

from tests.support import crash_mission, crash_points
from tests.support.crash_server import CrashServer


def test_every_place_that_outlives_the_process_has_a_name():
    assert crash_points.unnamed_transactions() == []
    assert crash_points.unknown_git_commands() == []
    assert crash_points.unguarded() == []


def test_a_mission_killed_at_the_first_occurrence_of_every_point_ends_like_one_that_was_left_alone(tmp_path: Path):
    alone, killed = started(tmp_path / "alone"), started(tmp_path / "killed")
    marks = [crash_mission.Marks(root) for root in (alone, killed)]
    log = tmp_path / "died.txt"
    with CrashServer() as server:
        assert server.play(alone) == 0
        deaths = 0
        while (code := server.play(killed, "*", str(log), "spawn")) == -9:
            deaths += 1
        assert code == 0
    died = log.read_text().split()
    assert crash_points.all_points() - set(died) == crash_points.BESIDE
    assert deaths == len(died) == len(set(died))
    assert crash_mission.outcome(killed) == crash_mission.outcome(alone)
    assert crash_mission.broken_promises(alone, marks[0].counted()) == []
    assert crash_mission.broken_promises(killed, marks[1].counted()) == []


def started(root: Path) -> Path:
    root.mkdir()
    crash_mission.repository(root / "repo")
    return root
