"""Whole missions on a small repository, with real git, boxes and proofs; only the models' words are scripted."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from mission_tui.domain.events import AnyEvent, Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import PlanDraft
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.create import NewMission, create_mission
from mission_tui.engine.host import HostOptions, run_mission
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader

APP = """\
import http.server
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<html><body><h1>Hello</h1></body></html>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
HANDOFF = {"summary": "bye.py prints bye", "completed": ["bye.py"], "procedure_followed": True, "deviations": ""}


def git(repo: Path, *arguments: str) -> str:
    result = subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True, text=True)
    return result.stdout.strip()


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(APP)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.email", "eve@example.org")
    git(folder, "config", "user.name", "Eve")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "An app that says hello")
    return folder


def command_proof(command: str, stdout: str) -> dict[str, Any]:
    return {
        "by": "command",
        "procedure": f"run {command}",
        "evidence": ["output", "exit_code"],
        "checks": [{"run": command, "expect_stdout": stdout}],
    }


def bye(**more: Any) -> dict[str, Any]:
    return {"id": "VAL-BYE-001", "title": "Says bye", "statement": "bye.py prints bye",
            "proof": command_proof("python3 bye.py", "^bye$"), **more}  # fmt: skip


def plan(*assertions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One milestone with one feature that owns every assertion that is no guard."""
    owned = [a["id"] for a in assertions if not a.get("guard")]
    return {
        "title": "Say bye",
        "contract": list(assertions),
        "milestones": [{"id": "M1", "title": "Bye"}],
        "features": [{"id": "F1", "title": "Bye", "milestone": "M1", "spec": "write bye.py", "fulfills": owned}],
        "services": {"checks": {"compiles": "python3 -m py_compile app.py"}},
        **more,
    }


def calls(*named: dict[str, Any], text: str = "") -> dict[str, Any]:
    return {"text": text, "calls": list(named)}


def worker(*turns: dict[str, Any], user: str = "") -> dict[str, Any]:
    return {"name": f"worker {user}", "match": {"system": "Role: worker", "user": user}, "turns": list(turns)}


WRITE_BYE = calls({"write_file": {"path": "bye.py", "content": "print('bye')\n"}}, text="I write it.")
RUN_BYE = calls({"run_command": {"command": "python3 bye.py"}})


def hand_off(**more: Any) -> dict[str, Any]:
    return calls({"submit_handoff": {**HANDOFF, **more}})


GOOD_WORKER = worker(WRITE_BYE, RUN_BYE, hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}]))
APPROVING_REVIEWER = {
    "name": "reviewer",
    "match": {"system": "Role: reviewer"},
    "turns": [calls({"submit_review": {"summary": "as specified", "findings": []}})],
}


def orchestrator(*turns: dict[str, Any], user: str = "") -> dict[str, Any]:
    return {
        "name": f"orchestrator {user}",
        "match": {"system": "Role: orchestrator", "user": user},
        "turns": list(turns),
    }


def script(path: Path, *conversations: dict[str, Any]) -> SeatSettings:
    path.write_text(yaml.safe_dump({"conversations": list(conversations)}))
    return SeatSettings(model=f"scripted:{path}")


async def mission(root: Path, seat: SeatSettings, draft: dict[str, Any], **more: Any) -> MissionFiles:
    """A created mission with its plan approved, reviewed automatically."""
    repo = root / "repo"
    new = NewMission(
        repo=repo if repo.exists() else repository(repo),
        title=draft["title"],
        goal="Teach it to say bye",
        **{
            "seats": {"default": seat},
            "review": "auto",
            "plan": PlanDraft.model_validate(draft),
            "approve": True,
            **more,
        },
    )
    return (await create_mission(root / "data", new)).files


async def run(files: MissionFiles, on_event: Callable[[Recorded], None] = lambda _: None) -> int:
    return await run_mission(files, HostOptions(on_event=on_event))


def state(files: MissionFiles) -> Mission:
    with Reader(files) as reader:
        return reader.mission()


def events(files: MissionFiles, *kinds: type[AnyEvent]) -> list[Any]:
    with Reader(files) as reader:
        found = [r.event for r in reader.events(0, 100_000)]
    return [e for e in found if not kinds or isinstance(e, kinds)]
