"""The process that hosts a mission's engine: it holds the lock, opens the stores and runs the loop.

`python -m mission_tui.engine.host MISSION_DIRECTORY` is the detached form; its output goes to `engine.log`.
"""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mission_tui.config import ConfigProblem, load_notify
from mission_tui.content.resources import prompts_dir
from mission_tui.content.roles import load_roles
from mission_tui.crashpoints import around
from mission_tui.domain.events import AnyEvent, MissionCreated, PlanDrafted, Recorded, SeatChanged
from mission_tui.domain.gates import check
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import Model
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.clock import Clock, SystemClock
from mission_tui.engine.desk import Desk, ModelMaker, Patience
from mission_tui.engine.hook import hooked
from mission_tui.engine.loop import MissionLoop
from mission_tui.engine.wakeful import Wakeful
from mission_tui.llm.retry import Retries, RetryPolicy
from mission_tui.llm.seats import make_model, preload
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import StoreError
from mission_tui.store.journal import Journal
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from mission_tui.store.lock import MissionBusy, MissionLock
from mission_tui.store.queries import Reader
from mission_tui.store.redact import Redactor
from mission_tui.workspace.browser_path import find_browser
from mission_tui.workspace.git import MissionRepository

PACING = "MISSION_TUI_PACING"
"""Seconds over which a scripted model's reply is streamed; 0 unless set."""
PATIENCE = "MISSION_TUI_RETRY_S"
"""Seconds for which a provider that does not answer is tried again."""

SECRET_NAME = re.compile(r"(_KEY|_TOKEN|_SECRET|_PASSWORD|_CREDENTIALS)$")
DONE, WAITING, UNPROVED, PROVIDER = 0, 3, 4, 5


def default_model(seat: SeatSettings, retries: Retries) -> Model:
    """The seat's model, as the settings say."""
    patience = os.environ.get(PATIENCE)
    policy = RetryPolicy(total_s=float(patience)) if patience else None
    return make_model(seat, pacing=float(os.environ.get(PACING, "0") or 0), policy=policy, retries=retries)


@dataclass(frozen=True, slots=True)
class HostOptions:
    wait: bool = False
    """Wait for the human's answers, rather than return when only they can go on."""
    on_event: Callable[[Recorded], None] = lambda _: None
    make_model: ModelMaker = default_model
    on_notice: Callable[[str], None] = lambda _: None
    patience: Patience = field(default_factory=Patience)
    clock: Clock = field(default_factory=SystemClock)
    keep_awake: bool = False
    """Keep the machine from sleeping while there is something to do."""
    detached: bool = False
    """The mission is to go on by itself, also after a reboot: see `MissionFiles.detached`."""


async def run_mission(files: MissionFiles, options: HostOptions) -> int:
    """Run the mission's engine here. Raises MissionBusy when another one runs; the result is an exit code."""
    lock = MissionLock.acquire(files)
    try:
        db = MissionDatabase.open(files, redactor=host_secrets(files))
        try:
            desk = await open_desk(files, db, options)
            ended = desk.mission.ended is not None
            _mark(files, options.detached)
            async with asyncio.TaskGroup() as group:
                warm = group.create_task(preload(desk.mission.seats.values()))
                try:
                    await MissionLoop(desk).run(options.wait)
                finally:
                    desk.wakeful.release()
                    desk.clock_work(idle=ended, at_least_s=0)
                    warm.cancel()
            _mark(files, options.detached and desk.mission.ended is None)
            return exit_code(desk.mission)
        finally:
            db.close()
    finally:
        lock.release()


def _mark(files: MissionFiles, detached: bool) -> None:
    """Say whether the mission is to be resumed after a reboot. An engine that is cut off leaves it as it is."""
    with contextlib.suppress(OSError):  # a read-only folder is told of by what needs it
        if detached:
            files.detached.touch()
        else:
            files.detached.unlink(missing_ok=True)


def host_secrets(files: MissionFiles) -> Redactor:
    """What must never be stored: variables that are named like keys, or from which a seat takes its key."""
    with Reader(files) as reader:
        recorded = reader.events(limit=-1, kinds=("mission_created", "seat_changed", "plan_drafted"))
    named = {name for r in recorded for name in _key_variables(r.event)}
    return Redactor({k: v for k, v in os.environ.items() if SECRET_NAME.search(k) or k in named})


def _key_variables(event: AnyEvent) -> Iterable[str]:
    """Read from its facts: a fold of a long mission's ledger takes the better part of a second."""
    if isinstance(event, MissionCreated):
        return [name for seat in event.seats.values() for name in seat.key_variables]
    if isinstance(event, SeatChanged):
        return event.seat.key_variables
    return event.services.secrets if isinstance(event, PlanDrafted) and event.services else ()


async def open_desk(files: MissionFiles, db: MissionDatabase, options: HostOptions) -> Desk:
    """Everything the engine works with, from what is stored."""
    repo = await MissionRepository.open(files.worktree)
    repo.check_present()
    ledger = Ledger(db, check, options.clock.now)
    return Desk(
        files=files,
        db=db,
        ledger=ledger,
        journal=Journal(db, options.clock.now),
        artifacts=Artifacts(files.artifacts, db.redactor),
        repo=repo,
        roles=load_roles(prompts_dir()),
        make_model=options.make_model,
        browser=find_browser(),
        on_event=hooked(_hook(), files.id, options.on_event),
        on_notice=options.on_notice,
        patience=options.patience,
        clock=options.clock,
        wakeful=Wakeful(files.id, options.keep_awake),
        slots=max(1, min(8, os.cpu_count() or 1)),
    )


def _hook() -> str | None:
    """The user's command; a broken settings file is told elsewhere and must not keep an engine from working."""
    try:
        return load_notify().command
    except ConfigProblem:
        return None


def exit_code(mission: Mission) -> int:
    """What `run` and `demo` leave with, from the state alone."""
    if mission.ended == "completed":
        return DONE
    if mission.ended is not None:
        return UNPROVED
    if any(d.kind in ("raise_cap", "provider") for d in mission.decisions.open):
        return PROVIDER
    return WAITING


def spawn_detached(files: MissionFiles) -> int:
    """Start the engine as a process of its own that survives this one; returns its process id."""
    command = [sys.executable, "-m", "mission_tui.engine.host", str(files.root)]
    output = os.open(files.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    try:
        with around("host.spawn"):
            return os.posix_spawn(sys.executable, command, os.environ, file_actions=actions, setsid=True)
    finally:
        os.close(output)


async def _host(root: Path) -> int:
    loop = asyncio.get_running_loop()
    options = HostOptions(wait=True, on_notice=partial(print, flush=True), keep_awake=True, detached=True)
    task = asyncio.ensure_future(run_mission(MissionFiles(root), options))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return 130


def main() -> None:
    try:
        sys.exit(asyncio.run(_host(Path(sys.argv[1]))))
    except MissionBusy as busy:
        print(f"engine: {busy}", file=sys.stderr)
        sys.exit(0)
    except StoreError as error:
        print(f"engine: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
