"""Evidence and large outputs: files named by the SHA-256 of their content, written once and never changed."""

import hashlib
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.store.durable import sync_folder, write_beside
from mission_tui.store.redact import NO_SECRETS

_READ_ONLY = 0o444


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

    def _write(self, target: Path, content: bytes) -> None:
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self.root)
        temporary = write_beside(target, content, _READ_ONLY)
        with around("artifact.rename"):
            temporary.replace(target)
        sync_folder(target.parent)


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
