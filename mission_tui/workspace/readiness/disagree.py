"""Where sources cannot all be right: code shows it, and reading decides."""

import re
from collections.abc import Iterator, Sequence

from mission_tui.workspace.readiness.model import Disagreement, Fact, Finding
from mission_tui.workspace.readiness.sources import CI

_FAMILIES: dict[str, str] = {
    "npm": r"\b(?:npm|npx)\b", "yarn": r"\byarn\b", "pnpm": r"\b(?:pnpm|pnpx)\b", "bun": r"\bbunx?\b",
    "poetry": r"\bpoetry\b", "pipenv": r"\bpipenv\b", "pdm": r"\bpdm\b", "uv": r"\buv\b", "pip": r"\bpip3?\b",
    "maven": r"\bmvnw?\b", "gradle": r"\bgradlew?\b",
    "unittest": r"\bunittest\b", "pytest": r"\bpytest\b", "tox": r"\btox\b", "nox": r"\bnox\b",
    "rspec": r"\brspec\b", "minitest": r"\brails test\b|\brake test\b",
}  # fmt: skip
_MANAGERS = {"npm", "yarn", "pnpm", "bun"}, {"poetry", "pipenv", "pdm"}, {"maven", "gradle"}
"""Tools that exclude each other; pip and uv install what others manage, so they contradict nobody."""
_RUNNERS = ({"unittest", "pytest"}, {"rspec", "minitest"})
_DOCUMENTS = re.compile(r"^(?:\.github/|docs/)?[A-Za-z]+\.(?:md|rst):\d+$")
_MAX_SAYINGS = 6


def disagreements(findings: Sequence[Finding], facts: Sequence[Fact]) -> tuple[Disagreement, ...]:
    """Package managers, test commands and ports on which files of the repository differ."""
    return tuple([*_managers(findings), *_runners(findings), *_ports(facts)])


def _managers(findings: Sequence[Finding]) -> Iterator[Disagreement]:
    """Two managers in one folder, said by whatever kind of source."""
    for rivals in _MANAGERS:
        for folder in dict.fromkeys(f.folder for f in findings):
            here = [f for f in findings if f.folder == folder and f.kind in ("install", "test")]
            said = _by_family(here, rivals)
            if len(said) > 1:
                yield Disagreement(about=_about("package manager", folder), sayings=_sayings(said))


def _runners(findings: Sequence[Finding]) -> Iterator[Disagreement]:
    """CI and the documents name different runners and share none."""
    for rivals in _RUNNERS:
        said = _by_family([f for f in findings if f.kind == "test"], rivals)
        in_ci = {
            name for name, first in said.items() if any(f.source.startswith((".github/workflows/", *CI)) for f in first)
        }
        in_documents = {name for name, first in said.items() if any(_DOCUMENTS.match(f.source) for f in first)}
        if in_ci and in_documents and not in_ci & in_documents:
            yield Disagreement(about="test runner", sayings=_sayings(said))


def _ports(facts: Sequence[Fact]) -> Iterator[Disagreement]:
    ports = [fact for fact in facts if fact.kind == "port"]
    exposed = {p.value for p in ports if p.source.startswith("Dockerfile")}
    published = {p.value for p in ports if ".ports]" in p.source}
    if exposed and published and not exposed & published:
        yield Disagreement(about="port", sayings=tuple(f"{p.value} ({p.source})" for p in ports)[:_MAX_SAYINGS])


def _by_family(findings: Sequence[Finding], rivals: set[str]) -> dict[str, list[Finding]]:
    said: dict[str, list[Finding]] = {}
    for finding in findings:
        for family, pattern in _FAMILIES.items():
            if family in rivals and re.search(pattern, finding.command):
                said.setdefault(family, []).append(finding)
    return said


def _sayings(said: dict[str, list[Finding]]) -> tuple[str, ...]:
    return tuple(f"{first[0].command} ({first[0].source})" for first in said.values())[:_MAX_SAYINGS]


def _about(what: str, folder: str) -> str:
    return f"{what} in {folder}" if folder else what
