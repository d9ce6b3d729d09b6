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
            yield from (f"  {command}    ({', '.join(sources)})" for command, sources in commands.items())
    yield from _proposed(readiness)
    yield from _section("Can be validated here", readiness.can_validate)
    gaps = [f"{gap.what}: {gap.why}. Smallest change: {gap.change}." for gap in readiness.cannot_validate]
    yield from _section("Cannot be validated here", tuple(gaps))
    yield from _section("Notes", readiness.notes)


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
