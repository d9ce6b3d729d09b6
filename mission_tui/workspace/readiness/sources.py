"""Files that speak of commands in any language: Makefile, CI workflows, container files, notes for agents."""

import re
from collections.abc import Iterator
from itertools import islice

from mission_tui.workspace.readiness.containers import examine_containers, stores
from mission_tui.workspace.readiness.model import FindingKind, Signals
from mission_tui.workspace.readiness.project import Project, Table, entries_of, table, texts
from mission_tui.workspace.readiness.words import classify

_TARGETS: dict[str, FindingKind] = {
    "install": "install", "setup": "install", "deps": "install", "bootstrap": "install", "build": "build",
    "lint": "lint", "style": "lint", "format-check": "lint",
    "types": "types", "typecheck": "types", "type-check": "types", "mypy": "types",
    "test": "test", "tests": "test", "check": "test", "unit": "test", "unittest": "test", "test-unit": "test",
    "run": "launch", "serve": "launch", "start": "launch", "dev": "launch", "server": "launch", "runserver": "launch",
}  # fmt: skip
_SCRIPTS: dict[str, FindingKind] = {
    "bootstrap": "install", "install": "install", "build": "build", "lint": "lint", "check": "lint",
    "typecheck": "types", "test": "test", "tests": "test", "server": "launch",
}  # fmt: skip
"""Files in `script/` or `scripts/`: what their names have meant since `Scripts To Rule Them All`."""
_UNSURE = ("check", "dev", "style", "setup")
_NOTES_FOR_AGENTS = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", "CONTRIBUTING.rst", "DEVELOPMENT.md",
                     "README.md", "README.rst", ".github/CONTRIBUTING.md", "docs/CONTRIBUTING.md")  # fmt: skip
_MAX_ENTRIES = 100
"""Jobs of a workflow and steps of a job that are read."""
_SHELLS = ("", "sh", "bash", "shell", "console", "shell-session", "zsh", "text", "terminal", "{code-block}")
_ACTIONS = {
    "actions-rs/cargo": "cargo",
    "golangci/golangci-lint-action": "golangci-lint run",
    "gradle/gradle-build-action": "./gradlew",
    "gradle/actions/setup-gradle": "./gradlew",
    "pre-commit/action": "pre-commit run --all-files",
}
_ACTION_WORDS = ("command", "arguments", "args")
"""Inputs of actions that are words of the command, in their order."""
_MAX_SCRIPT = 20_000
_MAX_COMMAND = 300


def examine_sources(project: Project) -> Signals:
    """What the repository says in other places than its manifests."""
    signals = Signals()
    _runners(project, signals)
    _workflows(project, signals)
    _gitlab(project, signals)
    examine_containers(project, signals)
    _documents(project, signals)
    return signals


def _runners(project: Project, signals: Signals) -> None:
    """Makefile, justfile and Taskfile: their targets' names tell what they are for."""
    for folder in ("script", "scripts"):
        for name in project.entries(folder):
            kind = _SCRIPTS.get(name.removesuffix(".sh"))
            if kind:
                signals.found(kind, f"{folder}/{name}", f"{folder}/{name}")
    file = project.has("Makefile", "makefile", "GNUmakefile")
    if file:
        _targets(project, file, "make", r"^([A-Za-z0-9][\w.-]*)\s*:(?![=:])", signals)
    file = project.has("justfile", "Justfile", ".justfile")
    if file:
        _targets(project, file, "just", r"^@?([A-Za-z_][\w-]*)(?: +[*+$]?\w+=[^:\n]*| +\*\w+)*\s*:(?!=)", signals)
    file = project.has("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "Taskfile.dist.yml")
    for target in table(project.yaml(file), "tasks") if file else ():
        kind = _TARGETS.get(target)
        if file and kind:
            signals.found(kind, f"task {target}", f"{file} [tasks.{target}]")


def _targets(project: Project, file: str, runner: str, pattern: str, signals: Signals) -> None:
    text = (project.read(file) or "")[:200_000]
    for target in re.findall(pattern, text, re.MULTILINE):
        kind = _TARGETS.get(target)
        if kind:
            signals.found(_meant(text, target, kind), f"{runner} {target}", f"{file} [{target}]")


def _meant(text: str, target: str, kind: FindingKind) -> FindingKind:
    """`check` may test or lint and `dev` may install: what the recipe runs decides."""
    recipe = re.search(rf"^@?{re.escape(target)}\b[^\n]*\n((?:[ \t]+[^\n]*\n?)*)", text, re.MULTILINE)
    if target not in _UNSURE or not recipe:
        return kind
    kinds: list[FindingKind] = [k for k in map(classify, (line.strip(" \t@-") for line in recipe[1].splitlines())) if k]
    return kind if not kinds or kind in kinds else kinds[0]


def _workflows(project: Project, signals: Signals) -> None:
    folder = ".github/workflows"
    for name in project.entries(folder)[:20]:
        if not name.endswith((".yml", ".yaml")):
            continue
        source = f"{folder}/{name}"
        for job_name, job in islice(table(project.yaml(source), "jobs").items(), _MAX_ENTRIES):
            stores(table(job, "services"), source, signals)
            default = table(job, "defaults", "run").get("working-directory")
            for step in map(table, entries_of(table(job).get("steps"))[:_MAX_ENTRIES]):
                run = step.get("run") or _action(step)
                below = step.get("working-directory") or default
                if isinstance(run, str) and "${{" not in str(below or ""):
                    _lines(run, f"{source} [{job_name}]", signals, below)


def _action(step: Table) -> str | None:
    """The command that a well-known action stands for."""
    name, given = str(step.get("uses", "")).partition("@")[0], table(step, "with")
    written = _ACTIONS.get(name)
    if written is None:
        return None
    words = (str(given.get(key, "")) for key in _ACTION_WORDS)
    return " ".join(part for part in (written, *words) if part)


def _gitlab(project: Project, signals: Signals) -> None:
    if not project.has(".gitlab-ci.yml"):
        return
    for name, job in project.yaml(".gitlab-ci.yml").items():
        for key in ("before_script", "script"):
            _lines("\n".join(texts(table(job).get(key))), f".gitlab-ci.yml [{name}]", signals)


def _lines(script: str, source: str, signals: Signals, folder: object = None) -> None:
    below = folder.removeprefix("./").strip("/") if isinstance(folder, str) else ""
    go_there = f"cd {below} && " if re.fullmatch(r"[\w./-]+", below) and below != "." else ""
    for line in re.sub(r" ?\\\n *", " ", script[:_MAX_SCRIPT]).splitlines():
        command = line.strip()
        kind = classify(command)
        if kind:
            signals.found(kind, f"{go_there}{command}", source)


def _documents(project: Project, signals: Signals) -> None:
    """A README speaks of much else between backticks: of it only the fenced blocks are heard."""
    for file in _NOTES_FOR_AGENTS:
        inline = not file.startswith("README")
        for line, command in _commands_in(project.read(file) or "", inline):
            kind = classify(command)
            if kind:
                signals.found(kind, command, f"{file}:{line}")


def _commands_in(text: str, inline: bool) -> Iterator[tuple[int, str]]:
    """Shell lines of fenced blocks and whole lines in backticks, with their line numbers."""
    fence: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip("` \t").split(" ")[0].lower()
        elif fence is not None and fence in _SHELLS and 0 < len(line.strip()) <= _MAX_COMMAND:
            yield number, re.sub(r"\s+#.*$", "", line.strip().removeprefix("$ ").removeprefix("> "))
        elif inline and fence is None:
            yield from ((number, code) for code in re.findall(r"`([^`]{3,200})`", line) if " " in code)
