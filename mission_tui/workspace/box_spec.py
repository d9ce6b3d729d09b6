"""What a box is to hold, and where things are inside."""

import os
from dataclasses import dataclass, field
from pathlib import Path

WORKSPACE = "/workspace"
"""Where the tree is, whichever tree it is: editable installs and absolute paths stay right."""
ENV = "/env"
"""Where the mission's environment is; `/env/bin` comes first on PATH."""
HOME = "/home/agent"
RUN = "/run/mission"
"""Where `BoxSpec.run_dir` is; also in the variable `MISSION_RUN_DIR`."""


CGROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")


def share_of_memory() -> int:
    """Three quarters of what this machine, or the container around us, has; in bytes."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        granted = CGROUP_MEMORY.read_text().strip()
    except OSError:
        granted = "max"
    return min(machine, int(granted) if granted.isdigit() else machine) * 3 // 4


@dataclass(frozen=True, slots=True)
class History:
    """A git directory that is safe to show, and the host's object stores that it borrows from."""

    git_dir: Path
    objects: tuple[Path, ...] = ()

    @property
    def places(self) -> list[str]:
        """Names of the git directory's empty directories over which the object stores are shown, in their order."""
        return [f"borrowed-{n}" for n in range(len(self.objects))]


@dataclass(frozen=True, kw_only=True)
class BoxSpec:
    """Everything that decides what a box can see, write and reach."""

    tree: Path
    """Mounted at `/workspace`. A `.git` in it is covered; where there is none, an empty directory of that name is made
    to be mounted over, and stays."""
    env_dir: Path
    """Mounted at `/env`. Made by `prepare_environment`; an empty directory will do where nothing is needed."""
    run_dir: Path
    """Writable at `/run/mission`: for files that programs in the box write and the host reads. Whatever is in it is
    the box's word: the host must open regular files only, without following links."""
    writable: bool = True
    env_writable: bool = False
    network: bool = False
    """True: the host's network and its package managers' settings. False: a loopback interface and nothing else."""
    history: History | None = None
    """Shown read-only as `/workspace/.git`; None shows no history."""
    cache_dir: Path | None = None
    """Writable at `~/.cache`, for downloads that several setups share."""
    extra_ro: tuple[Path, ...] = ()
    """More to show, read-only, each at its own path."""
    log_dir: Path | None = None
    """Where the logs of services and programs go on the host, out of the box's reach. None: a temporary directory."""
    tmp_bytes: int = 4 << 30
    """Upper limit of `/tmp`, which is memory; `$HOME` and `/dev/shm` get a quarter each."""
    max_processes: int = 2048
    """With more, everything in the box is killed."""
    max_memory: int = field(default_factory=share_of_memory)
    """Bytes of its own that one command, service or program may use with all its children; with more it is killed."""
