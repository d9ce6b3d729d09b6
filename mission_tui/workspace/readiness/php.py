"""PHP: Composer, its scripts, and the configuration files of the usual tools."""

from mission_tui.domain.plan import App, Ready
from mission_tui.workspace.readiness.model import FindingKind, Signals
from mission_tui.workspace.readiness.project import Project, Table, table, texts
from mission_tui.workspace.readiness.words import classify

_SCRIPTS: tuple[tuple[str, FindingKind, tuple[str, ...]], ...] = (
    ("tests", "test", ("test", "tests", "test:unit", "unit-test", "phpunit", "test-unit")),
    ("lint", "lint", ("lint", "cs", "check-style", "cs-check", "cs:check", "phpcs", "test:lint", "check-cs")),
    ("types", "types", ("phpstan", "analyse", "analyze", "stan", "psalm", "static-analysis", "test:types")),
)
_TOOLS: tuple[tuple[str, FindingKind, tuple[str, ...], str, str], ...] = (
    ("tests", "test", ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"), "phpunit/phpunit", "phpunit"),
    ("types", "types", ("phpstan.neon", "phpstan.neon.dist", "phpstan.dist.neon"), "phpstan/phpstan",
     "phpstan analyse"),
    ("types", "types", ("psalm.xml", "psalm.xml.dist"), "vimeo/psalm", "psalm"),
    ("lint", "lint", (".php-cs-fixer.dist.php", ".php-cs-fixer.php"), "friendsofphp/php-cs-fixer",
     "php-cs-fixer fix --dry-run --diff"),
    ("lint", "lint", ("phpcs.xml", "phpcs.xml.dist", ".phpcs.xml", ".phpcs.xml.dist"), "squizlabs/php_codesniffer",
     "phpcs"),
    ("lint", "lint", ("pint.json",), "laravel/pint", "pint --test"),
)  # fmt: skip

_LIBRARIES = (None, "library", "symfony-bundle")
_PHP_KEYS = ("autoload", "scripts", "bin")
"""Without these, and without packages, there is nothing of PHP: the manifest publishes what is of another language."""
_MAX_DEPTH = 4


def examine_php(project: Project) -> Signals | None:
    """The signals of a Composer project, or None where there is none."""
    if not project.has("composer.json"):
        return _plain(project)
    signals, source = Signals(stacks=["PHP"]), project.name_of("composer.json")
    composer = project.json("composer.json")
    asked = [name for key in ("require", "require-dev") for name in table(composer, key) if "/" in name]
    if project.has("package.json") and not asked and not any(composer.get(key) for key in _PHP_KEYS):
        signals.notes.append(f"{source}: only publishes the package")
        return None
    packages = {**table(composer, "require"), **table(composer, "require-dev")}
    lock = project.name_of(project.has("composer.lock") or "composer.json")
    signals.fact("package manager", "composer", lock)
    signals.install(project.command("composer install --no-interaction"), lock)
    _scripts(project, table(composer, "scripts"), source, signals)
    _tools(project, packages, signals)
    if project.has("artisan"):
        _laravel(project, signals)
    else:
        _page(project, composer, signals)
    for program in texts(composer.get("bin")):
        signals.programs.append(f"php {project.name_of(program)}")
        signals.found("launch", f"php {project.name_of(program)}", f"{source} [bin]")
    if isinstance(composer.get("name"), str) and composer.get("type") in _LIBRARIES:
        signals.importable.append(str(composer["name"]))
    return signals


def _scripts(project: Project, scripts: Table, source: str, signals: Signals) -> None:
    for name, kind, candidates in _SCRIPTS:
        for script in sorted(candidates, key=lambda script: _mixed(scripts, script)):
            kinds = _kinds(scripts, script)
            if texts(scripts.get(script)) and not (kind == "test" and kinds and "test" not in kinds):
                command = project.command(f"composer run-script {script}")
                signals.check(name, kind, command, f"{source} [scripts.{script}]")


def _page(project: Project, composer: Table, signals: Signals) -> None:
    """The page that an application is entered by; a library may have one for its own purposes."""
    if project.has("public/index.php"):
        page, options = "public/index.php", " -t public"
    elif project.has("index.php") and composer.get("type") not in _LIBRARIES:
        page, options = "index.php", ""
    else:
        return
    start = project.command(f"php -S 127.0.0.1:$PORT{options}")
    signals.web = "Symfony" if page.startswith("public/") and project.has("bin/console") else "PHP"
    signals.found("launch", start, project.name_of(page))
    signals.app = App(start=start)


def _plain(project: Project) -> Signals | None:
    """An application without Composer, served from the repository's root or from what is public of it."""
    page = project.has("public/index.php", "index.php")
    if project.folder or not page:
        return None
    signals, start = Signals(stacks=["PHP"], web="PHP"), "php -S 127.0.0.1:$PORT"
    start += " -t public" if page.startswith("public/") else ""
    signals.found("launch", start, page)
    signals.app = App(start=start)
    rules = project.has("phpstan.neon", "phpstan.neon.dist")
    if rules:
        signals.notes.append(f"{rules}: PHPStan is configured, and nothing here brings it")
    return signals


def _kinds(scripts: Table, script: str, depth: int = 0) -> set[FindingKind]:
    """What kinds of commands a script runs, by itself or by the scripts that it names with `@`."""
    found: set[FindingKind] = set()
    for line in texts(scripts.get(script)):
        name = line.removeprefix("@").split(" ")[0]
        if line.startswith("@") and name in scripts and depth < _MAX_DEPTH:
            found |= _kinds(scripts, name, depth + 1)
        else:
            kind = classify(line.removeprefix("@php "))
            found |= {kind} if kind else set()
    return found


def _mixed(scripts: Table, script: str) -> bool:
    """Whether it does several things: its failure says less than that of a script which does one."""
    return len(_kinds(scripts, script)) > 1


def _tools(project: Project, packages: dict[str, object], signals: Signals) -> None:
    binaries = str(table(project.json("composer.json"), "config").get("bin-dir") or "vendor/bin")
    pest = "pestphp/pest" in packages
    if pest and not project.has("artisan"):
        source = f"{project.name_of('composer.json')} [pestphp/pest]"
        signals.check("tests", "test", project.command(f"{binaries}/pest"), source)
    for name, kind, files, package, command in _TOOLS:
        file = project.has(*files)
        # A tool that Composer does not bring (a phar, another manager) is not in its folder.
        own = "symfony/phpunit-bridge" in packages or project.has("phpunit", "bin/phpunit")
        brought = package in packages or (package == "phpunit/phpunit" and not own)
        if file and brought and not (package == "phpunit/phpunit" and (pest or project.has("artisan"))):
            signals.check(name, kind, project.command(f"{binaries}/{command}"), project.name_of(file))
        elif file and package == "phpunit/phpunit":
            _phpunit_otherwise(project, binaries, packages, file, signals)


def _phpunit_otherwise(
    project: Project, binaries: str, packages: dict[str, object], file: str, signals: Signals
) -> None:
    """A starter of the repository's own, or Symfony's bridge, which fetches PHPUnit when it is first run."""
    own = project.has("bin/phpunit", "phpunit")
    if own:
        signals.check("tests", "test", project.command(f"php {own}"), project.name_of(own))
    elif "symfony/phpunit-bridge" in packages:
        command = project.command(f"{binaries}/simple-phpunit")
        signals.check("tests", "test", command, project.name_of(file))
    if "symfony/phpunit-bridge" in packages or (own and "simple-phpunit" in (project.read(own) or "")):
        signals.setup.append(project.command(f"php {own or f'{binaries}/simple-phpunit'} install"))


def _laravel(project: Project, signals: Signals) -> None:
    source = project.name_of("artisan")
    signals.web = "Laravel"
    if project.has(".env.example"):
        prepare = "test -f .env || (cp .env.example .env && php artisan key:generate)"
        signals.setup.append(project.command(prepare))
    signals.check("tests", "test", project.command("php artisan test"), source)
    start = project.command("php artisan serve --host=127.0.0.1 --port=$PORT")
    signals.found("launch", start, source)
    signals.fact("port", "8000", "the default of Laravel")
    up = "health: '/up'" in (project.read("bootstrap/app.php") or "")
    if up:
        signals.fact("health check", "/up", project.name_of("bootstrap/app.php"))
    signals.app = App(start=start, ready=Ready(http="/up") if up else None)
