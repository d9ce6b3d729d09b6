"""Reading files below a directory that somebody else may have prepared.

A repository and an agent's tree are untrusted: a symbolic link may lead out of them, a FIFO blocks its reader, a file
may be endless. Everything here stays below the root, reads regular files only and stops at a limit.
"""

import os
import stat
from pathlib import Path

MAX_BYTES = 1_000_000


class UnreadableFile(Exception):
    """A file that exists and cannot be used; the message is one line that says why."""


def read_text(root: Path, relative: str | Path, max_bytes: int = MAX_BYTES) -> str | None:
    """The text of a file below `root` (UTF-8, bad bytes replaced), or None where there is no such file.

    Symbolic links are followed as long as they stay below `root`. Raises UnreadableFile for what leads out of it, is
    no regular file, may not be read or holds more than `max_bytes` bytes.
    """
    base = root.resolve()
    try:
        target = (base / relative).resolve()
    except RuntimeError as error:
        raise UnreadableFile(f"{relative}: symbolic links in a circle") from error
    if not target.is_relative_to(base) or target == base:
        raise UnreadableFile(f"{relative}: leads out of the directory")
    try:
        data = _read(base, target.relative_to(base), max_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableFile(f"{relative}: {error.strerror or error}") from error
    if data is None:
        raise UnreadableFile(f"{relative}: not a regular file")
    if len(data) > max_bytes:
        raise UnreadableFile(f"{relative}: larger than {max_bytes:,} bytes")
    return data.decode("utf-8-sig", errors="replace")


def _read(base: Path, relative: Path, max_bytes: int) -> bytes | None:
    """One component at a time without following links: what was resolved above may have been swapped since."""
    directory = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in relative.parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = below
        file = os.open(relative.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)
    with os.fdopen(file, "rb") as handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            return None
        return handle.read(max_bytes + 1)
