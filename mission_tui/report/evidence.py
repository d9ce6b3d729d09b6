"""Evidence as it is shown: pictures and text inside the page, what is too large beside it."""

import base64
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from mission_tui.domain.verdict import Evidence
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.redact import is_text

INLINE_PICTURE_BYTES = 400_000
INLINE_WHOLE_BYTES = 12_000_000
"""Of all pictures together; the page must still open in a browser and travel by mail."""
INLINE_TEXT_CHARACTERS = 6_000
FOLDER = "evidence"
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence."""

    evidence: Evidence
    picture: str = ""
    """A `data:` address or a relative path."""
    text: str = ""
    cut: bool = False
    """Whether `text` is only its beginning."""
    file: str = ""
    """Relative path of the whole, where the page does not hold it."""
    missing: bool = False


class Exhibits:
    """Prepares evidence for one report; files that the page cannot hold are written below `target`."""

    def __init__(self, artifacts: Artifacts, target: Path) -> None:
        self._artifacts = artifacts
        self._target = target
        self._inlined = 0
        self._made: dict[str, Exhibit] = {}

    def of(self, evidence: Evidence) -> Exhibit:
        """How a piece of evidence is shown; the same artifact is prepared once."""
        made = self._made.get(evidence.artifact)
        if made is None:
            made = self._made[evidence.artifact] = self._prepared(evidence)
        return Exhibit(evidence, made.picture, made.text, made.cut, made.file, made.missing)

    def _prepared(self, evidence: Evidence) -> Exhibit:
        try:
            data = self._artifacts.read(evidence.artifact)
        except OSError:
            return Exhibit(evidence, missing=True)
        if evidence.media_type in _PICTURES:
            return self._picture(evidence, data)
        if not is_text(data):
            return Exhibit(evidence, file=self._beside(evidence, data))
        text = data.decode(errors="replace")
        if len(text) <= INLINE_TEXT_CHARACTERS:
            return Exhibit(evidence, text=text)
        return Exhibit(evidence, text=text[:INLINE_TEXT_CHARACTERS], cut=True, file=self._beside(evidence, data))

    def _picture(self, evidence: Evidence, data: bytes) -> Exhibit:
        if len(data) > INLINE_PICTURE_BYTES or self._inlined + len(data) > INLINE_WHOLE_BYTES:
            return Exhibit(evidence, picture=self._beside(evidence, data))
        self._inlined += len(data)
        return Exhibit(evidence, picture=f"data:{evidence.media_type};base64,{base64.b64encode(data).decode()}")

    def _beside(self, evidence: Evidence, data: bytes) -> str:
        """The name comes from the content alone: what an agent called it has no say in paths."""
        suffix = mimetypes.guess_extension(evidence.media_type) or ".bin"
        name = f"{evidence.artifact[:16]}{'.txt' if suffix in ('.html', '.htm', '.svg', '.js', '.xml') else suffix}"
        folder = self._target / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        return f"{FOLDER}/{name}"
