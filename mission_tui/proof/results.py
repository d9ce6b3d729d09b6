"""What a proof gives back before it is stored."""

from pathlib import Path

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Assertion, EvidenceKind
from mission_tui.domain.verdict import Cause, VerdictStatus


class RawEvidence(Frozen):
    """One observation as a file on the host. The box may have written it: open it without following links."""

    kind: EvidenceKind
    path: Path
    name: str
    media_type: str


class ProofResult(Frozen):
    """How one mechanical proof ended."""

    assertion: Assertion
    status: VerdictStatus
    reason: str
    cause: Cause | None = None
    """None when it passed."""
    evidence: tuple[RawEvidence, ...] = ()
    duration_s: float = 0.0


MEDIA_TYPES = {".png": "image/png", ".json": "application/json", ".txt": "text/plain", ".zip": "application/zip"}


def media_type_of(name: str) -> str:
    return MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
