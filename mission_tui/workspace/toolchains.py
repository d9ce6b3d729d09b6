"""Toolchains outside the system's folders, as version managers install them: a box sees each of them, and no more.

A home folder holds secrets, so only the folder of one version of one tool is shown: what belongs to its `bin`.
"""

import os
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

_TOOLS = ("node", "go", "java", "mvn", "gradle", "ruby", "php")
"""Found where their links lead to (nvm, SDKMAN, mise, a tarball); a manager's own shims lead nowhere in a box."""


def toolchains() -> tuple[Path, ...]:
    """Folders with a `bin`, of the versions that are first on the PATH; not those of the system, which boxes have."""
    return tuple(dict.fromkeys([*_by_link(), *_by_rustup()]))


def _by_link() -> Iterator[Path]:
    for tool in _TOOLS:
        found = shutil.which(tool)
        if found is not None:
            folder = Path(found).resolve().parent
            if folder.name == "bin" and not folder.is_relative_to("/usr") and not _too_wide(folder.parent):
                yield folder.parent


def _too_wide(folder: Path) -> bool:
    """Whether more than a toolchain is in it."""
    home = Path.home()
    return any(place.is_relative_to(folder) for place in (home / ".local/share", home / ".cargo", Path("/usr")))


def _by_rustup() -> Iterator[Path]:
    """The default toolchain itself: rustup's own links choose one by files that no box sees."""
    rustup = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    if shutil.which("rustup") is None:
        return
    try:
        settings = tomllib.loads((rustup / "settings.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    folder = rustup / "toolchains" / str(settings.get("default_toolchain", ""))
    if (folder / "bin").is_dir():
        yield folder.resolve()
