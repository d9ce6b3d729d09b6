"""Which directory a run works in: the mission's worktree for the writer, a throw-away copy for everybody else."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from mission_tui.content.roles import Role
from mission_tui.domain.globs import matches
from mission_tui.engine.desk import Desk
from mission_tui.folders import files_below, remove_tree, walk
from mission_tui.store.redact import Redactor
from mission_tui.workspace.box_spec import BoxSpec, History


@dataclass(frozen=True, slots=True)
class RunTree:
    """A run's directory on the host, and the tree that its box mounts."""

    desk: Desk
    home: Path
    tree: Path
    commit: str
    network: bool = False
    only: tuple[str, ...] = ()
    """Globs of the only files that are there, and then without history; empty: all."""

    @property
    def run_dir(self) -> Path:
        """Writable from inside the box: what programs there leave for the host."""
        return self.home / "shared"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    async def spec(self) -> BoxSpec:
        history = None if self.only else await self._history()
        return BoxSpec(
            tree=self.tree,
            env_dir=self.desk.files.env,
            run_dir=self.run_dir,
            log_dir=self.logs,
            history=history,
            network=self.network,
        )

    async def _history(self) -> History:
        return await self.desk.repo.history(self.home / "git", self.commit, self.tree)

    async def remove(self) -> None:
        """Everything but the logs goes; what matters is in the artifact store by now."""
        if self.tree != self.desk.files.worktree:
            await self.desk.repo.discard_copy(self.tree)
        await asyncio.to_thread(_clear, self.home)
        await asyncio.to_thread(redact_logs, self.logs, self.desk.db.redactor)


async def clear_leftovers(desk: Desk) -> None:
    """An engine that was killed could not take away what programs had left of the secrets; others leave no such."""
    if not desk.secrets.values or not desk.files.runs.is_dir():
        return
    for home in sorted(desk.files.runs.iterdir()):
        await desk.repo.discard_copy(home / "tree")
        await asyncio.to_thread(_clear, home)
        await asyncio.to_thread(redact_logs, home, desk.db.redactor)


def redact_logs(folder: Path, redactor: Redactor) -> None:
    """Programs write their logs themselves, so what they say of secrets is taken out once they have ended."""
    for path in files_below(folder):
        if redactor.found_in(content := path.read_bytes()):
            path.write_bytes(redactor.all_of(content))


def _clear(home: Path) -> None:
    """Take away what only lives as long as a box."""
    for name in ("git", "pristine", "shared"):
        remove_tree(home / name)


def _ready(home: Path) -> None:
    """Make a run's directories; what an engine that was killed left in them goes, its logs stay."""
    _clear(home)
    (home / "shared").mkdir(parents=True)
    (home / "logs").mkdir(exist_ok=True)


async def tree_for(desk: Desk, role: Role, run_id: str, commit: str) -> RunTree:
    """The worktree for the run that writes, the bare worktree to read for `none`, a fresh copy otherwise."""
    home = desk.files.runs / run_id
    network = desk.mission.created is not None and desk.mission.created.network == "open"
    if role.tree != "copy":
        await asyncio.to_thread(_ready, home)
        return RunTree(desk, home, desk.files.worktree, commit, network)
    return await copy_of(desk, home, commit, network)


async def copy_of(desk: Desk, home: Path, commit: str, network: bool = False, only: tuple[str, ...] = ()) -> RunTree:
    """A scratch copy of a commit's tree, or of the files in it that globs name, made anew."""
    tree = home / "tree"
    if tree.exists():
        await desk.repo.discard_copy(tree)
    await asyncio.to_thread(_ready, home)
    await desk.repo.scratch_copy(commit, tree)
    if only:
        await asyncio.to_thread(_keep_only, tree, only)
    return RunTree(desk, home, tree, commit, network, only)


def _keep_only(tree: Path, only: tuple[str, ...]) -> None:
    """Remove every file that no glob names, and the folders that are empty then."""
    for folder, _, _ in reversed(list(walk(tree))):
        for entry in list(Path(folder).iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                if not any(entry.iterdir()):
                    entry.rmdir()
            elif not matches(only, str(entry.relative_to(tree))):
                entry.unlink()
