"""A seat: the model that fills a role."""

from typing import Any

from pydantic import Field

from mission_tui.domain.base import Frozen

ROLES = ("orchestrator", "worker", "reviewer", "user_tester", "researcher", "contract_reviewer")


class SeatSettings(Frozen):
    """Which model fills a role, and how it is reached. Holds the *name* of a key's variable, never a key."""

    model: str = Field(min_length=1)
    """A litellm model string, or `scripted:FILE`."""
    api_base: str | None = None
    api_key_env: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    """Passed to the provider as they are (temperature, reasoning effort, …)."""
