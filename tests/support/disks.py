"""Small disks of their own, for what happens when one is full."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, megabytes: int) -> Generator[Path]:
    """A file system of this size, mounted here; the test is skipped where nobody may mount one."""
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system takes root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take the last byte of a disk with one file, and name the file."""
    filler = disk / "filler"
    with filler.open("wb") as stream:
        size = 1 << 20
        while size:
            try:
                stream.write(b"\0" * size)
                stream.flush()
            except OSError:
                size //= 2
    return filler


def open_files() -> int:
    """How many descriptors this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
