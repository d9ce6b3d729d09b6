"""The report as plain text, for people and for prompts."""

from collections.abc import Iterator

from mission_tui.workspace.readiness.model import Readiness

_TITLES = {
    "install": "Install",
    "build": "Build",
    "lint": "Lint",
    "types": "Types",
    "test": "Test",
    "launch": "Launch",
}


_PACKAGES = 25
_SOURCES = 4
_COMMANDS = 12


def render(readiness: Readiness) -> str:
    """Plain text, without a newline at its end."""
    return "\n".join(_lines(readiness))


def _lines(readiness: Readiness) -> Iterator[str]:
    yield f"Stack: {', '.join(readiness.stacks) or 'unknown'}"
    for kind, title in _TITLES.items():
        commands: dict[str, list[str]] = {}
        for finding in readiness.findings:
            if finding.kind == kind:
                commands.setdefault(finding.command, []).append(finding.source)
        if commands:
            yield f"{title}:"
            shown = list(commands.items())[:_COMMANDS]
            yield from (f"  {command}    ({', '.join(sources[:_SOURCES])})" for command, sources in shown)
            if len(commands) > _COMMANDS:
                yield f"  and {len(commands) - _COMMANDS} more"
    facts = [f"{fact.kind}: {fact.value}    ({fact.source})" for fact in readiness.facts]
    yield from _section("Facts", tuple(facts))
    yield from _section("Packages", tuple(_packages(readiness)))
    yield from _doubts(readiness)
    yield from _proposed(readiness)
    yield from _section("Can be validated here", readiness.can_validate)
    gaps = [f"{gap.what}: {gap.why}. Smallest change: {gap.change}." for gap in readiness.cannot_validate]
    yield from _section("Cannot be validated here", tuple(gaps))
    yield from _section("Notes", readiness.notes)


def _packages(readiness: Readiness) -> Iterator[str]:
    for package in readiness.packages[:_PACKAGES]:
        commands = "; ".join(f"{kind}: {command}" for kind, command in package.commands.items())
        yield f"{package.folder} ({package.stack}, {package.name}) {commands}".rstrip()
    more = len(readiness.packages) - _PACKAGES
    if more > 0:
        yield f"and {more} more"


def _doubts(readiness: Readiness) -> Iterator[str]:
    """What the sources leave open, said so that whoever plans reads the files and decides."""
    for disagreement in readiness.disagreements:
        yield f"Sources disagree on the {disagreement.about}: {' / '.join(disagreement.sayings)}"
    if readiness.silent:
        yield f"No source names a command for: {', '.join(readiness.silent)}"


def _proposed(readiness: Readiness) -> Iterator[str]:
    services = readiness.proposed
    yield "Proposed services manifest:"
    yield from (f"  setup: {command}" for command in services.setup)
    yield from (f"  check {name}: {command}" for name, command in services.checks.items())
    if services.app:
        yield f"  app: {services.app.start}"
    if not services.setup and not services.checks and not services.app:
        yield "  nothing could be proposed"


def _section(title: str, entries: tuple[str, ...]) -> Iterator[str]:
    if entries:
        yield f"{title}:"
        yield from (f"  - {entry}" for entry in entries)
