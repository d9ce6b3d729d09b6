"""Command proofs: shell lines run in the tree, as a caller of the product would run them."""

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mission_tui.domain.checks import CommandStep
from mission_tui.domain.ports import Box, CommandResult
from mission_tui.domain.verdict import Cause
from mission_tui.proof.results import RawEvidence, write_fresh
from mission_tui.proof.session import DriverFailure

COMMAND_TIMEOUT_S = 120.0
NOT_FOUND = (126, 127)


async def run_command_steps(
    steps: Sequence[CommandStep], box: Box, run_dir: Path, name: str, env: Mapping[str, str] | None = None
) -> tuple[RawEvidence, ...]:
    """Run and check them in order; output and exit codes are kept whatever happens. Raises DriverFailure."""
    record = _Record(run_dir, name)
    last: CommandResult | None = None
    for number, step in enumerate(steps, 1):
        deadline = time.monotonic() + step.within_s
        if step.run is not None:
            last = await box.run(step.run, timeout_s=max(COMMAND_TIMEOUT_S, step.within_s), env=env, split=True)
            record.add(step.run, last)
        if last is None:
            raise DriverFailure("other", f"step {number}: the first step needs a `run`", record.evidence())
        problem = _complaint(step, last) or await _file_complaint(step, box, deadline)
        if problem is not None:
            cause, words = problem
            raise DriverFailure(cause, f"step {number}, {_named(step.run)}: {words}", record.evidence())
    return record.evidence()


class _Record:
    """What the commands printed and how they ended."""

    def __init__(self, folder: Path, name: str) -> None:
        self._files = {
            "output": (folder / f"{name}-output.txt", "output.txt"),
            "exit_code": (folder / f"{name}-exit.txt", "exit_code.txt"),
        }
        self._texts = {"output": "", "exit_code": ""}

    def add(self, command: str, result: CommandResult) -> None:
        self._texts["output"] += f"$ {command}\n{result.stdout}{result.stderr}"
        self._texts["exit_code"] += f"{result.exit_code}\t{command}\n"

    def evidence(self) -> tuple[RawEvidence, ...]:
        for kind, (path, _) in self._files.items():
            write_fresh(path, self._texts[kind])
        return tuple(
            RawEvidence.model_validate({"kind": kind, "path": path, "name": name, "media_type": "text/plain"})
            for kind, (path, name) in self._files.items()
        )


def _complaint(step: CommandStep, seen: CommandResult) -> tuple[Cause, str] | None:
    if seen.timed_out:
        return "timeout", f"was still running after {seen.duration_s:.0f} s"
    if seen.exit_code in NOT_FOUND and seen.exit_code != step.expect_exit:
        return "missing_tool", f"cannot be run: {_short(seen.stderr)}"
    if step.run is not None and seen.exit_code != step.expect_exit:
        return "expectation", f"expected exit code {step.expect_exit}, seen {seen.exit_code}: {_short(seen.output)}"
    for stream, pattern, text in (
        ("stdout", step.expect_stdout, seen.stdout),
        ("stderr", step.expect_stderr, seen.stderr),
    ):
        if pattern is not None and not re.search(pattern, text, re.MULTILINE):
            return "expectation", f"expected {stream} to match {pattern!r}, seen {_short(text)}"
    return None


async def _file_complaint(step: CommandStep, box: Box, deadline: float) -> tuple[Cause, str] | None:
    if step.expect_file is None:
        return None
    quoted = shlex.quote(step.expect_file)
    while (await box.run(f"test -e {quoted} || {{ sleep 0.05; false; }}", timeout_s=10)).exit_code != 0:
        if time.monotonic() >= deadline:
            return "expectation", f"expected the file {step.expect_file}, which does not exist"
    return None


def _named(command: str | None) -> str:
    """The first line of a command is enough to know it again."""
    lines = (command or "same command").strip().splitlines()
    return lines[0][:200] + (" …" if len(lines) > 1 else "")


def _short(text: str, limit: int = 400) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= limit else f"{flat[: limit // 2]} … {flat[-limit // 2 :]}")
