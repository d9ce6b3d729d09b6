"""What leaves the terminal: evidence for the programs of the desktop, text for the clipboard."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from textual.widget import Widget

from mission_tui.ui.text import sized
from mission_tui.ui.typed import app_of

COPIED = 200_000
"""Characters; more than this is not put into the terminal's clipboard."""
OPENERS = ("xdg-open", "open", "wslview")
SETTING = "MISSION_TUI_OPENER"
"""Names a command to be used instead; the file is its only argument."""
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/html": ".html",
    "application/json": ".json",
    "text/x-diff": ".diff",
    "application/zip": ".zip",
}


class CannotOpen(Exception):
    """Nothing can show the file; the message is one line and says where it is."""


def open_outside(artifact: Path, name: str, media_type: str) -> None:
    """Show a copy of an artifact, under a name that says what it is. Raises CannotOpen."""
    if not artifact.is_file():
        raise CannotOpen("the file is gone from the mission's artifacts")
    opener = os.environ.get(SETTING) or next((found for name in OPENERS if (found := shutil.which(name))), None)
    if opener is None:
        raise CannotOpen(f"no program to open files was found (set {SETTING}); it is {artifact}")
    try:
        shown = _named(artifact, name, media_type)
        process = subprocess.Popen(  # the desktop's program outlives the screen
            [opener, str(shown)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        threading.Thread(target=process.wait, daemon=True).start()
    except OSError as error:
        raise CannotOpen(f"{Path(opener).name} could not be started: {error.strerror}") from error


def _named(artifact: Path, name: str, media_type: str) -> Path:
    """A copy whose name ends as its type wants; what is named by a hash is opened by nothing."""
    folder = Path(tempfile.mkdtemp(prefix="mission-tui-"))
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:80] or "evidence"
    suffix = SUFFIXES.get(media_type, ".txt" if media_type.startswith("text/") else "")
    if suffix and not safe.endswith(suffix):
        safe += suffix
    return Path(shutil.copyfile(artifact, folder / safe))


def copy(widget: Widget, text: str) -> None:
    """Put text into the terminal's clipboard (OSC 52), and say how much."""
    shown = text[:COPIED]
    app_of(widget).copy_to_clipboard(shown)
    more = ", its beginning" if len(text) > COPIED else ""
    widget.notify(f"copied {sized(len(shown.encode()))}{more}", markup=False)
