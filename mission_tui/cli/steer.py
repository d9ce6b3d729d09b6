"""Commands that change a mission: left in its inbox, durable before they are acknowledged."""

import asyncio
import time

import click

from mission_tui.cli.options import with_mission
from mission_tui.config import parse_seat
from mission_tui.domain.ports import ModelMisconfigured
from mission_tui.llm.seats import check_seat
from mission_tui.store import inbox
from mission_tui.store.inbox import (
    Abort,
    Command,
    Decide,
    Pause,
    Pending,
    Refused,
    Resume,
    Say,
    SetBudget,
    SetSeat,
    Stop,
    Taken,
)
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
from mission_tui.store.queries import Reader

PATIENCE_S = 2.0
"""How long a living engine is given to take a command."""
_PAUSE_S = 0.02


@click.command("pause")
@with_mission
def pause_command(files: MissionFiles) -> None:
    """Pause a mission at the next step boundary."""
    _give(files, Pause())


@click.command("resume")
@with_mission
def resume_command(files: MissionFiles) -> None:
    """Let a paused mission go on."""
    _give(files, Resume())


@click.command("stop")
@with_mission
def stop_command(files: MissionFiles) -> None:
    """Pause a mission at once; the step that is cut becomes unknown."""
    _give(files, Stop())


@click.command("abort")
@with_mission
@click.option("--reason", default="the human ended it", help="Why; kept in the mission.")
def abort_command(files: MissionFiles, reason: str) -> None:
    """End a mission for good. Its branch stays."""
    _give(files, Abort(reason=reason))


@click.command("say")
@with_mission
@click.argument("text")
def say_command(files: MissionFiles, text: str) -> None:
    """Send a message to the orchestrator."""
    if not text.strip():
        raise click.UsageError("there is nothing to say")
    _give(files, Say(text=text))


@click.command("decide")
@with_mission
@click.argument("decision")
@click.argument("choice")
@click.option("--note", default="", help="A word on why.")
def decide_command(files: MissionFiles, decision: str, choice: str, note: str) -> None:
    """Answer a decision; `decisions ID` shows what waits and the choices."""
    if not inbox.pending(files):
        _check_decision(files, decision, choice)
    _give(files, Decide(decision=decision, choice=choice, note=note))


@click.command("seat")
@with_mission
@click.argument("assignment", metavar="ROLE=MODEL")
@click.option("--api-base", help="Endpoint of the model.")
@click.option("--api-key-env", help="Name of the variable that holds its key.")
@click.option("--fallback", metavar="MODEL", help="Who answers while that model does not.")
@click.option("--fallback-api-base", help="Endpoint of the fallback.")
@click.option("--fallback-api-key-env", help="Name of the variable that holds the fallback's key.")
@click.option("--first-token-s", type=click.FloatRange(min=0, min_open=True), help="How long the first token may take.")
@click.option("--context-window", type=click.IntRange(min=1), help="Tokens that the model takes.")
def seat_command(files: MissionFiles, assignment: str, fallback: str | None, **details: str | float | None) -> None:
    """Give a role another model; it is asked from the next call on."""
    role, seat = parse_seat(assignment)
    own = {name: value for name, value in details.items() if not name.startswith("fallback_")}
    seat = seat.model_copy(update=own)
    if fallback is not None:
        other = {name.removeprefix("fallback_"): value for name, value in details.items() if name not in own}
        seat = seat.model_copy(update={"fallback": parse_seat(f"{role}={fallback}")[1].model_copy(update=other)})
    problem = asyncio.run(check_seat(seat))
    if problem:
        raise ModelMisconfigured(problem)
    _give(files, SetSeat(role=role, seat=seat))


_MONEY = click.FloatRange(min=0, min_open=True)
_COUNT = click.IntRange(min=1)


@click.command("budget")
@with_mission
@click.option("--usd", type=_MONEY, help="Money, in dollars.")
@click.option("--tokens", type=_COUNT, help="Tokens that were not cached, plus output.")
@click.option("--hours", type=_MONEY, help="Hours of work.")
@click.option("--steps", type=_COUNT, help="Model and tool calls.")
@click.option("--run-usd", type=_MONEY, help="Money of one run.")
@click.option("--run-tokens", type=_COUNT, help="Tokens of one run.")
@click.option("--run-hours", type=_MONEY, help="Hours of one run.")
@click.option("--run-turns", type=_COUNT, help="Model calls of one run.")
def budget_command(files: MissionFiles, **caps: float | None) -> None:
    """Change a mission's caps; those left out stay as they are.

    A mission at a cap of its own goes on where it was; a run at one of its caps is ended, and what it did is kept.
    """
    if all(cap is None for cap in caps.values()):
        options = ", ".join(f"--{name.replace('_', '-')}" for name in caps)
        raise click.UsageError(f"give at least one of {options}")
    _give(files, SetBudget.model_validate(caps))


def _give(files: MissionFiles, command: Command) -> None:
    """Send a command and say what became of it; exits with 2 when it was refused."""
    with Reader(files) as reader:
        ended = reader.mission().ended
    if ended:
        raise click.UsageError(f"mission {files.id} is {ended}: nothing can change it any more")
    inbox.send(files, command)
    alive = holder(files) is not None
    result = _outcome(files, command.id) if alive else inbox.outcome(files, command.id)
    match result:
        case Taken():
            click.echo("taken")
        case Refused():
            raise click.UsageError(f"refused: {' '.join(result.reason.split())}")
        case Pending():
            when = "at the engine's next step" if alive else "when the engine runs"
            click.echo(f"will be applied {when}")


def _outcome(files: MissionFiles, command_id: str) -> inbox.Outcome:
    deadline = time.monotonic() + PATIENCE_S
    while isinstance(result := inbox.outcome(files, command_id), Pending) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    return result


def _check_decision(files: MissionFiles, name: str, choice: str) -> None:
    """What can be told at once; the engine judges again when it takes the command."""
    with Reader(files) as reader:
        decisions = reader.mission().decisions
    state = decisions.decisions.get(name)
    if state is None:
        waiting = ", ".join(d.id for d in decisions.open) or "none"
        raise click.UsageError(f"mission {files.id} has no decision {name!r} (open: {waiting})")
    if not state.open:
        what = f"answered: {state.answer.choice}" if state.answer else f"withdrawn: {state.withdrawn}"
        raise click.UsageError(f"{name} needs no answer any more ({' '.join(what.split())})")
    if state.decision.choices and choice not in state.decision.choices:
        raise click.UsageError(f"{name}: {choice!r} is not a choice; choose one of {', '.join(state.decision.choices)}")


COMMANDS = {
    command.name: command
    for command in (
        pause_command,
        resume_command,
        stop_command,
        abort_command,
        say_command,
        decide_command,
        seat_command,
        budget_command,
    )
}
