"""Running the `git` program so that no file in a repository can make it run anything else.

Every command names its git directory and work tree, reads neither the system's nor the user's settings, runs no hook,
monitor, pager, editor or signer, and may not use the network.
"""

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mission_tui.crashpoints import around, reach
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

CHANGING = frozenset(
    {
        *("checkout-index", "clean", "commit-tree", "hash-object", "read-tree", "update-index", "update-ref"),
        *("worktree", "write-tree"),
    }
)
"""Commands that leave something behind which outlives a run. Each is a `crashpoints` name: `git.update-ref:during`."""

LEASE_PATIENCE_S = 60.0

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
    point: str = "",
    inherit: Sequence[int] = (),
) -> tuple[int, bytes]:
    """Exit code and standard output. Raises GitError with git's own first line for any other exit code.

    `point` names the command for `crashpoints`; it keeps the descriptors `inherit` for as long as it lives.
    """
    try:
        with subprocess.Popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=inherit,
        ) as process:
            if point:
                reach(f"{point}:during")
            out, err = _outcome(process, stdin)
    except OSError as error:
        raise GitError(f"git could not be started: {error}") from error
    if process.returncode not in accept:
        raise GitError(_complaint(err) or f"git ended with exit code {process.returncode}")
    return process.returncode, out


def _outcome(process: subprocess.Popen[bytes], stdin: bytes) -> tuple[bytes, bytes]:
    try:
        return process.communicate(stdin, TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise GitError(f"git did not answer within {TIMEOUT_S:.0f} s") from error
    except BaseException:
        process.kill()
        raise


@contextmanager
def _leased(lease: Path | None) -> Generator[tuple[int, ...]]:
    """A shared lock that the command inherits: it holds for as long as either of us lives."""
    if lease is None or not lease.parent.is_dir():
        yield ()
        return
    descriptor = os.open(lease, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield (descriptor,)
    finally:
        os.close(descriptor)


def wait_for_survivors(lease: Path, patience_s: float = LEASE_PATIENCE_S) -> None:
    """Return once no command runs that an engine started which was killed meanwhile: git outlives its caller.

    Raises GitError when one is still running after `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    descriptor = os.open(lease, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise GitError(
                        "a git command of an engine that was killed is still running: wait for it, or end it"
                    ) from None
                time.sleep(0.01)
    finally:
        os.close(descriptor)


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
    lease: Path | None = None
    """File that commands which change something keep locked: see `wait_for_survivors`."""

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
        where_to = self.work_tree or self.git_dir
        if args[0] not in CHANGING:
            return execute(argv, env=environment, cwd=where_to, stdin=stdin, accept=accept)
        point = f"git.{args[0]}"
        with _leased(self.lease) as inherit, around(point):
            return execute(
                argv, env=environment, cwd=where_to, stdin=stdin, accept=accept, point=point, inherit=inherit
            )

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
