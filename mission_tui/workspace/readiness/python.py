"""Python: pyproject.toml, setup.py and setup.cfg, requirements files, tox, and the tools' own configuration files."""

import configparser
import re
from dataclasses import dataclass, field

from mission_tui.workspace.readiness.checkout import has_tests
from mission_tui.workspace.readiness.model import Disagreement, Signals
from mission_tui.workspace.readiness.project import Project, Table, entries_of, is_table, table, texts
from mission_tui.workspace.readiness.python_launch import launch
from mission_tui.workspace.readiness.python_runners import environments, install_line, nox, tasks, tox

MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "manage.py", "tox.ini")
_DEV_EXTRAS = ("test", "tests", "testing", "dev", "develop", "development", "lint", "linting", "typing", "types",
               "typecheck", "typechecking", "type-checking", "all-dev")  # fmt: skip
_DEV_REQUIREMENTS = re.compile(
    r"^(?:requirements[-_.]?)?(?:dev|test|tests|testing|development|ci|lint)(?:[-_]requirements)?\.(?:txt|in)$"
)
_TEST_REQUIREMENTS = re.compile(r"(?:base|common|py3|requirements|all|unit|dev|tests?)\.txt")
"""Beside these, Django and others keep what only another database needs."""
_OTHER_MANIFESTS = (
    "package.json", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle",
    "settings.gradle.kts", "Gemfile", "composer.json", "CMakeLists.txt", "configure.ac", "meson.build",
)  # fmt: skip
_BACKEND_KEYS = frozenset({"version", "build", "build-backend"})
"""Below `[tool.pdm]` and `[tool.uv]`: what their build backends read, whoever installs the project."""
_TOOL_PACKAGES = ("pytest", "ruff", "flake8", "pylint", "black", "mypy", "pyright", "basedpyright", "uvicorn")


@dataclass
class Manifest:
    """What the manifests of one Python project say."""

    project: Project
    pyproject: Table
    setup_cfg: configparser.RawConfigParser
    tox: configparser.RawConfigParser
    setup_py: str
    dependencies: set[str] = field(default_factory=set[str])
    """Normalised names of everything that installing brings, as far as it can be read."""
    direct: set[str] = field(default_factory=set[str])
    """Of these, what the product itself is built on; a locked requirements file names much more."""
    install: list[str] = field(default_factory=list[str])

    def tool(self, *names: str) -> Table:
        return table(self.pyproject, "tool", *names)

    @property
    def packaged(self) -> bool:
        """Whether pip can install it."""
        built = any(table(self.pyproject, key) for key in ("project", "build-system"))
        return bool(self.setup_py or built or self.tool("poetry") or self.setup_cfg.has_section("metadata"))


def examine_python(project: Project) -> Signals | None:
    """The signals of a Python project, or None where there is none."""
    if not any(project.has(name) for name in MARKERS) and not _loose_modules(project):
        return None
    signals = Signals(stacks=["Python"])
    manifest = Manifest(
        project=project,
        pyproject=project.toml("pyproject.toml"),
        setup_cfg=project.ini("setup.cfg"),
        tox=project.ini("tox.ini"),
        setup_py=(project.read("setup.py") or "")[:50_000],
    )
    _dependencies(manifest)
    _install(manifest, signals)
    needed = environments(project, manifest.pyproject)
    if needed:
        signals.found(
            "install", project.command(install_line(needed)), project.name_of("pyproject.toml [tool.hatch.envs]")
        )
        manifest.install.append(install_line(needed))
        manifest.dependencies.update(map(_name, needed))
    _tests(manifest, signals)
    _lint(manifest, signals)
    _types(manifest, signals)
    tox(project, manifest.tox, signals)
    nox(project, signals)
    tasks(project, manifest.pyproject, signals)
    _programs(manifest, signals)
    launch(project, manifest.direct, manifest.packaged, signals)
    _missing_tools(manifest, signals)
    signals.setup += [project.command(c) for c in manifest.install]
    return signals


def _loose_modules(project: Project) -> bool:
    """Beside the manifest of another language they are its tools."""
    if project.folder or project.has(*_OTHER_MANIFESTS):
        return False
    return any(name.endswith(".py") for name in project.entries())


def _name(requirement: str) -> str:
    match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def _dependencies(manifest: Manifest) -> None:
    names = texts(table(manifest.pyproject, "project").get("dependencies"))
    poetry = manifest.tool("poetry")
    names += [n for n in table(poetry, "dependencies") if n != "python"]
    if manifest.setup_cfg.has_option("options", "install_requires"):
        names += (manifest.setup_cfg.get("options", "install_requires") or "").splitlines()
    block = re.search(r"install_requires\s*=\s*\[(.*?)\]", manifest.setup_py, re.DOTALL)
    names += re.findall(r"['\"]([^'\"]+)['\"]", block[1]) if block else []
    manifest.direct.update(filter(None, map(_name, names)))
    manifest.dependencies.update(manifest.direct)


