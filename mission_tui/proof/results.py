"""What a proof gives back before it is stored."""

import os
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


def seen_again(first: ProofResult, second: ProofResult) -> ProofResult:
    """A proof that was blocked, and was then proved once more, alone: the second counts, and tells of the first."""
    if second.status == "blocked":
        return second.model_copy(update={"reason": f"{second.reason} (so it was when it was proved again, alone)"})
    words = f"{second.reason}; proved again, alone, since at first it was blocked: {first.reason[:500]}"
    return second.model_copy(update={"reason": words})


MEDIA_TYPES = {".png": "image/png", ".json": "application/json", ".txt": "text/plain", ".zip": "application/zip"}


def write_fresh(path: Path, text: str) -> None:
    """Write a new file where the box can write too: a link that it left there is removed, not followed."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as stream:
        stream.write(text)


def media_type_of(name: str) -> str:
    return MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
