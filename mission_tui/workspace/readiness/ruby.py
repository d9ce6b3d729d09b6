"""Ruby: Bundler, RSpec and Minitest, Rails and Rack."""

import re

from mission_tui.domain.plan import App, Ready
from mission_tui.workspace.readiness.containers import stores
from mission_tui.workspace.readiness.model import Gap, Package, Signals
from mission_tui.workspace.readiness.project import Project

_GEM = re.compile(r"""^\s*(?:gem|\w+\.add_(?:development_|runtime_)?dependency)[ (]\s*["']([\w-]+)["']""", re.MULTILINE)
_DEFAULT_TEST = re.compile(r"^\s*task[ (]+(?::default *=>|default:).*\b(?:test|spec)", re.MULTILINE)
"""Of a repository of several gems: its tests lie in folders of their own."""
_HEALTH = re.compile(r"""^\s*get\s+["']/?([\w/-]+)["']\s*(?:=>|,\s*to:)\s*["']rails/health#show""", re.MULTILINE)


def examine_ruby(project: Project) -> Signals | None:
    """The signals of a Ruby project, or None where there is none."""
    specs = [n for n in project.entries() if n.endswith(".gemspec")]
    if not project.has("Gemfile") and not specs:
        return None
    signals = Signals(stacks=["Ruby"])
    sources = [project.has("Gemfile"), project.has("Gemfile.lock"), *specs[:3]]
    texts = [project.read(s) or "" for s in sources if s]
    gems = {gem for text in texts for gem in _GEM.findall(text)}
    gems |= set(re.findall(r"^    ([\w-]+) \(", texts[1] if project.has("Gemfile.lock") else "", re.MULTILINE))
    source = project.name_of(project.has("Gemfile.lock", "Gemfile") or specs[0])
    signals.fact("package manager", "bundler", source)
    if project.has("Gemfile"):
        signals.install(project.command("bundle install"), source)
    else:
        signals.notes.append(f"{source}: no Gemfile is here, without which Bundler installs nothing")
    rails = project.has("bin/rails") is not None and project.has("config/application.rb") is not None
    if rails:
        _rails(project, signals)
    if "rake-compiler" in gems and project.entries("ext"):
        compiling = project.command("bundle exec rake compile")
        signals.found("build", compiling, project.name_of("ext"))
        signals.setup.append(compiling)
    _tests(project, gems, rails, signals)
    _members(project, signals)
    _lint(project, gems, signals)
    if specs and not rails:
        signals.check("build", "build", project.command(f"gem build {specs[0]}"), project.name_of(specs[0]))
        signals.importable.append(specs[0].removesuffix(".gemspec"))
        _programs(project, specs[0], signals)
    if not rails:
        _rack(project, gems, signals)
    return signals


def _programs(project: Project, spec: str, signals: Signals) -> None:
    """The executables of a gem, as far as its specification lists them."""
    listed = re.search(r"\.executables\s*=\s*(?:%w)?[\[({]([^\])}]*)", project.read(spec) or "")
    for name in re.findall(r"[\w.-]+", listed[1] if listed else ""):
        file = project.has(f"exe/{name}", f"bin/{name}")
        if file:
            start = f"{'bundle exec ' if project.has('Gemfile') else ''}ruby -Ilib {file}"
            signals.programs.append(project.command(start))
            signals.found("launch", project.command(start), project.name_of(spec))


def _rails(project: Project, signals: Signals) -> None:
    signals.web = "Rails"
    source = project.name_of("bin/rails")
    start = project.command("bin/rails server -b 127.0.0.1 -p $PORT")
    signals.found("launch", start, source)
    signals.fact("port", "3000", "the default of Rails")
    routes = project.read("config/routes.rb") or ""
    health = re.search(
        r"""^\s*get\s+["']/?([\w/-]+)["']\s*(?:=>|,\s*to:)\s*["']rails/health#show""", routes, re.MULTILINE
    )
    if health:
        signals.fact("health check", f"/{health[1]}", project.name_of("config/routes.rb"))
    signals.setup.append(project.command("bin/rails db:prepare"))
    _database(project, signals)
    ready = Ready(http=f"/{health[1]}") if health else None
    signals.app = App(start=start, ready=ready, ready_timeout_s=60)