_MANAGERS = (
    ("uv.lock", "uv", "uv sync"),
    ("poetry.lock", "poetry", "poetry install"),
    ("pdm.lock", "pdm", "pdm install"),
    ("Pipfile.lock", "pipenv", "pipenv sync --dev"),
    ("Pipfile", "pipenv", "pipenv install --dev"),
)


def _manager(manifest: Manifest, signals: Signals) -> None:
    """What the project's people install with. The proposal is in terms of pip, which every machine here has."""
    project = manifest.project
    found = [(tool, command, project.name_of(lock)) for lock, tool, command in _MANAGERS if project.has(lock)]
    for tool in ("uv", "poetry", "pdm"):
        used = set(manifest.tool(tool)) - _BACKEND_KEYS
        if not found and used and (tool != "poetry" or manifest.tool("poetry").get("dependencies")):
            command = f"{tool} {'sync' if tool == 'uv' else 'install'}"
            found.append((tool, command, f"{project.name_of('pyproject.toml')} [tool.{tool}]"))
    managers: dict[str, str] = {}
    for tool, command, source in found:
        if tool not in managers:
            managers[tool] = f"{tool} ({source})"
            signals.fact("package manager", tool, source)
            signals.found("install", project.command(command), source)
    if len(managers) > 1:
        signals.disagreements.append(Disagreement(about="package manager", sayings=tuple(managers.values())))
    if not found and manifest.packaged:
        named = project.has("pyproject.toml", "setup.py", "setup.cfg") or "pyproject.toml"
        signals.fact("package manager", "pip", project.name_of(named))


def _install(manifest: Manifest, signals: Signals) -> None:
    project = manifest.project
    _manager(manifest, signals)
    files = _requirement_files(manifest)
    if files:
        command = "python -m pip install " + " ".join(f"-r {f}" for f in files)
        signals.found("install", project.command(command), ", ".join(map(project.name_of, files)))
        manifest.install.append(command)
    groups = _groups(manifest)
    if manifest.packaged:
        extras = _extras(manifest)
        command = f'python -m pip install -e ".[{",".join(extras)}]"' if extras else "python -m pip install -e ."
        source = project.has("pyproject.toml", "setup.py", "setup.cfg") or "pyproject.toml"
        signals.found("install", project.command(command), project.name_of(source))
        manifest.install.append(command)
    if groups:
        command = "python -m pip install " + " ".join(f"--group {g}" for g in groups)
        signals.found("install", project.command(command), f"{project.name_of('pyproject.toml')} [dependency-groups]")
        manifest.install.append(command)
    _poetry_groups(manifest, signals)
    if not manifest.install and project.has("Pipfile"):
        signals.notes.append(f"{project.name_of('Pipfile')}: pipenv is not used here; list what it needs in `setup`")


def _requirement_files(manifest: Manifest) -> list[str]:
    project = manifest.project
    names = [n for n in project.entries() if n == "requirements.txt" or _DEV_REQUIREMENTS.match(n)]
    names += [f"requirements/{n}" for n in project.entries("requirements") if _DEV_REQUIREMENTS.match(n)]
    for folder in ("tests", "test"):
        names += [f"{folder}/{n}" for n in project.entries(folder) if re.fullmatch(r"requirements[\w-]*\.txt", n)]
        below = f"{folder}/requirements"
        names += [f"{below}/{n}" for n in project.entries(below) if _TEST_REQUIREMENTS.fullmatch(n)]
    # A .txt compiled from the .in of the same name says the same, with versions.
    names = [n for n in names if not (n.endswith(".in") and f"{n[:-3]}.txt" in names)]
    if manifest.packaged:
        names = [n for n in names if n != "requirements.txt"] if manifest.dependencies else names
    for file in names:
        lines = (project.read(file) or "").splitlines()
        named = {_name(line) for line in lines if line.strip() and not line.startswith(("#", "-", " "))}
        manifest.dependencies.update(named)
        if file == "requirements.txt":
            manifest.direct.update(named)
    return names


