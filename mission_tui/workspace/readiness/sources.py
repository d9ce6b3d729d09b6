"""Files that speak of commands in any language: Makefile, CI workflows, container files, notes for agents."""

import posixpath
import re
from collections.abc import Iterator
from itertools import islice

from mission_tui.workspace.readiness.containers import examine_containers, stores
from mission_tui.workspace.readiness.matrix import by_matrix
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
_BRINGS = re.compile(
    r"\b(?:pip3?|uv|poetry|pdm|pipenv|venv|npm|yarn|pnpm|bun|node_modules|bundle|composer|go mod|cargo fetch|deps)\b"
)
"""What a recipe speaks of that installs what the project needs; elsewhere `make install` installs the product."""
_DOCUMENTS = frozenset(
    ("agents.md", "claude.md", "contributing.md", "contributing.rst", "development.md", "developing.md", "hacking.md",
     "testing.md", "build.md", "building.md", "readme.md", "readme.rst", "readme")
)  # fmt: skip
_PLACES = ("", ".github", "docs")
CI = (".gitlab-ci.yml", ".travis.yml", ".circleci/config.yml", "azure-pipelines.yml", "appveyor.yml", ".appveyor.yml",
      ".cirrus.yml", ".drone.yml", "bitbucket-pipelines.yml", ".woodpecker.yml", ".builds.yml")  # fmt: skip
_CI_KEYS = frozenset(
    ("run", "script", "command", "commands", "before_script", "before_install", "install", "bash", "test_script",
     "build_script", "pwsh", "powershell")
)  # fmt: skip
"""Below these keys the services that build a repository keep shell lines."""
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
_MAX_DEPTH = 12
_MAX_BLOCK = 60
_NEARBY = 4
"""Lines of a document between a `cd` and what is run there."""
_NAMED_FILE = re.compile(r"(?<![\w*.=-])(?:\./)?[\w/-]+\.(?:[cm]?[jt]sx?|py|rb|php|go|rs|sh)\b")


def examine_sources(project: Project) -> Signals:
    """What the repository says in other places than its manifests."""
    signals = Signals()
    _runners(project, signals)
    _workflows(project, signals)
    _other_ci(project, signals)
    examine_containers(project, signals)
    _documents(project, signals)
    return signals


def _runners(project: Project, signals: Signals) -> None:
    """Makefile, justfile and Taskfile: their targets' names tell what they are for."""
    for folder in ("script", "scripts"):
        for name in project.entries(folder):
            kind = _SCRIPTS.get(name.removesuffix(".sh"))
            if kind and project.has(f"{folder}/{name}"):
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
    there = set(re.findall(pattern, text, re.MULTILINE))
    for target, kind in _TARGETS.items():
        meant = _meant(text, target, kind) if target in there else None
        if meant:
            signals.found(meant, f"{runner} {target}", f"{file} [{target}]")


def _meant(text: str, target: str, kind: FindingKind) -> FindingKind | None:
    """`check` may test or lint, `dev` may install, `install` may install the product: the recipe decides."""
    rule = re.search(rf"^@?{re.escape(target)}\b[^\n]*\n((?:[ \t]+[^\n]*\n?)*)", text, re.MULTILINE)
    if target == "install":
        return kind if rule and _BRINGS.search(rule[0]) else None
    if target not in _UNSURE or not rule:
        return kind
    recipe = re.sub(r"\$[({]\w+[)}]", "X", rule[1])
    kinds: list[FindingKind] = [k for k in map(classify, (line.strip(" \t@-") for line in recipe.splitlines())) if k]
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
                below = step.get("working-directory") or default or ""
                if isinstance(run, str) and isinstance(below, str) and "${{" not in below:
                    matrix, named = table(job, "strategy", "matrix"), f"{source} [{job_name}]"
                    _by_choice(project, by_matrix(run, matrix), named, signals, below)


def _by_choice(project: Project, scripts: list[str], source: str, signals: Signals, folder: str) -> None:
    """Of a matrix's further choices only what begins differently: the rest is the same for another target."""
    met: set[tuple[str, tuple[str, ...]]] = set()
    for script in scripts:
        heard = Signals()
        _script(project, script, source, heard, folder)
        heads = [(finding.kind, tuple(finding.command.split()[:2])) for finding in heard.findings]
        signals.findings += [f for f, head in zip(heard.findings, heads, strict=True) if head not in met]
        met.update(heads)


