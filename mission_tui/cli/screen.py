"""Opens the screen."""

import gc
import sys
from pathlib import Path

import click

from mission_tui.cli.launcher import EngineLauncher


def open_screen(data: Path, repo: Path | None = None, mission_id: str | None = None) -> int:
    """Show the missions, or one of them, until the user leaves. Engines go on. Returns the exit code."""
    if not has_terminal():
        raise click.UsageError("the screen needs a terminal; see --help for commands that need none")
    if repo is not None and not repo.is_dir():
        raise click.UsageError(f"{repo} is not a directory")
    gc.disable()  # Importing makes no garbage, and looking for it is a fifth of the start: the app enables it again.
    from mission_tui.ui.app import MissionApp  # Textual takes 150 ms

    root = _root(repo) if repo is not None else None
    app = MissionApp(data, EngineLauncher(data), mission_id, root)
    app.run()
    return app.return_code or 0


def _root(repo: Path) -> Path:
    """The checkout's top, by which missions know their repository."""
    absolute = repo.resolve()
    return next((folder for folder in (absolute, *absolute.parents) if (folder / ".git").exists()), absolute)


def has_terminal() -> bool:
    """Whether somebody can see and type."""
    return sys.stdin.isatty() and sys.stdout.isatty()
