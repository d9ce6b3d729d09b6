"""Files that are either whole or not there, also after the power went."""

import os
import secrets
from pathlib import Path

from mission_tui.crashpoints import around


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file by one with this content, on the disk before the call returns."""
    temporary = write_beside(path, data, mode)
    try:
        with around("durable.rename"):
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_beside(path: Path, data: bytes, mode: int = 0o600) -> Path:
    """A new file in the same folder with this content, synced, for the caller to rename or remove."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sync_file(path: Path) -> None:
    """Make a file's content last that somebody else wrote."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in the folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
