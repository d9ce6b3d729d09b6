"""`run`: the engine in the foreground, attached to, or left behind."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import click

from mission_tui.cli.lines import event_line
from mission_tui.cli.mistakes import BAD_INPUT, explained
from mission_tui.cli.options import unheard, with_data
from mission_tui.demo.answers import Answerer, for_mission
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionOpened, Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.next import Stop, Wait, next_action
from mission_tui.domain.ports import ModelMisconfigured
from mission_tui.engine.host import PROVIDER, WAITING, HostOptions, exit_code, run_mission, spawn_detached
from mission_tui.engine.parking import is_named
from mission_tui.llm.seats import check_seat
from mission_tui.store import inbox
from mission_tui.store.errors import MissionBusy, StoreError
from mission_tui.store.inbox import Decide
from mission_tui.store.layout import MissionFiles, all_missions, mission_files
from mission_tui.store.live import read_live
from mission_tui.store.lock import holder
from mission_tui.store.queries import Reader, summary
from mission_tui.workspace.git import MissionRepository

INTERRUPTED = 130
ENDED = ("completed", "failed", "aborted")
START_PATIENCE_S = 15.0
_PAUSE_S = 0.1
_AGAIN = ("provider", "box")
"""Decisions that running again answers: whoever runs a mission wants it to be tried, unless the provider said when."""


@click.command("run")
@with_data
@click.argument("mission", metavar="ID", required=False)
@click.option("--detach", is_flag=True, help="Leave the engine behind.")
@click.option("--wait", is_flag=True, help="Stay until the mission ends: wait for answers, and for providers.")
@click.option("--all", "every", is_flag=True, help="With --detach: resume every mission whose detached engine is gone.")
@click.pass_context
def run_command(ctx: click.Context, data: Path, mission: str | None, detach: bool, wait: bool, every: bool) -> None:
    """Run a mission's engine, or attach to the one that runs: nothing starts twice.

    Leaves with 0 when all is proved, 3 when only you can go on, 4 when it ended otherwise, 5 when the provider or the
    budget stopped it. With --wait it stays, as a detached engine does, and goes on when a provider's time has come.
    """
    if every:
        if mission is not None or not detach or wait:
            raise click.UsageError("--all goes with --detach, and with neither ID nor --wait")
        ctx.exit(resume_all(data))
    if mission is None:
        raise click.UsageError("which mission? Name one: `mission-tui list` shows what there is")
    files = mission_files(data, mission)
    if detach:
        click.echo(f"engine {start_detached(files)}")
        return
    ctx.exit(run_in_foreground(files, wait))


def resume_all(data: Path) -> int:
    """Start an engine for every mission whose detached one did not come to its end; what the unit at login does.

    Paused missions stay as they are. Returns 2 when one could not be started; the others were.
    """
    code = 0
    for files in all_missions(data):
        if not files.detached.exists():
            continue
        try:
            click.echo(f"{files.id} {_resumed(files)}")
        except Exception as error:
            mistake = explained(error)
            if mistake is None:
                raise
            code = BAD_INPUT
            click.echo(f"mission-tui: {files.id}: {mistake.lines[0]}", err=True)
    return code


def _resumed(files: MissionFiles) -> str:
    state = summary(files).status
    if state == "paused" or state in ENDED:
        return f"is {state}"
    return f"engine {start_detached(files)}"


def run_in_foreground(files: MissionFiles, wait: bool = False) -> int:
    """Play the mission here until it ends or (unless `wait`) only a human can go on; says what it waits for.

    Returns the exit code.
    """
    if ended := _mission(files).ended:
        click.echo(f"mission-tui: mission {files.id} is {ended} already", err=True)
    prepare(files)
    code = asyncio.run(_interruptible(files, wait))
    if code in (WAITING, PROVIDER):
        for line in waits_for(_mission(files)):
            click.echo(f"mission-tui: {line}", err=True)
    return code


def start_detached(files: MissionFiles) -> int:
    """Start an engine of its own, unless one runs; returns its process id. Raises StoreError when none comes up."""
    pid = holder(files)
    if pid is not None:
        return pid
    prepare(files)
    before = _writers(files)
    pid = spawn_detached(files)
    deadline = time.monotonic() + START_PATIENCE_S
    while _writers(files) == before and time.monotonic() < deadline and _living(pid):
        time.sleep(_PAUSE_S / 10)
    owner = holder(files)
    if owner is None and _writers(files) == before and not _mission(files).ended:
        raise StoreError(f"the engine did not start: {_last_words(files)} (see {files.log})")
    return owner or pid


def _writers(files: MissionFiles) -> int:
    with Reader(files) as reader:
        return reader.writers()


def prepare(files: MissionFiles) -> None:
    """What must be right before an engine starts: a place to work in, seats that can work.

    Answers what running again answers.
    """
    mission = _mission(files)
    if mission.ended or holder(files) is not None:
        return
    asyncio.run(MissionRepository.open(files.worktree)).check_present()
    problems = asyncio.run(_seat_problems(mission))
    if problems:
        raise ModelMisconfigured(problems[0])
    for decision in mission.decisions.open:
        if decision.kind in _AGAIN and "retry" in decision.choices and not is_named(decision, time.time()):
            inbox.send(files, Decide(id=f"again-{decision.id}", decision=decision.id, choice="retry", note="run again"))


def waits_for(mission: Mission) -> list[str]:
    """What a mission waits for, and the command that lets it go on."""
    if mission.paused:
        return [f"paused: {mission.paused.reason}; go on with `mission-tui resume {mission.id}`"]
    by_itself = "; to let it go on then, leave the engine running: `mission-tui run {} --wait` or `--detach`"
    return [
        f"{d.id} {d.kind}: {' '.join(d.summary.split())}; answer with `mission-tui decide {mission.id} {d.id} "
        f"{'|'.join(d.choices) if d.choices else 'TEXT'}`{by_itself.format(mission.id) if d.retry_at else ''}"
        for d in mission.decisions.open
    ]


async def _interruptible(files: MissionFiles, wait: bool) -> int:
    task = asyncio.ensure_future(_run_or_attach(files, wait))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        return INTERRUPTED


async def _run_or_attach(files: MissionFiles, wait: bool) -> int:
    answer = _answerer(files)
    show = _shown(answer, asyncio.current_task())
    while True:
        mission = _mission(files)
        for decision in mission.decisions.open:
            answer(decision)
        try:
            options = HostOptions(wait=wait, on_event=show, on_notice=_tell, keep_awake=True)
            return await run_mission(files, options)
        except MissionBusy:
            code = await _attached(files, mission.seq, show, (Stop,) if wait else (Stop, Wait))
        if code is not None:
            return code


async def _attached(
    files: MissionFiles, since: int, show: Callable[[Recorded], None], until: tuple[type, ...]
) -> int | None:
    """Show what another engine does until only a human can go on; None when that engine is gone."""
    told = ""
    with Reader(files) as reader:
        while True:
            told = _told_by_another(files, reader.mission(), told)
            alive = holder(files) is not None
            waiting_commands = inbox.pending(files)
            for recorded in reader.events(since):
                show(recorded)
                since = recorded.seq
            mission = reader.mission()
            if since == mission.seq and not waiting_commands and isinstance(next_action(mission), until):
                return exit_code(mission)
            if not alive:
                return None
            await asyncio.sleep(_PAUSE_S)


def _told_by_another(files: MissionFiles, mission: Mission, before: str) -> str:
    """Why the other engine's provider is asked again, once each; returns what was told."""
    for run_id in mission.runs.active:
        live = read_live(files, run_id)
        if live is not None and live.note and live.note != before:
            _tell(f"{run_id} {live.note}")
            return live.note
    return before


