"""The host's side of the program in the box."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mission_tui.domain.ports import Box, BoxError, JsonObject, Program
from mission_tui.domain.verdict import Cause
from mission_tui.proof.results import RawEvidence, media_type_of

PROGRAM = Path(__file__).parent / "driver" / "__main__.py"
BOX_RUN_DIR = "/run/mission"
PATIENCE_S = 60.0


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
        if self._program is None:
            self._program = await self._box.start_program(["python", str(PROGRAM)])
        browser = str(self._browser) if self._browser else None
        try:
            answer = await self._program.request(
                {"kind": kind, "session": session, "browser": browser, **message}, timeout_s + PATIENCE_S
            )
        except BoxError as error:
            await self.close()
            raise DriverFailure("timeout", f"the proof did not come to an end: {error}") from None
        answer["evidence"] = self._evidence(answer.get("evidence", []))
        if not answer["ok"]:
            raise DriverFailure(answer["cause"], answer["reason"], answer["evidence"])
        return answer

    def _evidence(self, found: list[dict[str, str]]) -> tuple[RawEvidence, ...]:
        folder = self._run_dir / "evidence"
        return tuple(
            RawEvidence.model_validate(
                {
                    "kind": one["kind"],
                    "path": folder / Path(one["file"]).name,
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
