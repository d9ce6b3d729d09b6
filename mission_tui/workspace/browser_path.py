"""Finds a Chromium that Playwright can drive."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

SETTING = "MISSION_TUI_BROWSER"
NAMES = ("google-chrome", "microsoft-edge", "chromium", "chromium-browser", "google-chrome-stable")


def find_browser() -> Path | None:
    """The first of: the setting `MISSION_TUI_BROWSER`, Playwright's own, Chrome, Edge, the distribution's Chromium."""
    return next((path for path in _candidates() if path.is_file() and os.access(path, os.X_OK)), None)


def playwright_folder() -> Path:
    """Where Playwright keeps the browsers that it downloads."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    return Path(chosen) if chosen not in ("", "0") else Path.home() / ".cache" / "ms-playwright"


def _candidates() -> Iterator[Path]:
    chosen = os.environ.get(SETTING)
    if chosen:
        yield Path(chosen)
    folder = playwright_folder()
    if folder.is_dir():
        yield from sorted(folder.glob("chromium-*/chrome-linux*/chrome"), reverse=True)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found)
