"""Makes the sample repository: the same commits, byte for byte, every time."""

from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from mission_tui.domain.base import Frozen
from mission_tui.workspace.git_plumbing import Git, GitError

_HERE = Path(__file__).parent / "sample"
_SUFFIX = ".txt"
"""Of the stored files: nobody's linter, test runner or import takes them for the product's own."""
_USER = {"user.name": "Marta Lindqvist", "user.email": "marta@pocketbook.example"}


class DemoProblem(Exception):
    """The demo cannot be set up; the message is one line and says what to do."""


class SampleCommit(Frozen):
    """One commit of the sample's history."""

    subject: str
    body: str = ""
    author: str
    """`Name <address>`."""
    date: datetime
    files: tuple[str, ...]


_HISTORY = TypeAdapter(tuple[SampleCommit, ...])


def make_sample(directory: Path) -> None:
    """Make the repository, on `main` with a clean checkout. Raises DemoProblem when `directory` is in use."""
    if directory.exists() and any(directory.iterdir()):
        raise DemoProblem(f"{directory} is not empty; give another place with --dir")
    directory.mkdir(parents=True, exist_ok=True)
    git = Git(directory / ".git", directory)
    try:
        git.run("init", "--quiet", "--initial-branch=main", "--template=")
        git.run("fast-import", "--quiet", "--date-format=raw", stdin=b"".join(_stream(sample_history())))
        git.run("reset", "--quiet", "--hard", "refs/heads/main")
        for key, value in _USER.items():
            git.run("config", key, value)
    except GitError as error:
        raise DemoProblem(f"cannot make the sample repository: {error}") from error


def sample_history() -> tuple[SampleCommit, ...]:
    """The commits, oldest first."""
    return _HISTORY.validate_python(yaml.safe_load((_HERE / "history.yaml").read_text(encoding="utf-8")))


def where_pytest_is() -> Path:
    """The folder from which the sample's environment can link pytest: this program's own. Raises DemoProblem."""
    found = find_spec("pytest")
    if found is None or found.origin is None:
        raise DemoProblem("the sample's tests need pytest: `pip install pytest` beside mission-tui")
    return Path(found.origin).parent.parent


def _stream(commits: tuple[SampleCommit, ...]) -> Iterator[bytes]:
    """The history in git's fast-import form."""
    for commit in commits:
        when = f"{int(commit.date.timestamp())} {commit.date:%z}"
        message = "\n\n".join(filter(None, (commit.subject, commit.body))) + "\n"
        yield b"commit refs/heads/main\n"
        yield f"author {commit.author} {when}\ncommitter {commit.author} {when}\n".encode()
        yield _data(message.encode())
        for name in sorted(commit.files):
            yield f"M 100644 inline {name}\n".encode()
            yield _data((_HERE / "repository" / f"{name}{_SUFFIX}").read_bytes())


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
