"""`new`: a mission from a goal or a plan file."""

import asyncio
from pathlib import Path

import click

from mission_tui.cli.options import with_data
from mission_tui.config import Flags, Network, Settings, load_settings, require_seats
from mission_tui.content.planfile import PlanFileError, load_plan, places
from mission_tui.domain.base import Frozen
from mission_tui.domain.gates.base import GateRefused
from mission_tui.domain.plan import PlanDraft
from mission_tui.domain.ports import ModelMisconfigured
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.create import Created, NewMission, create_mission
from mission_tui.llm.seats import check_seat, is_scripted, provider_of

TITLE_LENGTH = 80


class Wish(Frozen):
    """What was asked for, before settings are added."""

    repo: Path
    goal: str | None = None
    plan: Path | None = None
    base: str | None = None
    init: bool = False
    yes: bool = False


@click.command("new")
@with_data
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository; the present folder.")
@click.option("--goal", help="What is to be done.")
@click.option("--brief", type=click.Path(path_type=Path, dir_okay=False), help="A file that says what is to be done.")
@click.option("--plan", type=click.Path(path_type=Path), help="A plan file (YAML or JSON): no interview.")
@click.option("--base", metavar="REF", help="Where the mission starts; HEAD.")
@click.option("--init", is_flag=True, help="Make a new repository.")
@click.option("--yes", is_flag=True, help="Approve the plan file; without --review every milestone is accepted too.")
@click.option("--model", help="The model of all seats.")
@click.option("--seat", "seats", multiple=True, metavar="ROLE=MODEL", help="The model of one seat; repeatable.")
@click.option("--api-base", metavar="URL", help="Endpoint of the models given here.")
@click.option("--usd", type=click.FloatRange(min=0, min_open=True), help="Cap on money.")
@click.option("--network", type=click.Choice(["none", "registries", "open"]), help="What setup commands may reach.")
@click.option("--review", metavar="auto|milestone|every:N", help="How often you look.")
def new_command(  # noqa: PLR0913 - one parameter for each option of the command
    data: Path,
    *,
    repo: Path,
    goal: str | None,
    brief: Path | None,
    plan: Path | None,
    base: str | None,
    init: bool,
    yes: bool,
    model: str | None,
    seats: tuple[str, ...],
    api_base: str | None,
    usd: float | None,
    network: Network | None,
    review: str | None,
) -> None:
    """Create a mission and print its id, and nothing else, on stdout."""
    if goal is not None and brief is not None:
        raise click.UsageError("give --goal or --brief, not both")
    wish = Wish(repo=repo, goal=_brief(brief) if brief else goal, plan=plan, base=base, init=init, yes=yes)
    flags = Flags(model=model, seats=seats, api_base=api_base, usd=usd, network=network, review=review)
    created = asyncio.run(create(data, wish, flags))
    for note in created.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(created.files.id)


async def create(data: Path, wish: Wish, flags: Flags) -> Created:
    """Settings and plan put together, judged, and made into a mission; whatever is wrong, nothing is left behind."""
    plan = load_plan(wish.plan) if wish.plan else None
    if plan is None and wish.yes:
        raise click.UsageError("--yes approves a plan file: give one with --plan")
    goal = (wish.goal or "").strip() or (plan.title if plan else "")
    if not goal:
        raise click.UsageError("say what is to be done: --goal TEXT, --brief FILE or --plan FILE")
    settings = load_settings(repository_root(wish.repo), flags)
    require_seats(settings)
    notes = [*settings.notes, *await _seat_notes(settings)]
    new = NewMission(
        repo=wish.repo.absolute(),
        title=plan.title if plan else title_of(goal),
        goal=goal,
        review=settings.review or ("auto" if wish.yes else "milestone"),
        base=wish.base,
        init=wish.init,
        seats=settings.seats,
        limits=settings.limits,
        network=settings.network,
        plan=plan,
        approve=wish.yes,
    )
    try:
        created = await create_mission(data, new)
    except GateRefused as refused:
        raise _placed(refused, wish.plan, plan) from refused
    return Created(created.files, (*notes, *created.notes))


def repository_root(start: Path) -> Path | None:
    """The checkout that a folder lies in, as far as the file system tells."""
    absolute = start.absolute()
    return next((folder for folder in (absolute, *absolute.parents) if (folder / ".git").exists()), None)


def title_of(goal: str) -> str:
    """The goal's first line or sentence, short enough for a list."""
    first = next(line.strip(" #*-") for line in goal.splitlines() if line.strip(" #*-"))
    sentence = first.partition(". ")[0].rstrip(".")
    if len(sentence) <= TITLE_LENGTH:
        return sentence
    return sentence[: TITLE_LENGTH - 1].rpartition(" ")[0].rstrip(",;:") + "…"


def _brief(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is not text in UTF-8") from error
    if not text.strip():
        raise click.UsageError(f"{path} is empty")
    return text


async def _seat_notes(settings: Settings) -> list[str]:
    """Refuses scripts that cannot be played, and says what is wise to know of the models."""
    notes: list[str] = []
    for seat in settings.seats.values():
        cheap = is_scripted(seat) or seat.api_base is not None or seat.api_key_env is not None
        problem = await check_seat(seat) if cheap else None
        if problem and is_scripted(seat):
            raise ModelMisconfigured(problem)
        if problem:
            notes.append(problem)
    maker, checker = (_provider(settings.seats, role) for role in ("worker", "user_tester"))
    if maker == checker and maker != "scripted":
        notes.append(f"worker and validator are both {maker}'s: they may share blind spots; see --seat user_tester=…")
    return list(dict.fromkeys(notes))


def _provider(seats: dict[str, SeatSettings], role: str) -> str:
    return provider_of((seats.get(role) or seats["default"]).model)


def _placed(refused: GateRefused, path: Path | None, plan: PlanDraft | None) -> Exception:
    """The gates' words with their place in the plan file."""
    if path is None or plan is None:
        return refused
    where = places(path)
    lines: list[str] = []
    for violation in refused.violations:
        line = where.line_of_id(violation.offender) or where.line_of((violation.offender,))
        lines.append(f"{path}:{line}: {violation.message}" if line else f"{path}: {violation.message}")
    return PlanFileError(lines)


COMMANDS = {"new": new_command}
