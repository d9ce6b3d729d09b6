"""Running the `git` program so that no file in a repository can make it run anything else.

Every command names its git directory and work tree, reads neither the system's nor the user's settings, runs no hook,
monitor, pager, editor or signer, and may not use the network.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mission_tui.workspace.git_models import NOBODY, Identity

TIMEOUT_S = 900.0
"""A git command that takes longer hangs: a dead network file system, for example."""

HARDENED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    # Objects and refs must outlive a power cut once their ids are in the journal; batching keeps that cheap.
    "core.fsync=committed,loose-object,reference",
    "core.fsyncMethod=batch",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "protocol.allow=never",
)

_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class GitError(Exception):
    """A git command failed, or was asked for what it must not do; the message is one line."""


def object_id(value: str) -> str:
    """The value itself, or GitError when it is no full object id: nothing else may name an object in our commands."""
    if not _OBJECT_ID.fullmatch(value):
        raise GitError(f"not a full git object id: {value[:80]!r}")
    return value


def git_program() -> str:
    """Path of the `git` program; GitError says how to get it."""
    found = shutil.which("git")
    if not found:
        raise GitError("git is not installed: install the package `git` and try again")
    return str(Path(found).absolute())


def hardened_environment(identity: Identity = NOBODY) -> dict[str, str]:
    """A complete environment, taking over nothing of ours but absolute PATH entries."""
    path = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part.startswith("/")]
    return {
        "PATH": os.pathsep.join(path),
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": ":",
        "GIT_AUTHOR_NAME": identity.name,
        "GIT_AUTHOR_EMAIL": identity.email,
        "GIT_COMMITTER_NAME": identity.name,
        "GIT_COMMITTER_EMAIL": identity.email,
    }


def execute(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    accept: Sequence[int] = (0,),
) -> tuple[int, bytes]:
    """Exit code and standard output. Raises GitError with git's own first line for any other exit code."""
    try:
        done = subprocess.run(argv, env=env, cwd=cwd, input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git did not answer within {TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise GitError(f"git could not be started: {error}") from error
    if done.returncode not in accept:
        raise GitError(_complaint(done.stderr) or f"git ended with exit code {done.returncode}")
    return done.returncode, done.stdout


def _complaint(stderr: bytes) -> str:
    """What git said in one line: the last `fatal:`, else the first `error:`, else the first line."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("fatal:")]
    error = [line for line in lines if line.startswith("error:")]
    best = [*fatal[-1:], *error[:1]] or lines[:1]
    return "; ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in best)


@dataclass(frozen=True, slots=True)
class Git:
    """Hardened git on one git directory, with a work tree where there is one."""

    git_dir: Path
    work_tree: Path | None = None
    identity: Identity = NOBODY
    settings: tuple[str, ...] = ()
    """More `key=value` settings, which win over the repository's own."""

    def execute(
        self,
        *args: str,
        stdin: bytes = b"",
        index: Path | None = None,
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
    ) -> tuple[int, bytes]:
        """Exit code and standard output of one command, which works on `index` where one is given."""
        where = [f"--git-dir={self.git_dir}"]
        if self.work_tree:
            where.append(f"--work-tree={self.work_tree}")
        settings = [word for setting in (*HARDENED, *self.settings) for word in ("-c", setting)]
        environment = hardened_environment(self.identity) | dict(env or {})
        if index:
            environment["GIT_INDEX_FILE"] = str(index)
        argv = [git_program(), *where, *settings, *args]
        return execute(argv, env=environment, cwd=self.work_tree or self.git_dir, stdin=stdin, accept=accept)

    def run(
        self, *args: str, stdin: bytes = b"", index: Path | None = None, env: Mapping[str, str] | None = None
    ) -> bytes:
        """Standard output of a command that must succeed."""
        return self.execute(*args, stdin=stdin, index=index, env=env)[1]

    def line(
        self, *args: str, stdin: bytes = b"", index: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """The one line that a command prints."""
        return self.run(*args, stdin=stdin, index=index, env=env).decode(errors="replace").strip()

    def paths(self, *args: str, index: Path | None = None) -> list[str]:
        """File names that a command prints with `-z`. Bytes that are not UTF-8 survive as surrogates."""
        return [os.fsdecode(name) for name in self.run(*args, index=index).split(b"\0") if name]


def nul_joined(paths: Sequence[str]) -> bytes:
    """Paths in the form that `-z --stdin` reads."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)
