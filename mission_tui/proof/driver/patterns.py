"""Regular expressions of check steps, with an end: some take years for a text that does not match.

Used on both sides, so the standard library only.
"""

import re
import signal
import threading
from types import FrameType

LIMIT_S = 2.0
"""Of this process's own time. An honest pattern takes milliseconds."""


class PatternTooSlow(Exception):
    """The pattern does not come to an end; the message says so."""


def found(pattern: str, text: str, limit_s: float = LIMIT_S) -> bool:
    """Whether the pattern occurs in the text. Raises PatternTooSlow.

    The engine of `re` looks for signals while it works, and only the main thread gets them: elsewhere nothing stops it.
    """
    if threading.current_thread() is not threading.main_thread():
        return re.search(pattern, text, re.MULTILINE) is not None

    def over(_number: int, _frame: FrameType | None) -> None:
        raise PatternTooSlow(f"the pattern {pattern[:200]!r} takes more than {limit_s:g} s to match: write it simpler")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        return re.search(pattern, text, re.MULTILINE) is not None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
