"""Deleting what programs have made: they take rights away, from folders too, and a plain user is bound by these."""

import os
import shutil
import stat
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER = stat.S_IRWXU


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is in it; that it is missing is fine. Raises OSError for what stays."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        if folder.exists():  # something below it went by itself
            shutil.rmtree(folder, ignore_errors=True)
    except PermissionError:
        open_folders(folder)
        shutil.rmtree(folder)


def open_folders(root: Path) -> None:
    """Give their owner all rights on a folder and on every one below it; no symbolic link is followed.

    What may not be looked into is entered as a mere place (`O_PATH`) first: nobody can put a link there meanwhile.
    """
    _open(os.open(root, os.O_PATH | _FOLDER))


def _open(place: int) -> None:
    try:
        path = f"/proc/self/fd/{place}"
        mode = stat.S_IMODE(os.fstat(place).st_mode)
        if mode & _OWNER != _OWNER:
            Path(path).chmod(mode | _OWNER)
        with os.scandir(path) as entries:
            below = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for name in below:
            try:
                inner = os.open(name, os.O_PATH | _FOLDER, dir_fd=place)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it went, or became a link, while we looked
            _open(inner)
    finally:
        os.close(place)
