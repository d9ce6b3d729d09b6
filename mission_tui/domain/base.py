"""What every noun and event of the domain is made of."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict

StateT = TypeVar("StateT")


class Frozen(BaseModel):
    """An immutable value; unknown fields are errors, so a misspelt field is never lost silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def replace(state: StateT, **changes: object) -> StateT:
    """`dataclasses.replace` for dataclasses with slots, in a third of the time: a fold does little else.

    Raises AttributeError for a field that there is not.
    """
    new = object.__new__(type(state))
    names: tuple[str, ...] = type(state).__dict__["__slots__"]
    for name in names:
        object.__setattr__(new, name, getattr(state, name))
    for name, value in changes.items():
        object.__setattr__(new, name, value)
    return new
