"""The file system of a box, as arguments for bubblewrap.

Nothing of the host is visible unless it is named here: programs and libraries, machine-wide settings that every user
of the machine may read, the interpreter that runs the product, and what the `BoxSpec` gives.
"""

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import mission_tui
from mission_tui.domain.ports import BoxError
from mission_tui.workspace.box_spec import ENV, HOME, RUN, WORKSPACE, BoxSpec, History
from mission_tui.workspace.host_settings import SYSTEM_FILES, HostSettings
from mission_tui.workspace.setup_files import lay_setup_files
from mission_tui.workspace.toolchains import toolchains

_PROGRAMS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SYSTEM = ("/usr", "/opt", "/etc", "/nix/store", "/var/cache/fontconfig", "/var/lib/texmf")
_PRIVATE = {"/etc": 8, "/opt": 2}
"""Where settings are that not every user may read, and how deep they are looked for."""
_LOOK_AGAIN_S = 60.0
_GIT = "/run/git"
_BORROWS = "info/alternates"
_USER_ID = "1000"
_DATA = {
    "/etc/passwd": f"agent:x:{_USER_ID}:{_USER_ID}:agent:{HOME}:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n",
    "/etc/group": f"agent:x:{_USER_ID}:\nnogroup:x:65534:\n",
    "/etc/hosts": "127.0.0.1 localhost box\n::1 localhost\n",
}
_ISOLATION = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--disable-userns", "--cap-drop", "ALL"),
    *("--new-session", "--die-with-parent", "--as-pid-1", "--clearenv", "--hostname", "box"),
    *("--uid", _USER_ID, "--gid", _USER_ID),
)


def bubblewrap_arguments(spec: BoxSpec, settings: HostSettings | None) -> tuple[list[str], list[int]]:
    """Arguments up to the command, and the descriptors that they refer to (the caller passes them on and closes them).

    Raises BoxError when the tree cannot be mounted safely.
    """
    mounts = Mounts()
    mounts.add(*_ISOLATION, *(() if spec.network else ("--unshare-net",)))
    _add_system(mounts, spec)
    _add_memory(mounts, spec)
    _add_interpreter(mounts)
    if settings is not None:
        _add_settings(mounts, settings)
    for path in spec.extra_ro:
        mounts.show(path)
    _add_given(mounts, spec)
    mounts.add("--remount-ro", "/dev", "--remount-ro", "/run", "--remount-ro", "/", "--chdir", WORKSPACE)
    return mounts.arguments, mounts.descriptors


def program_directories() -> list[str]:
    """Directories of programs that boxes can see: toolchains', the standard ones, and what of the PATH is visible."""
    standard = [*(f"{folder}/bin" for folder in toolchains()), "/usr/local/bin", "/usr/bin", "/bin"]
    on_path = [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry.startswith(("/usr/", "/opt/"))]
    ours = f"{sys.prefix}/"
    return [entry for entry in dict.fromkeys([*standard, *on_path]) if not entry.startswith(ours)]


def browsers_path() -> Path | None:
    """Where Playwright keeps the browsers that it downloaded, if it has any."""
    path = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    return path if path.is_dir() else None


