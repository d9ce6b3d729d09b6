"""Roles: one Markdown file each. The front matter names tools and limits, the body is the system prompt."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from mission_tui.content.frontmatter import FrontMatterError, MarkdownFile, split_front_matter
from mission_tui.content.wording import keys_of, problems_of
from mission_tui.domain.base import Frozen

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class RoleError(Exception):
    """Role files that cannot be used. `problems` has one line for each, `FILE:LINE: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Role(Frozen):
    """What one kind of agent is told, may use, and works on."""

    name: Identifier
    """Equals the file's name without its suffix; also the name of the seat."""
    title: str = Field(min_length=1, max_length=80)
    """How people see it."""
    tools: tuple[Identifier, ...]
    terminal: tuple[Identifier, ...] = ()
    """The tools, among `tools`, that end the run or suspend it; none: a message without tool calls ends it."""
    tree: Literal["worktree", "copy", "none"]
    """What it reads and runs commands in: the mission's worktree, a throw-away copy of it, or nothing."""
    writes: bool = False
    """Whether it may change the worktree; at most one such run is active at any time."""
    reads: Literal["all", "documentation"] = "all"
    """What its reading tools see of the tree; what it asks of researchers is held to the same."""
    max_turns: int = Field(default=200, gt=0)
    """Model calls after which its run is ended; the mission's own limit may be lower."""
    body: str = Field(min_length=1)
    """The system prompt, the same for every run."""

    @model_validator(mode="after")
    def _consistent(self) -> "Role":
        strange = [tool for tool in self.terminal if tool not in self.tools]
        if strange:
            raise ValueError(f"`terminal` names {', '.join(strange)}, not among `tools`")
        if len(set(self.tools)) < len(self.tools):
            raise ValueError("`tools` names one tool twice")
        if self.writes and self.tree != "worktree":
            raise ValueError("`writes: true` goes with `tree: worktree`")
        if self.body.split("\n", 1)[0] != f"# Role: {self.name}":
            raise ValueError(f"the body's first line must be `# Role: {self.name}`")
        return self


def load_roles(directory: Path) -> dict[str, Role]:
    """All roles of a directory by name. Raises RoleError with everything that is wrong with any of them."""
    roles: dict[str, Role] = {}
    problems: list[str] = []
    for path in sorted(directory.glob("*.md")):
        try:
            roles[path.stem] = load_role(path)
        except RoleError as error:
            problems += error.problems
    if not roles and not problems:
        problems = [f"{directory}: no roles in there"]
    if problems:
        raise RoleError(problems)
    return roles


def load_role(path: Path) -> Role:
    """One role. Raises RoleError."""
    try:
        file = split_front_matter(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RoleError([f"{path}: {error}"]) from error
    except FrontMatterError as error:
        raise RoleError([f"{path}:{line or 1}: {text}" for line, text in error.problems]) from error
    return _validated(path, file)


def _validated(path: Path, file: MarkdownFile) -> Role:
    data = {**file.data, "body": file.body}
    try:
        role = Role.model_validate(data)
    except ValidationError as error:
        problems = problems_of(error, data, keys_of(Role))
        raise RoleError([f"{path}:{file.line_of(p.place)}: {p}" for p in problems]) from None
    if role.name != path.stem:
        raise RoleError([f"{path}:{file.line_of(('name',))}: name: `{role.name}` must equal the file's name"])
    return role
