"""A mission's repository: the branch, the worktree and everything that the engine does with git.

Nothing here blocks the event loop. Changes of one mission run one after the other, also when a caller was cancelled
while its git command is still running.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from mission_tui.workspace import git_audit, git_commits, git_copies, git_history, git_lifetime
from mission_tui.workspace.box_spec import WORKSPACE, History
from mission_tui.workspace.git_bench import Bench
from mission_tui.workspace.git_inspect import RepositoryProblem, init_repository, inspect_repository, resolve_base
from mission_tui.workspace.git_models import (
    CommitInfo,
    CommitIntent,
    FileChange,
    Identity,
    MissionPlace,
    RepositoryState,
)
from mission_tui.workspace.git_plumbing import GitError
from mission_tui.workspace.git_private import make_private, read_place

__all__ = [
    "CommitInfo",
    "CommitIntent",
    "FileChange",
    "GitError",
    "Identity",
    "MissionPlace",
    "MissionRepository",
    "RepositoryProblem",
    "RepositoryState",
    "init_repository",
    "inspect_repository",
    "resolve_base",
]

P = ParamSpec("P")
T = TypeVar("T")


class MissionRepository:
    """One mission's branch and worktree in a user's repository. Every method raises GitError when git refuses.

    Commits and trees are named by full object ids; other names are refused, so text of a model's can never become an
    argument that git would take for something else.
    """

    def __init__(self, place: MissionPlace) -> None:
        self.place = place
        self._bench = Bench(place)
        self._writing = threading.Lock()

    @classmethod
    async def create(cls, place: MissionPlace, base_commit: str) -> "MissionRepository":
        """Make branch and worktree at a commit; nothing is left behind on failure.

        A branch name that is taken gets `-2`, `-3`, … appended: see `place.branch` of the result.
        """
        return cls(await asyncio.to_thread(git_lifetime.create, place, base_commit))

    @classmethod
    async def open(cls, worktree: Path) -> "MissionRepository":
        """The mission that `create` made at this worktree."""
        return await asyncio.to_thread(lambda: cls(read_place(worktree)))

    @classmethod
    async def borrowed(cls, place: MissionPlace) -> "MissionRepository":
        """For copies of a repository's commits, without branch or worktree: only directories in `place` are made."""
        await asyncio.to_thread(make_private, place)
        await asyncio.to_thread(place.worktree.mkdir, exist_ok=True)
        return cls(place)

    @property
    def worktree(self) -> Path:
        return self.place.worktree

    @property
    def branch(self) -> str:
        return self.place.branch

    def check_present(self) -> None:
        """Raises GitError, which says how to go on, where the repository or the worktree was taken away."""
        place = self.place
        if not place.git_dir.is_dir():
            raise GitError(f"the mission's repository {place.root} is not there: put it back and try again")
        if not place.worktree.is_dir():
            again = f"git -C {place.root} worktree add --force {place.worktree} {place.branch}"
            raise GitError(f"the mission's worktree {place.worktree} is gone: make it again with `{again}`")

    async def head(self) -> str:
        """The commit that the mission's branch points at."""
        return await asyncio.to_thread(self._bench.head)

    async def tree_of(self, commit: str) -> str:
        return await asyncio.to_thread(self._bench.tree_of, commit)

    async def write_tree(self) -> str:
        """Id of a tree that holds the worktree as it is now, without what ignore rules name."""
        return await self._write(self._bench.snapshot)

    async def unreadable(self) -> tuple[str, ...]:
        """What snapshots leave out because it may not be read: files, and directories (these end in `/`)."""
        return await asyncio.to_thread(self._bench.unreadable)

    async def ignored(self, path: str) -> bool:
        """Whether an ignore rule keeps a file that no commit has out of snapshots."""
        return await asyncio.to_thread(self._bench.ignored, path)

    async def prepare_commit(
        self, message: str, trailers: Mapping[str, str], now: datetime, *, allow_empty: bool = False
    ) -> CommitIntent | None:
        """The intent to commit the worktree; None when nothing changed. Journal it, then call `finish_commit`."""
        return await self._write(git_commits.prepare, self._bench, message, trailers, now, allow_empty=allow_empty)

    async def prepare_paths(
        self, contents: Mapping[str, bytes | None], message: str, trailers: Mapping[str, str], now: datetime
    ) -> CommitIntent | None:
        """The intent to commit these files only (None removes one); None when that changes nothing."""
        return await self._write(git_commits.prepare_paths, self._bench, contents, message, trailers, now)

    async def finish_commit(self, intent: CommitIntent) -> str:
        """Make the commit and return its id; doing it again, after a crash at any point, gives the same one."""
        return await self._write(git_commits.finish, self._bench, intent)

    async def commit_paths(
        self, contents: Mapping[str, bytes | None], message: str, trailers: Mapping[str, str], now: datetime
    ) -> str | None:
        """Both halves at once, for files that another record can restore; the worktree's other changes stay."""
        intent = await self.prepare_paths(contents, message, trailers, now)
        return await self.finish_commit(intent) if intent else None

    async def reset_worktree(self, commit: str) -> None:
        """Put the worktree exactly at a commit: changes, untracked and ignored files are gone."""
        await self._write(self._bench.reset, commit)

    async def move_branch(self, new: str, old: str) -> None:
        """Point the branch from `old` to `new`; commits this takes off it stay reachable under `place.dropped`."""
        await self._write(git_commits.move_branch, self._bench, new, old)

    async def diff(self, base: str, head: str, paths: Sequence[str] | None = None) -> str:
        """The whole unified difference; `paths` are literal names of files or folders."""
        return await asyncio.to_thread(git_history.diff, self._bench.git, base, head, paths)

    async def diff_stat(self, base: str, head: str) -> list[FileChange]:
        return await asyncio.to_thread(git_history.diff_stat, self._bench.git, base, head)

    async def changed_files(self, base: str, head: str) -> list[str]:
        """Paths that differ; a renamed file counts with both names."""
        return await asyncio.to_thread(git_history.changed_files, self._bench.git, base, head)

    async def log(self, base: str, head: str) -> list[CommitInfo]:
        """The commits that lead from `base` to `head`, oldest first."""
        return await asyncio.to_thread(git_history.log, self.place.private, base, head)

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """True also for a commit and itself."""
        return await asyncio.to_thread(git_commits.is_ancestor, self._bench, ancestor, descendant)

    async def fingerprint(self, commit_or_tree: str) -> str:
        """Identity of a tree's content without `.mission/` and `.agents/`."""
        return await asyncio.to_thread(git_history.fingerprint, self._bench.git, commit_or_tree)

    async def scratch_copy(self, commit_or_tree: str, destination: Path) -> None:
        """Write a commit's files into a missing or empty directory: modes and links right, no `.git`."""
        await asyncio.to_thread(git_copies.scratch_copy, self._bench, commit_or_tree, destination)

    async def discard_copy(self, destination: Path) -> None:
        """Delete a scratch copy and what was kept about it."""
        await asyncio.to_thread(git_copies.discard_copy, self._bench, destination)

    async def history(self, destination: Path, commit: str, tree: Path) -> History:
        """Make a git directory to show in a box that mounts `tree` at /workspace, with HEAD at `commit`.

        It carries no setting, remote or hook of the user's.
        """
        arguments = (self._bench, destination, commit, tree, WORKSPACE)
        return await asyncio.to_thread(git_copies.box_history, *arguments)

    async def remove(self, *, branch: bool = False) -> None:
        """Take away the worktree, and with `branch` also the branch and what rollbacks dropped."""
        await self._write(git_lifetime.remove, self._bench, branch=branch)

    async def remove_unfinished(self) -> None:
        """Take away what a killed `create` made, and nothing of anybody else's."""
        await self._write(git_lifetime.remove_unfinished, self._bench)

    async def bundle(self, target: Path) -> None:
        """Pack the branch, and what rollbacks took off it, into one file."""
        await asyncio.to_thread(git_lifetime.bundle, self._bench, target)

    @staticmethod
    async def rejoin(worktree: Path, head: str, bundle: Path) -> None:
        """Make a worktree that was put back, with its files as they are, the mission's again, from branch or bundle."""
        await asyncio.to_thread(git_lifetime.rejoin, read_place(worktree), worktree, head, bundle)

    @staticmethod
    async def forget(worktree: Path) -> None:
        """Take away what a `rejoin` that was killed, or failed, has made of a worktree; commits and branch stay."""
        await asyncio.to_thread(git_lifetime.forget, Bench(read_place(worktree)))

    async def intrusions(self, base: str) -> list[str]:
        """What the user's repository shows of the mission outside its own branch; one line each."""
        return await asyncio.to_thread(git_audit.intrusions, self._bench, base)

    async def secrets(self, base: str, found_in: Callable[[bytes], frozenset[str]]) -> list[str]:
        """Names of the secrets in what was committed since `base`, messages included."""
        return await asyncio.to_thread(git_audit.secrets, self._bench, base, found_in)

    async def locks(self) -> tuple[Path, ...]:
        """Locks of the mission's own that are there now."""
        return await asyncio.to_thread(git_lifetime.locks, self._bench)

    async def clear_stale_locks(self) -> tuple[Path, ...]:
        """Remove what killed git commands left behind. Only for the holder of the mission's lock, on recovery."""
        return await self._write(git_lifetime.clear_stale_locks, self._bench)

    async def _write(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def in_turn() -> T:
            with self._writing:
                return action(*args, **kwargs)

        return await asyncio.to_thread(in_turn)
