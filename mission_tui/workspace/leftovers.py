"""What is still there of a mission that nobody works on: processes in its boxes."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def boxed_processes(mission_folder: Path) -> Iterator[tuple[int, str]]:
    """Processes, with the start of their command line, that see the mission's folder through a mount of their own.

    Boxes do; a shell that somebody has opened in the folder does not. Empty where there is no `/proc`.
    """
    ours = _namespace("self")
    # A mount names its source from the top of its file system, which need not be ours: the last two parts tell.
    sign = f"/{mission_folder.parent.name}/{mission_folder.name}/"
    for entry in sorted(_PROC.glob("[0-9]*"), key=lambda path: int(path.name)):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            if _namespace(entry.name) not in (ours, None) and _mounts(entry, sign):
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
                yield int(entry.name), " ".join(words)[:60]


def _mounts(entry: Path, sign: str) -> bool:
    return any(f"{line.split()[3]}/".find(sign) >= 0 for line in (entry / "mountinfo").read_text().splitlines())


def _namespace(process: str) -> str | None:
    with suppress(OSError):
        return str((_PROC / process / "ns" / "mnt").readlink())
    return None
