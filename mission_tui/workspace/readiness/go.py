"""Go: modules, workspaces and the linter's configuration."""

import re
from collections.abc import Iterator

from mission_tui.workspace.readiness.model import FindingKind, Package, Signals
from mission_tui.workspace.readiness.project import Project

_LINTER = (".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json")
_FRAMEWORKS = {
    "gin-gonic/gin": "Gin", "labstack/echo": "Echo", "gofiber/fiber": "Fiber", "go-chi/chi": "chi",
    "gorilla/mux": "Gorilla",
}  # fmt: skip
_MAIN = re.compile(r"^package main\b", re.MULTILINE)
_REQUIRE = re.compile(r"^\s*(?:require\s+)?(\S+\.\S+/\S+)\s+v\S+\s*$", re.MULTILINE)
_MAX_PROGRAMS = 8
_MODULE_CHECKS: tuple[tuple[str, FindingKind, str], ...] = (("build", "build", "build"), ("tests", "test", "test"))


def examine_go(project: Project) -> Signals | None:
    """The signals of a Go module or workspace, or None where there is none."""
    workspace = project.has("go.work")
    if not project.has("go.mod") and not workspace:
        return None
    signals = Signals(stacks=["Go"])
    source = project.name_of("go.mod")
    signals.fact("package manager", "go modules", source if project.has("go.mod") else project.name_of("go.work"))
    if project.has("go.mod"):
        _module(project, source, signals)
    if workspace:
        _workspace(project, signals)
    _programs(project, signals)
    return signals


def _module(project: Project, source: str, signals: Signals) -> None:
    text = project.read("go.mod") or ""
    signals.install(project.command("go mod download"), source)
    signals.check("build", "build", project.command("go build ./..."), source)
    signals.check("tests", "test", project.command("go test ./..."), source)
    linter = project.has(*_LINTER)
    if linter:
        signals.check("lint", "lint", project.command("golangci-lint run"), project.name_of(linter))
    if not project.has("go.work"):
        _nested(project, text, source, signals)
    own = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
    required = _REQUIRE.findall(text)
    framework = (name for key, name in _FRAMEWORKS.items() if any(key in r for r in required))
    web = next(framework, None)
    signals.notes += [f"{source}: depends on {web}"] if web else []
    if own and not _MAIN.search(_root_sources(project)):
        signals.importable.append(own[1])


def _nested(project: Project, text: str, source: str, signals: Signals) -> None:
    """Modules of the same repository that the root's replaces name: `./...` of the root leaves them out."""
    folders = re.findall(r"=>\s*\./([\w./-]+?)/?\s*$", text, re.MULTILINE)
    folders = [f for f in dict.fromkeys(folders) if ".." not in f and project.has(f"{f}/go.mod")][:40]
    for folder in folders:
        at = project.name_of(folder)
        commands = {"build": f"cd {at} && go build ./...", "test": f"cd {at} && go test ./..."}
        signals.packages.append(Package(folder=at, name=folder, stack="Go", commands=commands))
        _programs(Project(project.root, at, project.notes), signals)
    if folders:
        for name, kind, verb in _MODULE_CHECKS:
            each = f"r=0; for m in . {' '.join(folders)}; do (cd $m && go {verb} ./...) || r=1; done; exit $r"
            signals.checks[name] = project.command(each)
            signals.found(kind, project.command(each), f"{source} [replace]")


def _workspace(project: Project, signals: Signals) -> None:
    """`go test ./...` at the root of a workspace covers only the root's own module."""
    source = project.name_of("go.work")
    text = re.sub(r"//.*", "", project.read("go.work") or "")
    folders = re.findall(r"^\s*(?:use\s+)?\"?(\./[\w./-]+)\"?\s*$", text, re.MULTILINE)
    members = [f.removeprefix("./").rstrip("/") for f in folders]
    for folder in members[:40]:
        member = Project(project.root, project.name_of(folder), project.notes)
        if not folder or not member.has("go.mod"):
            continue
        commands = {"build": member.command("go build ./..."), "test": member.command("go test ./...")}
        signals.packages.append(Package(folder=member.folder, name=folder, stack="Go", commands=commands))
    if not project.has("go.mod") and signals.packages:
        signals.install(project.command("go work sync"), source)
        paths = " ".join(f"./{f}/..." for f in members[:40] if f)
        signals.check("build", "build", project.command(f"go build {paths}"), source)
        signals.check("tests", "test", project.command(f"go test {paths}"), source)


def _root_sources(project: Project) -> str:
    names = [n for n in project.entries() if n.endswith(".go") and not n.endswith("_test.go")]
    return "\n".join((project.read(n) or "")[:5_000] for n in names[:20])


def _programs(project: Project, signals: Signals) -> None:
    found = list(_mains(project))
    for path, source in found:
        signals.found("launch", project.command(f"go run {path}"), project.name_of(source))
        signals.programs.append(project.command(f"go run {path}"))


def _mains(project: Project) -> Iterator[tuple[str, str]]:
    """Programs of the module: at its root, and in `cmd`."""
    if _is_main(project, "main.go"):
        yield ".", "main.go"
    elif _MAIN.search(_without_ignored(_root_sources(project))):
        yield ".", "go.mod"
    if _is_main(project, "cmd/main.go"):
        yield "./cmd", "cmd/main.go"
    for name in list(project.folders("cmd"))[:_MAX_PROGRAMS]:
        if _is_main(project, f"cmd/{name}/main.go") or _is_main(project, f"cmd/{name}/{name}.go"):
            yield f"./cmd/{name}", f"cmd/{name}"


def _without_ignored(text: str) -> str:
    return "" if re.search(r"^//(?:go:build| \+build) ignore", text, re.MULTILINE) else text


def _is_main(project: Project, file: str) -> bool:
    return bool(project.has(file) and _MAIN.search(_without_ignored(project.read(file) or "")))
