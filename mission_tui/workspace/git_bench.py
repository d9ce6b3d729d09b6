"""Work on a mission's worktree and branch, blocking: snapshots, and putting files, indexes and refs in order."""

import os
import shutil
import stat
import uuid
from collections.abc import Container, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mission_tui.crashpoints import around
from mission_tui.folders import open_folders, remove_tree, walk
from mission_tui.workspace.git_models import MissionPlace
from mission_tui.workspace.git_plumbing import Git, GitError, nul_joined, object_id

MISSION_FILES = (".mission", ".agents")
"""Directories of the mission's own, which no ignore rule keeps out of commits and no fingerprint includes."""

MANY = 20_000
"""Files that are looked at one by one."""
_JUNK = ("--exclude=__pycache__/", "--exclude=*.py[co]", "--exclude=.DS_Store")


class Bench:
    """The two git directories of a mission.

    `git` works on the worktree through the engine's private git directory; `common` is the user's repository, where
    nothing but the mission's refs and the worktree's registration is ever written.

    Every change is made on a scratch index that replaces the private one when it is done, so a killed command leaves
    no lock that matters. Index files move by hard link and rename: a copy would get a newer time stamp, and git would
    then trust entries that it must compare.
    """

    def __init__(self, place: MissionPlace) -> None:
        self.place = place
        self.git = Git(place.private, place.worktree, place.identity, lease=self.lease)
        self.common = Git(place.git_dir, identity=place.identity, lease=self.lease)

    @property
    def lease(self) -> Path:
        """Locked for as long as a git command runs that may change something, also after its engine was killed."""
        return self.place.private / "busy"

    @contextmanager
    def scratch_index(self, *, fresh: bool = False) -> Generator[Path, None, None]:
        """A private index to work on, gone afterwards; it starts empty or with what the last snapshot knew."""
        index = self.place.private / f"scratch-{uuid.uuid4().hex}"
        if not fresh:
            with suppress(FileNotFoundError):
                os.link(self.place.private / "index", index)
        try:
            yield index
        finally:
            for path in (index, index.with_name(f"{index.name}.lock")):
                path.unlink(missing_ok=True)

    def head(self) -> str:
        """The commit that the mission's branch points at."""
        # Asked for more often than all else: a loose ref of its own file is what git itself would read.
        with suppress(OSError, ValueError, GitError):
            return object_id((self.place.git_dir / self.place.ref).read_text(encoding="ascii").strip())
        code, out = self.common.execute("rev-parse", "--verify", "--quiet", self.place.ref, accept=(0, 1))
        if code:
            raise GitError(f"the mission's branch {self.place.branch} is gone from {self.place.root}")
        return out.decode().strip()

    def tree_of(self, commit: str) -> str:
        return self.git.line("rev-parse", "--verify", f"{object_id(commit)}^{{tree}}")

    def snapshot(self) -> str:
        """Id of a tree that holds the worktree as it is now; what ignore rules name is left out."""
        with self.scratch_index() as index:
            changed = [*self._modified(index), *self._untracked(index)]
            present = [path for path in changed if self._is_content(path)]
            gone = [path for path in changed if not self._exists_as_content(path)]
            if gone:
                self.git.run("update-index", "--force-remove", "-z", "--stdin", stdin=nul_joined(gone), index=index)
            if present:
                options = ("--add", "--replace", "-z", "--stdin")
                self.git.run("update-index", *options, stdin=nul_joined(present), index=index)
            tree = self.git.line("write-tree", index=index)
            self._keep(index)
        return tree

    def unreadable(self) -> tuple[str, ...]:
        """What a snapshot leaves out because it may not be read: files, and directories (these end in `/`)."""
        if not _may_be_closed(self.place.worktree):
            return ()
        with self.scratch_index() as index:
            changed = [*self._modified(index), *self._untracked(index)]
            ignored = self.git.paths(
                "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", index=index
            )
        files = (path for path in changed if self._exists_as_content(path) and not self._is_content(path))
        return tuple(sorted({*files, *_closed_folders(self.place.worktree, {".git/", *ignored})}))

    def ignored(self, path: str) -> bool:
        """Whether an ignore rule keeps a path that no commit has out of snapshots."""
        if path.startswith(tuple(f"{name}/" for name in MISSION_FILES)):
            return False
        question = ("check-ignore", "-q", "-z", "--stdin")
        plain = {"GIT_LITERAL_PATHSPECS": "0"}  # which this command refuses to be told
        with self.scratch_index() as index:
            code, _ = self.git.execute(
                *question, stdin=nul_joined([f"./{path}"]), index=index, env=plain, accept=(0, 1)
            )
        return code == 0

    def settle(self, commit: str, written: Sequence[str] = (), removed: Sequence[str] = ()) -> None:
        """Make both indexes say `commit`, and put or remove these paths in the worktree; other files stay."""
        with self.scratch_index() as index:
            self.git.run("read-tree", "--reset", "-i", commit, index=index)
            for path in removed:
                unlink_below(self.place.worktree, path)
            if written:
                options = ("--force", "--index", "--quiet", "-z", "--stdin")
                self.git.run("checkout-index", *options, stdin=nul_joined(written), index=index)
            refresh(self.git, index)
            self._keep(index)
        self._publish_index()

    def reset(self, commit: str) -> None:
        """Put the worktree exactly at a commit: changes, untracked and ignored files are gone."""
        self._restore_pointer()
        with self.scratch_index() as index:
            try:
                self._clean_and_read(commit, index)
            except GitError:
                open_folders(self.place.worktree)
                self._clean_and_read(commit, index)
            self._keep(index)
        self.settle(commit)

    def registration(self) -> Path | None:
        """The directory in the user's repository that registers the worktree, or None when there is none."""
        pointer = str(self.place.worktree / ".git")
        for entry in sorted((self.common.git_dir / "worktrees").glob("*/gitdir")):
            with suppress(OSError):
                if os.path.normpath(entry.parent / entry.read_text().strip()) == pointer:
                    return entry.parent
        return None

    def _modified(self, index: Path) -> list[str]:
        """Tracked files that differ or are gone, as far as their state on disk tells."""
        return self.git.paths("diff-files", "-z", "--name-only", "--ignore-submodules=all", index=index)

    def _untracked(self, index: Path) -> list[str]:
        """New files. The mission's own are never ignored, and a repository inside is a directory like any other."""
        listing = ("ls-files", "-z", "--others")
        found = self.git.paths(*listing, "--exclude-standard", index=index)
        found += self.git.paths(*listing, *_JUNK, "--", *MISSION_FILES, index=index)
        files = dict.fromkeys(path for path in found if not path.endswith("/"))
        for path in dict.fromkeys(path for path in found if path.endswith("/")):
            files.update(dict.fromkeys(self._inside_repository(path)))
        return list(files)

    def _inside_repository(self, prefix: str) -> Iterator[str]:
        """Files of a repository that lies in the worktree, without its `.git`."""
        git = Git(self.place.private, self.place.worktree / prefix, self.place.identity)
        with self.scratch_index(fresh=True) as empty:
            found = git.paths("ls-files", "-z", "--others", "--exclude-standard", index=empty)
        for path in found:
            if path.endswith("/"):
                yield from self._inside_repository(prefix + path)
            else:
                yield prefix + path

    def _exists_as_content(self, path: str) -> bool:
        """True for a regular file or a symbolic link, unless it is reached through another link."""
        full = self.place.worktree / path
        try:
            mode = full.lstat().st_mode
        except OSError:
            return False
        return (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) and os.path.realpath(full.parent) == str(full.parent)

    def _is_content(self, path: str) -> bool:
        full = self.place.worktree / path
        return self._exists_as_content(path) and (full.is_symlink() or os.access(full, os.R_OK))

    def _keep(self, index: Path) -> None:
        """Let the scratch index become the private one."""
        with around("index.rename"):
            index.replace(self.place.private / "index")

    def _publish_index(self) -> None:
        """Give the worktree's registration the private index, so that `git status` there shows no phantoms."""
        target = self.registration()
        if target is None:
            raise GitError(f"the worktree {self.place.worktree} is no longer registered in {self.place.root}")
        copy = target / f"index.{uuid.uuid4().hex}"
        shutil.copy2(self.place.private / "index", copy)
        with around("published_index.rename"):
            copy.replace(target / "index")

    def _clean_and_read(self, commit: str, index: Path) -> None:
        self.git.run("read-tree", "--reset", "-u", object_id(commit), index=index)
        self.git.run("clean", "-ffdxq", index=index)
        for repository in _repositories_inside(self.place.worktree):
            remove_tree(repository)

    def _restore_pointer(self) -> None:
        """Make the worktree's `.git` what it was: a file that names the registration."""
        registered = self.registration()
        pointer = self.place.worktree / ".git"
        text = f"gitdir: {registered}\n"
        if registered is None or (pointer.is_file() and not pointer.is_symlink() and pointer.read_text() == text):
            return
        if pointer.is_dir() and not pointer.is_symlink():
            remove_tree(pointer)
        else:
            pointer.unlink(missing_ok=True)
        pointer.write_text(text)


