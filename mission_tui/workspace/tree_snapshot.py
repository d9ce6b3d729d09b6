"""Puts a scratch tree back as it was, while a box has it mounted: its directory must stay the same one."""

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from mission_tui.folders import open_folders, remove_tree, walk

Mark = tuple[int, int, int, int]
"""Size, modification time, mode and change time: what tells a changed file without reading it. Only the kernel sets
the last: a program that restores the others, as `touch -r` does, is noticed all the same."""


@dataclass(frozen=True, slots=True)
class TreeSnapshot:
    """What a tree held at one moment, with a copy of its files to restore from."""

    tree: Path
    copy: Path
    marks: dict[str, Mark]
    folders: frozenset[str]
    """Directories that were there; a box may have mounted something over them."""

    @classmethod
    def take(cls, tree: Path, copy: Path) -> "TreeSnapshot":
        """`copy` must not exist; it receives everything but `.git`."""
        marks, folders = _marks(tree), _folders(tree)
        copy.mkdir(parents=True)
        for folder in folders:
            (copy / folder).mkdir()
        for name in marks:
            if _can_be_copied(tree / name):
                shutil.copy2(tree / name, copy / name, follow_symlinks=False)
        return cls(tree, copy, marks, frozenset(folders))

    def restore(self) -> None:
        """Delete what is new and write back what changed, also where rights were taken away."""
        try:
            self._put_back()
        except PermissionError:
            open_folders(self.tree)
            self._put_back()

    def _put_back(self) -> None:
        now = _marks(self.tree)
        for name in now.keys() - self.marks.keys():
            (self.tree / name).unlink(missing_ok=True)
        for name in sorted(_folders(self.tree), reverse=True):
            if name not in self.folders:
                remove_tree(self.tree / name)
        for name, mark in self.marks.items():
            if now.get(name) != mark:
                self._write_back(name)

    def _write_back(self, name: str) -> None:
        target = self.tree / name
        if target.is_dir() and not target.is_symlink():
            remove_tree(target)
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.copy / name, target, follow_symlinks=False)
        self.marks[name] = _mark(target)


def _can_be_copied(path: Path) -> bool:
    """Not what a socket or a FIFO is."""
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _folders(tree: Path) -> list[str]:
    found: list[str] = []
    for folder, names, _ in walk(tree, _tell_of_rights):
        names[:] = [n for n in names if n != ".git" and not (Path(folder) / n).is_symlink()]
        found += [(Path(folder) / n).relative_to(tree).as_posix() for n in names]
    return found


def _marks(tree: Path) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    for folder, names, files in walk(tree, _tell_of_rights):
        names[:] = [n for n in names if n != ".git"]
        links = [n for n in names if (Path(folder) / n).is_symlink()]
        for name in (*files, *links):
            path = Path(folder) / name
            marks[path.relative_to(tree).as_posix()] = _mark(path)
    return marks


def _tell_of_rights(error: OSError) -> None:
    if isinstance(error, PermissionError):
        raise error


def _mark(path: Path) -> Mark:
    seen = path.lstat()
    return seen.st_size, seen.st_mtime_ns, seen.st_mode, seen.st_ctime_ns
