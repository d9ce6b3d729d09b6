import subprocess
import sys
from pathlib import Path


def test_a_mission_goes_on_for_days_of_a_virtual_clock_through_kills_and_restarts():
    command = [sys.executable, "-m", "tests.torture.days", "--size", "small"]
    root = Path(__file__).parents[2]
    played = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=240, check=False)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "MISSED" not in played.stdout
    measured = dict(line.rsplit(maxsplit=1) for line in played.stdout.splitlines() if line[:1].isalpha())
    told = {what.split("  ")[0]: figure for what, figure in measured.items()}
    assert told["the mission"] == "completed"
    assert int(told["restarts of the engine"]) == 3
    assert int(told["runs really played"]) == 5
    assert int(told["broken invariants"]) == 0
