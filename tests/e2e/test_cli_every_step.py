from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Program, make_program, plan_data, write_plan, write_script
from tests.support.git_repos import commit_all, write

APP = '''
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><title>Notes</title>
<style>body { color: black } @media (prefers-color-scheme: dark) { body { color: white } }
@media (prefers-reduced-motion: reduce) { p { opacity: 0.5 } }</style>
<link rel=icon href=data:,><p data-testid=state>idle</p>
<label>Name <input onkeydown="if (event.key == 'Enter') out('entered ' + value)"></label>
<label>Size <select onchange="out(value)"><option>small<option>large</select></label>
<button onclick="out('pressed'); location.hash = 'done'">Save</button><i hidden>secret</i>
<script>
function out(t) { document.querySelector('p').textContent = t }
onkeydown = e => { if (e.key == '?') out('help') }
</script>"""

class Handler(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        seen = "session=1" in (self.headers.get("cookie") or "")
        page = PAGE if self.path == "/" else json.dumps({"sent": body, "known": seen, "x": self.headers.get("x-mark")})
        self.send_response(200)
        self.send_header("content-type", "text/html" if self.path == "/" else "application/json")
        self.send_header("set-cookie", "session=1")
        self.send_header("content-length", str(len(page.encode())))
        self.end_headers()
        self.wfile.write(page.encode())
    do_GET = do_POST = answer

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'''
SHELL = """
import os
while (line := input("> ")) != "q":
    print("you said", line, os.get_terminal_size().columns)
raise SystemExit(3)
"""
SAVE, STATE = {"role": "button", "name": "Save"}, {"test_id": "state"}
STEPS: dict[str, list[dict[str, Any]]] = {
    "command": [
        {"run": "echo out; echo err >&2; touch made.txt; exit 4", "expect_exit": 4, "expect_stdout": "^out$"},
        {"run": "echo err >&2; touch made.txt", "expect_stderr": "^err", "expect_file": "made.txt"},
        {"run": "test -e app.py"},
    ],
    "http": [
        {"request": "GET /first", "expect_status": 200, "expect_header": {"content-type": "json$"}},
        {"request": "POST /a", "headers": {"X-Mark": "7"}, "body": "plain", "expect_body": '"sent": "plain"'},
        {"request": "POST /a", "body": {"n": [1]}, "expect_json": {"/sent": '{"n":[1]}', "/known": True, "/x": None}},
    ],
    "browser": [
        {"goto": "/", "expect_visible": {"text": "idle"}, "expect_hidden": {"text": "secret"}, "expect_url": "/$"},
        {"click": SAVE, "expect_text": {"target": STATE, "matches": "^pressed$"}, "expect_url": "#done$"},
        {"fill": {"target": {"label": "Name"}, "value": "Eve"}},
        {"press": {"target": {"label": "Name"}, "key": "Enter"}, "expect_text": "entered Eve"},
        {"select": {"target": {"label": "Size"}, "value": "large"}, "expect_text": "large", "within_s": 2},
        {"press": "?", "expect_text": "help"},
        {"reload": True, "expect_count": {"target": SAVE, "count": 1}, "expect_text": "idle"},
        {"emulate": {"color_scheme": "dark", "viewport": [400, 300], "reduced_motion": "reduce"}},
        {"expect_style": {"target": STATE, "property": "color", "matches": "255, 255, 255"}},
        {"expect_style": {"target": STATE, "property": "opacity", "matches": "^0.5$"}},
        {"screenshot": "dark", "expect_console_clean": True, "expect_no_failed_requests": True},
    ],
    "terminal": [
        {"spawn": "python3 shell.py", "size": [60, 10], "expect_screen": "^> "},
        {"type": "hi", "expect_screen": "> hi"},
        {"press": "Enter", "expect_screen": "^you said hi 60"},
        {"resize": [50, 10]},
        {"type": "again\n", "expect_screen": "you said again 50"},
        {"type": "q\n", "expect_exit": 3},
    ],
}
EVIDENCE = {
    "command": ["output", "exit_code"],
    "http": ["response"],
    "browser": ["screenshot", "console", "network"],
    "terminal": ["screen"],
}


def guard(number: int, kind: str) -> dict[str, Any]:
    proof = {"by": kind, "procedure": f"Use it by {kind}.", "evidence": EVIDENCE[kind], "checks": STEPS[kind]}
    claim = f"What is there can be used by {kind}."
    return {"id": f"VAL-OLD-{number:03}", "title": kind, "statement": claim, "guard": True, "area": "old"} | {
        "proof": proof
    }


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = make_program(tmp_path)
    write(made.repo, {"app.py": APP, "shell.py": SHELL})
    commit_all(made.repo)
    made.settings(f'[seats.default]\nmodel = "scripted:{write_script(tmp_path / "script.yaml")}"\n')
    return made


def test_a_plan_with_every_optional_key_and_check_steps_of_every_kind_is_carried_out(program: Program):
    plan = plan_data()
    plan["contract"] += [guard(i, kind) for i, kind in enumerate(STEPS, 1)]
    plan["features"][0] |= {"skill": "backend-worker"}
    plan["features"].append(
        {"id": "F2", "title": "Room", "milestone": "M1", "spec": "Make room.", "after": ["F1"], "enabling": "for later"}
    )
    plan["services"] = {
        "setup": ["python3 --version"],
        "checks": {"tests": "python3 -m compileall -q app.py"},
        "app": {"start": "python3 app.py", "ready": {"http": "/"}, "stop_timeout_s": 2, "isolation": "assertion"},
    }
    write_plan(program.root / "plan.yaml", plan)
    mission = program.new("--yes")
    ran = program("run", mission)
    status = program("status", mission, "--json").json
    assert (ran.code, status["state"], status["assertions"]["passed"]) == (0, "completed", 5), ran.out
    assert [f["attempts"] for f in status["features"]] == [1, 1]
    assert program("verify", mission).code == 0
