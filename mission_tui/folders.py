"""Folders that programs have made: they take rights away, by which a plain user is bound, or lie a thousand deep."""

import contextlib
import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER = stat.S_IRWXU
DEEP = 200
"""Folders in each other that Python's own functions need not be trusted with: they end at a thousand."""


def walk(top: Path, onerror: Callable[[OSError], None] = lambda _: None) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk` from the top, links not followed; before Python 3.12 that one fails a thousand folders deep."""
    waiting = [os.fspath(top)]
    while waiting:
        place = waiting.pop()
        folders, files, links = list[str](), list[str](), set[str]()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    (folders if entry.is_dir() else files).append(entry.name)
                    if entry.is_symlink():
                        links.add(entry.name)
        except OSError as error:
            onerror(error)
            continue
        yield place, folders, files
        waiting += [f"{place}/{name}" for name in reversed(folders) if name not in links]


def files_below(top: Path) -> Iterator[Path]:
    """Regular files, links not followed."""
    for folder, _, names in walk(top):
        yield from (path for path in (Path(folder, name) for name in names) if not path.is_symlink() and path.is_file())


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is in it; that it is missing is fine. Raises OSError for what stays."""
    remove = _remove_deep if _is_deep(folder) else shutil.rmtree
    try:
        remove(folder)
    except FileNotFoundError:
        if folder.exists():  # something below it went by itself
            shutil.rmtree(folder, ignore_errors=True)
    except PermissionError:
        open_folders(folder)
        remove(folder)


def _is_deep(folder: Path) -> bool:
    top = str(folder).count("/")
    return any(place.count("/") - top > DEEP for place, _, _ in walk(folder))


def _remove_deep(folder: Path) -> None:
    """By a program that goes as deep as it must, and follows no link that is put in its way either."""
    done = subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise PermissionError(errno.EPERM, done.stderr.decode(errors="replace").splitlines()[-1][-200:], str(folder))


def open_folders(root: Path) -> None:
    """Give their owner all rights on a folder and on every one below it; no symbolic link is followed.

    What may not be looked into is entered as a mere place (`O_PATH`) first: nobody can put a link there meanwhile.
    """
    _open(root, ())
    for place, names, _ in walk(root):
        for name in names:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # it went, or is a link
                _open(root, (*Path(place).relative_to(root).parts, name))


def _open(root: Path, below: tuple[str, ...]) -> None:
    place = os.open(root, os.O_PATH | _FOLDER)
    try:
        for name in below:
            inner = os.open(name, os.O_PATH | _FOLDER, dir_fd=place)
            os.close(place)
            place = inner
        path = Path(f"/proc/self/fd/{place}")
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OWNER != _OWNER:
            path.chmod(mode | _OWNER)
    finally:
        os.close(place)
