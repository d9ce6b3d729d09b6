"""PHP: Composer, its scripts, and the configuration files of the usual tools."""

from mission_tui.domain.plan import App, Ready
from mission_tui.workspace.readiness.model import FindingKind, Signals
from mission_tui.workspace.readiness.project import Project, table, texts

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


def examine_php(project: Project) -> Signals | None:
    """The signals of a Composer project, or None where there is none."""
    if not project.has("composer.json"):
        return _plain(project)
    signals, source = Signals(stacks=["PHP"]), project.name_of("composer.json")
    composer = project.json("composer.json")
    packages = {**table(composer, "require"), **table(composer, "require-dev")}
    lock = project.name_of(project.has("composer.lock") or "composer.json")
    signals.fact("package manager", "composer", lock)
    signals.install(project.command("composer install --no-interaction"), lock)
    scripts = table(composer, "scripts")
    for name, kind, candidates in _SCRIPTS:
        for script in candidates:
            if texts(scripts.get(script)):
                command = project.command(f"composer run-script {script}")
                signals.check(name, kind, command, f"{source} [scripts.{script}]")
    _tools(project, packages, signals)
    if project.has("artisan"):
        _laravel(project, signals)
    elif project.has("public/index.php"):
        start = project.command("php -S 127.0.0.1:$PORT -t public")
        signals.web = "Symfony" if project.has("bin/console") else "PHP"
        signals.found("launch", start, project.name_of("public/index.php"))
        signals.app = App(start=start)
    for program in texts(composer.get("bin")):
        signals.programs.append(f"php {project.name_of(program)}")
        signals.found("launch", f"php {project.name_of(program)}", f"{source} [bin]")
    if isinstance(composer.get("name"), str) and composer.get("type") in (None, "library", "symfony-bundle"):
        signals.importable.append(str(composer["name"]))
    return signals


def _plain(project: Project) -> Signals | None:
    """An application without Composer, served from the repository's root."""
    if project.folder or not project.has("index.php"):
        return None
    signals, start = Signals(stacks=["PHP"], web="PHP"), "php -S 127.0.0.1:$PORT"
    signals.found("launch", start, "index.php")
    signals.app = App(start=start)
    return signals


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
