"""What recording one step costs: its intent and its result, each on the disk before the engine goes on.

The limit follows the disk: 1 ms + 8 x the cost of one fsync, measured in the same run, between the steps.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from mission_tui.domain.ports import Usage
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import FinishedStep, Journal, NewStep
from mission_tui.store.layout import MissionFiles

STEPS = 1000
TURNS_OF_A_RUN = 100
REQUEST = {"arguments": json.dumps({"command": "pytest -q tests/unit", "timeout_s": 120})}
RESULT = {"text": "exit code 0 (1.2 s)\n" + "." * 2000, "exit_code": 0, "command": "pytest -q tests/unit"}


def sync(stream_descriptor: int) -> float:
    """Milliseconds that writing and syncing 4 KB takes."""
    began = time.perf_counter()
    os.write(stream_descriptor, b"x" * 4096)
    os.fsync(stream_descriptor)
    return (time.perf_counter() - began) * 1000


def step(journal: Journal, run_id: str) -> float:
    """Milliseconds for one step, both of its transactions."""
    began = time.perf_counter()
    (started,) = journal.advance(start=[NewStep(run_id=run_id, kind="tool", name="run_command", request=REQUEST)])
    usage = Usage(input_tokens=1000, output_tokens=10)
    journal.advance(finish=[FinishedStep(run_id=run_id, n=started.n, status="done", result=RESULT, usage=usage)])
    return (time.perf_counter() - began) * 1000


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bench-journaling-") as name:
        db = MissionDatabase.create(MissionFiles(Path(name) / "mission-1"))
        journal = Journal(db, time.time)
        descriptor = os.open(Path(name) / "sync", os.O_WRONLY | os.O_CREAT)
        steps: list[float] = []
        syncs: list[float] = []
        for number in range(STEPS):
            run_id = f"R{number // TURNS_OF_A_RUN + 1}"
            if number % TURNS_OF_A_RUN == 0:
                journal.open_run(run_id, {"messages": [], "tools": []})
            steps.append(step(journal, run_id))
            syncs.append(sync(descriptor))
        os.close(descriptor)
        db.close()
    cost, fsync = statistics.median(steps), statistics.median(syncs)
    limit = 1 + 8 * fsync
    print(f"{STEPS} steps, two transactions each; medians in ms")
    print(f"a step: {cost:.2f}   one fsync: {fsync:.2f}   to reach: at most {limit:.2f} (1 ms + 8 fsyncs)")
    print(json.dumps({"step_ms": round(cost, 3), "fsync_ms": round(fsync, 3), "limit_ms": round(limit, 3)}))
    return int(cost > limit)


if __name__ == "__main__":
    sys.exit(main())
