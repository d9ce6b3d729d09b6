"""What every fact carries."""

from mission_tui.domain.base import Frozen


class Event(Frozen):
    """A fact. `command_id` names the human command that caused it, so that each is applied exactly once."""

    run_id: str | None = None
    command_id: str | None = None