def _extras(manifest: Manifest) -> list[str]:
    extras = table(manifest.pyproject, "project", "optional-dependencies")
    named: dict[str, list[str]] = {name: texts(value) for name, value in extras.items()}
    for name, value in table(manifest.tool("poetry"), "extras").items():
        named.setdefault(name, texts(value))
    if manifest.setup_cfg.has_section("options.extras_require"):
        for name, value in manifest.setup_cfg.items("options.extras_require"):
            named.setdefault(name, (value or "").splitlines())
    block = re.search(r"extras_require\s*=\s*\{(.*?)\}", manifest.setup_py, re.DOTALL)
    for name, value in re.findall(r"['\"]([A-Za-z0-9_-]+)['\"]\s*:\s*([^\]]*)", block[1]) if block else ():
        named.setdefault(name, re.findall(r"['\"]([^'\"]+)['\"]", value))
    chosen = [name for name in _DEV_EXTRAS if name in named]
    for name in chosen:
        manifest.dependencies.update(filter(None, map(_name, named[name])))
    return chosen


def _groups(manifest: Manifest) -> list[str]:
    groups = table(manifest.pyproject, "dependency-groups")
    chosen = [name for name in _DEV_EXTRAS if name in groups]
    waiting, met = list(chosen), set[str]()
    while waiting:
        name = waiting.pop()
        if name in met:
            continue
        met.add(name)
        entries = entries_of(groups.get(name))
        manifest.dependencies.update(filter(None, map(_name, texts(entries))))
        waiting += [str(e["include-group"]) for e in entries if is_table(e) and "include-group" in e]
    return chosen


def _poetry_groups(manifest: Manifest, signals: Signals) -> None:
    poetry = manifest.tool("poetry")
    tables = [table(poetry, "dev-dependencies")]
    tables += [table(poetry, "group", g, "dependencies") for g in _DEV_EXTRAS if g in table(poetry, "group")]
    names = sorted({name for t in tables for name in t if name != "python"})
    if not names:
        return
    command = "python -m pip install " + " ".join(names)
    source = manifest.project.name_of("pyproject.toml")
    signals.found("install", manifest.project.command(command), f"{source} [tool.poetry.group]")
    signals.notes.append(f"{source}: pip cannot read Poetry's groups; their packages are proposed without versions")
    manifest.dependencies.update(map(_name, names))
    manifest.install.append(command)


def _tests(manifest: Manifest, signals: Signals) -> None:
    project, source = manifest.project, _pytest_source(manifest)
    own_runner = project.has("tests/runtests.py", "test/runtests.py", "runtests.py")
    if own_runner:
        signals.check("tests", "test", project.command(f"python {own_runner}"), project.name_of(own_runner))
        return
    if source and not has_tests(project):
        told = f"{project.name_of(source)} speaks of pytest" if "." in source else "pytest is a dependency"
        signals.notes.append(f"{told}, but no test files are here")
        return
    if source:
        signals.check("tests", "test", project.command("python -m pytest -q"), project.name_of(source))
        return
    if project.has("manage.py"):
        signals.check("tests", "test", project.command("python manage.py test"), project.name_of("manage.py"))
        return
    for folder in ("tests", "test"):
        files = [n for n in project.entries(folder) if n.startswith("test") and n.endswith(".py")]
        if not files:
            continue
        heads = [project.read(f"{folder}/{n}") or "" for n in files[:5]]
        plain = all("unittest" in head and "pytest" not in head for head in heads)
        command = f"python -m unittest discover -s {folder} -t ." if plain else "python -m pytest -q"
        if plain and "__init__.py" not in project.entries(folder):
            command = f"python -m unittest discover -s {folder}"
        signals.check("tests", "test", project.command(command), project.name_of(folder))
        return
    settings = _test_settings(project) if "django" in manifest.direct and has_tests(project) else None
    if settings:
        module = settings.removesuffix(".py").replace("/", ".")
        command = project.command(f"python -m django test --settings={module}")
        signals.check("tests", "test", command, project.name_of(settings))
    elif any(re.match(r"test_.*\.py$|.*_test\.py$", name) for name in project.entries()):
        signals.check("tests", "test", project.command("python -m pytest -q"), project.name_of("test_*.py"))


def _test_settings(project: Project) -> str | None:
    """The settings that a library for Django is tested with."""
    tops = ["", *(f"{name}/" for name in project.folders())]
    return project.has(*(f"{top}{tests}/settings.py" for top in tops for tests in ("tests", "test")))


def _pytest_source(manifest: Manifest) -> str | None:
    if manifest.tool("pytest"):
        return "pyproject.toml [tool.pytest]"
    if manifest.project.has("pytest.ini"):
        return "pytest.ini"
    if manifest.tox.has_section("pytest"):
        return "tox.ini [pytest]"
    if manifest.setup_cfg.has_section("tool:pytest"):
        return "setup.cfg [tool:pytest]"
    if manifest.project.has("conftest.py", "tests/conftest.py", "test/conftest.py"):
        return "conftest.py"
    return "its dependencies" if "pytest" in manifest.dependencies else None


