"""Named secrets of the services manifest: which names there may be, and where check steps use them.

A name stands for a variable of the host's environment. Only names are ever written down; `${NAME}` in a check step is
replaced when the step is carried out. `$${NAME}` is the text itself.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, cast

from pydantic import AfterValidator

REFERENCE = re.compile(r"(\$?)\$\{([A-Z][A-Z0-9_]*)\}")
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_RESERVED = re.compile(
    r"PORT|PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|TERM|CI|PAGER|VIRTUAL_ENV|IFS|ENV|BASH.*|(LD|LC|GIT|PYTHON|PIP|MISSION|NODE)_.*"
    r"|PYTHON.*"
)
"""What a box sets itself, or what would change how programs run in it."""


def _usable(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a secret is named like a variable: capital letters, digits and _")
    if _RESERVED.fullmatch(name):
        raise ValueError(f"{name} is not a secret's name: the variable means something to programs; choose another")
    return name


SecretName = Annotated[str, AfterValidator(_usable)]


def references(value: object) -> Iterator[str]:
    """The names that a check step's values refer to."""
    match value:
        case str():
            yield from (name for escape, name in REFERENCE.findall(value) if not escape)
        case list():
            for item in cast("list[Any]", value):
                yield from references(item)
        case dict():
            for item in cast("dict[str, Any]", value).values():
                yield from references(item)
        case _:
            pass
