"""The app of the services manifest, started for a proof and stopped after it."""

import re
import shlex
import time

from mission_tui.domain.plan import App
from mission_tui.domain.ports import Box, BoxError

HOST = "localhost"
"""Not an address: some servers listen on ::1 only."""
POLL_S = 0.03
ANSWER_S = 15
"""How long one answer may take that decides whether the app is ready."""


class AppFailure(Exception):
    """The app did not start, or died; the message ends with its log."""


class AppUnderTest:
    """One app process on a port of its own."""

    def __init__(self, app: App, box: Box, name: str = "app") -> None:
        self.app = app
        self.name = name
        self.url: str | None = None
        self._box = box

    async def start(self) -> str:
        """Its URL once it is ready; started again if it had died. Raises AppFailure."""
        if self.url is not None and await self.running():
            return self.url
        port = await self._box.free_port()
        environment = {**self.app.env, "PORT": str(port)}
        try:
            await self._box.start_service(self.name, self.app.start, env=environment)
        except BoxError as error:
            raise AppFailure(f"the app cannot be started: {error}") from None
        await self._wait_until_ready(port)
        self.url = f"http://{HOST}:{port}"
        return self.url

    async def running(self) -> bool:
        return (await self._box.service_status(self.name)).running

    async def log(self) -> str:
        try:
            return (await self._box.service_status(self.name)).log_tail
        except BoxError:
            return ""

    async def stop(self) -> None:
        if self.url is None:
            return
        self.url = None
        await self._box.stop_service(self.name, self.app.stop_timeout_s)

    async def _wait_until_ready(self, port: int) -> None:
        deadline = time.monotonic() + self.app.ready_timeout_s
        while True:
            status = await self._box.service_status(self.name, 65536)
            if not status.running:
                raise AppFailure(
                    f"the app ended with exit code {status.exit_code} at its start:\n{status.log_tail[-2000:]}"
                )
            if await self._ready(port, status.log_tail):
                return
            if time.monotonic() > deadline:
                await self._box.stop_service(self.name, self.app.stop_timeout_s)
                raise AppFailure(
                    f"the app was not ready within {self.app.ready_timeout_s:g} s on port {port} "
                    f"({self._condition()}):\n{status.log_tail[-2000:]}"
                )

    def _condition(self) -> str:
        ready = self.app.ready
        if ready is None:
            return "nothing listens"
        return f"{ready.http} does not answer below 500" if ready.http else f"no {ready.log!r} in its log"

    async def _ready(self, port: int, log: str) -> bool:
        """One look, from inside the box."""
        ready = self.app.ready
        if ready is not None and ready.log is not None and re.search(ready.log, log, re.MULTILINE):
            return True
        look = "false" if ready is not None and ready.log is not None else f"exec 3<>/dev/tcp/{HOST}/{port}"
        if ready is not None and ready.http is not None:
            # A request by hand: the box need not have curl.
            request = f"GET {ready.http} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
            look += f"; printf %s {shlex.quote(request)} >&3; read -r -t {ANSWER_S} _ code _ <&3; test \"$code\" -lt 500"
        command = f"{{ {look}; }} 2>/dev/null || {{ sleep {POLL_S}; false; }}"
        result = await self._box.run(command, timeout_s=ANSWER_S + 5)
        return result.exit_code == 0
