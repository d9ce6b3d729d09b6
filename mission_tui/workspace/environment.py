"""A mission's lasting environment: what its setup commands install, first on PATH in every box of the mission."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mission_tui.domain.ports import Box, BoxError, CommandResult
from mission_tui.folders import remove_tree
from mission_tui.workspace.box import BoxSpec, open_box
from mission_tui.workspace.box_spec import ENV
from mission_tui.workspace.setup_files import forget_setup_files, keep_setup_files, list_tree

_CREATE_TIMEOUT_S = 120.0
_WHOLE = ".whole"
"""Lies in an environment once it is made to the end."""


async def prepare_environment(
    env_dir: Path, spec_base: BoxSpec, setup: Sequence[str], log: Path, timeout_s: float
) -> list[CommandResult]:
    """Make the environment if there is none, then run each setup command in a box that may write to it.

    `spec_base` gives the tree (a copy that setup may spoil), the network and the caches. The commands run in order and
    stop after the first that fails, which is then the last of the results; `timeout_s` is for each. All output is
    appended to `log`. What setup leaves inside the tree is moved into `env_dir` and shown in every later box.
    Raises BoxError when there can be no box or no environment.
    """
    await asyncio.to_thread(forget_setup_files, env_dir)
    await asyncio.to_thread(_forget_half_made, env_dir)
    before = await asyncio.to_thread(list_tree, spec_base.tree)
    results: list[CommandResult] = []
    async with await open_box(replace(spec_base, env_dir=env_dir, env_writable=True, writable=True)) as box:
        if (await box.run(f"{ENV}/bin/python -c ''", timeout_s=_CREATE_TIMEOUT_S)).exit_code != 0:
            await _create(box, log)
            await asyncio.to_thread((env_dir / _WHOLE).touch)
        for command in setup:
            _write_heading(log, command)
            results.append(await box.run(command, timeout_s=timeout_s, log=log))
            if results[-1].exit_code != 0:
                break
    await asyncio.to_thread(keep_setup_files, spec_base.tree, before, env_dir)
    return results


async def _create(box: Box, log: Path) -> None:
    """Made from inside, so that the environment's own paths begin with `/env`; pip's wheel comes with virtualenv."""
    options = ["--no-download", "--no-setuptools", "--no-vcs-ignore", "--activators", "bash"]
    command = " ".join([_quoted(sys.executable), "-I -m virtualenv --quiet", *options, ENV])
    created = await box.run(command, timeout_s=_CREATE_TIMEOUT_S, log=log)
    if created.exit_code != 0:
        said = created.output.strip().splitlines()
        raise BoxError(f"cannot make the environment ({said[-1] if said else created.exit_code}); see {log}")


def _forget_half_made(env_dir: Path) -> None:
    """An environment that was being made when the engine was killed may run and yet lack its pip."""
    if not (env_dir / _WHOLE).exists():
        for left in env_dir.iterdir():
            remove_tree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _write_heading(log: Path, command: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"$ {command}\n")
