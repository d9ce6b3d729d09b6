"""What one agent turn costs beyond litellm itself.

A turn is: reply received, its shell command run in the box, both journaled with fsync, next request sent. The same
requests are then sent with bare litellm, to the same zero-latency server, in the same run. Medians over the turns.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from mission_tui.domain.plan import PlanDraft
from mission_tui.domain.ports import Delta, Model, ModelRequest, Reply
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.create import NewMission, create_mission
from mission_tui.engine.host import HostOptions, default_model, run_mission
from mission_tui.llm.litellm_loader import load, preload
from mission_tui.store.layout import MissionFiles

TURNS = 50
LIMIT_MS = 10.0


class Timed:
    """A model that notes when each request was sent, and what it was."""

    def __init__(self, model: Model, sent: list[tuple[float, ModelRequest]]) -> None:
        self.name = model.name
        self._model = model
        self._sent = sent

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        self._sent.append((time.perf_counter(), request))
        return await self._model.complete(request, on_delta)


def script() -> dict[str, Any]:
    """A worker that runs a trivial command many times."""
    handoff = {"summary": "done", "completed": ["all"], "procedure_followed": True, "deviations": ""}
    turns = [{"calls": [{"run_command": {"command": "true"}}]} for _ in range(TURNS + 1)]
    return {
        "conversations": [
            {
                "name": "worker",
                "match": {"system": "Role: worker"},
                "turns": [*turns, {"calls": [{"submit_handoff": handoff}]}],
            },
            {
                "name": "reviewer",
                "match": {"system": "Role: reviewer"},
                "turns": [{"calls": [{"submit_review": {"summary": "fine", "findings": []}}]}],
            },
        ]
    }  # fmt: skip


PLAN = {
    "title": "Benchmark",
    "contract": [
        {
            "id": "VAL-B-001",
            "title": "README",
            "statement": "a README exists",
            "guard": True,
            "proof": {
                "by": "command",
                "procedure": "look",
                "evidence": ["exit_code"],
                "checks": [{"run": "test -f README"}],
            },
        }
    ],
    "milestones": [{"id": "M1", "title": "One"}],
    "features": [{"id": "F1", "title": "Nothing", "milestone": "M1", "spec": "run commands", "enabling": "measured"}],
}


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "README").write_text("benchmark\n")
    for command in ("init -q", "add -A", "-c user.name=b -c user.email=b@b commit -qm one"):
        subprocess.run(["git", "-C", str(folder), *command.split()], check=True)
    return folder


async def engine_turns(root: Path, seat: SeatSettings) -> list[tuple[float, ModelRequest]]:
    """Run a mission whose worker takes the turns; when each request was sent."""
    sent: list[tuple[float, ModelRequest]] = []

    def make(asked: SeatSettings, on_retry: Callable[..., None]) -> Model:
        return Timed(default_model(asked, on_retry), sent)

    new = NewMission(
        repo=repository(root / "repo"),
        title="Benchmark",
        goal="measure",
        review="auto",
        seats={"default": seat},
        plan=PlanDraft.model_validate(PLAN),
        approve=True,
    )
    created = await create_mission(root / "data", new)
    await run_mission(MissionFiles(created.files.root), HostOptions(make_model=make))
    return [one for one in sent if "Role: worker" in one[1].messages[0].content][: TURNS + 2]


async def bare_turns(requests: list[ModelRequest], seat: SeatSettings) -> list[float]:
    """Send the same requests with litellm alone; when each was sent."""
    litellm: Any = load()
    sent: list[float] = []
    for request in requests:
        messages = [_openai(m.model_dump()) for m in request.messages]
        tools = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
            for t in request.tools
        ]
        sent.append(time.perf_counter())
        stream = await litellm.acompletion(
            model=seat.model, api_base=seat.api_base, api_key="none", messages=messages, tools=tools, stream=True,
            stream_options={"include_usage": True}, max_retries=0, num_retries=0,
        )  # fmt: skip
        async for _ in stream:
            pass
    return sent


def _openai(message: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message["role"], "content": message["content"]}
    if message["tool_calls"]:
        plain["tool_calls"] = [
            {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}}
            for c in message["tool_calls"]
        ]
    if message["tool_call_id"]:
        plain["tool_call_id"] = message["tool_call_id"]
    return plain


def median_gap(times: list[float]) -> float:
    """Median milliseconds between one request and the next, the first gap (warming up) left out."""
    gaps = [after - before for before, after in pairwise(times)][1:]
    return statistics.median(gaps) * 1000


def fsync_ms(folder: Path) -> float:
    """Median cost of writing and syncing 4 KB, for scale."""
    gaps: list[float] = []
    with (folder / "fsync").open("wb", buffering=0) as stream:
        for _ in range(50):
            stream.write(b"x" * 4096)
            began = time.perf_counter()
            os.fsync(stream.fileno())
            gaps.append(time.perf_counter() - began)
    return statistics.median(gaps) * 1000


def measure() -> int:
    """Serve the script, take the turns three times, and print what they cost."""
    with tempfile.TemporaryDirectory(prefix="mission-bench-") as name:
        root = Path(name)
        play = root / "script.yaml"
        play.write_text(yaml.safe_dump(script()))
        command = [sys.executable, "-m", "tests.support.openai_server", "--script", str(play)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = (server.stdout.readline() if server.stdout else "").split()[0]
                rows, requests = asyncio.run(rounds(root, SeatSettings(model="openai/bench", api_base=address)))
            finally:
                server.terminate()
        report(rows, fsync_ms(root), requests)
    return 0


async def rounds(root: Path, seat: SeatSettings) -> tuple[list[tuple[float, float]], int]:
    """Median gaps of engine and bare litellm, side by side, and how many requests each sent."""
    await preload()
    rows: list[tuple[float, float]] = []
    requests = 0
    for number in range(3):
        sent = await engine_turns(root / str(number), seat)
        bare = await bare_turns([request for _, request in sent], seat)
        rows.append((median_gap([at for at, _ in sent]), median_gap(bare)))
        requests = len(sent)
    return rows, requests


def report(rows: list[tuple[float, float]], fsync: float, requests: int) -> None:
    print(f"{requests - 2} turns a round, medians in ms (one fsync of 4 KB here: {fsync:.2f} ms)")
    print(f"{'round':>5} {'whole turn':>11} {'bare litellm':>13} {'overhead':>9}")
    for number, (whole, bare) in enumerate(rows, 1):
        print(f"{number:>5} {whole:>11.1f} {bare:>13.1f} {whole - bare:>9.1f}")
    overhead = statistics.median(whole - bare for whole, bare in rows)
    print(f"overhead of a turn: {overhead:.1f} ms (to reach: at most {LIMIT_MS:.0f} ms)")
    print(json.dumps({"overhead_ms": round(overhead, 2), "fsync_ms": round(fsync, 3)}))


if __name__ == "__main__":
    sys.exit(measure())
