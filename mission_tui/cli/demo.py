"""`demo`: a whole mission on a sample repository made on the spot."""

import asyncio
import os
from pathlib import Path

import click

from mission_tui.cli.audit import write_report
from mission_tui.cli.options import with_data
from mission_tui.cli.play import run_in_foreground, start_detached
from mission_tui.cli.screen import has_terminal, open_screen
from mission_tui.cli.summary import summary_text
from mission_tui.demo import demo_mission
from mission_tui.demo.answers import mark_recorded
from mission_tui.engine.create import NewMission, create_mission
from mission_tui.engine.host import PACING
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader

WATCHABLE_S = "1"
"""Seconds over which a scripted reply is streamed, so that people can follow."""


@click.command("demo")
@with_data
@click.option("--headless", is_flag=True, help="No screen: one line per event, decisions answered from a record.")
@click.option("--fast", is_flag=True, help="Without the pacing that makes it watchable.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where the sample repository is made.")
@click.pass_context
def demo_command(ctx: click.Context, data: Path, headless: bool, fast: bool, folder: Path | None) -> None:
    """Play a whole mission on a sample repository: real git, tests, sandbox and browser; no key, no network."""
    os.environ[PACING] = "0" if fast else os.environ.get(PACING, WATCHABLE_S)
    headless = headless or not has_terminal()
    files = asyncio.run(_made(data, (folder or _free_folder(data)).absolute(), recorded=headless))
    if headless:
        ctx.exit(_headless(files))
    start_detached(files)
    ctx.exit(open_screen(data, mission_id=files.id))


async def _made(data: Path, folder: Path, *, recorded: bool) -> MissionFiles:
    setup = demo_mission(folder)
    new = NewMission(repo=setup.repo, title=setup.title, goal=setup.goal, seats=setup.seats, review=setup.review)
    created = await create_mission(data, new)
    if recorded:
        mark_recorded(created.files)
    return created.files


def _headless(files: MissionFiles) -> int:
    click.echo(f"mission {files.id} in {files.root}")
    code = run_in_foreground(files)
    report = write_report(files, files.root / "report")
    with Reader(files) as reader:
        click.echo(f"\n{summary_text(reader)}\n")
    click.echo(f"report: {report}")
    return code


def _free_folder(data: Path) -> Path:
    folder = data / "demos"
    taken = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    return next(folder / name for n in range(1, len(taken) + 2) if (name := f"demo-{n}") not in taken)


COMMANDS = {"demo": demo_command}
