"""Node and TypeScript: package.json, the lock file beside it, and the tools' own configuration files."""

import posixpath
import re
from collections.abc import Iterator

from mission_tui.domain.plan import App
from mission_tui.workspace.readiness.members import members
from mission_tui.workspace.readiness.model import Disagreement, FindingKind, Package, Signals
from mission_tui.workspace.readiness.project import Project, Table, table, texts
from mission_tui.workspace.readiness.words import classify

_LOCKS = (
    ("package-lock.json", "npm", "npm ci"),
    ("npm-shrinkwrap.json", "npm", "npm ci"),
    ("pnpm-lock.yaml", "pnpm", "pnpm install --frozen-lockfile"),
    ("yarn.lock", "yarn", "yarn install --frozen-lockfile"),
    ("bun.lock", "bun", "bun install --frozen-lockfile"),
    ("bun.lockb", "bun", "bun install --frozen-lockfile"),
)
_RUNNERS = {"npm": "npx", "pnpm": "pnpm exec", "yarn": "yarn", "bun": "bunx"}
_CHECKS: tuple[tuple[str, FindingKind, tuple[str, ...]], ...] = (
    ("lint", "lint", ("lint", "lint:check", "eslint")),
    ("types", "types", ("typecheck", "type-check", "types", "check-types", "tsc", "check:types")),
    ("tests", "test", ("test", "test:unit", "test:ci", "unit")),
)
_MAX_MEMBERS = 100
_NO_TESTS = re.compile(r"no test specified|^\s*(?:echo\b[^;&|]*|true|exit 0|:)\s*$")
"""Scripts that test nothing."""
_TEST_RUNNER = re.compile(r"\b(?:karma|jest|vitest|mocha|ava|cypress)\b")
_IMPORTED = re.compile(r"""(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}/[\w./-]+)["']""")
_MAX_FOLLOWED = 40
_SERVERS = (
    ("next", "Next.js", "{runner} next dev -p $PORT"),
    ("nuxt", "Nuxt", "{runner} nuxt dev --port $PORT"),
    ("astro", "Astro", "{runner} astro dev --port $PORT"),
    ("@angular/cli", "Angular", "{runner} ng serve --port $PORT"),
    ("@sveltejs/kit", "SvelteKit", "{runner} vite dev --port $PORT --strictPort"),
    ("react-scripts", "Create React App", "BROWSER=none {run} start"),
    ("vite", "Vite", "{runner} vite --port $PORT --strictPort"),
)
_FRAMEWORKS = {"express": "Express", "fastify": "Fastify", "koa": "Koa", "@nestjs/core": "NestJS", "hono": "Hono"}
_ESLINT = ("eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts", ".eslintrc.json")
_ESLINT_OLD = (".eslintrc.js", ".eslintrc.cjs", ".eslintrc.yml", ".eslintrc.yaml", ".eslintrc")


def examine_node(project: Project) -> Signals | None:
    """The signals of a Node project, or None where there is none."""
    if not project.has("package.json"):
        return None
    package = project.json("package.json")
    dependencies = {**table(package, "dependencies"), **table(package, "devDependencies")}
    typed = "typescript" in dependencies or project.has("tsconfig.json") is not None
    signals = Signals(stacks=["TypeScript" if typed else "JavaScript"])
    manager = _install(project, package, signals)
    _scripts(project, package, manager, signals)
    _tools(project, dependencies, manager, signals)
    _launch(project, package, dependencies, manager, signals)
    _programs(project, package, signals)
    _members(project, package, manager, signals)
    return signals


def _install(project: Project, package: Table, signals: Signals) -> str:
    """The `packageManager` field is what corepack obeys; without it the lock file names the manager."""
    source = project.name_of("package.json")
    named = str(package.get("packageManager", "")).partition("@")[0]
    locks = [entry for entry in _LOCKS if project.has(entry[0])]
    lock = next((entry for entry in locks if entry[1] == named), None) if named in _RUNNERS else None
    lock = lock or next(iter(locks), None)
    manager = lock[1] if lock else named if named in _RUNNERS else _workspace_manager(project)
    managers = {entry[1]: f"{entry[1]} ({project.name_of(entry[0])})" for entry in locks}
    if named in _RUNNERS:
        managers.setdefault(named, f"{named} ({source} [packageManager])")
        signals.fact("package manager", named, f"{source} [packageManager]")
    if len(managers) > 1:
        signals.disagreements.append(Disagreement(about="package manager", sayings=tuple(managers.values())))
    command = lock[2] if lock else f"{manager} install"
    if manager == "yarn" and (
        project.has(".yarnrc.yml") or re.match(r"yarn@[2-9]", str(package.get("packageManager")))
    ):
        command = "yarn install --immutable"
    where = project.name_of(lock[0]) if lock else source
    signals.fact("package manager", manager, where)
    signals.install(project.command(command), where)
    if not lock:
        signals.notes.append(f"{source}: no lock file, so installs may differ from day to day")
    if manager != "npm":
        signals.notes.append(f"{where}: needs {manager} on this machine")
    engine = table(package, "engines").get("node")
    if isinstance(engine, str):
        signals.notes.append(f"{source}: asks for node {engine}")
    return manager


