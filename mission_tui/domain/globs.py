"""Which files of a tree a proof says it needs: globs in which `*` stays in its folder and `**` crosses folders."""

import fnmatch
import re
from collections.abc import Iterable
from functools import lru_cache


def matches(globs: Iterable[str], path: str) -> bool:
    """Whether one of them names the file, or a folder that it lies in."""
    return any(_compiled(glob).match(path) is not None for glob in globs)


def complaint(glob: str) -> str | None:
    """What is wrong with it, in words; None when it names files of the tree."""
    parts = glob.split("/")
    if not glob or glob.startswith("/") or glob.startswith("~"):
        return "is not a path inside the tree"
    if any(part in ("", ".", "..") for part in (parts[:-1] if glob.endswith("/") else parts)):
        return "has an empty part, `.` or `..`"
    if any("**" in part and part != "**" for part in parts):
        return "has `**` beside other characters; it stands for whole folders"
    return None


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = glob.rstrip("/").split("/")
    words = "".join("(?:[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in parts[:-1])
    last = "[^/]+" if parts[-1] == "**" else _segment(parts[-1])
    return re.compile(rf"{words}{last}(?:/.*)?\Z", re.DOTALL)


def _segment(part: str) -> str:
    """One part of a path: the standard library's translation, kept from crossing a `/`."""
    body = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z")
    tokens = re.findall(r"\\.|\[(?:\\.|[^\]\\])*\]|.", body, re.DOTALL)
    return "".join("[^/]" if token == "." else token for token in tokens)
