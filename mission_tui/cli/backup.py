"""`backup` and `restore`: a mission as one file."""

import asyncio
import contextlib
from pathlib import Path

import click

from mission_tui.cli.options import with_data, with_mission
from mission_tui.folders import remove_tree
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.backup import (
    BUNDLE,
    backed_up,
    complete,
    put_in_place,
    room_for,
    room_to_unpack,
    snapshot,
    unpack,
    write_backup,
)
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import MissionLock
from mission_tui.store.queries import Reader
from mission_tui.workspace.git import GitError, MissionRepository

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup")
@with_mission
@click.argument("file", metavar="FILE", type=_FILE)
def backup_command(files: MissionFiles, file: Path) -> None:
    """Copy a mission into FILE, also while it runs; `restore FILE` puts it back. Replaces nothing."""
    size = asyncio.run(back_up(files, file.absolute()))
    click.echo(f"{file} ({size / 1e6:.1f} MB); put it back with `mission-tui restore {file}`")


@click.command("restore")
@with_data
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore_command(data: Path, file: Path) -> None:
    """Put a mission back that is not here any more, and print its id. Its repository must be where it was."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = asyncio.run(restore(data, file.absolute()))
    click.echo(f"go on with `mission-tui run {files.id}`", err=True)
    click.echo(files.id)


async def back_up(files: MissionFiles, target: Path) -> int:
    """Write a backup; returns its size in bytes."""
    repo = await MissionRepository.open(files.worktree)
    repo.check_present()
    with room_for(target) as scratch, Artifacts(files.artifacts).held():
        await asyncio.to_thread(snapshot, files, scratch)
        await repo.bundle(scratch / BUNDLE)
        return await asyncio.to_thread(write_backup, files, scratch, target)


async def restore(data: Path, source: Path) -> MissionFiles:
    """Put a mission back: it appears as a whole or not at all, and what an earlier try left is taken away."""
    with room_to_unpack(data) as scratch:
        files = backed_up(data, source)
        if files.root.exists():
            with MissionLock.acquire(files):
                await _forget(files)
        unpacked = await asyncio.to_thread(unpack, source, scratch, files)
        with Reader(unpacked) as reader:
            head = reader.mission().head
        with put_in_place(unpacked, files):
            try:
                await MissionRepository.rejoin(files.worktree, head, scratch / BUNDLE)
            except Exception:
                await _forget(files)
                raise
            complete(files)
    return files


async def _forget(files: MissionFiles) -> None:
    """The folder goes last, and what says that it is no mission yet last of all: see `clear_unfinished`."""
    with contextlib.suppress(GitError):
        await MissionRepository.forget(files.worktree)
    for entry in files.root.iterdir():
        if entry != files.restoring:
            remove_tree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    remove_tree(files.root)


COMMANDS = {"backup": backup_command, "restore": restore_command}
