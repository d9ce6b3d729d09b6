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
    first_token_s: float | None = Field(default=None, gt=0)
    """How long the first token may take; None: ten minutes. Models that think unseen, or a slow machine, take more."""
    idle_s: float | None = Field(default=None, gt=0)
    """How long a begun answer may be silent; None: two minutes."""
    total_s: float | None = Field(default=None, gt=0)
    """How long one whole answer may take; None: an hour."""
    context_window: int | None = Field(default=None, gt=0)
    """Tokens that the model takes; None: what the price map says, if it knows the model."""
    fallback: "SeatSettings | None" = None
    """Who is asked while this one does not answer."""

    @property
    def key_variables(self) -> frozenset[str]:
        """Names of the variables that hold the keys of this seat and its fallback."""
        more = self.fallback.key_variables if self.fallback else frozenset[str]()
        return more | ({self.api_key_env} if self.api_key_env else frozenset[str]())
