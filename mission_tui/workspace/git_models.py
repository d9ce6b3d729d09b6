"""Values that the git layer takes and gives."""

from datetime import datetime
from pathlib import Path

from mission_tui.domain.base import Frozen

FALLBACK_NAME = "mission-tui"
FALLBACK_EMAIL = "mission-tui@localhost"


class Identity(Frozen):
    """Who the mission's commits name as author and committer."""

    name: str = FALLBACK_NAME
    email: str = FALLBACK_EMAIL


NOBODY = Identity()
"""Stands in where the user has no identity, and for commands that record none."""


class RepositoryState(Frozen):
    """What a repository looked like when it was inspected."""

    root: Path
    """Top of the user's checkout."""
    git_dir: Path
    """The git directory that all checkouts of the repository share."""
    head_commit: str
    branch: str | None
    """None when the head is detached."""
    dirty: bool
    """The checkout has changes or untracked files; they are not part of a mission, which starts from a commit."""
    user_name: str
    user_email: str
    excludes_file: Path | None
    """The user's own ignore file (`core.excludesFile`), where it exists."""
    submodules: bool = False
    """The commit names submodules; their directories stay empty in a mission's worktree."""
    large_files: bool = False
    """Git LFS is in use; a mission sees the pointer files."""

    @property
    def identity(self) -> Identity:
        return Identity(name=self.user_name, email=self.user_email)

    def place(self, worktree: Path, branch: str) -> "MissionPlace":
        """Where a mission on this repository is to work."""
        return MissionPlace(
            root=self.root,
            git_dir=self.git_dir,
            worktree=worktree,
            branch=branch,
            identity=self.identity,
            excludes=self.excludes_file,
        )


class MissionPlace(Frozen):
    """Where a mission works: enough to open its repository again."""

    root: Path
    """Top of the user's checkout; nothing in it is ever written."""
    git_dir: Path
    """The git directory that all checkouts of the repository share."""
    worktree: Path
    branch: str
    identity: Identity = NOBODY
    excludes: Path | None = None
    """The user's ignore file, read when the mission is made."""

    @property
    def private(self) -> Path:
        """The engine's own git directory, beside the worktree: its settings, ignore rules and indexes."""
        return self.worktree.with_name(f"{self.worktree.name}.git")

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"

    @property
    def dropped(self) -> str:
        """Under which refs commits stay reachable that a rollback took off the branch."""
        return f"refs/mission-tui/{self.branch.removeprefix('mission/')}/dropped"


class CommitIntent(Frozen):
    """Everything a commit will be made of. Its id follows from these fields alone, so finishing twice is harmless."""

    branch: str
    parent: str
    tree: str
    message: str
    identity: Identity
    date: str
    """Seconds since the epoch and offset, as git writes them."""
    written: tuple[str, ...] = ()
    """Paths to put into the worktree once the commit stands; the other files there are left alone."""
    removed: tuple[str, ...] = ()
    """Paths to take out of the worktree once the commit stands."""


class FileChange(Frozen):
    """One file that differs between two trees."""

    path: str
    status: str
    """A, M, D, T (type) or R (renamed)."""
    added: int | None
    """Lines; None for a binary file."""
    removed: int | None
    old_path: str | None = None
    """Set for a renamed file."""


class CommitInfo(Frozen):
    """One commit of the mission branch."""

    sha: str
    subject: str
    trailers: dict[str, str]
    committed_at: datetime


class FileVersion(Frozen):
    """A file as one commit left it."""

    commit: str
    at: float
    """Unix time in seconds."""
    author: str
    subject: str
    text: str
    """Empty where the commit removed it."""
