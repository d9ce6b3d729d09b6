"""Files of a run's tree, read and written from the host without following what an agent may have planted there."""

import errno
import fnmatch
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mission_tui.crashpoints import around
from mission_tui.folders import walk
from mission_tui.store.errors import of_the_machine

MAX_FILE_BYTES = 10_000_000
SKIPPED = {".git", "node_modules", "__pycache__", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


class TreeProblem(Exception):
    """A path that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class TreeFiles:
    """A directory seen through relative paths. Symbolic links, FIFOs and `.git` are never followed or opened.

    `visible` narrows what may be read (a user tester sees documentation only).
    """

    root: Path
    visible: Callable[[str], bool] | None = None
    keep: Callable[[str, bytes | None], None] | None = None
    """Told what a file says before it is written; None for one that is not there."""

    def read(self, path: str) -> str:
        descriptor = self._open(path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as stream:
            if os.fstat(descriptor).st_size > MAX_FILE_BYTES:
                raise TreeProblem(f"{path} is larger than {MAX_FILE_BYTES:,} bytes; look at it with a command")
            data = stream.read()
        if b"\0" in data[:8192]:
            raise TreeProblem(f"{path} is not text")
        return data.decode("utf-8", errors="replace")

    def write(self, path: str, content: str) -> bool:
        """Create or replace a file with its folders, as a whole; says whether it was there before."""
        return self.write_bytes(path, content.encode("utf-8"))

    def write_bytes(self, path: str, content: bytes) -> bool:
        relative = self._relative(path)
        before = self._present(path)
        if self.keep is not None:
            self.keep(str(relative), before and before[0])
        # Beside the tree: what a crash leaves there is in no commit and is written over by the next one.
        temporary = self.root.with_name(f".{self.root.name}.write")
        temporary.unlink(missing_ok=True)
        temporary.write_bytes(content)
        temporary.chmod(before[1] if before else 0o644)
        parent = self._folder(relative.parent, create=True)
        try:
            with around("tree.rename"):
                os.replace(temporary, relative.name, dst_dir_fd=parent)
        finally:
            os.close(parent)
        return before is not None

    def remove(self, path: str) -> None:
        """Take a file away; that it is not there is fine."""
        relative = self._relative(path)
        try:
            parent = self._folder(relative.parent)
        except TreeProblem:
            return
        try:
            os.unlink(relative.name, dir_fd=parent)
        except FileNotFoundError:
            return
        finally:
            os.close(parent)

    def files(self, path: str = ".") -> Iterator[str]:
        """Regular files below `path`, sorted, without version control and caches."""
        start = self._relative(path) if path not in ("", ".") else PurePosixPath(".")
        base = self.root / start
        if base.is_symlink() or not base.is_dir():
            raise TreeProblem(f"{path} is not a folder")
        for folder, names, files in walk(base):
            names[:] = sorted(n for n in names if n not in SKIPPED)
            for name in sorted(n for n in files if n != ".git"):
                full = Path(folder) / name
                relative = full.relative_to(self.root).as_posix()
                if self._shown(relative) and stat.S_ISREG(full.lstat().st_mode):
                    yield relative

    def matching(self, path: str, glob: str | None) -> Iterator[str]:
        for name in self.files(path):
            if glob is None or fnmatch.fnmatch(name, glob) or fnmatch.fnmatch(PurePosixPath(name).name, glob):
                yield name

    def search(self, occurs: Callable[[str], bool], path: str, glob: str | None) -> Iterator[tuple[str, int, str]]:
        """Lines in which something occurs: file, line number, line."""
        for name in self.matching(path, glob):
            try:
                text = self.read(name)
            except (TreeProblem, OSError):
                continue
            for number, line in enumerate(text.splitlines(), 1):
                if occurs(line):
                    yield name, number, line

    def _shown(self, relative: str) -> bool:
        return self.visible is None or self.visible(relative)

    def _relative(self, path: str) -> PurePosixPath:
        cleaned = path.removeprefix("/workspace/")
        relative = PurePosixPath(os.path.normpath(cleaned))
        if relative.is_absolute() or ".." in relative.parts or str(relative) == ".":
            raise TreeProblem(f"{path}: give a path inside the repository, relative to its root")
        if relative.parts[0] == ".git":
            raise TreeProblem("the engine keeps .git; use git commands to read history")
        if not self._shown(str(relative)):
            raise TreeProblem(f"{path}: this role may read documentation and the services manifest only")
        return relative

    def _folder(self, relative: PurePosixPath, create: bool = False) -> int:
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        for part in relative.parts:
            try:
                if create:
                    self._make(part, descriptor)
                child = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                raise _problem(str(relative), error) from None
            finally:
                os.close(descriptor)
            descriptor = child
        return descriptor

    @staticmethod
    def _make(part: str, parent: int) -> None:
        try:
            os.mkdir(part, 0o755, dir_fd=parent)
        except FileExistsError:
            return

    def _present(self, path: str) -> tuple[bytes, int] | None:
        """A regular file's content and mode; None where there is nothing."""
        relative = self._relative(path)
        try:
            parent = self._folder(relative.parent)
        except TreeProblem:
            return None
        try:
            mode = os.stat(relative.name, dir_fd=parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
        finally:
            os.close(parent)
        if not stat.S_ISREG(mode):
            raise TreeProblem(f"{path} is not a regular file")
        with os.fdopen(self._open(path, os.O_RDONLY), "rb") as stream:
            return stream.read(), stat.S_IMODE(mode)

    def _open(self, path: str, flags: int) -> int:
        relative = self._relative(path)
        parent = self._folder(relative.parent)
        try:
            descriptor = os.open(relative.name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
        except OSError as error:
            raise _problem(path, error) from None
        finally:
            os.close(parent)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise TreeProblem(f"{path} is not a regular file")
        return descriptor


def _problem(path: str, error: OSError) -> TreeProblem | OSError:
    """What the model is told, or the error itself where no agent could have done otherwise."""
    if of_the_machine(error):
        return error
    if error.errno == errno.ENOENT:
        return TreeProblem(f"{path} does not exist; list_files shows what does")
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return TreeProblem(f"{path} goes through a symbolic link or a file, which is not followed")
    return TreeProblem(f"{path}: {error.strerror}")
