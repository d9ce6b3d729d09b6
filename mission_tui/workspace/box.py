"""Boxes made with bubblewrap: one long-lived sandbox per run, with a small first process that starts everything in it.

`open_box` starts `bwrap ... python` with `box_init` as PID 1 and speaks JSON lines with it. All that runs in the box
dies with it, and it dies with the engine: bubblewrap is told so, and `box_init` ends when its socket closes.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mission_tui.domain.ports import BoxError, CommandResult, JsonObject, ServiceStatus
from mission_tui.workspace.box_channel import Channel
from mission_tui.workspace.box_environ import box_environ
from mission_tui.workspace.box_logs import open_log, read_tail
from mission_tui.workspace.box_mounts import bubblewrap_arguments
from mission_tui.workspace.box_program import BoxProgram
from mission_tui.workspace.box_spec import WORKSPACE, BoxSpec
from mission_tui.workspace.host_settings import gather_host_settings

__all__ = ["BoxSpec", "Bubblewrap", "open_box"]

_OPEN_TIMEOUT_S = 30.0
_PATIENCE_S = 15.0
"""How much longer than a command's own timeout the box may take to answer."""
_INIT = "import sys; sys.path.append(sys.argv[1]); from box_init.init import main; main()"
_CANNOT = "allow unprivileged user namespaces on this machine or in this container (`mission-tui doctor` tells more)"


