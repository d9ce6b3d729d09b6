import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from mission_tui.workspace.browser_path import find_browser
from mission_tui.workspace.doctor import Check, examine, fix, wal_is_safe
from mission_tui.workspace.installer import run_quietly


def test_this_machine_can_run_missions():
    checks = {c.name: c for c in examine()}
    assert all(c.ok for c in checks.values() if c.required), checks


def test_a_missing_tool_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    failed = {c.name: c.fix for c in examine() if not c.ok}
    assert failed["sandbox"] == "install the package bubblewrap"
    assert failed["git"] == "install the package git"
    assert "chromium" in (failed["browser"] or "")


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def check(name: str) -> Check:
    return next(c for c in examine() if c.name == name)


def test_a_driver_that_does_not_start_is_said_with_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    node = program(tmp_path / "node", "echo 'libatomic.so.1: cannot open shared object file' >&2; exit 127")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
    assert "libatomic.so.1: cannot open" in check("browser").detail
    assert "libatomic1" in (check("browser").fix or "")


def test_a_browser_that_does_not_start_is_no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    broken = program(tmp_path / "chrome", "echo 'libnss3.so: cannot open shared object file' >&2; exit 127")
    monkeypatch.setenv("MISSION_TUI_BROWSER", str(broken))
    assert not check("browser").ok
    assert "libnss3.so" in check("browser").detail


def test_a_refused_sandbox_is_said_with_the_kernels_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program(tmp_path / "bwrap", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert check("sandbox").detail == "bubblewrap cannot make a box: bwrap: setting up uid map: Permission denied"
    assert "user namespaces" in (check("sandbox").fix or "")


def test_what_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    apt = program(tmp_path / "apt-get", f"touch {tmp_path}/called")
    monkeypatch.setenv("PATH", f"{apt.parent}:{os.environ['PATH']}")
    checks = examine()
    assert [fix(c) for c in checks if c.ok] == [c for c in checks if c.ok]
    assert not (tmp_path / "called").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may install packages unasked")
def test_a_missing_sandbox_is_installed_once_the_package_lists_are_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    # A package manager without lists, as in a fresh image: it knows no package before its first update.
    program(
        tmp_path / "apt-get",
        f'echo "$DEBIAN_FRONTEND $*" >>{tmp_path}/calls\n'
        f'case "$1" in update) : >{tmp_path}/lists;; install) [ -e {tmp_path}/lists ] || exit 100;\n'
        f"printf '#!/bin/sh\\necho bubblewrap 0.8.0\\n' >{tmp_path}/bwrap; chmod +x {tmp_path}/bwrap;; esac",
    )
    for name in ("env", "chmod", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    before = check("sandbox")
    after = fix(before)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert not before.ok
    assert after.ok
    assert [call.split()[:2] for call in calls] == [["noninteractive", v] for v in ("install", "update", "install")]
    assert all("--no-install-recommends" in call for call in calls if " install " in call)


def test_an_installer_that_hangs_is_ended_with_its_children(tmp_path: Path):
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        started = time.monotonic()
        assert not run_quietly(["/bin/sh", "-c", f"(echo held >&3; sleep 60) 3>{fifo} & wait"], timeout_s=1)
        os.set_blocking(reader, True)
        assert os.read(reader, 100) == b"held\n"
        assert os.read(reader, 100) == b""  # answers once nobody holds the other end
        assert time.monotonic() - started < 30
    finally:
        os.close(reader)


def test_keys_are_named_and_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret-value")
    keys = next(c for c in examine() if c.name == "keys")
    assert "ANTHROPIC_API_KEY" in keys.detail
    assert "very-secret" not in keys.model_dump_json()


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
    ],
)
def test_affected_versions_of_sqlite_are_known(version: tuple[int, ...], safe: bool):
    assert wal_is_safe(version) is safe


def test_a_browser_that_was_chosen_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    chosen = tmp_path / "my-browser"
    chosen.write_text("#!/bin/sh\n")
    chosen.chmod(0o755)
    monkeypatch.setenv("MISSION_TUI_BROWSER", str(chosen))
    assert find_browser() == chosen


def test_a_browser_of_playwrights_own_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    own = tmp_path / "chromium-1234" / "chrome-linux" / "chrome"
    own.parent.mkdir(parents=True)
    shutil.copy("/bin/true", own)
    monkeypatch.delenv("MISSION_TUI_BROWSER", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert find_browser() == own
    assert subprocess.run([own], check=False).returncode == 0
