import asyncio
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mission_tui.cli.audit import audit
from mission_tui.domain.events import VerdictRecorded
from mission_tui.report.proofs import write_proofs
from mission_tui.store.redact import Redactor
from tests.support.engine import APPROVING_REVIEWER, calls, events, hand_off, mission, run, script, state, worker

PASSWORD = "c0rrect horse&battery<staple>"
PRODUCT = (Path(__file__).parents[1] / "support/login_product.py").read_text()
REFERENCE = "${APP_PASSWORD}"
LOG_IN: list[dict[str, Any]] = [
    {"goto": "/", "expect_visible": {"role": "heading", "name": "Log in"}},
    {"fill": {"target": {"label": "Password"}, "value": REFERENCE}},
    {"click": {"role": "button", "name": "Log in"}, "expect_text": f"Welcome\\s+{REFERENCE}"},
]


def claim(name: str, by: str, evidence: list[str], *checks: dict[str, Any]) -> dict[str, Any]:
    proof = {"by": by, "procedure": "log in", "evidence": evidence, "checks": list(checks)}
    return {"id": name, "title": name, "statement": "the password lets one in", "proof": proof}


def draft() -> dict[str, Any]:
    post = {"request": "POST /", "body": {"password": REFERENCE}, "expect_status": 200, "expect_body": "Welcome"}
    shell = {"run": 'test -f login.txt && echo "$APP_PASSWORD" && exit 3', "expect_exit": 3, "expect_stdout": "horse"}
    terminal = [
        {"spawn": 'test -f login.txt && read -r word && [ "$word" = "$APP_PASSWORD" ] && echo let in'},
        {"type": f"{REFERENCE}\n", "expect_screen": "let in"},
    ]
    contract = [
        claim("VAL-HTTP-001", "http", ["response"], post),
        claim("VAL-WEB-001", "browser", ["screenshot", "console", "network", "trace"], *LOG_IN),
        claim("VAL-SHELL-001", "command", ["output"], shell),
        claim("VAL-TTY-001", "terminal", ["screen", "output"], *terminal),
        claim("VAL-HAND-001", "browser", ["screenshot"]),
    ]
    names = [one["id"] for one in contract]
    return {
        "title": "A login",
        "contract": contract,
        "milestones": [{"id": "M1", "title": "Login"}],
        "features": [{"id": "F1", "title": "Login", "milestone": "M1", "spec": "a login", "fulfills": names}],
        "services": {"app": {"start": "exec python3 app.py", "ready": {"http": "/"}}, "secrets": ["APP_PASSWORD"]},
    }


def seats() -> list[dict[str, Any]]:
    builder = worker(
        calls(
            {"write_file": {"path": "app.py", "content": PRODUCT}},
            {"write_file": {"path": "login.txt", "content": "x"}},
        ),
        hand_off(),
    )
    look = {"target": {"label": "Password"}, "value": REFERENCE}
    verdict = {"assertion": "VAL-HAND-001", "status": "passed", "reason": "let in", "evidence": ["E2"], "flow": LOG_IN}
    tester = [
        calls({"start_service": {"name": "app"}}),
        calls({"browser_open": {"path": "/"}}),
        calls({"browser_fill": look}),
        calls({"browser_click": {"target": {"role": "button", "name": "Log in"}}}),
        calls({"browser_screenshot": {"name": "in"}}, {"browser_console": {}}),
        calls({"run_command": {"command": "echo it is $APP_PASSWORD"}}),
        calls({"record_verdict": verdict | {"evidence": ["E1"]}}),
        calls({"submit_report": {"summary": "one can log in"}}),
    ]
    return [builder, APPROVING_REVIEWER, {"name": "t", "match": {"system": "Role: user_tester"}, "turns": tester}]


def exported(proofs: Path, repository: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "http or shell", str(proofs)]
    environment = {**os.environ, "MISSION_REPO": str(repository)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and every member of every archive."""
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink()):
        data = path.read_bytes()
        yield str(path), data
        if data.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from ((f"{path}:{name}", archive.read(name)) for name in archive.namelist())


async def test_a_login_is_proved_with_a_secret_that_is_nowhere_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("APP_PASSWORD", PASSWORD)
    files = await mission(tmp_path, script(tmp_path / "s.yaml", *seats()), draft())
    assert await run(files) == 0, [(e.verdict.assertion, e.verdict.reason) for e in events(files, VerdictRecorded)]
    assert state(files).counts()["passed"] == 5
    assert {e.verdict.prover for e in events(files, VerdictRecorded)} == {"mechanical"}
    looked_for = Redactor({"APP_PASSWORD": PASSWORD})
    found = list(contents(tmp_path / "data"))
    assert any(b"[redacted APP_PASSWORD]" in data for _, data in found)
    assert any(name.endswith("trace.network") for name, _ in found)
    assert [name for name, data in found if looked_for.found_in(data) or b"horse&battery" in data] == []
    assert await audit(files) == []
    write_proofs(state(files), tmp_path / "proofs")
    assert "2 passed" in await asyncio.to_thread(exported, tmp_path / "proofs", files.worktree)
    assert not any(looked_for.found_in(path.read_bytes()) for path in (tmp_path / "proofs").glob("*.py"))


async def test_what_a_killed_engine_left_of_a_secret_is_taken_away_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("APP_PASSWORD", PASSWORD)
    files = await mission(tmp_path, script(tmp_path / "s.yaml"), draft(), approve=False)
    left = files.runs / "prove-base-0"
    for name in ("logs/service-1.log", "tree/users.db", "shared/response.json"):
        (left / name).parent.mkdir(parents=True)
        (left / name).write_text(f"starting with {PASSWORD}")
    assert await run(files) == 3
    found = dict(contents(tmp_path / "data"))
    assert found[str(left / "logs/service-1.log")].startswith(b"starting with [redacted APP_PASSWORD]")
    assert [name for name, data in found.items() if PASSWORD.encode() in data] == []


async def test_without_its_secret_a_proof_is_blocked_and_says_which_one_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("APP_PASSWORD", raising=False)
    files = await mission(tmp_path, script(tmp_path / "s.yaml", *seats()), draft())
    await run(files)
    verdicts = [e.verdict for e in events(files, VerdictRecorded)]
    assert {v.status for v in verdicts} == {"blocked"}
    assert len(verdicts) >= 4
    assert all("the secret APP_PASSWORD of the services manifest is not set: export" in v.reason for v in verdicts)
