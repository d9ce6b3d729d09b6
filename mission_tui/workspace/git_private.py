"""The engine's own git directory of a mission.

It borrows the objects of the user's repository and nothing else: settings, attributes and ignore rules are its own, so
neither a filter in the repository's settings nor a swapped `.git` in the worktree has any say in what the engine runs.
"""

import os
import re
import shutil
from pathlib import Path

from mission_tui.workspace.git_inspect import user_settings
from mission_tui.workspace.git_models import MissionPlace
from mission_tui.workspace.git_plumbing import GitError

LITTER = (
    "__pycache__/",
    "*.py[co]",
    "*.egg-info/",
    ".coverage",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".tox/",
    ".nox/",
    ".venv/",
    "node_modules/",
    ".DS_Store",
)
"""What builds leave behind. The weakest of all ignore rules: `!node_modules/` in a `.gitignore` wins over it."""

_CARRIED = (
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.autocrlf",
    "core.eol",
    "extensions.objectformat",
)
"""The user's settings that decide what a file's content and mode are; none of them names a program."""

_PLACE = "mission.json"


def make_private(place: MissionPlace) -> None:
    """Create what `place.private` holds, or complete it. Reads the user's settings and ignore files, once."""
    private, common = place.private, place.git_dir
    for directory in (private, private / "refs", private / "info"):
        directory.mkdir(parents=True, exist_ok=True)
    private.chmod(0o700)
    for name in ("objects", "shallow"):
        link = private / name
        if not link.is_symlink():
            link.symlink_to(common / name)
    (private / "HEAD").write_text("ref: refs/heads/none\n")
    (private / "config").write_text(carried_settings(user_settings(place.root)))
    (private / "info" / "exclude").write_bytes(_ignore_rules(place.excludes, common / "info" / "exclude"))
    (private / "info" / "attributes").write_bytes(_contents(common / "info" / "attributes"))
    (private / _PLACE).write_text(place.model_dump_json(indent=1))


def read_place(worktree: Path) -> MissionPlace:
    """The place that was stored beside this worktree. Raises GitError where there is none."""
    worktree = Path(os.path.realpath(worktree.parent)) / worktree.name
    stored = worktree.with_name(f"{worktree.name}.git") / _PLACE
    try:
        return MissionPlace.model_validate_json(stored.read_bytes())
    except (OSError, ValueError) as error:
        raise GitError(f"the mission's repository cannot be opened: {stored}: {error}".splitlines()[0]) from error


def carried_settings(settings: dict[str, str], worktree: str | None = None) -> str:
    """The text of a git config that holds what may be taken over from `settings` and nothing that runs a program."""
    found = {key: settings[key] for key in _CARRIED if re.fullmatch(r"[A-Za-z0-9]+", settings.get(key, ""))}
    core = {key.removeprefix("core."): value for key, value in found.items() if key.startswith("core.")}
    object_format = found.get("extensions.objectformat")
    core |= {"repositoryformatversion": "1" if object_format else "0", "bare": "false", "logallrefupdates": "false"}
    core |= {"hookspath": "/dev/null", "fsmonitor": "false"} | ({"worktree": worktree} if worktree else {})
    lines = ["[core]", *(f"\t{key} = {value}" for key, value in core.items())]
    if object_format:
        lines += ["[extensions]", f"\tobjectformat = {object_format}"]
    return "\n".join([*lines, "[gc]", "\tauto = 0", "[maintenance]", "\tauto = false", ""])


def copy_rules(private: Path, destination: Path) -> None:
    """Give another git directory the same ignore rules and attributes."""
    (destination / "info").mkdir(parents=True, exist_ok=True)
    for name in ("exclude", "attributes"):
        shutil.copyfile(private / "info" / name, destination / "info" / name)


def _ignore_rules(users: Path | None, repositorys: Path) -> bytes:
    """Later rules win: ours, then the user's, then those of the repository's `info/exclude`."""
    parts = ["\n".join(LITTER).encode(), _contents(users) if users else b"", _contents(repositorys)]
    return b"\n".join(parts) + b"\n"


def _contents(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
