"""The host's side of the program in the box."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mission_tui.domain.ports import Box, BoxError, JsonObject, Program
from mission_tui.domain.verdict import Cause
from mission_tui.proof.results import RawEvidence, media_type_of

PROGRAM = Path(__file__).parent / "driver" / "__main__.py"
BOX_RUN_DIR = "/run/mission"
PATIENCE_S = 30.0
"""For starting the program and its browser."""


class DriverFailure(Exception):
    """A step that did not succeed, with its cause and what was observed up to then."""

    def __init__(self, cause: Cause, reason: str, evidence: tuple[RawEvidence, ...] = ()) -> None:
        super().__init__(reason)
        self.cause: Cause = cause
        self.evidence = evidence


class Driver:
    """Requests to the program, started when first used and again if it died."""

    def __init__(self, box: Box, run_dir: Path, browser: Path | None) -> None:
        self._box = box
        self._run_dir = run_dir
        self._browser = browser
        self._program: Program | None = None

    async def request(self, kind: str, session: str, message: Mapping[str, Any], timeout_s: float) -> JsonObject:
        """One request; the answer's evidence is replaced by `RawEvidence` values. Raises DriverFailure."""
        browser = str(self._browser) if self._browser else None
        limit = timeout_s + PATIENCE_S
        began = time.monotonic()
        try:
            if self._program is None:
                self._program = await self._box.start_program(["python", str(PROGRAM)])
            answer = await self._program.request(
                {"kind": kind, "session": session, "browser": browser, **message}, limit
            )
        except BoxError as error:
            await self.close()
            if time.monotonic() - began >= limit:
                raise DriverFailure("timeout", f"nothing was seen within {limit:g} s") from None
            raise DriverFailure("setup", f"the program that observes the product failed: {error}") from None
        evidence = self._evidence(answer.get("evidence", []))
        if not answer["ok"]:
            raise DriverFailure(answer["cause"], answer["reason"], evidence)
        return answer | {"evidence": evidence}

    def _evidence(self, found: list[dict[str, str]]) -> tuple[RawEvidence, ...]:
        """Only names are believed: each is a file right in the run directory, whatever path the box may claim."""
        return tuple(
            RawEvidence.model_validate(
                {
                    "kind": one["kind"],
                    "path": self._run_dir / Path(one["file"]).name,
                    "name": one["name"],
                    "media_type": media_type_of(one["name"]),
                }
            )
            for one in found
        )

    async def end_session(self, session: str) -> None:
        if self._program is not None:
            try:
                await self.request("close", session, {}, 10)
            except DriverFailure:
                await self.close()

    async def close(self) -> None:
        if self._program is not None:
            program, self._program = self._program, None
            await program.close()
