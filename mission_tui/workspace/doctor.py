"""Examines this machine and, where it may, installs what is missing. Presentation is the caller's."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from mission_tui.domain.base import Frozen
from mission_tui.workspace.browser_path import SETTING, find_browser
from mission_tui.workspace.installer import install_packages, root_prefix, run_quietly
from mission_tui.workspace.resume_unit import NAME, unit_state

BOX_TRIAL = (
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--disable-userns"),
    *("--cap-drop", "ALL", "--new-session", "--die-with-parent", "--ro-bind", "/", "/"),
    *("--dev", "/dev", "--proc", "/proc"),
)
KEY = re.compile(r"^[A-Z][A-Z0-9_]*_API_KEY$")
NAMESPACES_REMEDY = (
    "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or the container's profile)"
)
DRIVER_PACKAGE = "libatomic1"
"""What Playwright's Node needs and a minimal Debian lacks."""
TRIAL_TIMEOUT_S = 20.0
PLAYWRIGHT_TIMEOUT_S = 120.0
PLAYWRIGHT_PATIENCE = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
DEPENDENCIES_TIMEOUT_S = 900.0

CheckName = Literal["python", "git", "sandbox", "browser", "sqlite", "keys", "resume"]


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
    return [_python(), _git(), _sandbox(), _browser(), _sqlite(), _keys(), *_resume()]


def fix(check: Check) -> Check:
    """Install what a failed check misses, if this user may; returns the check as it is afterwards."""
    if check.ok:
        return check
    match check.name:
        case "sandbox":
            if shutil.which("bwrap") is None:
                install_packages(["bubblewrap"])
            return _sandbox()
        case "browser":
            _install_browser()
            return _browser()
        case "git":
            install_packages(["git"])
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
    return Check(name="git", ok=True, detail=seen)


def _sandbox() -> Check:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        detail, remedy = "bubblewrap is not installed", "install the package bubblewrap"
        return Check(name="sandbox", ok=False, detail=detail, fix=remedy)
    wrong = _why_not([bwrap, *BOX_TRIAL, "true"])
    if wrong:
        detail = f"bubblewrap cannot make a box: {wrong}"
        return Check(name="sandbox", ok=False, detail=detail, fix=NAMESPACES_REMEDY)
    return Check(name="sandbox", ok=True, detail=f"{_output([bwrap, '--version']) or 'bubblewrap'}, boxes can be made")


def _browser() -> Check:
    found = find_browser()
    wrong = _why_no_driver()
    if wrong:
        packages = [DRIVER_PACKAGE] if found else [DRIVER_PACKAGE, "chromium"]
        remedy = f"install {' and '.join(packages)} with the system's package manager"
        detail = f"Playwright's driver does not start: {wrong}"
        return Check(name="browser", ok=False, detail=detail, fix=remedy)
    if found is None:
        remedy = f"install the package chromium, or set {SETTING} to a Chromium or Chrome"
        return Check(name="browser", ok=False, detail="no Chromium was found", fix=remedy)
    wrong = _why_not([str(found), "--version"])
    if wrong:
        remedy = f"install the libraries that it needs, or set {SETTING} to another Chromium or Chrome"
        return Check(name="browser", ok=False, detail=f"{found} does not start: {wrong}", fix=remedy)
    return Check(name="browser", ok=True, detail=str(found))


def _why_no_driver() -> str | None:
    """What keeps the program from starting through which Playwright speaks with browsers; Playwright is not loaded."""
    package = find_spec("playwright")
    if package is None or package.origin is None:
        return "Playwright is not installed"
    bundled = Path(package.origin).parent / "driver" / "node"
    return _why_not([os.environ.get("PLAYWRIGHT_NODEJS_PATH") or str(bundled), "--version"])


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


def _resume() -> list[Check]:
    """Whether missions go on after a reboot; nothing is said where no systemd user manager could do it."""
    state = unit_state()
    if not state.manager and not state.written:
        return []
    if state.enabled:
        return [Check(name="resume", ok=True, detail=f"{state.path} resumes missions after a reboot", required=False)]
    if state.written:
        detail = f"{state.path} is there but not enabled"
        return [Check(name="resume", ok=False, detail=detail, fix=f"systemctl --user enable {NAME}", required=False)]
    detail = "missions do not go on by themselves after a reboot"
    remedy = "if they should: `mission-tui doctor --fix --after-reboot` writes a systemd user unit"
    return [Check(name="resume", ok=False, detail=detail, fix=remedy, required=False)]


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=TRIAL_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
    )


def _why_not(command: Sequence[str]) -> str | None:
    """The last thing that a failing command said; None when it goes well."""
    try:
        trial = _run(command)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if trial.returncode == 0:
        return None
    return (trial.stderr.strip().splitlines() or ["no reason given"])[-1]


def _output(command: Sequence[str]) -> str | None:
    """What a successful command printed."""
    try:
        result = _run(command)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def _install_browser() -> None:
    """Playwright's own build where it can be downloaded, else the distribution's Chromium."""
    if _why_no_driver():
        install_packages([DRIVER_PACKAGE])
    playwright = [sys.executable, "-m", "playwright"]
    if find_browser() is None:
        # Without a way to the download servers each attempt would wait for half a minute.
        run_quietly([*playwright, "install", "chromium", "--no-shell"], PLAYWRIGHT_TIMEOUT_S, PLAYWRIGHT_PATIENCE)
    found = find_browser()
    if found is None:
        install_packages(["chromium"])
    elif _why_not([str(found), "--version"]):
        prefix = root_prefix()
        if prefix is not None:
            run_quietly([*prefix, *playwright, "install-deps", "chromium"], DEPENDENCIES_TIMEOUT_S)
