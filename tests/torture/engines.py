"""Two engines, eight processes, 200 rounds on one mission: exactly one owner each time."""

import sys
import tempfile
import time
from pathlib import Path

from tests.support.contenders import Contenders, outlived
from tests.support.stores import empty_mission

ROUNDS = 200


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="torture-engines-") as name:
        files = empty_mission(Path(name))
        began = time.monotonic()
        with Contenders(files) as eight:
            owners = [sum(bool(a["owner"]) for a in eight.round()) for _ in range(ROUNDS)]
        seconds = time.monotonic() - began
        wrong = sum(count != 1 for count in owners)
        stopped = sum(outlived(files) for _ in range(ROUNDS))
    print(f"{ROUNDS} rounds of 8 processes in {seconds:.1f} s: {wrong} without exactly one owner")
    print(f"{ROUNDS} writers that outlived their lock: {stopped} stopped by the fence")
    return int(wrong > 0 or stopped < ROUNDS)


if __name__ == "__main__":
    sys.exit(main())
