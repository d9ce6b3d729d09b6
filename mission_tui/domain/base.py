"""What every noun and event of the domain is made of."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value; unknown fields are errors, so a misspelt field is never lost silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