async def open_box(spec: BoxSpec) -> "Bubblewrap":
    """Open a box; close it, or use it as an async context manager.

    Call it from a thread that outlives the box (the main one): the kernel ends the box when that thread ends.
    Raises BoxError when bubblewrap is missing, namespaces are refused or the tree cannot be mounted.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise BoxError("bubblewrap is not installed: run `mission-tui doctor --fix` or install the package bubblewrap")
    settings = gather_host_settings() if spec.network else None
    log_dir = spec.log_dir or Path(tempfile.mkdtemp(prefix="mission-box-"))
    for directory in filter(None, (log_dir, spec.run_dir, spec.cache_dir)):
        directory.mkdir(parents=True, exist_ok=True)
    arguments, descriptors = bubblewrap_arguments(spec, settings)
    command = [sys.executable, "-I", "-S", "-c", _INIT, str(Path(__file__).parent)]
    ours, theirs = socket.socketpair()
    try:
        with theirs, (log_dir / "box.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                bwrap,
                *arguments,
                "--",
                *command,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=log,
                pass_fds=descriptors,
            )
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    box = Bubblewrap(spec, process, Channel(ours), log_dir)
    try:
        await box.greet(box_environ(spec, settings))
    except BaseException:
        await box.close()
        raise
    return box


@dataclass(frozen=True)
class _Service:
    task: int
    result: "asyncio.Future[JsonObject]"
    log: Path


class Bubblewrap:
    """An open box; see `domain.ports.Box`."""

    def __init__(self, spec: BoxSpec, process: Process, channel: Channel, log_dir: Path) -> None:
        self._spec = spec
        self._process = process
        self._channel = channel
        self._log_dir = log_dir
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[JsonObject]] = {}
        self._services: dict[str, _Service] = {}
        self._closed = False
        self._reader = asyncio.create_task(self._read())

    async def __aenter__(self) -> "Bubblewrap":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def greet(self, environ: Mapping[str, str]) -> None:
        """Wait until the first process answers, and give it the environment of all that it will start."""
        _, ready = await self._send({"op": "hello", "env": dict(environ)})
        await self._answer(ready, _OPEN_TIMEOUT_S)

    async def run(
        self,
        command: str,
        *,
        timeout_s: float,
        cwd: str = ".",
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        split: bool = False,
    ) -> CommandResult:
        """Run a shell line; its process tree dies with it. All output is appended to `log`, up to 64 MB.

        Death by a signal is shown as a shell would: exit code 128 + number. Cancelling kills the command.
        """
        order = self._order(["/bin/bash", "-c", command], cwd, env) | {"timeout": timeout_s, "split": split}
        with contextlib.ExitStack() as files:
            given = {} if log is None else {"log": open_log(log, files)}
            task, result = await self._send(order, given)
        try:
            answer = await self._answer(result, timeout_s + _PATIENCE_S)
        except asyncio.CancelledError:
            await self._stop(task, 0)
            with contextlib.suppress(BoxError):
                await self._answer(result, _PATIENCE_S)
            raise
        return CommandResult.model_validate(answer)

    async def start_service(
        self, name: str, command: str, *, env: Mapping[str, str] | None = None, cwd: str = "."
    ) -> ServiceStatus:
        """Start a background process; the name of one that has ended may be used again."""
        known = self._services.get(name)
        if known is not None and not known.result.done():
            raise BoxError(f"a service named {name!r} is already running: stop it first or choose another name")
        log = self._log_dir / f"service-{next(self._numbers)}.log"
        with contextlib.ExitStack() as files:
            order = self._order(["/bin/bash", "-c", command], cwd, env)
            task, result = await self._send(order, {"log": open_log(log, files)})
        self._services[name] = _Service(task, result, log)
        return await self.service_status(name)

    async def service_status(self, name: str, log_tail_bytes: int = 4096) -> ServiceStatus:
        service = self._service(name)
        self._check_alive()
        ended = service.result.done()
        return ServiceStatus(
            name=name,
            running=not ended,
            exit_code=service.result.result()["exit_code"] if ended else None,
            log_tail=read_tail(service.log, log_tail_bytes),
        )

    async def stop_service(self, name: str, timeout_s: float = 5.0) -> ServiceStatus:
        service = self._service(name)
        if not service.result.done():
            await self._stop(service.task, timeout_s)
            await self._answer(service.result, timeout_s + _PATIENCE_S)
        return await self.service_status(name)

    async def free_port(self) -> int:
        """A TCP port that nobody listens on in the box; never the same one twice."""
        _, result = await self._send({"op": "port"})
        return int((await self._answer(result, _PATIENCE_S))["port"])

    async def start_program(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> BoxProgram:
        """Start a program that answers JSON lines. `python` as its name means the interpreter of the product."""
        command = [sys.executable, *argv[1:]] if argv[0] == "python" else list(argv)
        log = self._log_dir / f"program-{next(self._numbers)}.log"
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as files, theirs:
            given = {"stdin": theirs.fileno(), "stdout": theirs.fileno(), "log": open_log(log, files)}
            task, result = await self._send(self._order(command, ".", env), given)
        return await BoxProgram.connect(ours, log, lambda: self._end_program(task, result))

    async def close(self) -> None:
        """Kill everything inside and wait until it is gone. Closing twice is fine."""
        self._closed = True
        self._channel.hang_up()  # PID 1 ends, and with it everything in its namespace
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.wait([self._reader])
        self._channel.close()
        if self._spec.log_dir is None:
            shutil.rmtree(self._log_dir, ignore_errors=True)

    async def _end_program(self, task: int, result: "asyncio.Future[JsonObject]") -> None:
        with contextlib.suppress(BoxError):
            if not result.done():
                await self._stop(task, 1.0)
                await self._answer(result, _PATIENCE_S)

    def _order(self, argv: list[str], cwd: str, env: Mapping[str, str] | None) -> JsonObject:
        where = os.path.join(WORKSPACE, cwd)  # noqa: PTH118 - a path in the box, not on this host
        return {"op": "start", "argv": argv, "cwd": where, "env": dict(env or {}), "timeout": None, "split": False}

    async def _send(
        self, message: JsonObject, given: Mapping[str, int] | None = None
    ) -> "tuple[int, asyncio.Future[JsonObject]]":
        """Send a request with the descriptors given to it by name; returns its number and what will be the answer."""
        self._check_alive()
        given = given or {}
        number = next(self._numbers)
        result: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._waiting[number] = result
        try:
            await self._channel.send(message | {"id": number, "descriptors": list(given)}, list(given.values()))
        except OSError as error:
            raise BoxError(self._cause_of_death()) from error
        return number, result

    async def _stop(self, task: int, grace_s: float) -> None:
        with contextlib.suppress(OSError):  # the box is gone; whoever waits for the result is told so
            await self._channel.send({"op": "stop", "id": task, "grace": grace_s})

    async def _answer(self, result: "asyncio.Future[JsonObject]", limit_s: float) -> JsonObject:
        await asyncio.wait([result, self._reader], timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        if self._reader.done():
            raise BoxError(self._cause_of_death())
        raise BoxError(f"the box did not answer within {limit_s:.0f} s: start the run again")

    async def _read(self) -> None:
        async for message in self._channel.messages():
            waiting = self._waiting.pop(message["id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message["result"])

    def _service(self, name: str) -> _Service:
        service = self._services.get(name)
        if service is None:
            raise BoxError(f"no service is named {name!r}; started here: {', '.join(self._services) or 'none'}")
        return service

    def _check_alive(self) -> None:
        if self._closed or self._reader.done():
            raise BoxError(self._cause_of_death())

    def _cause_of_death(self) -> str:
        if self._closed:
            return "the box is closed: open another one"
        said = read_tail(self._log_dir / "box.log", 2000).strip().splitlines()
        if said and said[0].startswith("bwrap:"):
            return f"bubblewrap could not make a box ({said[0]}): {_CANNOT}"
        return f"the box died ({said[-1] if said else 'killed from outside'}): start the run again"
