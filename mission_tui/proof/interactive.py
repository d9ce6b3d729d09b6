"""What a user-testing validator does with the product: each call gives words for the model, and what was seen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mission_tui.domain.base import Frozen
from mission_tui.domain.checks import Locator, Target
from mission_tui.domain.ports import Box
from mission_tui.proof.results import RawEvidence
from mission_tui.proof.secrets import NONE, Secrets
from mission_tui.proof.session import Driver, DriverFailure

SESSION = "tester"
TIMEOUT_S = 30.0


class ProofError(Exception):
    """The product could not be used that way; the message tells the model what was seen."""


class Observation(Frozen):
    text: str
    evidence: tuple[RawEvidence, ...] = ()


class Interactive:
    """A tester's browser, requests and terminal in the run's box; cookies and pages last as long as the run."""

    def __init__(self, driver: Driver, secrets: Secrets = NONE) -> None:
        self._driver = driver
        self._secrets = secrets

    @classmethod
    async def open(cls, box: Box, run_dir: Path, browser: Path | None, secrets: Secrets = NONE) -> "Interactive":
        return cls(Driver(box, run_dir, browser), secrets)

    async def close(self) -> None:
        await self._driver.close()

    async def _do(self, kind: str, message: Mapping[str, Any]) -> Observation:
        try:
            filled = self._secrets.filled(dict(message)) | {"env": dict(self._secrets.values)}
            answer = await self._driver.request(kind, SESSION, filled, TIMEOUT_S)
        except DriverFailure as failure:
            raise ProofError(str(failure)) from None
        return Observation(text=str(answer["text"]), evidence=answer["evidence"])

    async def http_request(self, method: str, url: str, headers: dict[str, str], body: object) -> Observation:
        return await self._do("http", {"do": "send", "method": method, "url": url, "headers": headers, "body": body})

    async def browser_open(self, url: str, viewport: tuple[int, int] | None = None) -> Observation:
        return await self._do("browser", {"do": "open", "url": url, "viewport": viewport})

    async def browser_click(self, target: Target) -> Observation:
        return await self._do("browser", {"do": "click", "value": _plain(target)})

    async def browser_fill(self, target: Target, value: str) -> Observation:
        return await self._do("browser", {"do": "fill", "value": {"target": _plain(target), "value": value}})

    async def browser_press(self, key: str) -> Observation:
        return await self._do("browser", {"do": "press", "value": key})

    async def browser_snapshot(self) -> Observation:
        return await self._do("browser", {"do": "snapshot"})

    async def browser_screenshot(self, name: str) -> Observation:
        return await self._do("browser", {"do": "screenshot", "name": name})

    async def browser_console(self) -> Observation:
        return await self._do("browser", {"do": "console"})

    async def terminal_open(self, command: str, size: tuple[int, int]) -> Observation:
        return await self._do("terminal", {"do": "open", "command": command, "size": list(size)})

    async def terminal_type(self, text: str) -> Observation:
        return await self._do("terminal", {"do": "type", "text": text})

    async def terminal_press(self, key: str) -> Observation:
        return await self._do("terminal", {"do": "press", "key": key})

    async def terminal_screen(self) -> Observation:
        return await self._do("terminal", {"do": "screen"})


def _plain(target: Target) -> object:
    return target.model_dump(exclude_none=True) if isinstance(target, Locator) else target
