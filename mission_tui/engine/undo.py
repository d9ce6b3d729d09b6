"""What a file said before the present step wrote it, so that a step which was cut off is taken back and done anew."""

from base64 import b64decode, b64encode
from pathlib import Path

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.store.durable import write_durably
from mission_tui.tools.tree import TreeFiles


class _Before(Frozen):
    step: int
    files: dict[str, str | None] = Field(default_factory=dict)
    """Base64 of what each file said; None for one that was not there."""


class UndoLog:
    """One run's. Calls that write are made one after the other, so the log holds one step."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._tree = TreeFiles(root)
        self._step = _Before(step=0)

    def begin(self, step: int) -> None:
        """A call that writes begins. If the same one was cut off before, its writes are undone first."""
        stored = self._stored()
        if stored is not None and stored.step == step:
            for path, text in stored.files.items():
                self._restore(path, None if text is None else b64decode(text))
        self._step = _Before(step=step)

    def keep(self, path: str, content: bytes | None) -> None:
        """A file is about to be replaced or made; the first state in a step is the one to go back to."""
        if path not in self._step.files:
            text = None if content is None else b64encode(content).decode()
            self._step = _Before(step=self._step.step, files={**self._step.files, path: text})
            write_durably(self._path, self._step.model_dump_json().encode())

    def _stored(self) -> _Before | None:
        try:
            return _Before.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None

    def _restore(self, path: str, content: bytes | None) -> None:
        if content is None:
            self._tree.remove(path)
        else:
            self._tree.write_bytes(path, content)
