"""What setup commands leave inside the tree (`node_modules/`, `x.egg-info/`, a built extension), shown to every box.

Setup runs once, in a copy of the tree. New directories are kept beside the environment and mounted read-only into each
later tree, which costs nothing however large they are; single new files are copied in.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from mission_tui.domain.base import Frozen
from mission_tui.folders import remove_tree

KEPT = ".tree"
"""Directory in the environment that holds what setup left in the tree."""
_LITTER = frozenset({".git", ".mission", ".agents", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})
_MANIFEST = "manifest.json"


class SetupFiles(Frozen):
    """Paths relative to the tree; a new directory stands for all that is in it."""

    directories: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


_SETUP_FILES = TypeAdapter(SetupFiles)


def list_tree(tree: Path) -> frozenset[str]:
    """All files and directories of a tree, relative to it, except for what tools drop anywhere."""
    return frozenset(name for name, _ in _walk(tree))


def keep_setup_files(tree: Path, before: frozenset[str], env_dir: Path) -> SetupFiles:
    """Move what is new in the tree since `before` into the environment; changed files are left where they are."""
    directories: list[str] = []
    files: list[str] = []
    for name, is_directory in _walk(tree, before):
        if name not in before:
            (directories if is_directory else files).append(name)
    kept = env_dir / KEPT
    kept.mkdir(parents=True, exist_ok=True)
    for name in (*directories, *files):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(tree / name, kept / name)
    found = SetupFiles(directories=tuple(directories), files=tuple(files))
    (env_dir / KEPT / _MANIFEST).write_text(found.model_dump_json())
    return found


def forget_setup_files(env_dir: Path) -> None:
    """Drop what an earlier setup left; makes the environment's directory if there is none."""
    env_dir.mkdir(parents=True, exist_ok=True)
    remove_tree(env_dir / KEPT)


def lay_setup_files(env_dir: Path, tree: Path) -> list[tuple[Path, str]]:
    """Copy the kept files into a tree and make places for the directories; returns what to mount where.

    The tree's own files win, and nothing is laid below a symbolic link, which an agent may have pointed anywhere.
    """
    manifest = env_dir / KEPT / _MANIFEST
    if not manifest.is_file():
        return []
    found = _SETUP_FILES.validate_python(json.loads(manifest.read_text()))
    for name in found.files:
        target = tree / name
        if not os.path.lexists(target) and _plain(tree, target.parent) and target.parent.is_dir():
            shutil.copy2(env_dir / KEPT / name, target, follow_symlinks=False)
    mounts: list[tuple[Path, str]] = []
    for name in found.directories:
        target = tree / name
        if _plain(tree, target) and target.parent.is_dir() and (target.is_dir() or not target.exists()):
            target.mkdir(exist_ok=True)
            mounts.append((env_dir / KEPT / name, name))
    return mounts


def _plain(tree: Path, target: Path) -> bool:
    """Whether no part of the path below the tree is a symbolic link."""
    steps = [target, *target.parents]
    return not any(step.is_symlink() for step in steps[: steps.index(tree)])


def _walk(tree: Path, known: frozenset[str] | None = None, below: str = "") -> Iterator[tuple[str, bool]]:
    """Entries with whether they are directories; with `known`, new directories are not entered."""
    with os.scandir(tree / below) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name in _LITTER:
                continue
            name = f"{below}{entry.name}"
            is_directory = entry.is_dir(follow_symlinks=False)
            yield name, is_directory
            if is_directory and (known is None or name in known):
                yield from _walk(tree, known, f"{name}/")
