"""`land`: a mission's work into the user's branch. For now it says how to do that with git."""

import click

from mission_tui.cli.options import with_mission
from mission_tui.store.layout import MissionFiles
from mission_tui.store.queries import Reader


@click.command("land")
@with_mission
@click.option("--as", "form", type=click.Choice(["branch", "patch"]), default="branch", help="What you want to have.")
def land_command(files: MissionFiles, form: str) -> None:
    """Not here yet: says which git command merges a mission's branch, or makes a patch of it. Leaves with 2."""
    with Reader(files) as reader:
        created = reader.mission().created
    if created is None:
        raise click.UsageError(f"mission {files.id} has no branch yet")
    work = f"diff --binary {created.base_commit}..{created.branch}" if form == "patch" else f"merge {created.branch}"
    raise click.UsageError(f"landing is not automated yet; do it with `git -C {created.repo} {work}`")


COMMANDS = {"land": land_command}