def _lint(manifest: Manifest, signals: Signals) -> None:
    project = manifest.project
    sources = {
        "ruff check .": _configured(manifest, "ruff", ("ruff.toml", ".ruff.toml"), ()),
        "flake8": _configured(manifest, "flake8", (".flake8",), ("flake8",)),
        f"pylint {_code(project)}": _configured(manifest, "pylint", (".pylintrc", "pylintrc"), ()),
        "black --check .": _configured(manifest, "black", (), ()),
    }
    for command, source in sources.items():
        if source:
            signals.check("lint", "lint", project.command(command), project.name_of(source))


def _types(manifest: Manifest, signals: Signals) -> None:
    project = manifest.project
    mypy = _configured(manifest, "mypy", ("mypy.ini", ".mypy.ini"), ("mypy",))
    configured = manifest.tool("pyright") or manifest.tool("basedpyright") or project.has("pyrightconfig.json")
    if mypy and not (mypy == "its dependencies" and configured):
        own_files = bool(manifest.tool("mypy").get("files") or manifest.tool("mypy").get("packages"))
        own_files = own_files or any(
            ini.has_option("mypy", "files") for ini in (manifest.setup_cfg, project.ini("mypy.ini"))
        )
        command = "mypy" if own_files else f"mypy {_code(project)}"
        signals.check("types", "types", project.command(command), project.name_of(mypy))
    for name in ("basedpyright", "pyright"):
        source = _configured(manifest, name, ("pyrightconfig.json",) if name == "pyright" else (), ())
        if source:
            signals.check("types", "types", project.command(name), project.name_of(source))


def _configured(manifest: Manifest, tool: str, files: tuple[str, ...], sections: tuple[str, ...]) -> str | None:
    if manifest.tool(tool):
        return f"pyproject.toml [tool.{tool}]"
    file = manifest.project.has(*files) if files else None
    if file:
        return file
    for name, ini in (("setup.cfg", manifest.setup_cfg), ("tox.ini", manifest.tox)):
        if any(ini.has_section(section) for section in sections):
            return f"{name} [{sections[0]}]"
    return "its dependencies" if tool in manifest.dependencies and tool not in ("black", "pylint") else None


def _code(project: Project) -> str:
    """Where the product's own modules lie, as a tool's argument."""
    if project.entries("src"):
        return "src"
    packages = [name for name in project.folders() if "__init__.py" in project.entries(name)]
    return " ".join(packages) if 0 < len(packages) <= 3 else "."


def _programs(manifest: Manifest, signals: Signals) -> None:
    project = manifest.project
    scripts = [*table(manifest.pyproject, "project", "scripts"), *table(manifest.tool("poetry"), "scripts")]
    said = re.search(
        r"\[console_scripts\](.*?)(?:^\s*\[|['\"]{3})|console_scripts['\"]?\s*[:=]\s*\[(.*?)\]",
        manifest.setup_py,
        re.DOTALL | re.MULTILINE,
    )
    lines = (said[1] or said[2] or "") if said else ""
    if manifest.setup_cfg.has_option("options.entry_points", "console_scripts"):
        lines += manifest.setup_cfg.get("options.entry_points", "console_scripts") or ""
    scripts += re.findall(r"^\s*['\"]?([A-Za-z0-9_.-]+)\s*=\s*[\w.]+:[\w.]+", lines, re.MULTILINE)
    signals.programs += dict.fromkeys(scripts)
    source = project.name_of(project.has("pyproject.toml", "setup.cfg", "setup.py") or "")
    for name in signals.programs:
        signals.found("launch", f"{name} --help", source)
    base = "src" if project.entries("src") else ""
    for name in project.folders(base):
        inside = project.entries(f"{base}/{name}" if base else name)
        if "__init__.py" in inside:
            signals.importable.append(name)
        if "__main__.py" in inside and not scripts:
            signals.programs.append(f"python -m {name}")
    modules = re.search(r"py_modules\s*=\s*\[(.*?)\]", manifest.setup_py, re.DOTALL)
    signals.importable += re.findall(r"['\"](\w+)['\"]", modules[1]) if modules else []


def _missing_tools(manifest: Manifest, signals: Signals) -> None:
    """What the proposed commands need and no manifest brings."""
    commands = " ".join([*signals.checks.values(), signals.app.start if signals.app else ""])
    words = set(re.split(r"[\s;&|]+", commands))
    missing = [t for t in _TOOL_PACKAGES if t in words and t not in manifest.dependencies]
    if missing:
        manifest.install.append("python -m pip install " + " ".join(missing))
        signals.notes.append(f"no manifest brings {', '.join(missing)}; added to the proposed setup")
