"""The streaming text of active runs, for the screen only: often replaced, never synced, no history."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from pydantic import ValidationError

from mission_tui.crashpoints import around
from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import Delta
from mission_tui.store.codec import to_json
from mission_tui.store.layout import MissionFiles
from mission_tui.store.redact import NO_SECRETS, Redactor

INTERVAL_S = 0.1
LONGEST = 32_768
"""Characters that are kept: the end of a very long stream is what one looks at."""


class LiveText(Frozen):
    """What a run's model is saying right now."""

    kind: Literal["text", "thinking", "tool"]
    text: str
    """The piece of this kind that is being streamed, from its beginning or its last `LONGEST` characters."""
    note: str = ""
    """Why nothing comes, for instance that the call is tried again."""
    updated: float
    """Unix time in seconds."""


class LiveWriter:
    """Gathers deltas and shows them at most ten times a second."""

    def __init__(
        self,
        files: MissionFiles,
        run_id: str,
        redactor: Redactor = NO_SECRETS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = files.live / f"{run_id}.json"
        self._redactor = redactor
        self._clock = clock
        self._kind: Literal["text", "thinking", "tool"] = "text"
        self._pieces: list[str] = []
        self._note = ""
        self._written: float | None = None
        self._later: asyncio.TimerHandle | None = None

    def add(self, delta: Delta) -> None:
        """One more piece. A change of kind begins a new text."""
        if delta.kind != self._kind:
            self._kind, self._pieces = delta.kind, []
        self._pieces.append(delta.text)
        self._note = ""
        self._show_soon()

    def note(self, text: str) -> None:
        """Say why nothing is coming; the next delta takes it away. What came so far belongs to a call that failed."""
        self._pieces, self._note = [], text
        self._show_soon()

    def clear(self) -> None:
        """The step is in the journal now."""
        self._forget_timer()
        self._kind, self._pieces, self._note, self._written = "text", [], "", None
        self._path.unlink(missing_ok=True)

    def _show_soon(self) -> None:
        wait = 0.0 if self._written is None else self._written + INTERVAL_S - self._clock()
        if wait <= 0:
            self._show()
        elif self._later is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return  # Without a loop the next piece shows this one too.
            self._later = loop.call_later(wait, self._show)

    def _show(self) -> None:
        self._forget_timer()
        self._written = self._clock()
        whole = "".join(self._pieces)[-LONGEST:]
        self._pieces = [whole]
        text = LiveText(
            kind=self._kind, text=self._redactor.text(whole), note=self._redactor.text(self._note), updated=time.time()
        )
        data = to_json(text.model_dump()).encode()
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_bytes(data)
            with around("live.rename"):
                temporary.replace(self._path)
        except OSError:
            temporary.unlink(missing_ok=True)  # A full disk must not end a model call for the sake of a preview.

    def _forget_timer(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None


def read_live(files: MissionFiles, run_id: str) -> LiveText | None:
    """What a run's model is saying; None while it says nothing."""
    try:
        return LiveText.model_validate_json((files.live / f"{run_id}.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
