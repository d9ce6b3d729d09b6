"""What a task may use at most: looked at from outside, since no kernel limit holds for root and for threads alike."""

import contextlib
import os
import resource
from collections.abc import Iterable

from .processes import read

LOOK_S = 0.25
"""How often a task is looked at."""
_PAGE = resource.getpagesize()


def everything() -> int:
    """How many processes there are in this box."""
    return sum(name.isdigit() for name in os.listdir("/proc"))  # noqa: PTH208 - a fork bomb makes every object count


def private_bytes(pids: Iterable[int]) -> int:
    """Memory that these processes do not share with files or each other."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            resident, shared = read(f"/proc/{pid}/statm").split()[1:3]
            total += (int(resident) - int(shared)) * _PAGE
    return total


def offer_to_the_kernel() -> None:
    """When the machine runs out of memory, what runs in a box goes before the engine does."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - see `read`
        file.write("700")


def in_words(size: int) -> str:
    return f"{size / (1 << 30):.1f} GB" if size >= 1 << 30 else f"{size >> 20} MB"
