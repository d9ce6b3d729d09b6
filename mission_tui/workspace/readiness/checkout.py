"""What is there of a repository beside its manifests: test files, submodules and large files."""

import configparser
import fnmatch
import os
import re
from collections.abc import Iterator

from mission_tui.folders import walk
from mission_tui.workspace.readiness.model import Gap, Signals
from mission_tui.workspace.readiness.project import Project

_MAX_FILES = 20_000
_POINTER = "version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1_024
_TEST_FILE = re.compile(r"^(?:test_.*|.*_test|tests?)\.py$")
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_LEFT_OUT = frozenset({".git", "node_modules", "vendor", "venv", ".venv", "site-packages", "__pycache__", "target"})


def examine_checkout(project: Project) -> Signals:
    """What a checkout of the repository lacks, and what would bring it."""
    signals = Signals()
    _submodules(project, signals)
    _large_files(project, signals)
    return signals


def has_tests(project: Project) -> bool:
    """Whether Python files are there that a test runner would look into."""
    return any(
        _TEST_FILE.match(name) or (name.endswith(".py") and _TEST_FOLDERS & set(folder.split("/")))
        for folder, name in _files(project)
    )


def _files(project: Project) -> Iterator[tuple[str, str]]:
    """Folder, relative to the project, and name of its files, as many as are looked at."""
    top = project.root / project.folder
    seen = 0
    for folder, names, files in walk(top):
        names[:] = sorted(name for name in names if name not in _LEFT_OUT)
        for name in files:
            seen += 1
            if seen > _MAX_FILES:
                return
            yield os.path.relpath(folder, top), name


def _submodules(project: Project, signals: Signals) -> None:
    if not project.has(".gitmodules"):
        return
    ini = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        ini.read_string("\n".join(line.strip() for line in (project.read(".gitmodules") or "").splitlines()))
    except configparser.Error:
        signals.notes.append(".gitmodules: cannot be read")
    paths = [ini.get(section, "path", fallback=None) for section in ini.sections()]
    empty = [path for path in paths if path and not project.entries(path.strip("/"))]
    if empty:
        signals.gaps.append(
            Gap(
                what=f"what needs the submodules {', '.join(empty[:5])}",
                why="they are not checked out",
                change="`git submodule update --init --recursive`; a mission's worktree has them empty even so",
            )
        )


def _large_files(project: Project, signals: Signals) -> None:
    rules = (project.read(".gitattributes") or "").splitlines() if project.has(".gitattributes") else []
    patterns = [line.split()[0].rpartition("/")[2] for line in rules if "filter=lfs" in line and line.split()]
    if not patterns:
        return
    pointers: list[str] = []
    for folder, name in _files(project):
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns) and len(pointers) <= 5:
            path = os.path.normpath(f"{folder}/{name}")
            if (project.root / project.name_of(path)).stat(follow_symlinks=False).st_size <= _POINTER_BYTES and (
                project.read(path) or ""
            ).startswith(_POINTER):
                pointers.append(path)
    if pointers:
        signals.gaps.append(
            Gap(
                what=f"what reads the large files ({', '.join(pointers[:3])}{', …' if len(pointers) > 3 else ''})",
                why="Git LFS has not fetched them: pointers stand in their place",
                change="`git lfs install && git lfs pull`; a mission's worktree has pointers even so",
            )
        )