def _shown(answer: Callable[[Decision], None], task: "asyncio.Task[int] | None") -> Callable[[Recorded], None]:
    """Prints an event; when nobody reads any more, the task ends as if it had been interrupted."""

    def show(recorded: Recorded) -> None:
        try:
            click.echo(event_line(recorded))
        except BrokenPipeError:
            unheard()
            if task is not None:
                asyncio.get_running_loop().call_soon(task.cancel)
        if isinstance(recorded.event, DecisionOpened):
            # The engine may show an event just before it is durable; an answer to a lost question would be refused.
            asyncio.get_running_loop().call_soon(answer, recorded.event.decision)

    return show


def _tell(notice: str) -> None:
    """What is no event, but explains a silence."""
    click.echo(f"     {time.strftime('%H:%M:%S')}  {' '.join(notice.split())[:400]}", err=True)


def _answerer(files: MissionFiles) -> Callable[[Decision], None]:
    """Sends the recorded answers of a demo that nobody watches; each once, however often the demo was killed."""
    recorded: Answerer | None = for_mission(files)

    def answer(decision: Decision) -> None:
        command = recorded(decision) if recorded else None
        if command is not None:
            command = command.model_copy(update={"id": f"recorded-{decision.id}"})
            if all(command.id != waiting.id for waiting in inbox.pending(files)):
                inbox.send(files, command)

    return answer


async def _seat_problems(mission: Mission) -> list[str]:
    seats = {seat.model_dump_json(): seat for seat in mission.seats.values()}
    return [problem for seat in seats.values() if (problem := await check_seat(seat))]


def _mission(files: MissionFiles) -> Mission:
    with Reader(files) as reader:
        return reader.mission()


def _living(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def _last_words(files: MissionFiles) -> str:
    lines = files.log.read_text(errors="replace").split("\n") if files.log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


COMMANDS = {"run": run_command}
