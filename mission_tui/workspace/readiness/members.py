"""The members of a workspace, from the patterns that its root gives."""

import fnmatch

from mission_tui.workspace.readiness.project import Project

_MAX_MEMBERS = 200
_MAX_DEPTH = 4


def members(project: Project, patterns: list[str], excluded: list[str] | None = None) -> list[str]:
    """Directories below the project that match, `!` patterns taken away; links are not followed."""
    wanted = [_clean(p) for p in patterns if not p.startswith("!")]
    without = [_clean(p[1:]) for p in patterns if p.startswith("!")] + [_clean(p) for p in excluded or []]
    found = dict.fromkeys(folder for pattern in wanted for folder in _matching(project, pattern))
    kept = (f for f in found if f and not any(fnmatch.fnmatch(f, p) for p in without))
    return [f for f, _ in zip(kept, range(_MAX_MEMBERS), strict=False)]


def _clean(pattern: str) -> str:
    return pattern.removeprefix("./").strip("/")


def _matching(project: Project, pattern: str) -> list[str]:
    here = [""]
    for part in pattern.split("/"):
        if part == "**":
            here = _below(project, here)
        elif part in ("..", "."):
            return []
        elif any(mark in part for mark in "*?[{"):
            here = [_join(at, n) for at in here for n in _names(project, at) if _fits(n, part)]
        else:
            here = [_join(at, part) for at in here if part in project.entries(at)]
        here = here[:_MAX_MEMBERS]
    return here


def _fits(name: str, part: str) -> bool:
    if part.startswith("{") and part.endswith("}"):
        return name in part[1:-1].split(",")
    return fnmatch.fnmatch(name, part)


def _below(project: Project, tops: list[str]) -> list[str]:
    found, waiting = list(tops), [(top, 0) for top in tops]
    while waiting and len(found) < _MAX_MEMBERS:
        at, depth = waiting.pop(0)
        if depth < _MAX_DEPTH:
            below = [_join(at, n) for n in _names(project, at)]
            found += below
            waiting += [(b, depth + 1) for b in below]
    return found


def _names(project: Project, at: str) -> list[str]:
    names = [n for n in project.entries(at) if not n.startswith(".") and n not in ("node_modules", "target", "vendor")]
    return [n for n in names if (project.root / project.name_of(_join(at, n))).is_dir()]


def _join(at: str, name: str) -> str:
    return f"{at}/{name}" if at else name
