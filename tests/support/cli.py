"""The real program in a process of its own, as a user calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.git_repos import make_repository

ASSERTION = "VAL-HELLO-001"


@dataclass(frozen=True)
class Outcome:
    """What a call left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def complaint(self) -> str:
        """The one line that says what is wrong; a traceback or a second line fails the test."""
        assert self.out == "", self.out
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("mission-tui: "), self.err
        return lines[0].removeprefix("mission-tui: ")


@dataclass(frozen=True)
class Program:
    """`mission-tui` with a home and a data folder of its own, below `root`."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    def __call__(self, *args: object, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Outcome:
        done = subprocess.run(
            self.command(*args),
            cwd=cwd or self.root,
            env=self.environment(env),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=100,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *args: object) -> "subprocess.Popen[str]":
        """The same, not waited for."""
        return subprocess.Popen(
            self.command(*args),
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *args: object) -> list[str]:
        return [sys.executable, "-m", "mission_tui", *map(str, args)]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MISSION_TUI_", "GIT_"))}
        own = {"HOME": self.root / "home", "XDG_CONFIG_HOME": self.root / "config", "MISSION_TUI_DATA_DIR": self.data}
        return {**kept, **{k: str(v) for k, v in own.items()}, "GIT_CONFIG_GLOBAL": "/dev/null", **(more or {})}

    def settings(self, text: str) -> None:
        """The user's `config.toml`."""
        folder = self.root / "config" / "mission-tui"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(text)

    def new(self, *args: object) -> str:
        """A mission from the plan file `plan.yaml`, made if it is not there; returns its id."""
        plan = self.root / "plan.yaml"
        if not plan.exists():
            write_plan(plan)
        done = self("new", "--repo", self.repo, "--plan", plan, *args)
        assert done.code == 0, done.err
        return done.out.strip()


def make_program(root: Path) -> Program:
    """With a repository of one commit."""
    program = Program(root)
    make_repository(program.repo)
    (root / "home").mkdir()
    return program


def plan_data() -> dict[str, Any]:
    """A plan that is right: one feature writes one file."""
    return {
        "title": "Say hello",
        "contract": [
            {
                "id": ASSERTION,
                "title": "The file says hello",
                "statement": "hello.txt holds the word hello.",
                "proof": {
                    "by": "command",
                    "procedure": "Read hello.txt.",
                    "evidence": ["output", "exit_code"],
                    "checks": [{"run": "cat hello.txt", "expect_stdout": "^hello$"}],
                },
            }
        ],
        "milestones": [{"id": "M1", "title": "Hello"}],
        "features": [
            {"id": "F1", "title": "Write hello", "milestone": "M1", "fulfills": [ASSERTION], "spec": "Write hello.txt."}
        ],
    }


def write_plan(path: Path, data: dict[str, Any] | None = None) -> Path:
    path.write_text(yaml.safe_dump(data or plan_data(), sort_keys=False))
    return path


def write_script(path: Path, word: str = "hello") -> Path:
    """Seats that carry the plan out: a worker that writes the word, a reviewer and a user tester who find nothing."""
    turns = {
        "Role: worker": [
            {"calls": [{"write_file": {"path": "hello.txt", "content": f"{word}\n"}}]},
            {"calls": [{"run_command": {"command": "cat hello.txt"}}]},
            {
                "calls": [
                    {
                        "submit_handoff": {
                            "summary": "hello.txt is written",
                            "completed": ["hello.txt"],
                            "undone": [],
                            "commands": [{"command": "cat hello.txt", "exit_code": 0}],
                            "issues": [],
                            "procedure_followed": True,
                            "deviations": "",
                        }
                    }
                ]
            },
        ],
        "Role: reviewer": [{"calls": [{"submit_review": {"summary": "nothing to find", "findings": []}}]}],
        "Role: user_tester": [{"calls": [{"submit_report": {"summary": "used it"}}]}],
        "Role: orchestrator": [
            {
                "calls": [
                    {"request_decision": {"summary": "It does not work", "choices": ["go on", "end"], "default": "end"}}
                ]
            }
        ],
    }
    conversations = [{"name": role, "match": {"system": role}, "turns": steps} for role, steps in turns.items()]
    path.write_text(yaml.safe_dump({"conversations": conversations}, sort_keys=False))
    return path
