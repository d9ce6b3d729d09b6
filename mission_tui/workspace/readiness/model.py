"""What an examination found."""

from dataclasses import dataclass, field
from typing import Literal

from mission_tui.domain.base import Frozen
from mission_tui.domain.plan import App, Services

FindingKind = Literal["install", "build", "lint", "types", "test", "launch"]


class Finding(Frozen):
    """A command that some file of the repository speaks of or implies."""

    kind: FindingKind
    command: str
    source: str
    """The file, and the part of it: `pyproject.toml [tool.pytest]`."""


class Gap(Frozen):
    """Something that cannot be validated here, and the smallest change that would alter that."""

    what: str
    why: str
    change: str


class Readiness(Frozen):
    """The whole report."""

    stacks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
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
        finding = Finding(kind=kind, command=command, source=source)
        if finding not in self.findings:
            self.findings.append(finding)

    def check(self, name: str, kind: FindingKind, command: str, source: str) -> None:
        """Note a check; the first of each name is the one that is proposed."""
        self.found(kind, command, source)
        self.checks.setdefault(name, command)
