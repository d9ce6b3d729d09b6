"""What a program runs into: folders that nobody may write, and processes without a superuser's powers."""

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PLAIN = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search")
"""A superuser may write what is forbidden; without these capabilities it is bound like everybody else."""


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """Whatever writes there gets EROFS. The test is skipped where nobody may mount."""
    folder.mkdir(exist_ok=True)
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
        pytest.skip("mounting takes root")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def forbidden(folder: Path) -> Generator[None]:
    """Whatever writes there gets EACCES, unless a superuser does."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(mode)


def plainly(*arguments: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own that is bound by permissions, also where root runs the tests."""
    bound = PLAIN if os.geteuid() == 0 else ()
    command = [*bound, *before, sys.executable, "-m", "mission_tui", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