def _workspace_manager(project: Project) -> str:
    if project.has("pnpm-workspace.yaml"):
        return "pnpm"
    return "yarn" if project.has(".yarnrc.yml", ".yarnrc") else "npm"


def _members(project: Project, package: Table, manager: str, signals: Signals) -> None:
    """The packages of a workspace, each with the scripts that it has for itself."""
    declared = package.get("workspaces")
    patterns = texts(table(package, "workspaces").get("packages") if isinstance(declared, dict) else declared)
    if project.has("pnpm-workspace.yaml"):
        patterns += texts(project.yaml("pnpm-workspace.yaml").get("packages"))
    for folder in members(project, patterns)[:_MAX_MEMBERS]:
        member = Project(project.root, project.name_of(folder), project.notes)
        if not member.has("package.json"):
            continue
        manifest = member.json("package.json")
        commands = {
            kind: member.command(f"{manager} run {script}") for kind, script in _own_scripts(table(manifest, "scripts"))
        }
        name = str(manifest.get("name") or folder)
        stack = "TypeScript" if member.has("tsconfig.json") else "JavaScript"
        signals.packages.append(Package(folder=member.folder, name=name, stack=stack, commands=commands))


def _own_scripts(scripts: Table) -> Iterator[tuple[str, str]]:
    wanted = [(kind, names) for _, kind, names in _CHECKS]
    for kind, names in [("build", ("build",)), *wanted, ("launch", ("start", "dev", "serve"))]:
        script = next((n for n in names if isinstance(scripts.get(n), str) and not _NO_TESTS.search(scripts[n])), None)
        if script:
            yield kind, script


def _gone(project: Project, line: str) -> str | None:
    """The file that a script runs and that is not there, as in what was published to a registry."""
    named = re.match(r"\s*node (?:-\S+ )*([\w./-]+\.[cm]?js)\b", line)
    return named[1] if named and not project.has(named[1].removeprefix("./")) else None


def _scripts(project: Project, package: Table, manager: str, signals: Signals) -> None:
    scripts = table(package, "scripts")
    for name, kind, candidates in _CHECKS:
        for script in candidates:
            line = scripts.get(script)
            gone = _gone(project, line) if isinstance(line, str) else None
            if gone:
                signals.notes.append(f"{project.name_of('package.json')}: {script} runs {gone}, which is not here")
            elif isinstance(line, str) and not _NO_TESTS.search(line):
                command = project.command(f"{manager} run {script}")
                signals.check(name, kind, command, f"{project.name_of('package.json')} [scripts.{script}]")
    named = [(script, classify(f"npm run {script}"), str(line)) for script, line in scripts.items()]
    for script, kind, _ in sorted(named, key=lambda entry: "eslint" not in entry[2]):
        if kind in ("lint", "types"):
            command = project.command(f"{manager} run {script}")
            signals.check(kind, kind, command, f"{project.name_of('package.json')} [scripts.{script}]")
    if "build" in scripts:
        command = project.command(f"{manager} run build")
        signals.check("build", "build", command, f"{project.name_of('package.json')} [scripts.build]")


def _tools(project: Project, dependencies: Table, manager: str, signals: Signals) -> None:
    runner = _RUNNERS[manager]
    if project.has("tsconfig.json") and "types" not in signals.checks:
        signals.check("types", "types", project.command(f"{runner} tsc --noEmit"), project.name_of("tsconfig.json"))
    eslint = project.has(*_ESLINT, *_ESLINT_OLD)
    if eslint and "lint" not in signals.checks:
        signals.check("lint", "lint", project.command(f"{runner} eslint ."), project.name_of(eslint))
    for tool, command in (("vitest", "vitest run"), ("jest", "jest"), ("mocha", "mocha")):
        if tool in dependencies and "tests" not in signals.checks:
            source = f"{project.name_of('package.json')} [{tool}]"
            signals.check("tests", "test", project.command(f"{runner} {command}"), source)


