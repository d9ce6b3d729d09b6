"""What a user's repository is, before a mission begins. The only place where the user's own git settings are read."""

import asyncio
import os
import re
from pathlib import Path

from mission_tui.workspace.git_models import FALLBACK_EMAIL, FALLBACK_NAME, Identity, RepositoryState
from mission_tui.workspace.git_plumbing import Git, GitError, execute, git_program

_KEPT_VARIABLES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
_CRUD = " .,:;<>\"\\'\n\r\t\0"
"""Characters that git strips from the ends of a name; a name of nothing else is no name."""


class RepositoryProblem(Exception):
    """A mission cannot start from this repository; the message is one line that says why and what would help."""


async def inspect_repository(path: Path) -> RepositoryState:
    """Look at the repository that `path` lies in, changing nothing. Raises RepositoryProblem."""
    return await asyncio.to_thread(_inspect, path)


async def resolve_base(root: Path, ref: str) -> str:
    """The commit that a branch, tag or id names. Raises RepositoryProblem for a name that stands for no commit."""
    return await asyncio.to_thread(_resolve, root, ref)


async def init_repository(path: Path) -> RepositoryState:
    """Make `path` a repository with an empty first commit on `main`, and inspect it.

    A missing directory is created. A repository that has a commit is left as it is; one without gets its empty first
    commit, its index and files stay untouched. A directory with files but no repository is refused: which of them
    belong into a commit is for the user to say.
    """
    return await asyncio.to_thread(_init, path)


def user_settings(root: Path) -> dict[str, str]:
    """The user's settings as git sees them in this repository, system and global ones included; keys in lower case."""
    listed = _ask(root, "config", "--null", "--list")
    entries = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return {key.lower(): value if newline else "true" for key, newline, value in entries}


def _user_environment() -> dict[str, str]:
    """Ours without what would point git elsewhere, as when we were started from a hook."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT_VARIABLES}
    return kept | {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}


def _ask(path: Path, *args: str) -> str:
    """A question with the user's own settings in force. Only for commands that run no program of the repository's."""
    argv = [git_program(), "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", str(path), *args]
    return execute(argv, env=_user_environment())[1].decode(errors="replace").strip("\n")


def _inspect(path: Path) -> RepositoryState:
    root, common, git_dir = _locate(path)
    if re.search(r"/\.git/modules/", f"{common}/"):
        raise RepositoryProblem(f"{root} is a submodule: start the mission in a clone of its own")
    head = _head(root)
    settings = user_settings(root)
    excludes = _excludes_file(settings)
    identity = _identity(settings)
    names = _ask(root, "ls-tree", "-z", "--name-only", head).split("\0")
    return RepositoryState(
        root=root,
        git_dir=common,
        head_commit=head,
        branch=_branch(root),
        dirty=_dirty(root, git_dir, settings, excludes),
        user_name=identity.name,
        user_email=identity.email,
        excludes_file=excludes,
        submodules=".gitmodules" in names,
        large_files=".gitattributes" in names
        and "filter=lfs" in _ask(root, "cat-file", "blob", f"{head}:.gitattributes"),
    )


def _locate(path: Path) -> tuple[Path, Path, Path]:
    """Top of the checkout, shared git directory and the checkout's own git directory."""
    if not path.exists():
        raise RepositoryProblem(f"{path} does not exist")
    if not path.is_dir():
        raise RepositoryProblem(f"{path} is not a directory")
    try:
        bare, inside, common, own = _ask(
            path,
            "rev-parse",
            "--path-format=absolute",
            "--is-bare-repository",
            "--is-inside-git-dir",
            "--git-common-dir",
            "--absolute-git-dir",
        ).splitlines()
        if bare == "true":
            raise RepositoryProblem(f"{path} is a bare repository: name a checkout of it")
        if inside == "true":
            raise RepositoryProblem(f"{path} lies inside a git directory: name the checkout itself")
        return Path(_ask(path, "rev-parse", "--show-toplevel")), Path(common), Path(own)
    except GitError as error:
        raise _translated(path, str(error)) from error


def _translated(path: Path, complaint: str) -> RepositoryProblem:
    if "dubious ownership" in complaint:
        return RepositoryProblem(f"{path} belongs to another user: `git config --global --add safe.directory {path}`")
    if "not a git repository" in complaint:
        return RepositoryProblem(f"{path} is not a git repository: run `git init` there, or use --init")
    return RepositoryProblem(f"{path}: {complaint}")


def _head(root: Path) -> str:
    try:
        return _ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitError as error:
        raise RepositoryProblem(f"{root} has no commit yet: commit something, or use --init") from error


def _branch(root: Path) -> str | None:
    try:
        return _ask(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    except GitError:
        return None


def _dirty(root: Path, git_dir: Path, settings: dict[str, str], excludes: Path | None) -> bool:
    """Whether anything differs from HEAD, asked without the filters that the repository's settings may name."""
    filters = {key.rsplit(".", 1)[0] for key in settings if key.startswith("filter.")}
    off = [f"{name}.{part}" for name in filters for part in ("clean=", "smudge=", "process=", "required=false")]
    ignore = [f"core.excludesFile={excludes}"] if excludes else []
    git = Git(git_dir, root, settings=(*off, *ignore))
    return bool(git.run("status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=all"))


def _excludes_file(settings: dict[str, str]) -> Path | None:
    configured = settings.get("core.excludesfile")
    if configured:
        path = Path(configured).expanduser()
    else:
        path = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "git" / "ignore"
    return path if path.is_absolute() and path.is_file() else None


def _identity(settings: dict[str, str]) -> Identity:
    name = os.environ.get("GIT_AUTHOR_NAME") or settings.get("user.name", "")
    email = os.environ.get("GIT_AUTHOR_EMAIL") or settings.get("user.email", "")
    return Identity(name=name.strip(_CRUD) or FALLBACK_NAME, email=email.strip(_CRUD) or FALLBACK_EMAIL)


def _resolve(root: Path, ref: str) -> str:
    try:
        return _ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except (GitError, ValueError) as error:
        raise RepositoryProblem(f"{root} has no commit called {ref!r}") from error


def _init(path: Path) -> RepositoryState:
    path = path.absolute()
    if path.exists() and not path.is_dir():
        raise RepositoryProblem(f"{path} is not a directory")
    if not (path / ".git").exists():
        if path.exists() and any(path.iterdir()):
            raise RepositoryProblem(
                f"{path} has files but no git repository: run `git init` there and commit what belongs to the project"
            )
        _create(path)
    try:
        return _inspect(path)
    except RepositoryProblem as problem:
        if "no commit yet" not in str(problem):
            raise
    _first_commit(path)
    return _inspect(path)


def _create(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        # Without a template: the user's may bring hooks, and the new repository needs none of it.
        _ask(path, "init", "--quiet", "--template=", "--initial-branch=main")
    except (OSError, GitError) as error:
        raise RepositoryProblem(f"{path} could not be made a repository: {error}") from error


def _first_commit(path: Path) -> None:
    root, _, own = _locate(path)
    git = Git(own, identity=_identity(user_settings(root)))
    tree = git.line("hash-object", "-t", "tree", "-w", "--stdin")
    commit = git.line("commit-tree", tree, "-m", "Start")
    git.run("update-ref", "-m", "Start", "HEAD", commit)
