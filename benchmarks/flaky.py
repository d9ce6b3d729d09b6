"""False verdicts about an app that fails one start in five and answers late: there must be none.

Each validation proves four assertions that hold and one that does not, each on an app process of its own.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.reproof import KEPT, PRODUCT
from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import App
from mission_tui.proof.prove import Stage, prove_all
from mission_tui.workspace.box import BoxSpec, open_box
from mission_tui.workspace.browser_path import find_browser

FLAKY = """import random, sys, time
import server
if random.random() < 0.2:
    sys.exit("a bad start")
time.sleep(random.uniform(0, 1))
def late(answer):
    return lambda *given: (time.sleep(random.uniform(0, 1.5)), answer(*given))[1]
server.Handler.answer = late(server.Handler.answer)
server.Handler.items = server.Items("pantry.json")
server.Server(("127.0.0.1", int(server.os.environ["PORT"])), server.Handler).serve_forever()
"""
APP = App.model_validate({"start": "exec python3 flaky.py", "ready": {"http": "/"}})
LISTED = {"request": "GET /api/items?q=tea", "expect_status": 200, "expect_json": {"/0/name": "Tea"}}
CASES: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("passed", "http", [LISTED]),
    ("passed", "http", [{"request": "POST /api/items/1/use", "expect_status": 200}]),
    ("passed", "http", [{"request": "GET /nothing", "expect_status": 404}]),
    ("passed", "browser", [{"goto": "/", "expect_text": "5 kinds"}, {"expect_console_clean": True}]),
    ("failed", "http", [{"request": "GET /", "expect_status": 418, "within_s": 1}]),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.flaky", description=__doc__)
    parser.add_argument("--validations", type=int, default=100)
    options = parser.parse_args()
    wrong, seen = asyncio.run(validate(options.validations))
    print(f"{options.validations} validations, {seen.total()} verdicts: {dict(seen)}")
    for one in wrong:
        print(one)
    print(f"false verdicts: {len(wrong)} (to reach: 0)")
    return 1 if wrong else 0


async def validate(count: int) -> tuple[list[str], Counter[str]]:
    """All validations, as many at a time as there are cores; what was wrong, and the verdicts by status."""
    wrong: list[str] = []
    seen: Counter[str] = Counter()
    slots = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(home: Path) -> None:
        async with slots:
            for expected, result in await _once(home):
                seen[result[0]] += 1
                if result[0] != expected:
                    wrong.append(f"expected {expected}, was {result[0]}: {result[1]}")
            await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)

    with tempfile.TemporaryDirectory(prefix="mission-bench-") as root:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(one(Path(root) / f"v{number}"))
    return wrong, seen


async def _once(home: Path) -> list[tuple[str, tuple[str, str]]]:
    (home / "env").mkdir(parents=True)
    shutil.copytree(PRODUCT, home / "tree")
    (home / "tree/flaky.py").write_text(FLAKY)
    spec = BoxSpec(tree=home / "tree", env_dir=home / "env", run_dir=home / "run", log_dir=home / "logs")

    async def reset() -> None:
        await asyncio.to_thread((home / "tree/pantry.json").write_text, KEPT)

    await reset()
    async with await open_box(spec) as box:
        stage = Stage(box, APP, find_browser(), spec.run_dir)
        results = await prove_all([_assertion(n, *case[1:]) for n, case in enumerate(CASES)], stage, reset)
    return [(case[0], (result.status, result.reason)) for case, result in zip(CASES, results, strict=True)]


def _assertion(number: int, by: str, checks: list[dict[str, Any]]) -> Assertion:
    proof = {"by": by, "procedure": "as the steps say", "checks": checks}
    return Assertion.model_validate({"id": f"VAL-F-{number:03}", "title": "t", "statement": "s", "proof": proof})


if __name__ == "__main__":
    sys.exit(main())
