"""What an examination found."""

import re
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.plan import App, Services

FindingKind = Literal["install", "build", "lint", "types", "test", "launch"]
FactKind = Literal["package manager", "port", "health check"]
_FOLDER = re.compile(r"^cd (\S+) && ")


class Finding(Frozen):
    """A command that some file of the repository speaks of or implies."""

    kind: FindingKind
    command: str
    source: str
    """The file, and the part of it: `pyproject.toml [tool.pytest]`."""
    folder: str = ""
    """Where it is run, relative to the repository; empty at its root. The command goes there by itself."""


class Fact(Frozen):
    """Something beside commands that a file of the repository says."""

    kind: FactKind
    value: str
    """A name, a port number, or the path or command that answers once the app is healthy."""
    source: str


class Package(Frozen):
    """A member of a monorepo, with the commands that it has for itself."""

    folder: str
    name: str
    stack: str
    commands: dict[str, str] = Field(default_factory=dict)
    """Kind to command, run from the repository's root."""


class Disagreement(Frozen):
    """Sources that cannot all be right; which one is, takes reading them."""

    about: str
    sayings: tuple[str, ...]
    """Each: what is said, and where."""


class Gap(Frozen):
    """Something that cannot be validated here, and the smallest change that would alter that."""

    what: str
    why: str
    change: str


class Readiness(Frozen):
    """The whole report."""

    stacks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
    packages: tuple[Package, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    silent: tuple[FindingKind, ...] = ()
    """Kinds of command that no source speaks of."""
    proposed: Services = Services()
    """A first services manifest, to be read by a person or a model before it is believed."""
    can_validate: tuple[str, ...] = ()
    cannot_validate: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Signals:
    """What one ecosystem contributes; filled while its manifests are read."""

    stacks: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    facts: list[Fact] = field(default_factory=list[Fact])
    packages: list[Package] = field(default_factory=list[Package])
    disagreements: list[Disagreement] = field(default_factory=list[Disagreement])
    setup: list[str] = field(default_factory=list[str])
    checks: dict[str, str] = field(default_factory=dict[str, str])
    app: App | None = None
    programs: list[str] = field(default_factory=list[str])
    """Commands that the project installs for its users."""
    importable: list[str] = field(default_factory=list[str])
    """Packages that other code imports."""
    web: str | None = None
    """The web framework it depends on."""
    gaps: list[Gap] = field(default_factory=list[Gap])
    notes: list[str] = field(default_factory=list[str])

    def found(self, kind: FindingKind, command: str, source: str) -> None:
        """Note a command, once for each source."""
        where = _FOLDER.match(command)
        finding = Finding(kind=kind, command=command, source=source, folder=where[1] if where else "")
        if finding not in self.findings:
            self.findings.append(finding)

    def fact(self, kind: FactKind, value: str, source: str) -> None:
        """Note a fact, once for each source."""
        fact = Fact(kind=kind, value=value, source=source)
        if fact not in self.facts:
            self.facts.append(fact)

    def install(self, command: str, source: str) -> None:
        """Note how dependencies are installed, and propose it."""
        self.found("install", command, source)
        self.setup.append(command)

    def check(self, name: str, kind: FindingKind, command: str, source: str) -> None:
        """Note a check; the first of each name is the one that is proposed."""
        self.found(kind, command, source)
        self.checks.setdefault(name, command)
