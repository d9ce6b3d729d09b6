"""Proving 1,000 mechanical assertions again, beside a script written by hand for the same steps.

Both use every core, the same libraries and browser, and one app for all (`isolation: milestone`); ours runs in boxes
and stores all evidence, the script keeps a picture per page. They take turns within one run; medians of the rounds.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.validation.samples import FOLDER
from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import App
from mission_tui.proof.prove import Stage, prove_all
from mission_tui.proof.results import ProofResult
from mission_tui.store.artifacts import Artifacts
from mission_tui.workspace.box import BoxSpec, open_box
from mission_tui.workspace.browser_path import find_browser

LIMIT = 1.3
WORDS = ("Apples", "Pears", "Rice", "Flour", "Tea")
PRODUCT = FOLDER / "web" / "product"
KEPT = json.dumps([{"id": n, "name": w, "amount": n, "expires": ""} for n, w in enumerate(WORDS, 1)])
APP = App.model_validate({"start": "exec python3 server.py", "ready": {"http": "/"}, "isolation": "milestone"})
SHARES = {"http": 0.7, "command": 0.2, "browser": 0.1}


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.reproof", description=__doc__)
    parser.add_argument("--assertions", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=SHARES, help="assertions of one kind only")
    options = parser.parse_args()
    shares = {options.only: 1.0} if options.only else SHARES
    cases = [case for by, share in shares.items() for case in make(by, round(options.assertions * share))]
    random.Random(4).shuffle(cases)
    rows: list[tuple[float, float]] = []
    print(f"{len(cases)} assertions, {cores()} at a time; seconds\n{'round':>5} {'script':>8} {'ours':>8} {'ratio':>6}")
    for number in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory(prefix="mission-bench-") as name:
            script = by_hand(Path(name) / "script", cases)
            ours = asyncio.run(by_engine(Path(name) / "ours", cases))
        rows.append((script, ours))
        print(f"{number:>5} {script:>8.1f} {ours:>8.1f} {ours / script:>6.2f}", flush=True)
    ratio = statistics.median(ours / script for script, ours in rows)
    print(f"ratio {ratio:.2f} (to reach: at most {LIMIT})")
    return 0 if ratio <= LIMIT else 1


def cores() -> int:
    return max(1, min(8, os.cpu_count() or 1))


def make(by: str, count: int) -> Iterator[dict[str, Any]]:
    """Assertions of one kind; each looks for one of five words."""
    html = {"content-type": "^text/html"}
    data = {"content-type": "^application/json"}
    for number in range(count):
        word = WORDS[number % len(WORDS)]
        if by == "http":
            listed = {"request": f"GET /api/items?q={word}", "expect_header": data, "expect_body": f'"name": "{word}"'}
            page = {"request": "GET /", "expect_header": html, "expect_body": "<title>Pantry</title>"}
            checks = [step | {"expect_status": 200} for step in (page, listed)]
        elif by == "command":
            checks = [{"run": f"grep -o '{word}' pantry.json", "expect_stdout": f"^{word}$"}]
        else:
            checks = page_steps(word)
        yield {"id": f"VAL-{by.upper()}-{number:04}", "by": by, "word": word, "checks": checks}


def page_steps(word: str) -> list[dict[str, Any]]:
    dark = {"target": "body", "property": "background-color", "matches": r"rgb\(17, 24, 39\)"}
    return [
        {"goto": "/", "expect_visible": {"role": "heading", "name": "Pantry"}},
        {
            "fill": {"target": {"label": "Search"}, "value": word},
            "expect_count": {"target": "tbody tr", "count": 1},
            "expect_text": {"target": "tbody", "matches": word},
        },
        {"click": {"role": "button", "name": "Dark mode"}, "expect_style": dark},
        {"expect_console_clean": True},
    ]


def by_hand(home: Path, cases: list[dict[str, Any]]) -> float:
    """Seconds that the script takes, its app's start included."""
    folder = product(home / "tree")
    listing = home / "cases.json"
    listing.write_text(json.dumps(cases))
    began = time.monotonic()
    with app(folder) as url:
        command = [sys.executable, str(Path(__file__).with_name("reproof_script.py")), url, str(folder)]
        command += [str(find_browser())]
        running = [subprocess.Popen([*command, str(k), str(cores()), str(listing)]) for k in range(cores())]
        if any([one.wait() for one in running]):
            raise RuntimeError("the script failed")
        return time.monotonic() - began


def product(folder: Path) -> Path:
    shutil.copytree(PRODUCT, folder)
    (folder / "pantry.json").write_text(KEPT)
    return folder


@contextmanager
def app(folder: Path) -> Iterator[str]:
    """The product, listening."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    with subprocess.Popen(["python3", "server.py"], cwd=folder, env=os.environ | {"PORT": str(port)}) as server:
        try:
            while server.poll() is None:
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.02)
            yield url
        finally:
            server.terminate()


async def by_engine(home: Path, cases: list[dict[str, Any]]) -> float:
    """Seconds that the engine's executors take, opening the boxes and storing the evidence included."""
    assertions = [_assertion(case) for case in cases]
    artifacts = Artifacts(home / "artifacts")
    specs = [_spec(home / f"slot{k}") for k in range(cores())]
    began = time.monotonic()
    parts = await asyncio.gather(*(_slot(spec, assertions[k :: len(specs)], artifacts) for k, spec in enumerate(specs)))
    seconds = time.monotonic() - began
    bad = [f"{r.assertion.id}: {r.reason}" for r in chain(*parts) if r.status != "passed"]
    if bad:
        raise RuntimeError("; ".join(bad[:5]))
    return seconds


async def _slot(spec: BoxSpec, assertions: list[Assertion], artifacts: Artifacts) -> list[ProofResult]:
    def record(result: ProofResult) -> None:
        for one in result.evidence:
            artifacts.put_file(one.path)

    async def reset() -> None:
        raise RuntimeError("with one app for all, the tree stays as it is")

    async with await open_box(spec) as box:
        return await prove_all(assertions, Stage(box, APP, find_browser(), spec.run_dir), reset, record)


def _spec(home: Path) -> BoxSpec:
    home.mkdir(parents=True)
    env = home / "env"
    env.mkdir()
    return BoxSpec(tree=product(home / "tree"), env_dir=env, run_dir=home / "run", log_dir=home / "logs")


def _assertion(case: dict[str, Any]) -> Assertion:
    evidence = {"http": ["response"], "command": ["output"], "browser": ["screenshot", "console"]}[case["by"]]
    proof = {"by": case["by"], "procedure": "as the steps say", "evidence": evidence, "checks": case["checks"]}
    return Assertion.model_validate({"id": case["id"], "title": "t", "statement": "s", "proof": proof})


if __name__ == "__main__":
    sys.exit(main())
