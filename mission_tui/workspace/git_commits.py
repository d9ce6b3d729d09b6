"""Commits in two halves, so that the caller can journal the intent between them, and moves of the branch."""

import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath

from mission_tui.workspace.git_bench import Bench
from mission_tui.workspace.git_models import CommitIntent
from mission_tui.workspace.git_plumbing import GitError, object_id

REFLOG = "mission-tui"


def prepare(
    bench: Bench, message: str, trailers: Mapping[str, str], now: datetime, *, allow_empty: bool
) -> CommitIntent | None:
    """The intent to commit the whole worktree; None when it holds what the branch's head holds."""
    parent = bench.head()
    tree = bench.snapshot()
    if tree == bench.tree_of(parent) and not allow_empty:
        return None
    return _intent(bench, parent, tree, (message, trailers, now))


def prepare_paths(
    bench: Bench, contents: Mapping[str, bytes | None], message: str, trailers: Mapping[str, str], now: datetime
) -> CommitIntent | None:
    """The intent to commit the head with these files written (or removed: None); None when that changes nothing."""
    for path in contents:
        _check_path(path)
    parent = bench.head()
    with bench.scratch_index(fresh=True) as index:
        bench.git.run("read-tree", parent, index=index)
        entries = _entries(bench, parent, contents)
        options = ("--add", "--replace", "-z", "--index-info")
        bench.git.run("update-index", *options, stdin=b"".join(entries), index=index)
        tree = bench.git.line("write-tree", index=index)
    if tree == bench.tree_of(parent):
        return None
    written = tuple(path for path, content in contents.items() if content is not None)
    removed = tuple(path for path, content in contents.items() if content is None)
    intent = _intent(bench, parent, tree, (message, trailers, now))
    return intent.model_copy(update={"written": written, "removed": removed})


def finish(bench: Bench, intent: CommitIntent) -> str:
    """Make the commit that an intent describes and return its id.

    Doing it again, after a crash at any point or after later commits, gives the same id and no second commit. Raises
    GitError when the branch has gone elsewhere meanwhile.
    """
    if intent.branch != bench.place.branch:
        raise GitError(f"the commit was prepared for {intent.branch}, not for {bench.place.branch}")
    commit = _write_commit(bench, intent)
    head = bench.head()
    if head == intent.parent:
        bench.common.run("update-ref", "-m", REFLOG, bench.place.ref, commit, intent.parent)
    elif head != commit:
        if is_ancestor(bench, commit, head):
            return commit
        raise GitError(f"{bench.place.branch} is at {head[:12]}: neither at the commit's parent nor past the commit")
    bench.settle(commit, intent.written, intent.removed)
    return commit


def move_branch(bench: Bench, new: str, old: str) -> None:
    """Point the branch at another commit; commits that this takes off it stay reachable under a ref of the mission's.

    The worktree is not touched. Raises GitError when the branch is at neither commit.
    """
    head = bench.head()
    if head == object_id(new):
        return
    if head != object_id(old):
        raise GitError(f"{bench.place.branch} is at {head[:12]}, not at {old[:12]}")
    commands = [f"update {bench.place.ref} {new} {old}\n"]
    if not is_ancestor(bench, old, new):
        commands = [*_keep_dropped(bench, old), *commands]
    bench.common.run("update-ref", "-m", REFLOG, "--stdin", stdin="".join(commands).encode())


def is_ancestor(bench: Bench, ancestor: str, descendant: str) -> bool:
    code, _ = bench.git.execute(
        "merge-base", "--is-ancestor", object_id(ancestor), object_id(descendant), accept=(0, 1)
    )
    return code == 0


def _keep_dropped(bench: Bench, commit: str) -> list[str]:
    """What to tell `update-ref` so that `commit` stays reachable; nothing when it already is."""
    listed = bench.common.line("for-each-ref", "--format=%(objectname) %(refname)", f"{bench.place.dropped}/")
    known = dict(line.split(" ", 1) for line in listed.splitlines())
    if commit in known:
        return []
    numbers = [int(name.rsplit("/", 1)[1]) for name in known.values()]
    return [f"create {bench.place.dropped}/{max(numbers, default=0) + 1} {commit}\n"]


def _intent(bench: Bench, parent: str, tree: str, words: tuple[str, Mapping[str, str], datetime]) -> CommitIntent:
    message, trailers, now = words
    return CommitIntent(
        branch=bench.place.branch,
        parent=parent,
        tree=tree,
        message=_full_message(message, trailers),
        identity=bench.place.identity,
        date=f"{int(now.timestamp())} {now.strftime('%z') or '+0000'}",
    )


def _full_message(message: str, trailers: Mapping[str, str]) -> str:
    """The message, a blank line, and one line per trailer. A model's message may hold anything but a NUL byte."""
    body = message.replace("\0", "").encode(errors="replace").decode().strip() or "Change"
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers.items()]
    return "\n\n".join([body, "\n".join(lines)] if lines else [body]) + "\n"


def _write_commit(bench: Bench, intent: CommitIntent) -> str:
    stamp = {"NAME": intent.identity.name, "EMAIL": intent.identity.email, "DATE": intent.date}
    env = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in stamp.items()}
    words = ("commit-tree", object_id(intent.tree), "-p", object_id(intent.parent))
    return bench.git.line(*words, stdin=intent.message.encode(), env=env)


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path != "/".join(parts) or ".." in parts or ".git" in {part.lower() for part in parts}:
        raise GitError(f"not a path of a file in the repository: {path!r}")
    if "\0" in path or path.startswith("/"):
        raise GitError(f"not a path of a file in the repository: {path!r}")


def _entries(bench: Bench, parent: str, contents: Mapping[str, bytes | None]) -> list[bytes]:
    """Index entries for `update-index --index-info`; a file that was executable stays so."""
    modes = _modes(bench, parent, list(contents))
    entries: list[bytes] = []
    for path, content in contents.items():
        if content is None:
            mode, blob = "0", "0" * len(parent)
        else:
            mode = "100755" if modes.get(path, 0) & stat.S_IXUSR else "100644"
            blob = bench.git.line("hash-object", "-w", "--stdin", stdin=content)
        entries.append(f"{mode} {blob}\t{path}\0".encode())
    return entries


def _modes(bench: Bench, commit: str, paths: list[str]) -> dict[str, int]:
    """Modes of those paths that are regular files in a commit."""
    listed = bench.git.paths("ls-tree", "-z", commit, "--", *paths)
    rows = (row.partition("\t") for row in listed)
    return {path: int(head.split()[0], 8) for head, _, path in rows if head.startswith("100")}
