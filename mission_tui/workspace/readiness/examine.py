"""Puts together what the ecosystems say."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from mission_tui.domain.plan import Services
from mission_tui.workspace.box_mounts import program_directories
from mission_tui.workspace.readiness.checkout import examine_checkout, has_tests
from mission_tui.workspace.readiness.disagree import disagreements
from mission_tui.workspace.readiness.go import examine_go
from mission_tui.workspace.readiness.jvm import examine_gradle, examine_maven
from mission_tui.workspace.readiness.model import Fact, Finding, FindingKind, Gap, Readiness, Signals
from mission_tui.workspace.readiness.node import examine_node
from mission_tui.workspace.readiness.php import examine_php
from mission_tui.workspace.readiness.project import SKIPPED, Project, table
from mission_tui.workspace.readiness.python import examine_python
from mission_tui.workspace.readiness.ruby import examine_ruby
from mission_tui.workspace.readiness.rust import examine_rust
from mission_tui.workspace.readiness.sources import CI, examine_sources

_MAX_PROJECTS = 6
_TEST_FOLDERS = ("test", "tests", "spec", "specs", "testsuite", "__tests__")
_OTHER = {
    "mix.exs": "Elixir", "CMakeLists.txt": "C or C++ (CMake)", "meson.build": "C or C++ (Meson)",
    "Package.swift": "Swift", "pubspec.yaml": "Dart", "deno.json": "Deno", "build.sbt": "Scala (sbt)",
    "build.zig": "Zig", "stack.yaml": "Haskell", "rebar.config": "Erlang", "project.clj": "Clojure",
}  # fmt: skip
_ALONE = {
    "build.xml": "Java (Ant)", "configure.ac": "C or C++ (Autotools)", "configure": "C or C++ (Autotools)",
}  # fmt: skip
"""Files that tell the stack where nothing else does; other ecosystems have them too."""
_ECOSYSTEMS = (
    examine_python, examine_go, examine_rust, examine_maven, examine_gradle, examine_ruby, examine_php, examine_node,
)  # fmt: skip
_MANIFESTS: dict[str, tuple[str, ...]] = {
    "Node": ("package.json",),
    "Python": ("pyproject.toml", "setup.py", "requirements.txt", "manage.py"),
    "Go": ("go.mod", "go.work"),
    "Rust": ("Cargo.toml",),
    "Java": ("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"),
    "Ruby": ("Gemfile",),
    "PHP": ("composer.json",),
}
_KINDS: tuple[FindingKind, ...] = ("install", "build", "lint", "types", "test", "launch")
_TOOLS = ("node", "npm", "pnpm", "yarn", "bun", "make", "just", "go", "cargo", "mvn", "gradle", "bundle", "php",
          "composer", "golangci-lint", "ruby", "rubocop", "cmake", "ctest", "meson", "ninja", "tox", "nox", "mage",
          "ant")  # fmt: skip
_COMPILED: tuple[str, ...] = ("Go", "Rust", "Java (", "Kotlin (")
"""Their build checks the types."""
_IN_CI = re.compile(r"\.github/workflows/|" + "|".join(map(re.escape, CI)))
_STARTS = re.compile(r"\[scripts\.(?:start|serve)\]$|^Procfile:")
"""Sources that speak of a program which goes on running."""
_FORMATTER = re.compile(r"\b(?:fmt|format|prettier|black|isort)\b")
_CHECK_KINDS = {"build": "build", "lint": "lint", "types": "types", "test": "tests"}


def in_a_box(tool: str) -> str | None:
    """Where a box finds a program; of a home directory it sees toolchains only."""
    return shutil.which(tool, path=os.pathsep.join(program_directories()))


def examine(repo: Path, which: Callable[[str], str | None] = in_a_box) -> Readiness:
    """Read the manifests of a repository. Nothing is run; `which` says what a box of this machine has."""
    notes: list[str] = []
    root = Project(repo, "", notes)
    sources = examine_sources(root)
    projects = _projects(root)
    parts = [signals for project in projects for signals in _ecosystems(project)]
    for project in _gone_to(root, sources, {p.folder for p in projects}, parts)[: _MAX_PROJECTS - len(projects)]:
        parts += _ecosystems(project)
    other = [name for file, name in _OTHER.items() if root.has(file)]
    if not parts and not other:
        sources_of_c = any(n.endswith((".c", ".cc", ".cpp")) for n in [*root.entries(), *root.entries("src")])
        alone = next((name for file, name in _ALONE.items() if root.has(file)), "C or C++" if sources_of_c else None)
        other = [alone] if alone else []
    notes += [f"{name} was found; only its Makefile, CI and documents were read" for name in other]
    if not parts and not other:
        notes.append("no manifest was found: a new project, or one without an ecosystem that is known here")
    whole = [*parts, sources, examine_checkout(root)]
    notes += dict.fromkeys(note for signals in whole for note in signals.notes)
    findings = tuple(dict.fromkeys(finding for signals in whole for finding in signals.findings))
    facts = tuple(dict.fromkeys(fact for signals in whole for fact in signals.facts))
    proposed = _proposed(_chosen(parts, findings), findings)
    missing = _missing(proposed, which)
    said = {finding.kind for finding in findings}
    if parts and all(signals.stacks[0].startswith(_COMPILED) for signals in parts):
        said.add("types")
    return Readiness(
        stacks=tuple(dict.fromkeys([stack for signals in parts for stack in signals.stacks] + other)),
        findings=findings,
        facts=facts,
        packages=tuple(package for signals in parts for package in signals.packages),
        disagreements=(*(d for s in whole for d in s.disagreements), *disagreements(findings, facts)),
        silent=tuple(kind for kind in _KINDS if kind not in said) if parts or other else (),
        proposed=proposed,
        can_validate=tuple(_can(parts, proposed, missing)),
        cannot_validate=tuple([*_cannot(whole, proposed, missing), *_unseen(root, whole, findings, facts, proposed)]),
        notes=tuple(dict.fromkeys(notes)),
    )


def _ecosystems(project: Project) -> Iterator[Signals]:
    for examine_one in _ECOSYSTEMS:
        examined = examine_one(project)
        if examined is not None:
            yield examined


def _projects(root: Project) -> list[Project]:
    """The root, and directories up to two levels below it that have a manifest of an ecosystem the root has not."""
    projects = [root]
    at_root = {name for name, files in _MANIFESTS.items() if root.has(*files)}
    if _workspace(root):
        at_root.add("Node")
    wanted = [file for name, files in _MANIFESTS.items() if name not in at_root for file in files]
    if not wanted:
        return projects
    for name in root.folders():
        top = Project(root.root, name, root.notes)
        if top.has(*wanted):
            projects.append(top)
        else:
            below = (Project(root.root, f"{name}/{n}", root.notes) for n in root.folders(name))
            projects += [p for p in below if p.has(*wanted)]
        if len(projects) > _MAX_PROJECTS:
            break
    return projects[:_MAX_PROJECTS]


def _gone_to(root: Project, sources: Signals, known: set[str], parts: list[Signals]) -> list[Project]:
    """Directories that CI installs in and tests: a project of their own, though the root has such a manifest too."""
    known |= {package.folder for signals in parts for package in signals.packages}
    said = {kind: {f.folder for f in sources.findings if f.kind == kind and _IN_CI.match(f.source)} for kind in _KINDS}
    folders = sorted((said["install"] & said["test"]) - known)
    return [Project(root.root, f, root.notes) for f in folders if not SKIPPED & set(f.split("/"))]


def _workspace(root: Project) -> bool:
    if root.has("pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json"):
        return True
    return "workspaces" in table(root.json("package.json") if root.has("package.json") else {})


def _chosen(parts: list[Signals], findings: tuple[Finding, ...]) -> list[Signals]:
    """Of Maven and Gradle in one place, the one that CI and the documents speak of; Maven where they do not."""
    rivals = [s for s in parts if s.stacks[0].endswith(("(Maven)", "(Gradle)"))]
    if len(rivals) < 2 or len({f.folder for s in rivals for f in s.findings}) > 1:
        return parts
    own = [f for s in rivals for f in s.findings]
    spoken = " ".join(f.command for f in findings if f not in own)
    gradle = re.search(r"\bgradlew?\b", spoken) and not re.search(r"\bmvnw?\b", spoken)
    left_out = next(s for s in rivals if s.stacks[0].endswith("(Maven)") == bool(gradle))
    return [s for s in parts if s is not left_out]


def _proposed(parts: list[Signals], findings: tuple[Finding, ...]) -> Services:
    checks: dict[str, str] = {}
    for signals in parts:
        for name, command in signals.checks.items():
            stack = re.sub(r"\W+", "-", signals.stacks[0].lower()).strip("-")
            free = name if name not in checks else f"{name}-{stack}"
            while free in checks:
                free += "-2"
            checks[free] = command
    for kind, name in _CHECK_KINDS.items():
        # Of several lines the shortest is about the whole; a linter sees more than a formatter.
        lines = (f.command for f in findings if f.kind == kind and not f.folder)
        spoken = min(lines, key=lambda line: (bool(_FORMATTER.search(line)), len(line)), default=None)
        if spoken and not any(key.startswith(name) for key in checks) and (kind != "build" or not parts):
            checks[name] = spoken
    setup = [command for signals in parts for command in signals.setup]
    setup = setup or [f.command for f in findings if f.kind == "install" and not f.folder][:1]
    # Of several apps the one nearest to the user is driven: the page, which is examined after its server.
    app = next((s.app for s in reversed(parts) if s.app), None)
    return Services(setup=tuple(dict.fromkeys(setup)), checks=checks, app=app)


def _missing(proposed: Services, which: Callable[[str], str | None]) -> list[str]:
    """Tools that setup and checks need and this machine has not."""
    commands = [*proposed.setup, *proposed.checks.values()]
    words = {word for command in commands for word in re.sub(r"\bbundle exec \S+", "bundle", command).split()}
    needed = [tool for tool in _TOOLS if tool in words or (tool == "node" and words & {"npm", "npx", "pnpm", "yarn"})]
    return [tool for tool in needed if which(tool) is None]


def _can(parts: list[Signals], proposed: Services, missing: list[str]) -> Iterator[str]:
    def runs(command: str) -> bool:
        return not set(command.split()) & set(missing)

    checks = {name: command for name, command in proposed.checks.items() if runs(command)}
    tests = [name for name in checks if name.startswith("tests")]
    for name in tests:
        how = ", test by test" if "pytest" in checks[name] else ""
        yield f"that what its own tests cover goes on working{how} (`{checks[name]}`)"
    others = [f"{name} (`{command}`)" for name, command in checks.items() if name not in tests]
    if others:
        yield f"that no new problems appear in {', '.join(others)}"
    if proposed.app and runs(proposed.app.start):
        yield f"what the running app answers and shows, over HTTP and in a browser (`{proposed.app.start}`)"
    here = [signals for signals in parts if all(map(runs, signals.setup))]
    programs = [program for signals in here for program in signals.programs if runs(program)]
    if programs:
        yield f"what its commands do in a shell or terminal ({', '.join(f'`{p}`' for p in programs[:5])})"
    names = [name for signals in here for name in signals.importable]
    if names:
        yield f"what code that imports it observes ({', '.join(names[:5])})"


def _cannot(whole: list[Signals], proposed: Services, missing: list[str]) -> Iterator[Gap]:
    for signals in whole:
        yield from signals.gaps
        if signals.web and signals.app is None:
            yield Gap(
                what=f"the running {signals.web} app",
                why="no command was found that starts it on a given port",
                change="say in the services manifest how it starts, with its port taken from $PORT",
            )
    commands = {name: c for name, c in proposed.checks.items()} | ({"app": proposed.app.start} if proposed.app else {})
    for tool in missing:
        named = [name for name, command in commands.items() if tool in command.split()]
        yield Gap(
            what=f"everything that needs {tool}" + (f" ({', '.join(named)})" if named else ""),
            why=f"{tool} is not installed on this machine, or only below a home directory, which no box sees",
            change=f"install {tool} for all users",
        )


def _unseen(
    root: Project,
    whole: list[Signals],
    findings: tuple[Finding, ...],
    facts: tuple[Fact, ...],
    proposed: Services,
) -> Iterator[Gap]:
    """What is there, but no command was found that would show it."""
    port = next((f"listens on port {fact.value} ({fact.source})" for fact in facts if fact.kind == "port"), None)
    started = next((f"`{f.command}` starts ({f.source})" for f in findings if _STARTS.search(f.source)), None)
    what = f"the program that {port or started}"
    if (port or started) and proposed.app is None and not any(signals.web for signals in whole):
        yield Gap(
            what=what,
            why="no command was found that starts it on a given port",
            change="say in the services manifest how it starts, with its port taken from $PORT",
        )
    if any(name.startswith("tests") for name in proposed.checks):
        return
    folder = next((n for n in root.entries() if n.lower() in _TEST_FOLDERS and root.entries(n)), None)
    if folder:
        why, change = f"no command was found that runs {folder}/", "say in the services manifest how its tests are run"
    elif has_tests(root):
        why, change = "no command was found that runs its test files", "say in the services manifest how they are run"
    else:
        why = "no tests were found"
        change = "begin with an enabling feature that adds a test suite, and write guards into the contract"
    yield Gap(what="that existing behaviour is kept", why=why, change=change)
