"""Commands about this machine and about a repository: doctor, readiness, skills."""

import json
from pathlib import Path

import click

from mission_tui.cli.mistakes import BAD_INPUT
from mission_tui.cli.options import data_option, json_option
from mission_tui.cli.tables import table
from mission_tui.content.resources import skills_dir
from mission_tui.content.skills import SKILL_DIRS, SKILL_FILE, FoundSkills, check_skill, find_skills
from mission_tui.store.layout import data_dir
from mission_tui.workspace import doctor
from mission_tui.workspace.readiness import examine, render
from mission_tui.workspace.resume_unit import UnitProblem, write_unit

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("doctor")
@data_option
@click.option("--fix", "mend", is_flag=True, help="Install what may be installed.")
@click.option("--after-reboot", is_flag=True, help="With --fix: have systemd resume missions after a reboot.")
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, mend: bool, after_reboot: bool, as_json: bool) -> None:
    """What this machine has and lacks. Leaves with 2 when something is missing that missions need."""
    if after_reboot:
        _write_unit(ctx, mend)
    checks = [_mended(check) if mend else check for check in doctor.examine()]
    if as_json:
        click.echo(json.dumps([check.model_dump(mode="json") for check in checks], indent=2, ensure_ascii=False))
    else:
        for check in checks:
            click.echo(f"{_mark(check)} {check.name:<8} {check.detail}")
            if check.fix:
                click.echo(f"           {check.fix}")
    ctx.exit(0 if all(check.ok or not check.required for check in checks) else BAD_INPUT)


def _write_unit(ctx: click.Context, mend: bool) -> None:
    if not mend:
        raise click.UsageError("--after-reboot writes a file: give it with --fix")
    try:
        for line in write_unit(data_dir(ctx.meta.get("data_dir"))):
            click.echo(line, err=True)
    except UnitProblem as problem:
        raise click.ClickException(str(problem)) from problem


def _mended(check: doctor.Check) -> doctor.Check:
    if check.ok or not check.required:
        return check
    click.echo(f"installing what {check.name} needs …", err=True)
    return doctor.fix(check)


def _mark(check: doctor.Check) -> str:
    if check.ok:
        return "✔"
    return "✖" if check.required else "·"


@click.command("readiness")
@data_option
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@json_option
def readiness_command(folder: Path, as_json: bool) -> None:
    """What can be installed, checked, launched and validated in a repository. Nothing in it is executed."""
    report = examine(folder)
    click.echo(report.model_dump_json(indent=2) if as_json else render(report))


@click.group("skills", invoke_without_command=True)
@data_option
@click.pass_context
def skills_group(ctx: click.Context) -> None:
    """The skills that agents are given."""
    if ctx.invoked_subcommand is None:
        raise click.UsageError(f"say `skills {'` or `skills '.join(skills_group.commands)}`")


@skills_group.command("list")
@data_option
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@json_option
def skills_list_command(folder: Path, as_json: bool) -> None:
    """The skills found for a repository: its own, yours, and those that come with the product."""
    found = _found(folder)
    if as_json:
        skills = [skill.model_dump(mode="json", exclude={"body"}) for skill in found.skills.values()]
        click.echo(json.dumps({"skills": skills, "problems": found.problems}, indent=2, ensure_ascii=False))
        return
    click.echo(table(("NAME", "FROM", "DESCRIPTION"), [_row(name, found, folder) for name in found.skills]))
    for problem in found.problems:
        click.echo(f"mission-tui: {problem}", err=True)


@skills_group.command("check")
@data_option
@click.argument("folder", metavar="[DIR]", type=_FOLDER, default=".")
@click.pass_context
def skills_check_command(ctx: click.Context, folder: Path) -> None:
    """What is wrong with the skills of a repository, or of one skill's folder. Leaves with 2 if anything is."""
    single = (folder / SKILL_FILE).is_file()
    paths = [folder] if single else sorted(path for name in SKILL_DIRS for path in (folder / name).glob("*/"))
    problems = [problem for path in paths for problem in check_skill(path)]
    for problem in problems:
        click.echo(f"mission-tui: {problem}", err=True)
    if not problems:
        click.echo(f"{len(paths)} skill{'' if len(paths) == 1 else 's'} checked, nothing wrong")
    ctx.exit(BAD_INPUT if problems else 0)


def _found(folder: Path) -> FoundSkills:
    return find_skills(folder, Path.home(), skills_dir())


def _row(name: str, found: FoundSkills, folder: Path) -> tuple[str, str, str]:
    skill = found.skills[name]
    if skill.path.is_relative_to(skills_dir()):
        origin = "mission-tui"
    else:
        origin = "repository" if skill.path.is_relative_to(folder) else "home"
    return name, origin, skill.description


COMMANDS = {"doctor": doctor_command, "readiness": readiness_command, "skills": skills_group}