def _launch(project: Project, package: Table, dependencies: Table, manager: str, signals: Signals) -> None:
    source = project.name_of("package.json")
    if "laravel-vite-plugin" in dependencies or "vite-plugin-ruby" in dependencies or "express" in dependencies:
        dependencies = {k: v for k, v in dependencies.items() if k != "vite"}  # it serves only assets of another app
    for dependency, name, template in _SERVERS:
        if dependency in dependencies and _is_app(project, package, dependency):
            start = project.command(template.format(runner=_RUNNERS[manager], run=f"{manager} run"))
            signals.web = name
            signals.found("launch", start, f"{source} [{dependency}]")
            signals.app = App(start=start, ready_timeout_s=60)
            return
    # A plugin or a middleware has the framework for its tests alone.
    built_on = table(package, "dependencies")
    signals.web = next((name for key, name in _FRAMEWORKS.items() if key in built_on), None)
    scripts = table(package, "scripts")
    for script in ("start", "serve", "dev"):
        line = scripts.get(script)
        if not isinstance(line, str) or _TEST_RUNNER.search(line):
            continue
        start = project.command(f"{manager} run {script}")
        signals.found("launch", start, f"{source} [scripts.{script}]")
        if signals.app is None and ("$PORT" in line or _reads_port(project, line)):
            signals.app = App(start=start)
    if signals.app is None and signals.web:
        signals.notes.append(f"{source}: no start script was found that listens on $PORT")


def _is_app(project: Project, package: Table, dependency: str) -> bool:
    """A library or a workspace's root has such tools for its tests and its examples."""
    scripts = " ".join(s for s in table(package, "scripts").values() if isinstance(s, str))
    words = set(re.findall(r"[\w@/-]+", scripts))
    if dependency == "vite":
        return project.has("index.html") is not None and "vite" in words
    tools = {"@angular/cli": "ng", "@sveltejs/kit": "vite"}
    return tools.get(dependency, dependency) in words


def _reads_port(project: Project, line: str) -> bool:
    """Whether a file that the script names, or one of the usual entry points, takes its port from the environment."""
    named = re.findall(r"[\w./-]+\.(?:js|mjs|cjs|ts)", line)
    usual = [f"{folder}{stem}.{suffix}" for folder in ("", "src/") for stem in ("index", "server", "app", "main")
             for suffix in ("js", "mjs", "ts")]  # fmt: skip
    waiting = [file for file in (f.removeprefix("./") for f in [*named, *usual]) if project.has(file)]
    met: set[str] = set()
    while waiting and len(met) < _MAX_FOLLOWED:
        file = waiting.pop(0)
        text = "" if file in met else project.read(file) or ""
        met.add(file)
        if re.search(r"process\.env(?:\.PORT\b|\[['\"]PORT['\"]\])", text):
            return True
        below = (posixpath.normpath(posixpath.join(posixpath.dirname(file), name)) for name in _IMPORTED.findall(text))
        waiting += [found for name in below if not name.startswith("..") and (found := _imported(project, name))]
    return False


def _imported(project: Project, name: str) -> str | None:
    """The file that an import means: its ending may be missing, or another one than the source's."""
    stem = re.sub(r"\.[cm]?js$", "", name)
    return project.has(name, *(f"{stem}.{end}" for end in ("js", "ts", "mjs", "cjs")), f"{stem}/index.js")


def _programs(project: Project, package: Table, signals: Signals) -> None:
    commands = package.get("bin")
    name = str(package.get("name", "")).rpartition("/")[2]
    if isinstance(commands, str) and name:
        signals.programs.append(f"node {project.name_of(commands.removeprefix('./'))}")
    for path in table(package, "bin").values():
        signals.programs += [f"node {project.name_of(text.removeprefix('./'))}" for text in texts(path)]
    for command in signals.programs:
        signals.found("launch", f"{command} --help", f"{project.name_of('package.json')} [bin]")
    if name and package.get("private") is not True and not signals.programs:
        signals.importable.append(str(package["name"]))
