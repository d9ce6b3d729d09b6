"""Thirty days of a mission in minutes: `python -m tests.torture.days`, or `--size small` in seconds.

A mission with a generated history goes on for weeks of a virtual clock: every run, step, tool call, commit and restart
is real, only models' answers and waits take no time. Prints what it costs at the start and at the end, beside what it
may cost, and leaves with 1 when a limit is missed.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
import traceback
from pathlib import Path

from mission_tui.domain.gates import check
from mission_tui.store.database import MissionDatabase
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.ledger import Ledger
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from mission_tui.ui.feed import BATCH, TALK
from tests.support.long_history import create
from tests.support.long_mission import DAY, Size, VirtualClock
from tests.support.long_run import Figures, LongRun

SIZES = {
    "full": Size(milestones=41, features=20, old_features=1000, old_steps=1_000_000, restarts=500),
    "middle": Size(milestones=4, features=20, old_features=100, old_steps=100_000, restarts=50),
    "small": Size(milestones=1, features=2, old_features=4, old_steps=1000, restarts=3),
}
OPENINGS = 5
BACK = 60 * DAY


class Table:
    """Figures beside their limits."""

    def __init__(self) -> None:
        self.missed = 0
        print(f"\n{'what':<58} {'limit':>12} {'measured':>12}")

    def row(self, what: str, limit: str, measured: str, met: bool = True) -> None:
        self.missed += not met
        print(f"{what:<58} {limit:>12} {measured:>12}{'' if met else '  MISSED'}", flush=True)

    def at_least(self, what: str, limit: float, measured: float) -> None:
        self.row(what, f">= {limit:,.0f}", f"{measured:,.1f}".removesuffix(".0"), measured >= limit)


def opening(files: MissionFiles) -> tuple[float, float]:
    """Seconds until the screen knows what it shows first, and until an engine could go on; medians."""
    looks: list[float] = []
    starts: list[float] = []
    for _ in range(OPENINGS):
        began = time.perf_counter()
        with Reader(files) as reader:
            last = list(reader.mission().runs.runs)[-1]
            reader.spend()
            reader.events(0, limit=-1, kinds=TALK)
            reader.steps(last, max(0, reader.last_step(last) - BATCH), BATCH * 2)
        looks.append(time.perf_counter() - began)
        began = time.perf_counter()
        db = MissionDatabase.open(files)
        Ledger(db, check, time.time)
        starts.append(time.perf_counter() - began)
        db.close()
    return statistics.median(looks), statistics.median(starts)


def report(size: Size, files: MissionFiles, long: LongRun, days: float, began: float) -> int:
    """Print the table; how many limits were missed."""
    look, start = opening(files)
    broken = verify(files)
    with Reader(files) as reader:
        mission, spend = reader.mission(), reader.spend()
        old = sum(1 for r in mission.runs.runs.values() if "H" in (r.started.feature or ""))
    old_runs = size.old_features * 2 + size.old_features // 2
    old_steps = max(1, size.old_steps // max(1, old_runs)) * old_runs
    full = size.restarts >= SIZES["full"].restarts
    table = Table()
    table.row("the mission", "completed", mission.status, mission.status == "completed")
    table.row("broken invariants", "0", str(len(broken)), not broken)
    table.at_least("simulated days", 30 if full else 0, days)
    table.at_least("steps of the history", size.old_steps, old_steps)
    table.at_least("runs really played", 2000 if full else size.runs, spend.runs - old_runs)
    table.at_least("steps really executed", 50_000 if full else 100, spend.steps - old_steps)
    table.at_least("restarts of the engine", size.restarts, long.figures.restarts)
    table.row("  of them after kill -9", "", str(long.figures.killed))
    costs(table, long.figures, full)
    table.row("opening it on the screen", "< 1 s", f"{look:.2f} s", look < 1 or not full)
    table.row("an engine's start: database, ledger, state", "< 1 s", f"{start:.2f} s", start < 1 or not full)
    seconds = time.monotonic() - began
    table.row("all of it, history and verification included", "< 15 min", f"{seconds / 60:.1f} min", seconds < 900)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {old} old runs of features", flush=True)
    for problem in broken[:5]:
        print(problem)
    return table.missed


def costs(table: Table, figures: Figures, full: bool) -> None:
    """What the engine's process holds and uses, first tenth of the way beside last tenth."""
    first, last = figures.edge(True), figures.edge(False)
    if not first or not last:
        return  # too short a way to compare its ends
    grown = max(b.memory_mb for _, b in last) - max(b.memory_mb for _, b in first)
    table.row("growth of resident memory", "< 50 MB", f"{grown:.1f} MB", grown < 50)
    # A box with two commands in it has two sockets more; what SQLite may not close yet, the next connection gets.
    before, after = (statistics.median(b.open_files for _, b in part) for part in (first, last))
    table.row("open files, start and end", "+ 2", f"{before:g}, {after:g}", after <= before + 2)
    for what, cost in (("processor time", lambda s: s.cpu_s), ("time", lambda s: s.wall_s)):
        ratio = figures.per_turn(False, cost) / figures.per_turn(True, cost)
        milliseconds = [figures.per_turn(at, cost) * 500 for at in (True, False)]
        table.row(f"{what} per step, start and end", "", "{:.2f}, {:.2f} ms".format(*milliseconds))
        table.row(f"{what} per step, end / start", "<= 1.2", f"{ratio:.2f}", ratio <= 1.2 or not full)


def _created(root: Path, size: Size, clock: VirtualClock) -> MissionFiles:
    """In a process of its own: what making the history leaves in memory would hide what the engine piles up."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(create(root, size, clock))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the history could not be made")
    return all_missions(root / "data")[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--keep", type=Path, help="a new folder for the mission, which then stays")
    options = parser.parse_args()
    size, began = SIZES[options.size], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-days-") as name:
        root = options.keep or Path(name)
        clock = VirtualClock(time.time() - BACK)
        files = _created(root, size, clock)
        print(f"history of {size.old_steps:,} steps made in {time.monotonic() - began:.0f} s", flush=True)
        since = clock.now()
        long = LongRun(files, size, clock)
        code = long.play()
        print(f"played in {long.figures.seconds:.0f} s, exit code {code}", flush=True)
        return int(report(size, files, long, (clock.now() - since) / DAY, began) > 0 or code != 0)


if __name__ == "__main__":
    sys.exit(main())
