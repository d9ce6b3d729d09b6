"""The program: its commands by name, each loaded only when it is called, and what it leaves with."""

import gc
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import click

from mission_tui import __version__
from mission_tui.cli.options import data_option

INTERRUPTED = 130
INTERNAL = 1
USAGE = 2


def _imported(name: str) -> ModuleType:
    """Without collecting garbage meanwhile: importing makes none, and looking for it is a fifth of a short command."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and its line in the overview."""

    module: str
    help: str


COMMANDS = {
    "demo": Entry("demo", "Play a whole mission on a sample repository: no key, no network."),
    "new": Entry("create", "Create a mission and print its id."),
    "run": Entry("play", "Run a mission's engine, or attach to the one that runs."),
    "list": Entry("look", "The missions there are."),
    "status": Entry("look", "How far a mission has come."),
    "events": Entry("look", "What happened in a mission, one line per event."),
    "decisions": Entry("look", "What waits for you."),
    "pause": Entry("steer", "Pause a mission at the next step boundary."),
    "resume": Entry("steer", "Let a paused mission go on."),
    "stop": Entry("steer", "Pause a mission at once; the step that is cut becomes unknown."),
    "abort": Entry("steer", "End a mission for good."),
    "say": Entry("steer", "Send a message to the orchestrator."),
    "decide": Entry("steer", "Answer a decision."),
    "seat": Entry("steer", "Give a role another model."),
    "budget": Entry("steer", "Change a mission's caps."),
    "land": Entry("land", "How a mission's work gets into your branch."),
    "verify": Entry("audit", "Check every invariant of a stored mission."),
    "export": Entry("audit", "Write a report: HTML for people, JSON for programs."),
    "backup": Entry("backup", "Copy a mission into one file, also while it runs."),
    "restore": Entry("backup", "Put a mission back from such a file."),
    "readiness": Entry("machine", "What can be installed, checked, launched and validated in a repository."),
    "doctor": Entry("machine", "What this machine has and lacks."),
    "skills": Entry("machine", "The skills that agents are given."),
}


class LazyGroup(click.Group):
    """Knows its commands without importing them: `--help` and `status` load next to nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = _imported(f"mission_tui.cli.{entry.module}")
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.command(cls=LazyGroup, invoke_without_command=True)
@click.option("--repo", type=click.Path(path_type=Path), help="Open the screen on this repository's missions.")
@data_option
@click.version_option(__version__, message="mission-tui %(version)s")
@click.pass_context
def root(ctx: click.Context, repo: Path | None) -> None:
    """Supervise coding agents for hours, days or weeks, in batches.

    Without a command the screen opens.
    """
    if ctx.invoked_subcommand is not None:
        return
    from mission_tui.cli.screen import open_screen  # only the screen pays for Textual
    from mission_tui.store.layout import data_dir

    ctx.exit(open_screen(data_dir(ctx.meta.get("data_dir")), repo=repo))


def run(arguments: Sequence[str] | None = None) -> int:
    """Execute a command line and return its exit code. A user's mistake is said in one line on stderr."""
    try:
        result: object = root.main(arguments, prog_name="mission-tui", standalone_mode=False)
    except click.ClickException as error:
        complain([error.format_message()])
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SystemExit:  # click's answer when nobody reads our output any more, as with `| head`
        return INTERRUPTED
    except Exception as error:
        return _failed(error)
    return result if isinstance(result, int) else 0


def complain(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(f"mission-tui: {line}", err=True)


def _failed(error: Exception) -> int:
    from mission_tui.cli.mistakes import explained  # it knows every module's errors

    mistake = explained(error)
    if mistake is None:
        traceback.print_exception(error)
        complain([f"internal error: {error.__class__.__name__}: {error}"])
        return INTERNAL
    complain(mistake.lines)
    return mistake.code


def main() -> NoReturn:
    """The console script."""
    sys.exit(run())
