"""`readiness`: what a repository says of itself and, where it is asked for, what really happens."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mission_tui.cli.options import json_option, with_data
from mission_tui.store.durable import write_durably
from mission_tui.workspace.readiness import Readiness, examine, render

if TYPE_CHECKING:
    from mission_tui.domain.verdict import CheckOutcome
    from mission_tui.engine.baseline import Baseline

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_SHOWN = 20
"""Names of tests in a list; all are in the record."""


@click.command("readiness")
@with_data
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@click.option("--run", "really", is_flag=True, help="Run what was found, in boxes, and record the baseline.")
@click.option(
    "--network",
    type=click.Choice(["none", "registries", "open"]),
    default="registries",
    help="With --run: what setup may reach. Checks and app never have a network.",
)
@json_option
def readiness_command(data: Path, folder: Path, really: bool, network: str, as_json: bool) -> None:
    """What can be installed, checked, launched and validated in a repository.

    Nothing in it is executed without --run, which takes a baseline of its last commit: every check, test by test, twice
    where that tells what is flaky.
    """
    report = examine(folder)
    if not really:
        click.echo(report.model_dump_json(indent=2) if as_json else render(report))
        return
    baseline = asyncio.run(_run(folder, report, network != "none"))
    record = data / "readiness" / f"{folder.resolve().name}-{baseline.commit[:12]}.json"
    both = {"readiness": report.model_dump(mode="json"), "baseline": baseline.model_dump(mode="json")}
    record.parent.mkdir(parents=True, exist_ok=True)
    write_durably(record, json.dumps(both, ensure_ascii=False, indent=2).encode())
    if as_json:
        click.echo(json.dumps(both, ensure_ascii=False, indent=2))
        return
    click.echo(render(report) + "\n")
    click.echo("\n".join(baseline_lines(baseline, report)))
    click.echo(f"recorded in {record}", err=True)


async def _run(folder: Path, report: Readiness, network: bool) -> "Baseline":
    from mission_tui.engine.baseline import Trial
    from mission_tui.workspace.git import inspect_repository

    state = await inspect_repository(folder)
    if state.dirty:
        _tell("the checkout has uncommitted changes; the baseline is that of HEAD")
    with tempfile.TemporaryDirectory(prefix="mission-readiness-", ignore_cleanup_errors=True) as home:
        return await Trial(state, report.proposed, Path(home), network, _tell).run()


def _tell(text: str) -> None:
    click.echo(text, err=True)


def baseline_lines(baseline: "Baseline", report: Readiness) -> Iterator[str]:
    """The baseline for people: what was seen, and what follows for validation."""
    yield f"Baseline of {baseline.commit[:12]}:"
    if baseline.setup_problem:
        yield f"  setup failed after {baseline.setup_s:g} s: {baseline.setup_problem}"
        yield "Cannot be validated here:"
        yield "  - anything: setup fails. Smallest change: a setup command that works here, in the services manifest."
        return
    yield f"  setup: {baseline.setup_s:g} s"
    for check in baseline.checks:
        yield from _check(check)
    if report.proposed.app:
        ready = f"ready after {baseline.app_s:g} s" if baseline.app_problem is None else baseline.app_problem
        yield f"  app: {ready}"
    yield from _conclusions(baseline)


def _check(check: "CheckOutcome") -> Iterator[str]:
    again = f", again {check.again_s:.1f} s" if check.again_s is not None else ""
    yield f"  {check.name}: exit {check.exit_code}, {check.duration_s:.1f} s{again}{_counted(check)}"
    yield from _names("fails already", sorted(check.failing - set(check.flaky)))
    yield from _names("flaky", check.flaky)


def _counted(check: "CheckOutcome") -> str:
    if check.cases is None:
        return "; not told test by test"
    outcomes = [case.outcome for case in check.cases]
    counts: Mapping[str, int] = {name: outcomes.count(name) for name in ("passed", "failed", "skipped")}
    return "; " + ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "passed")


def _names(title: str, names: "list[str] | tuple[str, ...]") -> Iterator[str]:
    yield from (f"    {title}: {name}" for name in names[:_SHOWN])
    if len(names) > _SHOWN:
        yield f"    and {len(names) - _SHOWN} more"


def _conclusions(baseline: "Baseline") -> Iterator[str]:
    steady = [c for c in baseline.checks if c.exit_code == 0 or c.cases]
    blunt = [c for c in baseline.checks if c not in steady]
    can = [f"{c.name}: new failures{'' if c.cases is None else ', test by test'}" for c in steady]
    can += ["the running app"] if baseline.app_s is not None else []
    if can:
        yield "Can be validated here, as it was seen:"
        yield from (f"  - {text}" for text in can)
    if blunt or baseline.app_problem:
        yield "Cannot be validated here:"
    for check in blunt:
        yield f"  - {check.name}: `{check.command}` fails already and does not tell what, so no failure of it is new."
        yield "    Smallest change: mend it first, or leave it out of the services manifest."
    if baseline.app_problem:
        yield "  - the running app: it did not start. Smallest change: a `start` in the manifest that listens on $PORT."


COMMANDS = {"readiness": readiness_command}