class Mounts:
    """Arguments in the making."""

    def __init__(self) -> None:
        self.arguments: list[str] = []
        self.descriptors: list[int] = []
        self._shown: list[Path] = []

    def add(self, *arguments: str) -> None:
        self.arguments += arguments

    def show(self, path: Path) -> None:
        """Bind something read-only at its own path, unless it is there already or does not exist."""
        if not any(path.is_relative_to(shown) for shown in self._shown) and path.exists():
            self.add("--ro-bind", str(path), str(path))
            self._shown.append(path)

    def data(self, text: str, place: str) -> None:
        """Show a read-only file with this text."""
        descriptor = os.memfd_create("box-data")
        os.write(descriptor, text.encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        self.descriptors.append(descriptor)
        self.add("--perms", "0644", "--ro-bind-data", str(descriptor), place)

    def memory(self, place: str, limit: int, mode: str = "0755") -> None:
        self.add("--perms", mode, "--size", str(limit), "--tmpfs", place)

    def cover(self, path: Path, place: str = "") -> None:
        """Hide a file behind one that cannot be opened, a directory behind an empty one."""
        if path.is_dir():
            self.memory(place or str(path), 4096)
            self.add("--remount-ro", place or str(path))
        else:
            self.add("--ro-bind", os.devnull, place or str(path))


def _add_system(mounts: Mounts, spec: BoxSpec) -> None:
    for path in map(Path, _SYSTEM):
        mounts.show(path)
    for name in _PROGRAMS:
        path = Path("/", name)
        if path.is_symlink():
            mounts.add("--symlink", str(path.readlink()), str(path))
        else:
            mounts.show(path)
    for path in private_paths():
        mounts.cover(path)
    for place, text in _DATA.items():
        if place != "/etc/hosts" or not spec.network:
            mounts.data(text, place)
    if not spec.network:
        for file in SYSTEM_FILES:
            if Path(file).exists():
                mounts.data("", file)


def private_paths() -> list[Path]:
    """What we could read in the machine's settings although not every user may: covered in every box.

    An engine works for weeks in which packages come and go: what is gone cannot be covered, what is new must be.
    """
    changed = tuple(Path(place).stat().st_mtime_ns for place in _PRIVATE if Path(place).exists())
    known = _private_paths((*changed, int(time.monotonic() / _LOOK_AGAIN_S)))
    return [path for path in known if path.exists()]


@lru_cache(maxsize=1)
def _private_paths(_when: tuple[int, ...]) -> tuple[Path, ...]:
    return tuple(path for place, depth in _PRIVATE.items() for path in _private_below(Path(place), depth))


def _private_below(directory: Path, depth: int) -> Iterator[Path]:
    try:
        with os.scandir(directory) as entries:
            found = [entry for entry in entries if not entry.is_symlink()]
    except FileNotFoundError:
        return
    for entry in found:
        is_directory = entry.is_dir()
        needed = stat.S_IROTH | stat.S_IXOTH if is_directory else stat.S_IROTH
        path = Path(entry.path)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mode & needed != needed:
                if os.access(path, os.R_OK):
                    yield path
            elif is_directory and depth > 1:
                yield from _private_below(path, depth - 1)


def _add_memory(mounts: Mounts, spec: BoxSpec) -> None:
    mounts.add("--proc", "/proc", "--dev", "/dev")
    mounts.memory("/dev/shm", spec.tmp_bytes // 4, "1777")
    mounts.memory("/tmp", spec.tmp_bytes, "1777")
    mounts.memory("/run", 1 << 20)
    mounts.memory(HOME, spec.tmp_bytes // 4)
    mounts.add("--symlink", "/tmp", "/var/tmp", "--symlink", "/run", "/var/run")


def _add_interpreter(mounts: Mounts) -> None:
    """The product's own Python (box_init and evidence drivers run on it) and what is not the system's."""
    for path in (*_interpreter(), Path(mission_tui.__file__).parent, *toolchains()):
        mounts.show(path)
    browsers = browsers_path()
    if browsers:
        mounts.show(browsers)


def _interpreter() -> Iterator[Path]:
    for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix)):
        yield from _with_targets(Path(prefix))
    # Links between a virtual environment's python and the real one may pass through places of their own.
    yield from _with_targets(Path(sys.executable))


def _with_targets(path: Path) -> Iterable[Path]:
    """A path and everything that it leads to, link by link."""
    found = [path]
    while path.is_symlink() and len(found) < 40:
        path = Path(os.path.normpath(path.parent / path.readlink()))
        found.append(path)
    return [*found, path.resolve()]


def _add_settings(mounts: Mounts, settings: HostSettings) -> None:
    resolver = Path("/etc/resolv.conf").resolve()  # often a link into /run, which the box has for itself
    for path in (resolver, *settings.paths):
        mounts.show(path)
    for name, file in settings.home_files.items():
        mounts.add("--ro-bind", str(file), f"{HOME}/{name}")


def _add_given(mounts: Mounts, spec: BoxSpec) -> None:
    mounts.add("--bind" if spec.writable else "--ro-bind", str(spec.tree), WORKSPACE)
    for source, place in lay_setup_files(spec.env_dir, spec.tree):
        mounts.add("--ro-bind", str(source), f"{WORKSPACE}/{place}")
    _cover_git(mounts, spec)
    mounts.add("--bind" if spec.env_writable else "--ro-bind", str(spec.env_dir), ENV)
    mounts.add("--bind", str(spec.run_dir), RUN)
    if spec.cache_dir is not None:
        mounts.add("--bind", str(spec.cache_dir), f"{HOME}/.cache")


def _cover_git(mounts: Mounts, spec: BoxSpec) -> None:
    """Put something unwritable over `.git`: what is mounted on can be neither changed, renamed nor removed."""
    entry, place = spec.tree / ".git", f"{WORKSPACE}/.git"
    if entry.is_symlink():
        raise BoxError(f"{entry} is a symbolic link: remove it, a box cannot cover it safely")
    if entry.is_file():
        if spec.history is None:
            mounts.cover(entry, place)  # git takes anything but a file or a directory for nothing
        else:
            _show_history(mounts, spec.history, _GIT)
            mounts.data(f"gitdir: {_GIT}\n", place)
    else:
        entry.mkdir(exist_ok=True)  # git takes an empty directory for nothing, too
        if spec.history is None:
            mounts.cover(entry, place)
        else:
            _show_history(mounts, spec.history, place)


def _show_history(mounts: Mounts, history: History, place: str) -> None:
    mounts.add("--ro-bind", str(history.git_dir), place)
    for source, name in zip(history.objects, history.places, strict=True):
        mounts.add("--ro-bind", str(source), f"{place}/{name}")
        if (source / _BORROWS).is_file():  # what it borrows from itself is shown beside it, not where it says
            mounts.data("", f"{place}/{name}/{_BORROWS}")
