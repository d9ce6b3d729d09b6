"""Copies of a tree for runs that must not touch the mission's, and the history that a box may show."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.removal import remove_tree
from mission_tui.workspace.git_bench import Bench, refresh
from mission_tui.workspace.git_inspect import user_settings
from mission_tui.workspace.git_plumbing import Git, GitError, object_id
from mission_tui.workspace.git_private import carried_settings, copy_rules

_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES}


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


def box_git_dir(bench: Bench, destination: Path, commit: str, tree: Path, shown_at: str) -> Path:
    """Make a git directory that can be shown in a box, read-only, where `tree` is mounted at `shown_at`.

    It has no remotes, hooks or settings of the user's, and needs no other directory: objects are hard links, or a pack
    of the commit's history where links cannot be made. Its HEAD is the mission's branch at `commit`; the tags that the
    commit contains are there, since many builds take their version from them.
    """
    tags = _tags(bench, object_id(commit))
    if destination.exists():
        raise GitError(f"{destination} exists already")
    try:
        _write_settings(bench, destination, shown_at)
        (destination / "packed-refs").write_text("".join(f"{tag}\n" for tag in [*tags, f"{commit} {bench.place.ref}"]))
        _bring_objects(bench, destination, [commit, *(tag.split(" ", 1)[0] for tag in tags)])
        _make_index(bench, destination, commit, tree)
    except (GitError, OSError):
        remove_tree(destination)
        raise
    return destination


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


def _bring_objects(bench: Bench, destination: Path, wanted: list[str]) -> None:
    try:
        for source in _object_directories(bench.place.git_dir / "objects"):
            _link_objects(source, destination / "objects")
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        _pack_objects(bench, destination, wanted)


def _pack_objects(bench: Bench, destination: Path, wanted: list[str]) -> None:
    """One pack of all that these commits and tags need. Borrowing the objects, only for as long as it takes, lets git
    write where the pack belongs: it cannot move one from another file system."""
    borrowed = destination / "objects" / "info" / "alternates"
    borrowed.write_text(f"{bench.place.git_dir / 'objects'}\n")
    ids = "".join(f"{name}\n" for name in wanted).encode()
    pack = destination / "objects" / "pack" / "pack"
    Git(destination, identity=bench.place.identity).run("pack-objects", "-q", "--revs", str(pack), stdin=ids)
    borrowed.unlink()


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


def _link_objects(source: Path, destination: Path) -> None:
    """Hard links to every pack and loose object. Files that git is still writing, or just removed, are passed over."""
    with os.scandir(source) as entries:
        names = [entry.name for entry in entries if len(entry.name) == 2 or entry.name == "pack"]
    for name in names:
        (destination / name).mkdir(exist_ok=True)
        with os.scandir(source / name) as files:
            for file in files:
                if not file.name.startswith("tmp_") and not file.name.endswith((".lock", ".keep")):
                    with suppress(FileNotFoundError, FileExistsError):
                        os.link(file.path, destination / name / file.name)
