"""Commands and services in the run's box."""

import asyncio
import time
from pathlib import Path

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import BoxError, CommandResult, ServiceStatus
from mission_tui.proof.results import RawEvidence
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop, shortened
from mission_tui.tools.patterns import matcher
from mission_tui.workspace.box_init.output import LOG_BYTES

MAX_TIMEOUT_S = 3600
READY_POLL_S = 0.1


class RunCommand(Frozen):
    command: str = Field(min_length=1, description="shell line")
    timeout_s: float = Field(default=120, gt=0, le=MAX_TIMEOUT_S, allow_inf_nan=False)
    cwd: str = Field(default=".", description="folder inside the repository")


class StartService(Frozen):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    command: str | None = Field(default=None, description="shell line; left out for the app of the services manifest")
    ready: str | None = Field(default=None, description="pattern in the log that means it is ready")


class StopService(Frozen):
    name: str


async def run_command(args: RunCommand, workshop: Workshop) -> ToolResult:
    box = await workshop.box()
    log = workshop.log_path("command")
    result = await box.run(args.command, timeout_s=args.timeout_s, cwd=args.cwd, env=workshop.secrets.values, log=log)
    artifact = workshop.keep_output(log)
    kept = workshop.keep(_observed(log, result)) if workshop.assignment.role == "user_tester" else ()
    ids = f"\nevidence: {', '.join(f'{e.id} ({e.kind})' for e in kept)}" if kept else ""
    return ToolResult(
        f"{_outcome(result, args)}{_cut(result)}\n{shortened(result)}".rstrip() + ids,
        evidence=kept,
        exit_code=result.exit_code,
        artifact=artifact,
        extra={"command": args.command, "duration_s": round(result.duration_s, 3)},
    )


def _observed(log: Path, result: CommandResult) -> tuple[RawEvidence, ...]:
    """What a tester saw of a command, as evidence that a verdict can name."""
    log.touch()
    code = log.with_suffix(".exit")
    code.write_text(f"{result.exit_code}\n")
    return (
        RawEvidence(kind="output", path=log, name="output.txt", media_type="text/plain"),
        RawEvidence(kind="exit_code", path=code, name="exit_code.txt", media_type="text/plain"),
    )


def _outcome(result: CommandResult, args: RunCommand) -> str:
    if result.timed_out:
        return f"timed out after {args.timeout_s:g} s and was killed; give a longer timeout_s (up to {MAX_TIMEOUT_S})"
    if result.over is not None:
        return f"was stopped: {result.over}"
    if result.exit_code is None:
        return "was killed before it ended"
    return f"exit code {result.exit_code} ({result.duration_s:.1f} s)"


def _cut(result: CommandResult) -> str:
    """Said where not even the log has everything."""
    if result.output_bytes <= LOG_BYTES:
        return ""
    return f"; it wrote {result.output_bytes:,} bytes, of which the first {LOG_BYTES >> 20} MB were kept"


async def start_service(args: StartService, workshop: Workshop) -> ToolResult:
    if args.command is None:
        url = await workshop.start_app()
        return ToolResult(f"the app of the services manifest is ready at {url}")
    box = await workshop.box()
    port = await box.free_port()
    try:
        status = await box.start_service(args.name, args.command, env={"PORT": str(port)})
    except BoxError as error:
        raise ToolProblem(str(error)) from None
    if args.ready is not None:
        status = await _wait_for_log(args, workshop)
    state = "running" if status.running else f"ended with exit code {status.exit_code}"
    return ToolResult(f"{args.name} is {state}; $PORT is {port}\n{status.log_tail}".rstrip(), extra={"port": port})


async def _wait_for_log(args: StartService, workshop: Workshop) -> ServiceStatus:
    box = await workshop.box()
    deadline = time.monotonic() + 30
    said = matcher("start_service", args.ready or "")
    while True:
        status = await box.service_status(args.name, 65536)
        if await asyncio.to_thread(said, status.log_tail) or not status.running:
            return status
        if time.monotonic() > deadline:
            raise ToolProblem(f"{args.name} did not log {args.ready!r} within 30 s; its log ends:\n{status.log_tail}")
        # The box has no event for a line in a log: this is its poll.
        await box.run(f"sleep {READY_POLL_S}", timeout_s=5)


async def stop_service(args: StopService, workshop: Workshop) -> ToolResult:
    box = await workshop.box()
    try:
        status = await box.stop_service(args.name)
    except BoxError as error:
        raise ToolProblem(str(error)) from None
    return ToolResult(f"{args.name} stopped, exit code {status.exit_code}\n{status.log_tail}".rstrip())


TOOLS = (
    Tool("run_command", RunCommand, "command", run_command),
    Tool("start_service", StartService, "command", start_service),
    Tool("stop_service", StopService, "command", stop_service),
)
