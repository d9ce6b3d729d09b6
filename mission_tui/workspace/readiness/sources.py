"""Files that speak of commands in any language: Makefile, CI workflows, container files, notes for agents."""

import json
import re
from collections.abc import Iterator
from itertools import islice

from mission_tui.workspace.readiness.model import FindingKind, Gap, Signals
from mission_tui.workspace.readiness.project import Project, entries_of, table, texts

_KINDS: tuple[tuple[FindingKind, str], ...] = (
    ("install", r"(?:pip3? install|poetry install|uv (?:sync|pip install)|pipenv (?:install|sync)|npm (?:ci|install)\b"
                r"|yarn install|pnpm (?:install|i\b)|bundle install|go mod download|cargo fetch)"),
    ("types", r"(?:\bmypy\b|\bpyright\b|\bbasedpyright\b|\btsc\b|type-?check)"),
    ("lint", r"(?:\bruff\b|\bflake8\b|\bpylint\b|\bblack --check|\beslint\b|\bpre-commit run|\brun lint\b|\bmake lint\b"
             r"|golangci-lint|cargo clippy|rubocop)"),
    ("test", r"(?:\bpytest\b|\bunittest\b|\btox\b|\bnox\b|npm (?:run )?test|yarn test|pnpm (?:run )?test|\bvitest\b"
             r"|\bjest\b|\bmake (?:test|check)\b|go test|cargo test|manage\.py test|\brspec\b|mvn .*(?:test|verify)"
             r"|gradlew? .*test)"),
    ("build", r"(?:\brun build\b|python -m build|\bmake build\b|go build|cargo build|mvn .*package|gradlew? .*build)"),
)  # fmt: skip
_TARGETS: dict[str, FindingKind] = {
    "install": "install", "setup": "install", "deps": "install", "bootstrap": "install", "build": "build",
    "lint": "lint", "style": "lint", "types": "types", "typecheck": "types", "type-check": "types", "mypy": "types",
    "test": "test", "tests": "test", "check": "test", "unit": "test",
    "run": "launch", "serve": "launch", "start": "launch", "dev": "launch", "server": "launch",
}  # fmt: skip
_STORES = ("postgres", "mysql", "mariadb", "mongo", "redis", "rabbitmq", "kafka", "elasticsearch", "opensearch",
           "memcached", "minio", "localstack", "clickhouse", "cassandra", "mssql", "keycloak")  # fmt: skip
_NOTES_FOR_AGENTS = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", "CONTRIBUTING.rst", "DEVELOPMENT.md")
_MAX_ENTRIES = 100
"""Jobs of a workflow and steps of a job that are read."""
_MAX_SCRIPT = 20_000
_MAX_COMMAND = 300
_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def examine_sources(project: Project) -> Signals:
    """What the repository says in other places than its manifests."""
    signals = Signals()
    _makefile(project, signals)
    _workflows(project, signals)
    _gitlab(project, signals)
    _containers(project, signals)
    _documents(project, signals)
    return signals


def classify(command: str) -> FindingKind | None:
    """What kind of command a shell line is, as far as its words tell."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, command)), None)


def _makefile(project: Project, signals: Signals) -> None:
    file = project.has("Makefile", "makefile", "GNUmakefile")
    text = project.read(file) if file else None
    for target in re.findall(r"^([A-Za-z0-9][\w.-]*)\s*:(?![=:])", text or "", re.MULTILINE):
        kind = _TARGETS.get(target)
        if file and kind:
            signals.found(kind, f"make {target}", f"{file} [{target}]")


def _workflows(project: Project, signals: Signals) -> None:
    folder = ".github/workflows"
    for name in project.entries(folder)[:20]:
        if not name.endswith((".yml", ".yaml")):
            continue
        source = f"{folder}/{name}"
        for job_name, job in islice(table(project.yaml(source), "jobs").items(), _MAX_ENTRIES):
            _stores(table(job, "services"), source, signals)
            for step in entries_of(table(job).get("steps"))[:_MAX_ENTRIES]:
                run = table(step).get("run")
                _lines(run if isinstance(run, str) else "", f"{source} [{job_name}]", signals)


def _gitlab(project: Project, signals: Signals) -> None:
    if not project.has(".gitlab-ci.yml"):
        return
    for name, job in project.yaml(".gitlab-ci.yml").items():
        for key in ("before_script", "script"):
            _lines("\n".join(texts(table(job).get(key))), f".gitlab-ci.yml [{name}]", signals)


def _lines(script: str, source: str, signals: Signals) -> None:
    for line in re.sub(r" ?\\\n *", " ", script[:_MAX_SCRIPT]).splitlines():
        command = line.strip()
        if len(command) > _MAX_COMMAND or "${{" in command or command.startswith(("#", "echo ")):
            continue
        kind = classify(command)
        if kind:
            signals.found(kind, command, source)


def _containers(project: Project, signals: Signals) -> None:
    if project.has("Dockerfile"):
        for word, rest in re.findall(r"^(CMD|ENTRYPOINT)\s+(.+)$", project.read("Dockerfile") or "", re.MULTILINE):
            signals.found("launch", _exec_form(rest.strip()), f"Dockerfile [{word}]")
    file = project.has(*_COMPOSE)
    if file:
        _stores(table(project.yaml(file), "services"), file, signals)


def _exec_form(text: str) -> str:
    try:
        return " ".join(texts(json.loads(text))) or text
    except ValueError:
        return text


def _stores(services: dict[str, object], source: str, signals: Signals) -> None:
    for name, service in services.items():
        image = service if isinstance(service, str) else table(service).get("image", name)
        store = next((s for s in _STORES if s in f"{name} {image}".lower()), None)
        if store and not any(gap.what.endswith(f" {store}") for gap in signals.gaps):
            signals.gaps.append(
                Gap(
                    what=f"whatever needs {store}",
                    why=f"{source} starts it in a container, and containers cannot be started in the box",
                    change="let the app run without it (a file or in-memory stand-in), or let `setup` install it",
                )
            )


def _documents(project: Project, signals: Signals) -> None:
    for file in _NOTES_FOR_AGENTS:
        for line, command in _commands_in(project.read(file) or ""):
            kind = classify(command)
            if kind:
                signals.found(kind, command, f"{file}:{line}")


def _commands_in(text: str) -> Iterator[tuple[int, str]]:
    """Shell lines of fenced blocks and whole lines in backticks, with their line numbers."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced and 0 < len(line.strip()) <= _MAX_COMMAND:
            yield number, line.strip().removeprefix("$ ")
        else:
            yield from ((number, code) for code in re.findall(r"`([^`]{3,200})`", line) if " " in code)
