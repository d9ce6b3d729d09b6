"""Kill the mission everywhere: `python -m tests.torture.crash --minutes 60 --part 1/2`.

Singly: at every occurrence of every point. In pairs: at 500 random pairs. In recovery: at each point's first
occurrence, and then at every point of the recovery from it. Each is a mission of its own, run to its end and compared
with one that was left alone. Parts run beside each other; what the time did not allow is said in the table.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import crash_mission
from tests.support.crash_server import CrashServer

PAIRS = 500
SEED = 20_300_101
Kill = tuple[str, ...]
"""Points at which one process after the other is killed."""


BY_TIME = {"journal.add_wall", "live.rename"}
"""What comes when its time has come, wherever the mission is by then: not compared when ways are."""
JOINED = 6
"""Points in a row that two missions must have in common to be on the same way again."""


@dataclass
class Tally:
    """How far one kind of kills got."""

    planned: int = 0
    played: int = 0
    missed: int = 0
    """A point that was not come to again: the mission ended first, and was compared all the same."""
    seconds: float = 0.0
    holes: list[str] = field(default_factory=list[str])


class Torture:
    def __init__(self, root: Path, server: CrashServer) -> None:
        self.root = root
        self.server = server
        alone = self._repository("alone")
        marks = crash_mission.Marks(alone)
        log = alone / "points.txt"
        if server.play(alone, log=str(log)) != 0:
            raise SystemExit("the mission does not even end when it is left alone")
        marks.counted()
        self.expected = crash_mission.outcome(alone)
        self.way = log.read_text().split()
        self.points = Counter(self.way)
        crash_mission.discard(alone)

    def singly(self) -> list[Kill]:
        """Every occurrence, the first of each point before the second of any."""
        rounds = range(1, max(self.points.values()) + 1)
        return [(f"{name}#{n}",) for n in rounds for name, count in self.points.items() if n <= count]

    def pairs(self) -> list[Kill]:
        rng = random.Random(SEED)
        every = [one for (one,) in self.singly()]
        return [(rng.choice(every), rng.choice(every)) for _ in range(PAIRS)]

    def play(self, kill: Kill, tally: Tally) -> list[str]:
        """One mission; the way that it took after the last kill, as points."""
        root = self._repository("killed")
        marks = crash_mission.Marks(root)
        log = root / "points.txt"
        began = time.monotonic()
        for at in kill:
            tally.missed += self.server.play(root, at) != -9
        code = self.server.play(root, log=str(log))
        problems = [] if code == 0 else [f"exit code {code}"]
        if code == 0:
            problems += crash_mission.broken_promises(root, marks.counted())
            problems += _differences(self.expected, crash_mission.outcome(root))
        way = log.read_text().split()
        tally.played += 1
        tally.seconds += time.monotonic() - began
        if problems:
            tally.holes.append(f"{' then '.join(kill)}: {'; '.join(problems)}")
            print(tally.holes[-1], flush=True)
        crash_mission.discard(root)
        return way

    def play_all(self, kills: Sequence[Kill], more_time: Callable[[], bool]) -> Tally:
        tally = Tally(len(kills))
        for kill in kills:
            if more_time():
                self.play(kill, tally)
        return tally

    def play_recoveries(self, kills: Sequence[Kill], more_time: Callable[[], bool]) -> Tally:
        """After each of these kills, one more at every point of the recovery from it, each in a mission of its own."""
        tally = Tally()
        for (first,) in kills:
            if more_time():
                tally.planned += 1
                recovery = sorted(_occurrences(_recovery(self.play((first,), tally), self.way, first)))
                tally.planned += len(recovery)
                for then in recovery:
                    if more_time():
                        self.play((first, then), tally)
        return tally

    def _repository(self, name: str) -> Path:
        root = self.root / name
        root.mkdir()
        crash_mission.repository(root / "repo")
        return root


def _recovery(way: Sequence[str], left_alone: Sequence[str], first: str) -> list[str]:
    """What a way has until it has joined the one that a mission takes that is left alone, after this kill."""
    before = dict(zip(_occurrences(left_alone), range(len(left_alone)), strict=True))[first]
    rest = [p for p in left_alone[max(0, before - JOINED) :] if p.partition(":")[0] not in BY_TIME]
    joints = {tuple(rest[at : at + JOINED]) for at in range(len(rest) - JOINED + 1)}
    mine = [p for p in way if p.partition(":")[0] not in BY_TIME]
    joins = (at for at in range(len(mine)) if tuple(mine[at : at + JOINED]) in joints)
    return mine[: next(joins, len(mine)) + JOINED]


def _occurrences(points: Sequence[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for name in points:
        seen[name] += 1
        yield f"{name}#{seen[name]}"


def _differences(expected: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    return [f"{key}: {seen[key]!r} instead of {value!r}" for key, value in expected.items() if seen[key] != value]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long, and say how far it got")
    parser.add_argument("--part", default="1/1", help="which part of how many, for machines with more cores")
    parser.add_argument("--skip", type=int, default=0, help="so many of the part, which were played before")
    parser.add_argument("--only", choices=("singly", "recovery", "pairs"), help="one kind of kills")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    deadline = time.monotonic() + options.minutes * 60
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory(prefix="torture-crash-") as name, CrashServer() as server:
        torture = Torture(Path(name), server)
        firsts = torture.singly()[: len(torture.points)]
        plans = {
            "singly": (torture.play_all, torture.singly()),
            "pairs": (torture.play_all, torture.pairs()),
            "recovery": (torture.play_recoveries, firsts),
        }
        for kind, (play, kills) in plans.items():
            if options.only in (None, kind):
                tallies[kind] = play(kills[part - 1 :: parts][options.skip :], lambda: time.monotonic() < deadline)
        print(f"{len(torture.points)} points, {torture.points.total()} occurrences; part {options.part}")
    print(f"{'kills':10} {'planned':>8} {'played':>8} {'not met':>8} {'holes':>6} {'s each':>7}")
    for kind, t in tallies.items():
        each = t.seconds / max(1, t.played)
        print(f"{kind:10} {t.planned:>8} {t.played:>8} {t.missed:>8} {len(t.holes):>6} {each:>7.1f}")
    return int(any(t.holes for t in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
