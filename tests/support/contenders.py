"""Processes that want the same mission at the same moment."""

import json
import subprocess
import sys
from pathlib import Path

from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import FenceLost, MissionBusy
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import MissionLock
from tests.support.stores import ROOT


def outlived(files: MissionFiles) -> bool:
    """Whether a writer without the lock is stopped by its fence as soon as another one has opened the database."""
    first = MissionDatabase.open(files)
    second = MissionDatabase.open(files)
    try:
        with first.atomic("outlived"):
            first.conn.execute("UPDATE counters SET wall_s = wall_s + 1000")
    except FenceLost:
        return True
    finally:
        first.close()
        second.close()
    return False


def main() -> None:
    files = MissionFiles(Path(sys.argv[1]))
    for line in sys.stdin:
        if line.startswith("go"):
            _round(files)


def _round(files: MissionFiles) -> None:
    try:
        lock = MissionLock.acquire(files)
    except MissionBusy as busy:
        print(json.dumps({"owner": False, "saw": busy.pid}), flush=True)
        sys.stdin.readline()
        return
    with lock:
        db = MissionDatabase.open(files)
        try:
            with db.atomic("contender"):
                db.conn.execute("UPDATE counters SET wall_s = wall_s + 1")
            print(json.dumps({"owner": True, "fence": db.fence}), flush=True)
            sys.stdin.readline()
        finally:
            db.close()


class Contenders:
    """Eight by default; use as a context manager."""

    def __init__(self, files: MissionFiles, count: int = 8) -> None:
        self.files = files
        command = [sys.executable, "-m", "tests.support.contenders", str(files.root)]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            for _ in range(count)
        ]

    def __enter__(self) -> "Contenders":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.communicate()

    def round(self) -> list[dict[str, int | None]]:
        """All try at once; what each says, while the owner still holds the mission."""
        self._say("go\n")
        answers = [json.loads(p.stdout.readline()) for p in self.processes if p.stdout is not None]
        self._say("over\n")
        return answers

    def _say(self, line: str) -> None:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(line)
            process.stdin.flush()


if __name__ == "__main__":
    main()
