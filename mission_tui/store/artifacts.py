"""Evidence and large outputs: files named by the SHA-256 of their content, written once and never changed."""

import contextlib
import fcntl
import hashlib
import io
import os
import re
import stat
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.store.durable import sync_folder, write_beside
from mission_tui.store.redact import NO_SECRETS

_READ_ONLY = 0o444
_NAME = re.compile(r"[0-9a-f]{64}")


class NotAFile(ValueError):
    """Only regular files become evidence: a box may have left a link or a pipe in their place."""


class Artifacts:
    """The artifact folder of one mission. `redact` is applied to content before it is named and stored."""

    def __init__(self, root: Path, redact: Callable[[bytes], bytes] = NO_SECRETS) -> None:
        self.root = root
        self._redact = redact

    def put_bytes(self, data: bytes) -> str:
        """Store content; returns its SHA-256. The same content is stored once."""
        content = self._redact(data)
        sha = hashlib.sha256(content).hexdigest()
        target = self.path(sha)
        if not (target.is_file() and target.stat().st_size == len(content)):
            self._write(target, content)
        return sha

    def put_file(self, path: Path, move: bool = False) -> str:
        """Store a file's content, and with `move` remove the file afterwards.

        It is always copied: whoever still has the original open could change it. Links are not followed. Raises
        NotAFile for anything but a regular file.
        """
        sha = self.put_bytes(_read_regular(path))
        if move:
            path.unlink()
        return sha

    def path(self, sha: str) -> Path:
        """Where content of this SHA-256 is or would be."""
        return self.root / sha[:2] / sha

    def open(self, sha: str) -> io.BufferedReader:
        """Open stored content for reading. Raises FileNotFoundError."""
        return self.path(sha).open("rb")

    def read(self, sha: str) -> bytes:
        """All of the stored content. Raises FileNotFoundError."""
        return self.path(sha).read_bytes()

    def verify(self, sha: str) -> bool:
        """Whether the content is there and is what its name says."""
        try:
            with self.open(sha) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == sha
        except OSError:
            return False

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Nothing is removed meanwhile: for whoever reads a state first and its artifacts later."""
        with _locked(self.root, fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def alone(self) -> Generator[bool]:
        """Whether nobody is in `held`, which then waits. Only who has this may remove anything."""
        with _locked(self.root, fcntl.LOCK_EX | fcntl.LOCK_NB) as locked:
            yield locked

    def sizes(self) -> dict[str, int]:
        """Everything that is stored, with its size in bytes."""
        return {path.name: path.stat().st_size for path in self._files() if _NAME.fullmatch(path.name)}

    def remove(self, shas: Iterable[str]) -> None:
        """Remove content; some of it may be gone already."""
        with around("artifact.remove"):
            for sha in shas:
                self.path(sha).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """Remove what a writer that was killed left behind. Nobody may be writing."""
        for path in self._files():
            if path.name.startswith(".") and path.name.endswith(".new"):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        yield from (path for folder in self.root.iterdir() if folder.is_dir() for path in folder.iterdir())

    def _write(self, target: Path, content: bytes) -> None:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self.root)
        temporary = write_beside(target, content, _READ_ONLY)
        with around("artifact.rename"):
            temporary.replace(target)
        sync_folder(target.parent)


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Generator[bool]:
    """Yields False where somebody else has the lock and nobody is to wait, and for a folder that there is not."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _read_regular(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise NotAFile(f"{path.name} is a link, not a file") from error
        raise
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAFile(f"{path.name} is not a regular file")
        return stream.read()
