"""`backup` and `restore`: a mission as one file."""

import asyncio
import tempfile
from pathlib import Path

import click

from mission_tui.cli.options import with_data, with_mission
from mission_tui.store.backup import BUNDLE, read_backup, write_backup
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader
from mission_tui.workspace.git import MissionRepository

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup")
@with_mission
@click.argument("file", metavar="FILE", type=_FILE)
def backup_command(files: MissionFiles, file: Path) -> None:
    """Copy a mission into FILE, also while it runs; `restore FILE` puts it back. Replaces nothing."""
    size = asyncio.run(_back_up(files, file.absolute()))
    click.echo(f"{file} ({size / 1e6:.1f} MB); put it back with `mission-tui restore {file}`")


@click.command("restore")
@with_data
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore_command(data: Path, file: Path) -> None:
    """Put a mission back that is not here any more, and print its id. Its repository must be where it was."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = asyncio.run(_restore(data, file.absolute()))
    click.echo(f"go on with `mission-tui run {files.id}`", err=True)
    click.echo(files.id)


async def _back_up(files: MissionFiles, target: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="mission-bundle-") as scratch:
        bundle = Path(scratch, BUNDLE)
        repo = await MissionRepository.open(files.worktree)
        repo.check_present()
        await repo.bundle(bundle)
        return await asyncio.to_thread(write_backup, files, target, bundle)


async def _restore(data: Path, source: Path) -> MissionFiles:
    # On the same file system as the missions, so that a mission appears at once or not at all.
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=data) as scratch:
        files = read_backup(data, source, Path(scratch))
        with Reader(files) as reader:
            head = reader.mission().head
        await MissionRepository.rejoin(files.worktree, head, Path(scratch, BUNDLE))
    return files


COMMANDS = {"backup": backup_command, "restore": restore_command}