def _may_be_closed(root: Path) -> bool:
    """Whether git need be asked at all what of the closed files and folders belongs to the work.

    Of very many files it is asked rather than each of them: most of these will be ignored.
    """
    closed: list[OSError] = []
    seen = 0
    for place, folders, files in walk(root, closed.append):
        folders[:] = [name for name in folders if name != ".git"]
        seen += len(files)
        paths = (f"{place}/{name}" for name in files)
        if closed or seen > MANY or not all(os.access(path, os.R_OK) or Path(path).is_symlink() for path in paths):
            return True
    return bool(closed)


def _closed_folders(root: Path, without: Container[str]) -> Iterator[str]:
    """Directories that may not be looked into; those in `without`, which end in `/`, are passed over."""
    closed: list[str] = []

    def note(error: OSError) -> None:
        if isinstance(error, PermissionError):
            closed.append(error.filename)

    for folder, names, _ in walk(root, onerror=note):
        below = os.path.relpath(folder, root)
        prefix = "" if below == os.curdir else f"{below}/"
        names[:] = [name for name in names if f"{prefix}{name}/" not in without]
    yield from (f"{os.path.relpath(folder, root)}/" for folder in closed)


def refresh(git: Git, index: Path) -> None:
    """Let an index know which files of the work tree are unchanged. That some are not is no error."""
    git.execute("update-index", "-q", "--ignore-submodules", "--refresh", index=index, accept=(0, 1))


def unlink_below(root: Path, relative: str) -> None:
    """Remove one file below `root`, following no symbolic link on the way. That it is missing is fine."""
    parts = Path(relative).parts
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = below
        os.unlink(parts[-1], dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return
    finally:
        os.close(directory)


def _repositories_inside(worktree: Path) -> list[Path]:
    """Every `.git` directory below the worktree's own, which git itself neither shows nor cleans."""
    found: list[Path] = []
    for directory, below, _ in walk(worktree):
        if ".git" in below:
            below.remove(".git")
            if Path(directory) != worktree and not (Path(directory) / ".git").is_symlink():
                found.append(Path(directory) / ".git")
    return found
