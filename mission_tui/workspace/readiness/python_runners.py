"""What a Python project has its tools run: tox, nox, and the scripts of Hatch, PDM, Poe and others."""

import configparser
import re
import shlex
from collections.abc import Iterator

from mission_tui.workspace.readiness.model import FindingKind, Signals
from mission_tui.workspace.readiness.project import Project, Table, table, texts
from mission_tui.workspace.readiness.words import classify

_KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pdm run", ("pdm", "scripts")), ("poe", ("poe", "tasks")), ("rye run", ("rye", "scripts")),
    ("pixi run", ("pixi", "tasks")), ("task", ("taskipy", "tasks")),
)  # fmt: skip
_CHECKS: dict[FindingKind, str] = {"test": "tests", "lint": "lint", "types": "types"}
_ENVIRONMENTS = re.compile(r"^(?:default|(?:hatch-)?(?:tests?|dev|lint|style|types|typing|static-analysis))$")


def tasks(project: Project, pyproject: Table, signals: Signals) -> None:
    """Scripts below `[tool]`. The box has pip alone, so what a script runs is proposed, where nothing else is."""
    for runner, name, lines, source in _scripts(project, pyproject):
        for line in lines:
            kind = classify(line)
            if kind and kind != "install":
                signals.found(kind, project.command(f"{runner}{name}"), source)
            if kind in _CHECKS and "{" not in line and not line.startswith("hatch "):
                signals.checks.setdefault(_CHECKS[kind], project.command(line))


def _scripts(project: Project, pyproject: Table) -> Iterator[tuple[str, str, list[str], str]]:
    """Runner, name, lines and source of each."""
    tool, source = table(pyproject, "tool"), project.name_of("pyproject.toml")
    for runner, keys in _KEYS:
        for name, script in table(tool, *keys).items():
            lines = texts(script) or texts(table(script).get("cmd"))
            yield f"{runner} ", name, lines, f"{source} [tool.{'.'.join(keys)}]"
    for environment in _environments(project, pyproject).items():
        for name, script in table(environment[1], "scripts").items():
            yield f"hatch run {environment[0]}:", name, texts(script), f"{source} [tool.hatch.envs.{environment[0]}]"


def _environments(project: Project, pyproject: Table) -> Table:
    return {**table(pyproject, "tool", "hatch", "envs"), **table(project.toml("hatch.toml"), "envs")}


def environments(project: Project, pyproject: Table) -> list[str]:
    """What Hatch would install into the environments that check the project."""
    chosen = [table(e) for name, e in _environments(project, pyproject).items() if _ENVIRONMENTS.match(name)]
    lists = [texts(e.get(key)) for e in chosen for key in ("dependencies", "extra-dependencies")]
    return sorted({entry for entries in lists for entry in entries if "{" not in entry})


def install_line(requirements: list[str]) -> str:
    """The requirements as one line for pip."""
    return "python -m pip install " + " ".join(map(shlex.quote, requirements))


def tox(project: Project, ini: configparser.RawConfigParser, signals: Signals) -> None:
    """The commands of tox, without its conditions."""
    for section in ini.sections():
        if section.partition(":")[0] != "testenv" or not ini.has_option(section, "commands"):
            continue
        for line in (ini.get(section, "commands") or "").splitlines():
            command = (
                re.sub(r"^[\w,.!-]+: |\{posargs(?::[^}]*)?\}", "", line.strip())
                .replace("{envpython}", "python")
                .strip(" -")
            )
            kind = classify(command)
            if kind and "{" not in command and not command.endswith("\\"):
                source = f"{project.name_of('tox.ini')} [{section}]"
                signals.found(kind, project.command(command), source)


def _tox_lines(ini: configparser.RawConfigParser) -> list[str]:
    """What tox installs in every environment that tests, without its conditions."""
    text = ini.get("testenv", "deps") if ini.has_option("testenv", "deps") else None
    return [line.strip() for line in (text or "").splitlines() if "{" not in line]


def tox_files(ini: configparser.RawConfigParser) -> list[str]:
    """The requirements files among it."""
    found = (re.fullmatch(r"(?:-r|--requirement)[ =]*([\w./-]+)", line) for line in _tox_lines(ini))
    return [match[1] for match in found if match and ".." not in match[1]]


def tox_needs(project: Project, ini: configparser.RawConfigParser) -> list[str]:
    """The packages among it."""
    plain = re.compile(r"[A-Za-z][\w.-]*(?:\[[\w, -]+\])?(?: *[<>=!~][^:#;]*)?")
    return [] if project.folder else [line for line in _tox_lines(ini) if plain.fullmatch(line)]


_SESSION = re.compile(r"^@(?:nox\.)?session\b(\([^\n]*\))?[^\n]*\n(?:@[^\n]*\n)*def (\w+)\(", re.MULTILINE)
_SESSION_KINDS: dict[str, FindingKind] = {
    "test": "test", "tests": "test", "unit": "test", "lint": "lint", "mypy": "types", "typecheck": "types",
    "typing": "types", "type_check": "types", "pyright": "types", "build": "build",
}  # fmt: skip


def nox(project: Project, signals: Signals) -> None:
    """The sessions whose names tell what they are for."""
    for options, function in _SESSION.findall(project.read("noxfile.py") or ""):
        given = re.search(r"name=['\"]([\w-]+)", options)
        kind = _SESSION_KINDS.get(given[1] if given else function)
        if kind:
            name = given[1] if given else function
            signals.found(kind, project.command(f"nox -s {name}"), project.name_of("noxfile.py"))
