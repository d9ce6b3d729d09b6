"""Puts together what the ecosystems say."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from mission_tui.domain.plan import Services
from mission_tui.workspace.readiness.model import Finding, Gap, Readiness, Signals
from mission_tui.workspace.readiness.node import examine_node
from mission_tui.workspace.readiness.project import Project, table
from mission_tui.workspace.readiness.python import examine_python
from mission_tui.workspace.readiness.sources import examine_sources

_MAX_PROJECTS = 6
_OTHER = {
    "go.mod": "Go", "Cargo.toml": "Rust", "pom.xml": "Java (Maven)", "build.gradle": "Java (Gradle)",
    "build.gradle.kts": "Kotlin (Gradle)", "Gemfile": "Ruby", "composer.json": "PHP", "mix.exs": "Elixir",
    "CMakeLists.txt": "C or C++ (CMake)", "Package.swift": "Swift", "pubspec.yaml": "Dart", "deno.json": "Deno",
}  # fmt: skip
_CHECK_KINDS = {"lint": "lint", "types": "types", "test": "tests"}


def examine(repo: Path, which: Callable[[str], str | None] = shutil.which) -> Readiness:
    """Read the manifests of a repository. Nothing is run; `which` says what this machine has."""
    notes: list[str] = []
    root = Project(repo, "", notes)
    parts = [signals for project in _projects(root) for signals in _ecosystems(project)]
    sources = examine_sources(root)
    other = [name for file, name in _OTHER.items() if root.has(file)]
    notes += [f"{name} was found; only its Makefile, CI and documents were read" for name in other]
    if not parts and not other:
        notes.append("no manifest was found: a new project, or one without an ecosystem that is known here")
    whole = [*parts, sources]
    notes += dict.fromkeys(note for signals in whole for note in signals.notes)
    findings = tuple(dict.fromkeys(finding for signals in whole for finding in signals.findings))
    proposed = _proposed(parts, findings)
    return Readiness(
        stacks=tuple(dict.fromkeys([stack for signals in parts for stack in signals.stacks] + other)),
        findings=findings,
        proposed=proposed,
        can_validate=tuple(_can(parts, proposed)),
        cannot_validate=tuple(_cannot(whole, proposed, which)),
        notes=tuple(notes),
    )


def _ecosystems(project: Project) -> Iterator[Signals]:
    for examined in (examine_python(project), examine_node(project)):
        if examined is not None:
            yield examined


def _projects(root: Project) -> list[Project]:
    """The root, and directories up to two levels below it that have a manifest of their own."""
    projects = [root]
    if "workspaces" in table(root.json("package.json") if root.has("package.json") else {}):
        return projects
    for name in root.folders():
        for folder in (name, *(f"{name}/{below}" for below in root.folders(name))):
            below_root = Project(root.root, folder, root.notes)
            if len(projects) < _MAX_PROJECTS and below_root.has("package.json", "pyproject.toml", "setup.py"):
                projects.append(below_root)
    return projects


def _proposed(parts: list[Signals], findings: tuple[Finding, ...]) -> Services:
    checks: dict[str, str] = {}
    for signals in parts:
        for name, command in signals.checks.items():
            free = name if name not in checks else f"{name}-{signals.stacks[0].lower()}"
            while free in checks:
                free += "-2"
            checks[free] = command
    for kind, name in _CHECK_KINDS.items():
        spoken = next((f.command for f in findings if f.kind == kind), None)
        if spoken and not any(key.startswith(name) for key in checks):
            checks[name] = spoken
    setup = [command for signals in parts for command in signals.setup]
    setup = setup or [f.command for f in findings if f.kind == "install"][:1]
    # Of several apps the one nearest to the user is driven: the page, which is examined after its server.
    app = next((s.app for s in reversed(parts) if s.app), None)
    return Services(setup=tuple(dict.fromkeys(setup)), checks=checks, app=app)


def _can(parts: list[Signals], proposed: Services) -> Iterator[str]:
    tests = [name for name in proposed.checks if name.startswith("tests")]
    for name in tests:
        how = ", test by test" if "pytest" in proposed.checks[name] else ""
        yield f"that what its own tests cover goes on working{how} (`{proposed.checks[name]}`)"
    others = [f"{name} (`{command}`)" for name, command in proposed.checks.items() if name not in tests]
    if others:
        yield f"that no new problems appear in {', '.join(others)}"
    if proposed.app:
        yield f"what the running app answers and shows, over HTTP and in a browser (`{proposed.app.start}`)"
    programs = [program for signals in parts for program in signals.programs]
    if programs:
        yield f"what its commands do in a shell or terminal ({', '.join(f'`{p}`' for p in programs[:5])})"
    names = [name for signals in parts for name in signals.importable]
    if names:
        yield f"what code that imports it observes ({', '.join(names[:5])})"


def _cannot(whole: list[Signals], proposed: Services, which: Callable[[str], str | None]) -> Iterator[Gap]:
    for signals in whole:
        yield from signals.gaps
        if signals.web and signals.app is None:
            yield Gap(
                what=f"the running {signals.web} app",
                why="no command was found that starts it on a given port",
                change="say in the services manifest how it starts, with its port taken from $PORT",
            )
    if not any(name.startswith("tests") for name in proposed.checks):
        yield Gap(
            what="that existing behaviour is kept",
            why="no tests were found",
            change="begin with an enabling feature that adds a test suite, and write guards into the contract",
        )
    words = {word for command in [*proposed.setup, *proposed.checks.values()] for word in command.split()}
    for tool in ("node", "npm", "pnpm", "yarn", "bun", "make", "go", "cargo"):
        needed = tool in words or (tool == "node" and words & {"npm", "npx", "pnpm", "yarn"})
        if needed and which(tool) is None:
            yield Gap(
                what=f"everything that needs {tool}",
                why=f"{tool} is not installed on this machine",
                change=f"install {tool}",
            )
