"""Real repositories for tests, made with the git program as a user would make them."""

import hashlib
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from mission_tui.workspace.box_spec import History
from mission_tui.workspace.git import MissionRepository, inspect_repository

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

_WHO = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Grace Hopper"), ("EMAIL", "grace@example.org"))
}


def git(directory: Path, *args: str, stdin: bytes = b"", check: bool = True) -> str:
    """Output of a git command that a user types in a directory."""
    env = {"GIT_CONFIG_GLOBAL": "/dev/null"} | os.environ | _WHO
    done = subprocess.run(["git", *args], cwd=directory, env=env, input=stdin, capture_output=True, check=False)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="replace").rstrip("\n")


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def commit_all(root: Path, message: str = "change") -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


def make_repository(root: Path, files: dict[str, str | bytes] | None = None) -> Path:
    """A repository on `main` with one commit."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    write(root, files or {"a.txt": "one\n", "src/app.py": "print('hello')\n", ".gitignore": "build/\n"})
    commit_all(root, "first")
    return root


async def start_mission(root: Path, worktree: Path, branch: str = "mission/work") -> MissionRepository:
    state = await inspect_repository(root)
    return await MissionRepository.create(state.place(worktree, branch), state.head_commit)


def hashes(directory: Path, *, leaving_out: tuple[str, ...] = ()) -> dict[str, str]:
    """SHA-256 of every file below a directory, by path; what starts with one of the prefixes is left out."""
    found: dict[str, str] = {}
    for place, _, names in os.walk(directory):
        for name in names:
            path = Path(place) / name
            relative = path.relative_to(directory).as_posix()
            if not relative.startswith(leaving_out):
                content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
                found[relative] = hashlib.sha256(content).hexdigest()
    return found


def shown_git(history: History, tree: Path, *args: str) -> str:
    """What a box would see, for which the borrowed objects are where the git directory says."""
    for source, name in zip(history.objects, history.places, strict=True):
        if not (place := history.git_dir / name).is_symlink():
            place.rmdir()
            place.symlink_to(source)
    return git(tree, f"--git-dir={history.git_dir}", f"--work-tree={tree}", *args)
