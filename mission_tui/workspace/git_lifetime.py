"""The beginning and the end of a mission's branch and worktree, and what a killed process left in between."""

from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.folders import remove_tree
from mission_tui.workspace.git_bench import Bench
from mission_tui.workspace.git_commits import move_branch
from mission_tui.workspace.git_models import MissionPlace
from mission_tui.workspace.git_plumbing import GitError, object_id, wait_for_survivors
from mission_tui.workspace.git_private import make_private


def create(place: MissionPlace, base_commit: str) -> MissionPlace:
    """Make branch and worktree at a commit. The place returned names the branch that was free.

    The user's checkout, index, settings and other refs stay as they are. On failure nothing is left behind.
    """
    place = place.model_copy(update={"worktree": place.worktree.parent.resolve() / place.worktree.name})
    if place.worktree.exists() or place.private.exists():
        raise GitError(f"{place.worktree} is already in use")
    bench = Bench(place)
    place = place.model_copy(update={"branch": _free_branch(bench)})
    bench = Bench(place)
    try:
        make_private(place)
        options = ("--quiet", "--no-checkout", "--no-track", "-b", place.branch)
        bench.common.run("worktree", "add", *options, str(place.worktree), object_id(base_commit))
        bench.reset(base_commit)
    except (GitError, OSError):
        remove(bench, branch=True)
        raise
    return place


def remove(bench: Bench, *, branch: bool) -> None:
    """Take away the worktree and its registration, and with `branch` also the branch and what rollbacks dropped.

    Doing it again is fine.
    """
    registered = bench.registration()
    # This order lets a removal that was killed be done again: the registration says whose the branch is, and the
    # private directory what is to be removed.
    if branch:
        refs = bench.common.line("for-each-ref", "--format=%(refname)", bench.place.ref, f"{bench.place.dropped}/")
        commands = "".join(f"delete {name}\n" for name in refs.splitlines())
        bench.common.run("update-ref", "--stdin", stdin=commands.encode())
    for directory in (bench.place.worktree, registered, bench.place.private):
        if directory and directory.exists():
            remove_tree(directory)
    if registered and registered.parent.is_dir() and not any(registered.parent.iterdir()):
        registered.parent.rmdir()


def remove_unfinished(bench: Bench) -> None:
    """Take away what a killed `create` made.

    The branch goes only with the worktree's registration, which git makes after it: without that, it may be another
    mission's that has taken the name since.
    """
    wait_for_survivors(bench.lease)
    remove(bench, branch=bench.registration() is not None)


def clear_stale_locks(bench: Bench) -> tuple[Path, ...]:
    """Remove locks and half-made indexes of killed git commands, and name them. Waits for those still running.

    Only for the holder of the mission's lock, while no command of its own runs: whoever made them is dead then. Locks
    of the user's own index and refs are never touched.
    """
    wait_for_survivors(bench.lease)
    removed = locks(bench)
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def locks(bench: Bench) -> tuple[Path, ...]:
    """Locks and half-made indexes of the mission's own; with no command running, a killed one left them."""
    common, private = bench.place.git_dir, bench.place.private
    dropped = common / bench.place.dropped
    found = [*private.glob("scratch-*"), *private.glob("*.lock"), common / f"{bench.place.ref}.lock"]
    found += dropped.glob("*.lock")
    registered = bench.registration()
    if registered:
        found += [*registered.glob("*.lock"), *registered.glob("index.*")]
    return tuple(path for path in dict.fromkeys(found) if path.exists())


def bundle(bench: Bench, target: Path) -> None:
    """Pack the branch, with all it is built on, and what rollbacks took off it, into one file."""
    refs = bench.common.line("for-each-ref", "--format=%(refname)", bench.place.ref, f"{bench.place.dropped}/")
    bench.common.run("bundle", "create", "--quiet", str(target), *refs.splitlines())


def rejoin(place: MissionPlace, worktree: Path, head: str, packed: Path) -> None:
    """Register a worktree that was put back, with its files as they are, and point its branch at `head`.

    Commits that the branch has beyond it stay reachable under `place.dropped`. Raises GitError where the repository is
    not there or does not take the commits.
    """
    if not place.git_dir.is_dir():
        raise GitError(f"the mission's repository {place.root} is not there: put it back first, then restore again")
    place = place.model_copy(update={"worktree": worktree.parent.resolve() / worktree.name})
    make_private(place)
    bench = Bench(place)
    if elsewhere := _checked_out_elsewhere(bench):
        raise GitError(
            f"the mission's branch {place.branch} is checked out in {elsewhere}, which restoring would change: "
            "switch to another branch there, or remove that mission, then restore again"
        )
    with around("restore.unbundle"):
        bench.common.run("bundle", "unbundle", str(packed))
    known = bench.common.execute("rev-parse", "--verify", "--quiet", place.ref, accept=(0, 1))[1].decode().strip()
    if not known:
        bench.common.run("update-ref", place.ref, object_id(head), "")
    elif known != head:
        move_branch(bench, head, known)
    registered = bench.registration() or _register_again(bench)
    (place.worktree / ".git").write_text(f"gitdir: {registered}\n")
    bench.settle(head)


def _checked_out_elsewhere(bench: Bench) -> str | None:
    """Another directory that has the mission's branch: a checkout of the user's, or the mission in another place."""
    listed = bench.common.run("worktree", "list", "--porcelain", "-z").decode(errors="surrogateescape")
    for entry in listed.split("\0\0"):
        first, *rest = entry.strip("\0").split("\0")
        path = first.removeprefix("worktree ")
        if f"branch {bench.place.ref}" in rest and path != str(bench.place.worktree) and Path(path).is_dir():
            return path
    return None


def forget(bench: Bench) -> None:
    """Take a worktree away that was put back only half: its registration and what git left locked. The branch stays."""
    clear_stale_locks(bench)
    remove(bench, branch=False)


def _register_again(bench: Bench) -> Path:
    """Git registers only worktrees that it makes itself: it makes an empty one for a moment."""
    worktree = bench.place.worktree
    kept = worktree.with_name(f"{worktree.name}.kept")
    with around("restore.keep"):
        worktree.rename(kept)
    try:
        options = ("--quiet", "--no-checkout", "--force")
        bench.common.run("worktree", "add", *options, str(worktree), bench.place.branch)
    finally:
        if worktree.exists():
            remove_tree(worktree)
        with around("restore.put_back"):
            kept.rename(worktree)
    registered = bench.registration()
    if registered is None:
        raise GitError(f"git did not register {worktree}")
    return registered


def _free_branch(bench: Bench) -> str:
    """The wished name, or the first free one of `name-2`, `name-3`, …

    Where a branch called `mission` exists, git has no room for `mission/…`: then the name starts with `mission-`.
    """
    listed = bench.common.line("for-each-ref", "--format=%(refname)", "refs/heads", bench.place.dropped)
    taken = {name.removeprefix("refs/heads/") for name in listed.splitlines()}
    wished = bench.place.branch
    parts = wished.split("/")
    if any("/".join(parts[:count]) in taken for count in range(1, len(parts))):
        wished = wished.replace("/", "-")
    number, name = 1, wished
    while name in taken or any(other.startswith(f"{name}/") for other in taken):
        number += 1
        name = f"{wished}-{number}"
    bench.common.run("check-ref-format", "--branch", name)
    return name
