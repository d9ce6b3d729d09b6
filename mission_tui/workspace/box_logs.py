"""Log files of a box on the host: written through descriptors, in directories that the box cannot see."""

import contextlib
import os
from pathlib import Path


def open_log(path: Path, files: contextlib.ExitStack) -> int:
    """A descriptor for appending, closed with `files`; the box gets a copy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    files.callback(os.close, log)
    return log


def read_tail(path: Path, limit: int) -> str:
    """The end of a log, as text; empty when there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - limit))
            return log.read(limit).decode(errors="replace")
    except OSError:
        return ""
