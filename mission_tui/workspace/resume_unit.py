"""The systemd user unit that resumes detached missions after a reboot: its text, its state, and how it is written."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NAME = "mission-tui-resume.service"
_HEADER = "# Written by `mission-tui doctor --fix --after-reboot`; removed by deleting it."
_TIMEOUT_S = 20.0


class UnitProblem(Exception):
    """The unit cannot be written; the message says why and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """What there is."""

    manager: bool
    """Whether a systemd user manager answers."""
    path: Path
    written: bool
    enabled: bool


def unit_path() -> Path:
    """Where systemd looks for a user's own units."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else Path.home() / ".config") / "systemd" / "user" / NAME


def unit_state() -> UnitState:
    """What is written, and what systemd says of it. Changes nothing."""
    path, manager = unit_path(), _systemctl("show-environment")
    return UnitState(manager, path, path.is_file(), manager and _systemctl("is-enabled", NAME))


def write_unit(data: Path) -> list[str]:
    """Write the unit, and enable it where a user manager answers. Returns what was done, a line each.

    Raises UnitProblem where a unit of somebody else's making has its name.
    """
    path = unit_path()
    text = unit_text(data)
    before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    if before is not None and not before.startswith(_HEADER):
        raise UnitProblem(f"{path} was not written by mission-tui; move it away, then try again")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnitProblem(f"{path} cannot be written: {error.strerror}") from error
    return [f"wrote {path}: it runs `mission-tui run --all --detach` once you are logged in", *_enabled(path)]


def unit_text(data: Path) -> str:
    """The unit. Engines outlive the command that starts them, so only that command is the service's to end.

    Keys are not in it: systemd does not know what your shell exports, so they are read from a file of your own.
    """
    command = f"{_quoted(sys.executable)} -m mission_tui run --all --detach --data-dir {_quoted(str(data))}"
    return f"""{_HEADER}
[Unit]
Description=Resume missions of mission-tui that were running

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
Environment={_quoted(f"PATH={os.environ.get('PATH', os.defpath)}")}
# NAME=value lines, for instance your provider's key; the file may be missing.
EnvironmentFile=-%h/.config/mission-tui/environment
ExecStart={command}

[Install]
WantedBy=default.target
"""


def _enabled(path: Path) -> list[str]:
    told = [
        "put your provider's key (ANTHROPIC_API_KEY=…) into ~/.config/mission-tui/environment, readable by you alone: "
        "systemd does not know what your shell exports"
    ]
    user = os.environ.get("USER") or "USER"
    linger = f"to have it run before you log in: `loginctl enable-linger {user}`"
    if not _systemctl("show-environment"):
        return [f"no systemd user manager answers here; where one does: `systemctl --user enable {path.name}`", *told]
    if not (_systemctl("daemon-reload") and _systemctl("enable", NAME)):
        return [f"systemd did not take it: see `systemctl --user enable {NAME}`", *told]
    return ["enabled it: missions whose engine was detached go on after a reboot", linger, *told]


def _quoted(text: str) -> str:
    """A word of a unit file, where % begins a specifier, $ a variable and quotes nest with backslashes."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def _systemctl(*arguments: str) -> bool:
    program = shutil.which("systemctl")
    if program is None:
        return False
    try:
        done = subprocess.run(
            [program, "--user", *arguments],
            capture_output=True,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
