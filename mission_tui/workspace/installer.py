"""Installs packages of the distribution where this user may, and runs installers without a sound."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_APT_TIMEOUT_S = 900.0
_END_TIMEOUT_S = 5.0
_APT_OPTIONS = ("--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=60")


def install_packages(names: Sequence[str]) -> bool:
    """With apt-get, as root or through a sudo that asks for nothing; False when they could not be installed."""
    apt = shutil.which("apt-get")
    prefix = root_prefix()
    if apt is None or prefix is None:
        return False
    # sudo drops most of the environment, so what apt must know goes through env.
    apt_get = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt]
    install = [*apt_get, "install", *_APT_OPTIONS, *names]
    if run_quietly(install, _APT_TIMEOUT_S):
        return True
    return run_quietly([*apt_get, "update"], _APT_TIMEOUT_S) and run_quietly(install, _APT_TIMEOUT_S)


def root_prefix() -> list[str] | None:
    """What to put before a command that only root may run; None when this user cannot become root unasked."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    return [sudo, "-n"] if sudo and run_quietly([sudo, "-n", "true"], 10) else None


def run_quietly(command: Sequence[str], timeout_s: float, extra: Mapping[str, str] | None = None) -> bool:
    """Run to the end and say whether it went well; at its timeout it is ended with all that it started."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=Path("/"),
        )
    except OSError:
        return False
    try:
        return process.wait(timeout_s) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        # Whoever leaves early (a timeout, Ctrl-C) leaves no download behind. What runs as root cannot be signalled.
        if process.poll() is None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(_END_TIMEOUT_S)
