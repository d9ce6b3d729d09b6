"""Options and arguments that commands share."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from mission_tui.store.layout import MissionFiles

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


def _remember(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.meta["data_dir"] = value


def data_option(function: F) -> F:
    """`--data-dir`, which may stand before or after the command; the later one counts."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        expose_value=False,
        callback=_remember,
        help="Where missions are kept.",
    )(function)


def with_data(function: Callable[Concatenate[Path, P], R]) -> Callable[P, R]:
    """The command's first parameter is the folder of all missions."""

    @data_option
    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> R:
        from mission_tui.store.layout import data_dir

        return function(data_dir(click.get_current_context().meta.get("data_dir")), *args, **kwargs)

    return command


def with_mission(function: Callable[Concatenate["MissionFiles", P], R]) -> Callable[..., R]:
    """The command's first parameter is the mission whose id, or unique prefix, is its first argument."""

    @with_data
    @click.argument("mission", metavar="ID")
    @wraps(function)
    def command(data: Path, mission: str, *args: P.args, **kwargs: P.kwargs) -> R:
        from mission_tui.store.layout import mission_files

        return function(mission_files(data, mission), *args, **kwargs)

    return command


def json_option(function: F) -> F:
    """`--json`: the same for programs."""
    return click.option("as_json", "--json", is_flag=True, help="Print JSON.")(function)


def unheard() -> None:
    """Whoever read our output has gone, as `head` does: what else is printed goes nowhere, also when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