def _action(step: Table) -> str | None:
    """The command that a well-known action stands for."""
    name, given = str(step.get("uses", "")).partition("@")[0], table(step, "with")
    written = _ACTIONS.get(name)
    if written is None:
        return None
    words = (str(given.get(key, "")) for key in _ACTION_WORDS)
    return " ".join(part for part in (written, *words) if part)


def _other_ci(project: Project, signals: Signals) -> None:
    """Whatever the service, its file is YAML in which a few keys hold shell lines."""
    for file in CI:
        if not project.has(file):
            continue
        data = project.yaml(file)
        stores({name: {} for name in texts(data.get("services"))}, file, signals, "starts it beside the tests")
        for name, part in islice([*table(data, "jobs").items(), *data.items()], _MAX_ENTRIES):
            whole: object = {name: part} if name in _CI_KEYS else part
            for script in islice(_scripts_in(whole, 0), _MAX_ENTRIES):
                _script(project, script, f"{file} [{name}]", signals)


def _scripts_in(value: object, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for key, below in table(value).items():
        lines = texts(below) if key in _CI_KEYS else []
        yield from ["\n".join(lines)] if lines else []
        yield from _scripts_in(below, depth + 1)
    for entry in entries_of(value):
        yield from _scripts_in(entry, depth + 1)


def _script(project: Project, script: str, source: str, signals: Signals, folder: str = "") -> None:
    """The lines of a script, each where those before it have gone; what follows a `cd` to elsewhere is not heard."""
    here = _inside(project, "", folder.strip("/"))
    for line in re.sub(r" ?\\\n *", " ", script[:_MAX_SCRIPT]).splitlines():
        command = line.strip()
        gone = re.fullmatch(r"(?:cd|pushd) +([^;&|]+)", command)
        if gone:
            here = None if here is None else _inside(project, here, gone[1].strip("\"' "))
        kind = classify(command) if here is not None else None
        if kind:
            signals.found(kind, f"cd {here} && {command}" if here else command, source)


def _inside(project: Project, here: str, folder: str) -> str | None:
    """A directory of the repository, relative to its root; None where it is none."""
    path = posixpath.normpath(posixpath.join(here, folder or "."))
    if path == ".":
        return ""
    known = re.fullmatch(r"[\w./-]+", path) and not path.startswith(("..", "/"))
    return path if known and (project.root / path).is_dir() else None


def _documents(project: Project, signals: Signals) -> None:
    """A README speaks of much else between backticks: of it only the blocks of code are heard."""
    named = [name for name in project.entries() if name.lower() in _DOCUMENTS]
    named.sort(
        key=lambda name: (name.lower() not in ("agents.md", "claude.md"), name.lower().startswith("readme"), name)
    )
    named += [f"{place}/{n}" for place in _PLACES[1:] for n in project.entries(place) if n.lower() in _DOCUMENTS]
    for file in named:
        readme = file.lower().startswith("readme")
        before, here = 0, ""
        for line, command in _commands_in(project.read(file) or "", not readme):
            here = here if line - before < _NEARBY else ""
            before = line
            gone = re.fullmatch(r"cd +([\w./-]+)", command)
            # What is no directory of the repository is the name that its clone got.
            here = (_inside(project, here, gone[1]) or "") if gone else here
            kind = classify(command)
            example = any(not project.has(name.removeprefix("./")) for name in _NAMED_FILE.findall(command))
            if kind and not example:
                signals.found(kind, f"cd {here} && {command}" if here else command, f"{file}:{line}")


def _commands_in(text: str, inline: bool) -> Iterator[tuple[int, str]]:
    """Shell lines of blocks of code and whole lines in backticks, with their line numbers."""
    fence: str | None = None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip("` \t").split(" ")[0].lower()
        elif (fence is not None and fence in _SHELLS) or (fence is None and _indented(lines, number - 1)):
            if 0 < len(line.strip()) <= _MAX_COMMAND:
                yield number, re.sub(r"\s+#.*$", "", re.sub(r"^[$>%] ", "", line.strip()))
        elif inline and fence is None:
            codes = re.findall(r"`([^`]{3,200})`", line)
            # Where the line tells to go somewhere first, its commands are run there.
            if not any(code.startswith("cd ") for code in codes):
                yield from ((number, code) for code in codes if " " in code)


def _indented(lines: list[str], at: int) -> bool:
    """Whether a line is in a block of code that only its indentation shows, as Markdown and reStructuredText have."""
    last = at - _MAX_BLOCK
    while at > last and at >= 0 and re.match(r" {3,}[^\s*+-]|\t", lines[at]):
        at -= 1
    return 0 <= at < len(lines) - 1 and not lines[at].strip() and bool(re.match(r" {3,}|\t", lines[at + 1]))