def _database(project: Project, signals: Signals) -> None:
    """What Rails connects to, and whether a checkout has the file that says so."""
    file = project.has("config/database.yml", "config/database.yml.example", "config/database.example.yml")
    if not file:
        return
    if file != "config/database.yml":
        signals.gaps.append(
            Gap(
                what="whatever needs the database",
                why=f"config/database.yml is not in the repository, only {project.name_of(file)}",
                change="let `setup` write it, with SQLite in it",
            )
        )
    # Not read as YAML: it is a template of Ruby's.
    adapters = re.findall(r"^\s*adapter:\s*([\w]+)", project.read(file) or "", re.MULTILINE)
    stores(
        {adapter: {} for adapter in adapters if "sqlite" not in adapter},
        project.name_of(file),
        signals,
        "connects to it",
    )


def _tests(project: Project, gems: set[str], rails: bool, signals: Signals) -> None:
    rspec = project.has(".rspec") or ("spec_helper.rb" in project.entries("spec") and "spec/spec_helper.rb")
    if rspec or (project.entries("spec") and gems & {"rspec", "rspec-rails", "rspec-core"}):
        signals.check("tests", "test", project.command("bundle exec rspec"), project.name_of(rspec or "spec"))
    tests = any(n.endswith((".rb",)) or "." not in n for n in project.entries("test"))
    rake = _rakefile(project)
    if not tests:
        if "tests" not in signals.checks and _DEFAULT_TEST.search(rake[1]):
            signals.check("tests", "test", project.command("bundle exec rake"), project.name_of(f"{rake[0]} [default]"))
    elif rails:
        signals.check("tests", "test", project.command("bin/rails test"), project.name_of("bin/rails"))
    elif re.search(r"\btask\b[^\n]*\btest\b", rake[1]) or "TestTask" in rake[1]:
        signals.check("tests", "test", project.command("bundle exec rake test"), project.name_of(f"{rake[0]} [test]"))


def _members(project: Project, signals: Signals) -> None:
    """Gems of one repository, each in a directory of its own."""
    for name in project.folders():
        member = Project(project.root, project.name_of(name), project.notes)
        specs = [n for n in member.entries() if n.endswith(".gemspec")]
        if not specs:
            continue
        commands: dict[str, str] = {}
        if member.entries("spec"):
            commands["test"] = member.command("bundle exec rspec")
        elif member.entries("test") and _rakefile(member)[0]:
            commands["test"] = member.command("bundle exec rake test")
        gem = specs[0].removesuffix(".gemspec")
        signals.packages.append(Package(folder=member.folder, name=gem, stack="Ruby", commands=commands))


def _rakefile(project: Project) -> tuple[str, str]:
    file = project.has("Rakefile", "rakefile", "Rakefile.rb")
    return (file, project.read(file) or "") if file else ("", "")


def _lint(project: Project, gems: set[str], signals: Signals) -> None:
    if project.has(".rubocop.yml"):
        command = "bin/rubocop" if project.has("bin/rubocop") else "bundle exec rubocop"
        signals.check("lint", "lint", project.command(command), project.name_of(".rubocop.yml"))
    elif project.has(".standard.yml") or gems & {"standard", "standardrb"}:
        source = project.has(".standard.yml", "Gemfile") or "Gemfile"
        signals.check("lint", "lint", project.command("bundle exec standardrb"), project.name_of(source))
    if project.has("sorbet/config"):
        signals.check("types", "types", project.command("bundle exec srb tc"), project.name_of("sorbet/config"))
    elif project.has("Steepfile"):
        signals.check("types", "types", project.command("bundle exec steep check"), project.name_of("Steepfile"))


def _rack(project: Project, gems: set[str], signals: Signals) -> None:
    if project.has("_config.yml") and gems & {"jekyll", "github-pages"}:
        start = project.command("bundle exec jekyll serve --host 127.0.0.1 --port $PORT")
        signals.web = "Jekyll"
        signals.found("launch", start, project.name_of("_config.yml"))
        signals.app = App(start=start, ready_timeout_s=60)
    elif project.has("config.ru"):
        start = project.command("bundle exec rackup -o 127.0.0.1 -p $PORT")
        if "puma" in gems:
            start = project.command("bundle exec puma -b tcp://127.0.0.1:$PORT")
        signals.web = "Sinatra" if "sinatra" in gems else "Rack"
        signals.found("launch", start, project.name_of("config.ru"))
        signals.app = App(start=start)
