"""JSON lines in, JSON lines out, one answer per request, in order."""

import json
import sys
from typing import Any

from outcome import StepFailure
from sessions import Sessions


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
            sessions.prepare()
    finally:
        sessions.close()


if __name__ == "__main__":
    main()
