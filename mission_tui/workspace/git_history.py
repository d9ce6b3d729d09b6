"""Reading what commits and trees hold: differences, commits of a branch, fingerprints."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from mission_tui.workspace.git_bench import MISSION_FILES
from mission_tui.workspace.git_models import CommitInfo, FileChange, FileVersion
from mission_tui.workspace.git_plumbing import Git, git_program, hardened_environment, object_id

if TYPE_CHECKING:
    from git import Commit

_DIFF = ("diff-tree", "-r", "--no-ext-diff", "--no-textconv")


def diff(git: Git, base: str, head: str, paths: Sequence[str] | None = None) -> str:
    """The whole unified difference of two commits or trees, renames followed; paths are literal names or folders.

    An empty sequence of paths selects nothing, None selects everything.
    """
    if paths is not None and not paths:
        return ""
    selected = ["--", *paths] if paths else []
    output = git.run(*_DIFF, "-p", "-M", "--full-index", object_id(base), object_id(head), *selected)
    return output.decode(errors="replace")


def diff_stat(git: Git, base: str, head: str) -> list[FileChange]:
    """What changed between two commits or trees, by path."""
    fields = iter(git.paths(*_DIFF, "-z", "-M", "--raw", "--numstat", object_id(base), object_id(head)))
    statuses: dict[str, tuple[str, str | None]] = {}
    changes: list[FileChange] = []
    for field in fields:
        if field.startswith(":"):
            status = field.rsplit(" ", 1)[1][0]
            old = next(fields) if status in "RC" else None
            statuses[next(fields)] = (status, old)
        else:
            changes.append(_change(field, fields, statuses))
    return sorted(changes, key=lambda change: change.path)


def changed_files(git: Git, base: str, head: str) -> list[str]:
    """Paths that differ between two commits or trees; a renamed file counts with both names."""
    return git.paths(*_DIFF, "-z", "--name-only", "--no-renames", object_id(base), object_id(head))


def log(git_dir: Path, base: str, head: str) -> list[CommitInfo]:
    """The commits that lead from `base` to `head`, oldest first."""
    # Takes a moment to import, and cannot be imported where git is not installed.
    git_program()
    from git import Repo

    span = f"{object_id(base)}..{object_id(head)}"
    with Repo(git_dir) as repo:
        repo.git.update_environment(**hardened_environment(), GIT_DIR=str(git_dir))
        return [_info(commit) for commit in repo.iter_commits(span, reverse=True, topo_order=True)]


def file_history(git: Git, head: str, path: str, most: int = 100) -> list[FileVersion]:
    """A file as each commit that changed it left it, the latest first; at most so many."""
    listing = git.run("log", f"-{most}", "--format=%H%x1f%ct%x1f%an%x1f%s%x1e", object_id(head), "--", path)
    found: list[FileVersion] = []
    for record in listing.decode(errors="replace").split("\x1e"):
        fields = record.strip("\n").split("\x1f")
        if len(fields) == 4:
            commit, at, author, subject = fields
            code, text = git.execute("cat-file", "blob", f"{commit}:{path}", accept=(0, 128))
            shown = text.decode(errors="replace") if code == 0 else ""
            found.append(FileVersion(commit=commit, at=float(at), author=author, subject=subject, text=shown))
    return found


def fingerprint(git: Git, commit_or_tree: str) -> str:
    """What a tree holds apart from the mission's own files, as 64 hexadecimal digits.

    Two trees with the same fingerprint agree in every other file's path, mode and content.
    """
    own = {name.encode() for name in MISSION_FILES}
    entries = git.run("ls-tree", "-z", "--full-tree", object_id(commit_or_tree)).split(b"\0")
    others = (entry for entry in entries if entry.partition(b"\t")[2] not in own)
    return hashlib.sha256(b"\0".join(others)).hexdigest()


def _change(field: str, fields: Iterator[str], statuses: dict[str, tuple[str, str | None]]) -> FileChange:
    """One record of `--numstat -z`: counts and path, or counts, nothing, and the two names of a renamed file."""
    added, removed, path = field.split("\t", 2)
    if not path:
        next(fields)
        path = next(fields)
    status, old = statuses[path]
    return FileChange(
        path=_printable(path),
        status=status,
        added=_count(added),
        removed=_count(removed),
        old_path=_printable(old) if old else None,
    )


def _printable(path: str) -> str:
    """Bytes of a name that are not UTF-8 become question marks, since a model of ours holds text only."""
    return os.fsencode(path).decode(errors="replace")


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)


def _info(commit: "Commit") -> CommitInfo:
    message = commit.message if isinstance(commit.message, str) else commit.message.decode(errors="replace")
    lines = message.rstrip().splitlines()
    last = list(takewhile(str.strip, reversed(lines)))
    pairs = [line.partition(": ") for line in reversed(last)] if len(last) < len(lines) else []
    trailers = {key: value for key, _, value in pairs} if all(separator for _, separator, _ in pairs) else {}
    return CommitInfo(
        sha=commit.hexsha,
        subject=lines[0] if lines else "",
        trailers=trailers,
        committed_at=datetime.fromtimestamp(commit.committed_date, tz=UTC),
    )
