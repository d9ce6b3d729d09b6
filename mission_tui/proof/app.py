"""The app of the services manifest, started for a proof and stopped after it."""

import asyncio
import re
import shlex
import time

from mission_tui.domain.plan import App
from mission_tui.domain.ports import Box, BoxError
from mission_tui.proof.secrets import NONE, Secrets

HOST = "localhost"
"""Not an address: some servers listen on ::1 only."""
POLL_S = 0.03
STARTS = 5
"""How often a start is tried that ends at once, before it counts as failed."""
_LISTENS = re.compile(r"^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A ", re.MULTILINE)
"""A listening socket in `/proc/net/tcp`."""
LOG_BYTES = 65_536
ANSWER_S = 15
"""How long one answer may take that decides whether the app is ready."""


class AppFailure(Exception):
    """The app did not start, or died. `reason` is one line; the message adds the end of the app's log to it."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(f"{reason}\n{log[-2000:]}".strip())
        self.reason = reason
        self.log = log


class EndedAtStart(AppFailure):
    """The process ended before it was ready. Some apps do so now and then: it is started again."""


class AppUnderTest:
    """One app process on a port of its own."""

    def __init__(self, app: App, box: Box, name: str = "app", secrets: Secrets = NONE) -> None:
        self.app = app
        self.name = name
        self._secrets = secrets
        self.url: str | None = None
        self._box = box

    async def start(self) -> str:
        """Its URL once it is ready; started again if it had died. Raises AppFailure."""
        if self.url is not None and await self.running():
            return self.url
        for attempt in range(1, STARTS + 1):
            port = await self._box.free_port()
            environment = {**self.app.env, **self._secrets.values, "PORT": str(port)}
            try:
                await self._box.start_service(self.name, self.app.start, env=environment)
                await self._wait_until_ready(port)
            except BoxError as error:
                raise AppFailure(f"the app cannot be started: {error}") from None
            except EndedAtStart:
                if attempt == STARTS:
                    raise
                continue
            self.url = f"http://{HOST}:{port}"
            break
        return self.url or ""

    async def running(self) -> bool:
        return (await self._box.service_status(self.name)).running

    async def has_died(self, patience_s: float) -> bool:
        """Whether the process has ended; whoever lost its connection may be a moment ahead of that news."""
        deadline = time.monotonic() + patience_s
        while await self.running():
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(POLL_S)
        return True

    async def log(self) -> str:
        """The end of what it printed; empty when it was never started."""
        try:
            return (await self._box.service_status(self.name, LOG_BYTES)).log_tail
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
            status = await self._box.service_status(self.name, LOG_BYTES)
            if not status.running:
                reason = f"the app ended with exit code {status.exit_code} at its start{last_words(status.log_tail)}"
                raise EndedAtStart(reason, status.log_tail)
            if await self._ready(port, status.log_tail):
                return
            if time.monotonic() > deadline:
                elsewhere = await self._other_ports(port)
                await self._box.stop_service(self.name, self.app.stop_timeout_s)
                limit = f"{self.app.ready_timeout_s:g} s on port {port}"
                words = last_words(status.log_tail)
                reason = f"the app was not ready within {limit} ({self._condition()}{elsewhere}){words}"
                raise AppFailure(reason, status.log_tail)

    async def _other_ports(self, port: int) -> str:
        """Where something listens instead: an app that ignores $PORT is a common mistake."""
        result = await self._box.run("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null", timeout_s=ANSWER_S)
        ports = sorted({int(p, 16) for p in _LISTENS.findall(result.output)} - {port})
        return f"; it listens on {', '.join(map(str, ports))}, not on $PORT" if ports else ""

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
            look += (
                f" && printf %s {shlex.quote(request)} >&3 && read -r -t {ANSWER_S} _ code _ <&3 && test $code -lt 500"
            )
        command = f"{{ {look}; }} 2>/dev/null || {{ sleep {POLL_S}; false; }}"
        result = await self._box.run(command, timeout_s=ANSWER_S + 5)
        return result.exit_code == 0


def last_words(log: str) -> str:
    """The last line of a log, as the end of a sentence."""
    lines = log.strip().splitlines()
    return f": {lines[-1].strip()[:300]}" if lines else ""
