"""Regular expressions that agents write, with an end: some take years for a text that does not match."""

import time
from collections.abc import Callable

import regex

from mission_tui.tools.base import ToolProblem

LIMIT_S = 10.0
"""For all the matching of one call. An honest pattern takes milliseconds."""


def matcher(tool: str, pattern: str, limit_s: float = LIMIT_S) -> Callable[[str], bool]:
    """Whether a pattern, as Python writes them, occurs in a text; other threads go on meanwhile.

    Raises ToolProblem, here where it is no regular expression, in the matcher where it takes too long.
    """
    try:
        compiled = regex.compile(pattern, regex.MULTILINE)
    except (regex.error, ValueError, OverflowError, RecursionError) as error:
        raise ToolProblem(f"{tool}: the pattern is not a regular expression: {error}") from None
    left = limit_s

    def occurs(text: str) -> bool:
        nonlocal left
        began = time.monotonic()
        try:
            return compiled.search(text, concurrent=True, timeout=left) is not None
        except TimeoutError:
            raise ToolProblem(f"{tool}: the pattern takes more than {limit_s:g} s to match; write it simpler") from None
        finally:
            left = max(0.001, left - (time.monotonic() - began))

    return occurs
