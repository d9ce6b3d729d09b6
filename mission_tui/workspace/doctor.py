"""Examines this machine and, where it may, installs what is missing. Presentation is the caller's."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mission_tui.domain.base import Frozen
from mission_tui.workspace.browser_path import SETTING, find_browser

BOX_TRIAL = (
    "--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --disable-userns --cap-drop ALL "
    "--new-session --die-with-parent --ro-bind / / --dev /dev --proc /proc"
).split()
KEY = re.compile(r"^[A-Z][A-Z0-9_]*_API_KEY$")
PLAYWRIGHT_TIMEOUT_S = 120
APT_TIMEOUT_S = 900

CheckName = Literal["python", "git", "sandbox", "browser", "sqlite", "keys"]


class Check(Frozen):
    """One thing that the product stands on."""

    name: CheckName
    ok: bool
    detail: str
    """One line: what was found, or what is wrong."""
    fix: str | None = None
    """What to do about it, in one line; None when there is nothing to do."""
    required: bool = True


def examine() -> list[Check]:
    """Every check, in under a second; nothing is changed and the network is not used."""
    return [_python(), _git(), _sandbox(), _browser(), _sqlite(), _keys()]


def fix(check: Check) -> Check:
    """Install what a failed check misses, if this user may; returns the check as it is afterwards."""
    if check.ok:
        return check
    match check.name:
        case "sandbox":
            if shutil.which("bwrap") is None:
                _apt_install(["bubblewrap"])
            return _sandbox()
        case "browser":
            _install_browser()
            return _browser()
        case "git":
            _apt_install(["git"])
            return _git()
        case _:
            return check


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Check(name="python", ok=ok, detail=f"Python {version}", fix=None if ok else "install Python 3.11 or later")


def _git() -> Check:
    seen = _output(["git", "--version"])
    if seen is None:
        return Check(name="git", ok=False, detail="git is not installed", fix="install the package git")
    return Check(name="git", ok=True, detail=seen.strip())


def _sandbox() -> Check:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return Check(
            name="sandbox", ok=False, detail="bubblewrap is not installed", fix="install the package bubblewrap"
        )
    trial = subprocess.run(
        [bwrap, *BOX_TRIAL, "true"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, check=False
    )
    if trial.returncode == 0:
        return Check(name="sandbox", ok=True, detail=f"{(_output([bwrap, '--version']) or '').strip()}, boxes can be made")
    said = (trial.stderr.strip().splitlines() or ["no reason given"])[-1]
    return Check(
        name="sandbox",
        ok=False,
        detail=f"bubblewrap cannot make a box: {said}",
        fix="allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or the container's profile)",
    )


def _browser() -> Check:
    found = find_browser()
    if found is None:
        return Check(
            name="browser",
            ok=False,
            detail="no Chromium was found",
            fix=f"install the package chromium, or set {SETTING} to a Chromium or Chrome",
        )
    return Check(name="browser", ok=True, detail=str(found))


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """SQLite 3.7.0 to 3.51.2 can corrupt a WAL that two connections write or checkpoint at once.

    Fixed in 3.51.3, and in 3.50.7 and 3.44.6 of the older branches (https://sqlite.org/wal.html).
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)
    return fixed or version < (3, 7, 0)


def _sqlite() -> Check:
    safe = wal_is_safe(sqlite3.sqlite_version_info)
    note = "" if safe else "; this version has a rare WAL fault, avoided here by one writer that alone checkpoints"
    return Check(name="sqlite", ok=True, detail=f"SQLite {sqlite3.sqlite_version}{note}", required=False)


def _keys() -> Check:
    names = sorted(name for name, value in os.environ.items() if KEY.match(name) and value)
    if names:
        return Check(name="keys", ok=True, detail=f"provider keys in {', '.join(names)}", required=False)
    return Check(
        name="keys",
        ok=False,
        detail="no provider key in the environment",
        fix="for a real mission export your provider's key, for instance ANTHROPIC_API_KEY; the demo needs none",
        required=False,
    )


def _output(command: Sequence[str]) -> str | None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout


def _install_browser() -> None:
    """Playwright's own build where it can be downloaded, else the distribution's Chromium."""
    command = [sys.executable, "-m", "playwright", "install", "chromium", "--no-shell"]
    _quietly(command, PLAYWRIGHT_TIMEOUT_S)
    if find_browser() is None:
        _apt_install(["chromium"])


def _apt_install(packages: Sequence[str]) -> None:
    """As root, or with a sudo that asks for nothing; otherwise nothing happens and the check says what to install."""
    apt = shutil.which("apt-get")
    prefix = _as_root()
    if apt is None or prefix is None:
        return
    command = [*prefix, apt, "install", "--yes", "--no-install-recommends", *packages]
    if _quietly(command, APT_TIMEOUT_S):
        return
    _quietly([*prefix, apt, "update"], APT_TIMEOUT_S)
    _quietly(command, APT_TIMEOUT_S)


def _as_root() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    return [sudo, "-n"] if sudo and _quietly([sudo, "-n", "true"], 10) else None


def _quietly(command: Sequence[str], timeout_s: float) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        result = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            cwd=Path("/"),
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0
