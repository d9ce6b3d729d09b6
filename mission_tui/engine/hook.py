"""The user's own command, run when something starts to wait for the human, whether or not a screen is open."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping

from mission_tui.domain.events import DecisionOpened, Recorded

PATIENCE_S = 30.0
"""How long the command may take before it is ended."""


def hooked(command: str | None, mission_id: str, then: Callable[[Recorded], None]) -> Callable[[Recorded], None]:
    """`then`, and the command for every decision that is opened. It is given the decision in its environment."""
    if not command:
        return then

    def tell(recorded: Recorded) -> None:
        then(recorded)
        if isinstance(recorded.event, DecisionOpened):
            decision = recorded.event.decision
            about = {
                "MISSION": mission_id,
                "DECISION": decision.id,
                "KIND": decision.kind,
                "SUMMARY": " ".join(decision.summary.split()),
                "BLOCKS": decision.blocks,
                "DEFAULT": decision.default,
            }
            threading.Thread(target=_run, args=(command, about), daemon=True).start()

    return tell


def _run(command: str, about: Mapping[str, str]) -> None:
    env = {**os.environ, **{f"MISSION_TUI_{name}": value for name, value in about.items()}}
    try:
        subprocess.run(["/bin/sh", "-c", command], env=env, timeout=PATIENCE_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"engine: the notify command failed: {error}", flush=True)
