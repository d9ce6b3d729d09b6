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
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from mission_tui.crashpoints import around
from mission_tui.domain.ports import BoxError, CommandResult, JsonObject, ServiceStatus
from mission_tui.workspace.box_channel import Channel
from mission_tui.workspace.box_environ import box_environ
from mission_tui.workspace.box_logs import open_log, read_tail
from mission_tui.workspace.box_mounts import bubblewrap_arguments, private_paths
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
    covered = private_paths()
    try:
        return await _opened(spec)
    except BoxError:
        if private_paths() == covered:
            raise
        return await _opened(spec)  # a package came or went in between


async def _opened(spec: BoxSpec) -> "Bubblewrap":
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
        with theirs, (log_dir / "box.log").open("ab") as log, around("box.spawn"):
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
    except BaseException:
        ours.close()
        raise
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
    link: Channel
    result: "asyncio.Task[JsonObject]"
    log: Path


class Bubblewrap:
    """An open box; see `domain.ports.Box`."""

    def __init__(self, spec: BoxSpec, process: Process, init: Channel, log_dir: Path) -> None:
        self._spec = spec
        self._process = process
        self._init = init
        self._turn = asyncio.Lock()
        """Questions to PID 1 are answered in order: one at a time."""
        self._log_dir = log_dir
        self._logs = itertools.count(1)
        self._spares: list[Channel] = []
        """Supervisors forked ahead of time: forking would be a third of the cost of a short command."""
        self._links: set[Channel] = set()
        self._services: dict[str, _Service] = {}
        self._programs: list[BoxProgram] = []
        self._closed = False

    async def __aenter__(self) -> "Bubblewrap":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def greet(self, environ: Mapping[str, str]) -> None:
        """Wait until the first process answers, and give it the environment of all that it will start."""
        await self._ask({"op": "hello", "env": dict(environ)}, _OPEN_TIMEOUT_S)
        self._spares.append(await self._fork())

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
            link = await self._start(order, {} if log is None else {"log": open_log(log, files)})
        try:
            async with asyncio.timeout(timeout_s + _PATIENCE_S):
                return CommandResult.model_validate(await self._result(link))
        except TimeoutError:
            raise BoxError("the box does not answer any more: start the run again") from None
        except asyncio.CancelledError:
            await self._stop(link, 0)
            raise
        finally:
            self._drop(link)

    async def start_service(
        self, name: str, command: str, *, env: Mapping[str, str] | None = None, cwd: str = "."
    ) -> ServiceStatus:
        """Start a background process; the name of one that has ended may be used again."""
        known = self._services.get(name)
        if known is not None and not known.result.done():
            raise BoxError(f"a service named {name!r} is already running: stop it first or choose another name")
        if known is not None:
            self._drop(known.link)
        log = self._new_log(f"service-{next(self._logs)}")
        with contextlib.ExitStack() as files:
            link = await self._start(self._order(["/bin/bash", "-c", command], cwd, env), {"log": open_log(log, files)})
        self._services[name] = _Service(link, asyncio.create_task(self._result(link)), log)
        return await self.service_status(name)

    async def service_status(self, name: str, log_tail_bytes: int = 4096) -> ServiceStatus:
        service = self._service(name)
        self._check_open()
        ended = service.result.done()
        return ServiceStatus(
            name=name,
            running=not ended,
            exit_code=service.result.result()["exit_code"] if ended else None,
            log_tail=read_tail(service.log, log_tail_bytes),
        )

    async def stop_service(self, name: str, timeout_s: float = 5.0) -> ServiceStatus:
        service = self._service(name)
        await self._stop(service.link, timeout_s, service.result)
        return await self.service_status(name)

    async def free_port(self) -> int:
        """A TCP port that nobody listens on in the box; never the same one twice."""
        return int((await self._ask({"op": "port"}))["port"])

    async def start_program(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> BoxProgram:
        """Start a program that answers JSON lines. `python` as its name means the interpreter of the product."""
        command = [sys.executable, *argv[1:]] if argv[0] == "python" else list(argv)
        log = self._new_log(f"program-{next(self._logs)}")
        ours, theirs = socket.socketpair()
        try:
            with contextlib.ExitStack() as files, theirs:
                given = {"stdin": theirs.fileno(), "stdout": theirs.fileno(), "log": open_log(log, files)}
                link = await self._start(self._order(command, ".", env), given)
        except BaseException:
            ours.close()
            raise
        program = await BoxProgram.connect(ours, log, lambda: self._end_program(link))
        self._programs.append(program)
        return program

    async def close(self) -> None:
        """Kill everything inside and wait until it is gone. Closing twice is fine."""
        self._closed = True
        self._init.hang_up()  # PID 1 ends, and with it everything in its namespace
        try:
            await self._ended()
        finally:  # also where the closing itself is cut off
            for link in list(self._links):
                self._drop(link)
            self._init.close()
            if self._spec.log_dir is None:
                shutil.rmtree(self._log_dir, ignore_errors=True)

    async def _ended(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        results = [service.result for service in self._services.values()]
        await asyncio.gather(*results, *(program.close() for program in self._programs), return_exceptions=True)

    async def _end_program(self, link: Channel) -> None:
        await self._stop(link, 1.0)
        self._drop(link)

    async def _ask(self, question: JsonObject, limit_s: float = _PATIENCE_S) -> JsonObject:
        self._check_open()
        answer = None
        async with self._turn:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._init.send(question)
                    answer = await self._init.receive()
        if answer is None:
            raise BoxError(self._cause_of_death())
        return answer

    async def _fork(self) -> Channel:
        """A new supervisor. Its link is usable at once: what is sent waits for it."""
        ours, theirs = socket.socketpair()
        link = Channel(ours)
        self._links.add(link)
        with theirs:
            try:
                await self._init.send({"op": "fork"}, [theirs.fileno()])
            except OSError as error:
                raise BoxError(self._cause_of_death()) from error
        return link

    async def _start(self, order: JsonObject, given: Mapping[str, int]) -> Channel:
        """Give an order to a supervisor, with descriptors by name; returns the link on which the result will come."""
        self._check_open()
        link = self._spares.pop() if self._spares else await self._fork()
        if link.is_over():  # it was killed while it waited
            self._drop(link)
            link = await self._fork()
        try:
            # It was killed: the end of the link, read next, is the result.
            with contextlib.suppress(OSError), around("box.order"):
                await link.send(order | {"descriptors": list(given)}, list(given.values()))
            if not self._spares:
                self._spares.append(await self._fork())
        except BaseException:
            self._drop(link)  # a supervisor whose link closes ends its task
            raise
        return link

    async def _result(self, link: Channel) -> JsonObject:
        """What the supervisor reports at the end; if it was killed, at least that. Raises BoxError if the box died."""
        began = time.monotonic()
        result = await link.receive()
        if result is None:
            await self._ask({"op": "port"})  # is it the whole box?
            lost = {"exit_code": None, "output": "", "output_bytes": 0}
            self._drop_spares()
            return lost | {"duration_s": time.monotonic() - began}
        if result.get("over"):
            self._drop_spares()
        return result

    def _drop_spares(self) -> None:
        """Those that waited may be about to die with everything else."""
        while self._spares:
            self._drop(self._spares.pop())

    async def _stop(self, link: Channel, grace_s: float, result: "asyncio.Task[JsonObject] | None" = None) -> None:
        """SIGTERM, after the grace SIGKILL, and wait for the end (which `result` already waits for, if given)."""
        with contextlib.suppress(OSError):  # it has ended; if the box has, whoever needs it next is told so
            await link.send({"grace": grace_s})
        await asyncio.wait([result or asyncio.ensure_future(link.receive())], timeout=grace_s + _PATIENCE_S)

    def _drop(self, link: Channel) -> None:
        self._links.discard(link)
        link.close()

    def _service(self, name: str) -> _Service:
        service = self._services.get(name)
        if service is None:
            raise BoxError(f"no service is named {name!r}; started here: {', '.join(self._services) or 'none'}")
        return service

    def _new_log(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    def _order(self, argv: list[str], cwd: str, env: Mapping[str, str] | None) -> JsonObject:
        where = str(PurePosixPath(WORKSPACE, cwd))
        most = {"processes": self._spec.max_processes, "memory": self._spec.max_memory}
        return {"argv": argv, "cwd": where, "env": dict(env or {}), "timeout": None, "split": False, **most}

    def _check_open(self) -> None:
        if self._closed:
            raise BoxError("the box is closed: open another one")

    def _cause_of_death(self) -> str:
        said = read_tail(self._log_dir / "box.log", 2000).strip().splitlines()
        if said and said[0].startswith("bwrap:"):
            return f"bubblewrap could not make a box ({said[0]}): {_CANNOT}"
        return f"the box died ({said[-1] if said else 'killed from outside'}): start the run again"
