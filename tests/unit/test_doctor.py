import shutil
import subprocess
from pathlib import Path

import pytest

from mission_tui.workspace.browser_path import find_browser
from mission_tui.workspace.doctor import examine, wal_is_safe


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


def test_keys_are_named_and_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret-value")
    keys = next(c for c in examine() if c.name == "keys")
    assert "ANTHROPIC_API_KEY" in keys.detail
    assert "very-secret" not in keys.model_dump_json()


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True)],
)  # fmt: skip
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
