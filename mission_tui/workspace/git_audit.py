"""What a mission's repository tells afterwards: whether the mission kept to its own, and what its history holds."""

from collections.abc import Callable, Iterator

from mission_tui.workspace.git_bench import Bench
from mission_tui.workspace.git_plumbing import object_id

_BATCH = 500
"""Objects that are held in memory at a time."""


def intrusions(bench: Bench, base: str) -> list[str]:
    """What the user's repository shows of the mission outside its branch, though nothing of theirs put it there.

    People merge, cherry-pick and go on working: only what no command of theirs explains counts. One line each.
    """
    own = set(bench.common.line("rev-list", f"{object_id(base)}..{bench.place.ref}").splitlines())
    return [*_head(bench), *_settings(bench), *_branches(bench, own), *_stash(bench, own), *_worktrees(bench)]


def secrets(bench: Bench, base: str, found_in: Callable[[bytes], frozenset[str]]) -> list[str]:
    """Names of secrets in what the mission committed: messages, and every version of every file."""
    listed = bench.common.line("rev-list", "--objects", "--no-object-names", f"{object_id(base)}..{bench.place.ref}")
    objects, names = listed.splitlines(), set[str]()
    for start in range(0, len(objects), _BATCH):
        wanted = "\n".join(objects[start : start + _BATCH]) + "\n"
        names |= found_in(bench.common.run("cat-file", "--batch", "--buffer", stdin=wanted.encode()))
    return sorted(names)


def _head(bench: Bench) -> Iterator[str]:
    if (bench.place.git_dir / "HEAD").read_text().strip() == f"ref: {bench.place.ref}":
        yield f"the checkout {bench.place.root} was put on the mission's branch {bench.place.branch}"


def _settings(bench: Bench) -> Iterator[str]:
    config = bench.place.git_dir / "config"
    folder = str(bench.place.worktree.parent)
    if config.is_file() and folder in config.read_text(errors="replace"):
        yield f"the settings of {bench.place.root} name the mission's folder {folder}"


def _branches(bench: Bench, own: set[str]) -> Iterator[str]:
    """Every command of git's that moves a branch says so in the branch's log; plumbing and writes do not."""
    listed = bench.common.line("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads").splitlines()
    for commit, name in (line.split(" ", 1) for line in listed):
        log = bench.place.git_dir / "logs" / name
        if commit not in own or name == bench.place.ref or not log.is_file():
            continue
        entries = (line.partition("\t") for line in log.read_text(errors="replace").splitlines())
        if not any(entry.split(" ")[1] == commit and why.strip() for entry, _, why in entries):
            short = name.removeprefix("refs/heads/")
            yield f"the branch {short} came to the mission's commit {commit[:12]}, and no command of git's says why"


def _stash(bench: Bench, own: set[str]) -> Iterator[str]:
    code, parent = bench.common.execute("rev-parse", "--verify", "--quiet", "refs/stash^1", accept=(0, 1, 128))
    commit = parent.decode().strip()
    if code == 0 and commit in own:
        holding = bench.common.line("for-each-ref", "--format=%(refname)", "--contains", commit, "refs/heads")
        if holding.splitlines() == [bench.place.ref]:
            yield f"the stash of {bench.place.root} holds changes on the mission's commit {commit[:12]}"


def _worktrees(bench: Bench) -> Iterator[str]:
    folder, mine = bench.place.worktree.parent, bench.registration()
    for entry in sorted((bench.place.git_dir / "worktrees").glob("*/gitdir")):
        if entry.parent != mine and entry.read_text(errors="replace").strip().startswith(f"{folder}/"):
            yield f"a second worktree in the mission's folder is registered in {entry.parent}"
