"""JSON lines in, JSON lines out, one answer per request, in order."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent)] if str(Path(__file__).resolve().parent) not in sys.path else []

from outcome import StepFailure  # noqa: E402 - found beside this file once the path is set
from sessions import Sessions  # noqa: E402 - as above


def answer(sessions: Sessions, request: dict[str, Any]) -> dict[str, Any]:
    """Carry one request out; what goes wrong is part of the answer."""
    try:
        return {"ok": True, **sessions.handle(request)}
    except StepFailure as failure:
        return {"ok": False, **failure.as_answer()}
    except Exception as error:
        return {"ok": False, "cause": "other", "reason": f"{type(error).__name__}: {error}".splitlines()[0]}


def main() -> None:
    """Serve until the input ends."""
    output = sys.stdout
    sys.stdout = sys.stderr
    sessions = Sessions()
    try:
        for line in sys.stdin:
            reply = answer(sessions, json.loads(line))
            output.write(json.dumps(reply) + "\n")
            output.flush()
    finally:
        sessions.close()


if __name__ == "__main__":
    main()
