"""Copies of a tree for runs that must not touch the mission's, and the history that a box may show."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.folders import remove_tree
from mission_tui.workspace.box_spec import History
from mission_tui.workspace.git_bench import Bench, refresh
from mission_tui.workspace.git_inspect import user_settings
from mission_tui.workspace.git_plumbing import Git, GitError, object_id
from mission_tui.workspace.git_private import carried_settings, copy_rules


def scratch_copy(bench: Bench, commit_or_tree: str, destination: Path) -> None:
    """Write a commit's files into a directory that is missing or empty: modes and links right, no `.git`."""
    destination.mkdir(parents=True, exist_ok=True)
    if any(destination.iterdir()):
        raise GitError(f"{destination} is not empty")
    git = Git(bench.place.private, destination.absolute(), bench.place.identity, lease=bench.lease)
    with bench.scratch_index(fresh=True) as index:
        git.run("read-tree", "--reset", "-u", object_id(commit_or_tree), index=index)
        with around("copy_index.rename"):
            index.replace(_index_of(bench, destination))


def discard_copy(bench: Bench, destination: Path) -> None:
    """Delete a scratch copy, and what was kept for speed about it."""
    if destination.exists():
        _index_of(bench, destination).unlink(missing_ok=True)
        remove_tree(destination)


def box_history(bench: Bench, destination: Path, commit: str, tree: Path, shown_at: str) -> History:
    """Make a git directory that can be shown in a box, read-only, where `tree` is mounted at `shown_at`.

    It has no remotes, hooks or settings of the user's; objects are borrowed from where they are, so that it costs the
    same however many there are. Its HEAD is the mission's branch at `commit`; the tags that the commit contains are
    there, since many builds take their version from them.
    """
    tags = _tags(bench, object_id(commit))
    if destination.exists():
        raise GitError(f"{destination} exists already")
    history = History(destination, tuple(_object_directories(bench.place.git_dir / "objects")))
    try:
        _write_settings(bench, destination, shown_at)
        (destination / "packed-refs").write_text("".join(f"{tag}\n" for tag in [*tags, f"{commit} {bench.place.ref}"]))
        alternates = destination / "objects" / "info" / "alternates"
        alternates.write_text("".join(f"{path}\n" for path in history.objects))
        _make_index(bench, destination, commit, tree)
        for name in history.places:
            (destination / name).mkdir()
        alternates.write_text("".join(f"../{name}\n" for name in history.places))
    except (GitError, OSError):
        remove_tree(destination)
        raise
    return history


def _write_settings(bench: Bench, destination: Path, shown_at: str) -> None:
    for name in ("objects/info", "objects/pack", "refs/heads"):
        (destination / name).mkdir(parents=True)
    (destination / "config").write_text(carried_settings(user_settings(bench.place.root), worktree=shown_at))
    copy_rules(bench.place.private, destination)
    if (bench.place.git_dir / "shallow").is_file():
        shutil.copyfile(bench.place.git_dir / "shallow", destination / "shallow")
    (destination / "HEAD").write_text(f"ref: {bench.place.ref}\n")


def _index_of(bench: Bench, tree: Path) -> Path:
    """Where the index of a scratch copy is kept: with it, its git directory costs no second reading of all files."""
    status = tree.stat()
    return bench.place.private / f"copy-{status.st_dev:x}-{status.st_ino:x}"


def _make_index(bench: Bench, destination: Path, commit: str, tree: Path) -> None:
    index = destination / "index"
    known = bench.place.private / "index" if tree.samefile(bench.place.worktree) else _index_of(bench, tree)
    if known.is_file():
        shutil.copy2(known, index)
    git = Git(destination, tree.absolute(), bench.place.identity)
    git.run("read-tree", "--reset", "-i", commit, index=index)
    refresh(git, index)


def _tags(bench: Bench, commit: str) -> list[str]:
    """Id and name of each tag that names the commit or an ancestor of it."""
    listed = bench.common.line("for-each-ref", "--format=%(objectname) %(refname)", f"--merged={commit}", "refs/tags")
    return listed.splitlines()


def _object_directories(first: Path) -> Iterator[Path]:
    """The object store and those that it borrows from."""
    waiting, seen = [first], set[Path]()
    while waiting:
        directory = waiting.pop().resolve()
        if directory in seen or not directory.is_dir():
            continue
        seen.add(directory)
        yield directory
        alternates = directory / "info" / "alternates"
        if alternates.is_file():
            lines = alternates.read_text().splitlines()
            waiting += [directory / line for line in lines if line and not line.startswith("#")]
