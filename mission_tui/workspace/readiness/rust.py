"""Rust: packages and workspaces of Cargo."""

from mission_tui.workspace.readiness.members import members
from mission_tui.workspace.readiness.model import Package, Signals
from mission_tui.workspace.readiness.project import Project, Table, entries_of, table, texts

_FRAMEWORKS = {"axum": "axum", "actix-web": "Actix", "rocket": "Rocket", "warp": "warp", "poem": "Poem"}
_MAX_MEMBERS = 60


def examine_rust(project: Project) -> Signals | None:
    """The signals of a Cargo package or workspace, or None where there is none."""
    if not project.has("Cargo.toml"):
        return None
    signals = Signals(stacks=["Rust"])
    cargo, source = project.toml("Cargo.toml"), project.name_of("Cargo.toml")
    workspace = "workspace" in cargo and ("members" in table(cargo, "workspace"))
    lock = project.has("Cargo.lock")
    signals.fact("package manager", "cargo", project.name_of(lock or "Cargo.toml"))
    fetch = "cargo fetch --locked" if lock else "cargo fetch"
    signals.install(project.command(fetch), project.name_of(lock or "Cargo.toml"))
    whole = " --workspace" if workspace else ""
    where = f"{source} [workspace]" if workspace else source
    signals.check("build", "build", project.command(f"cargo build{whole}"), where)
    signals.check("tests", "test", project.command(f"cargo test{whole}"), where)
    _lint(project, cargo, whole, signals)
    _package(project, cargo, signals)
    if workspace:
        _members(project, cargo, signals)
    return signals


def _lint(project: Project, cargo: Table, whole: str, signals: Signals) -> None:
    config = project.has("clippy.toml", ".clippy.toml")
    in_manifest = bool(table(cargo, "lints", "clippy") or table(cargo, "workspace", "lints", "clippy"))
    if config or in_manifest:
        source = project.name_of(config) if config else f"{project.name_of('Cargo.toml')} [lints.clippy]"
        signals.check("lint", "lint", project.command(f"cargo clippy{whole} --all-targets"), source)
    format_file = project.has("rustfmt.toml", ".rustfmt.toml")
    if format_file:
        name = "format" if "lint" in signals.checks else "lint"
        signals.check(name, "lint", project.command("cargo fmt --all --check"), project.name_of(format_file))


def _package(project: Project, cargo: Table, signals: Signals) -> None:
    name = table(cargo, "package").get("name")
    if not isinstance(name, str):
        return
    source = project.name_of("Cargo.toml")
    dependencies = table(cargo, "dependencies")
    signals.web = next((shown for key, shown in _FRAMEWORKS.items() if key in dependencies), None)
    for command in _runs(project, cargo, name):
        signals.found("launch", project.command(command), f"{source} [bin]")
        signals.programs.append(project.command(command))
    if project.has("src/lib.rs") or table(cargo, "lib"):
        signals.importable.append(name)


def _runs(project: Project, cargo: Table, name: str) -> list[str]:
    """How its programs are run; `--bin` is needed only where there are several."""
    bins = [str(t["name"]) for t in map(table, entries_of(cargo.get("bin"))) if isinstance(t.get("name"), str)]
    if project.has("src/main.rs") and not any(_is_main(t) for t in map(table, entries_of(cargo.get("bin")))):
        bins.append(name)
    for entry in project.entries("src/bin"):
        if entry.endswith(".rs") or project.has(f"src/bin/{entry}/main.rs"):
            bins.append(entry.removesuffix(".rs"))
    bins = list(dict.fromkeys(bins))
    return ["cargo run"] if len(bins) == 1 else [f"cargo run --bin {b}" for b in bins[:5]]


def _is_main(target: Table) -> bool:
    return str(target.get("path", "")).removeprefix("./") == "src/main.rs"


def _members(project: Project, cargo: Table, signals: Signals) -> None:
    patterns = texts(table(cargo, "workspace").get("members"))
    excluded = texts(table(cargo, "workspace").get("exclude"))
    programs: list[str] = []
    for folder in members(project, patterns, excluded)[:_MAX_MEMBERS]:
        member = Project(project.root, project.name_of(folder), project.notes)
        manifest = member.toml("Cargo.toml") if member.has("Cargo.toml") else {}
        name = table(manifest, "package").get("name")
        if not isinstance(name, str):
            continue
        commands = {"build": f"cargo build -p {name}", "test": f"cargo test -p {name}"}
        if member.has("src/main.rs") or manifest.get("bin"):
            commands["launch"] = f"cargo run -p {name}"
            programs.append(name)
        commands = {kind: project.command(c) for kind, c in commands.items()}
        signals.packages.append(Package(folder=member.folder, name=name, stack="Rust", commands=commands))
    if not signals.programs:
        for name in programs[:5]:
            command = project.command(f"cargo run -p {name}")
            signals.found("launch", command, f"{project.name_of('Cargo.toml')} [workspace.members]")
            signals.programs.append(command)
