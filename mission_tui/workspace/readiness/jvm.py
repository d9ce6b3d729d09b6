"""Java and Kotlin: Maven and Gradle, with or without their wrappers."""

import os
import re
from xml.parsers import expat

from mission_tui.domain.plan import App, Ready
from mission_tui.workspace.readiness.model import Package, Signals
from mission_tui.workspace.readiness.project import Project

_GRADLE = ("build.gradle.kts", "build.gradle")
_SETTINGS = ("settings.gradle.kts", "settings.gradle")
_SPRING_PORT = re.compile(r"^\s*server\.port\s*[=:]\s*(?:\$\{[^:}]+:)?(\d{2,5})", re.MULTILINE)
_RESOURCES = "src/main/resources/application"


def examine_maven(project: Project) -> Signals | None:
    """The signals of a Maven project, or None where there is none."""
    if not project.has("pom.xml"):
        return None
    signals, source = Signals(stacks=["Java (Maven)"]), project.name_of("pom.xml")
    text = _without_comments(project.read("pom.xml") or "")
    try:
        expat.ParserCreate().Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError) as error:
        signals.notes.append(f"{source}: not valid XML: {error}")
        return signals
    tool = _tool(project, "mvnw", "mvn", signals)
    signals.fact("package manager", "maven", project.name_of("mvnw") if project.has("mvnw") else source)
    signals.install(project.command(f"{tool} -B -DskipTests install"), source)
    signals.check("build", "build", project.command(f"{tool} -B -DskipTests package"), source)
    signals.check("tests", "test", project.command(f"{tool} -B test"), source)
    if "<artifactId>spotless-maven-plugin</artifactId>" in text:
        signals.check("lint", "lint", project.command(f"{tool} -B spotless:check"), f"{source} [spotless-maven-plugin]")
    # Called by its name it would not see the configuration of an execution: it is run by the phase that it is bound to.
    checkstyle = re.search(r"<artifactId>maven-checkstyle-plugin</artifactId>(?:(?!</plugin>).)*", text, re.DOTALL)
    if checkstyle and "<phase>validate</phase>" in checkstyle[0]:
        signals.check("lint", "lint", project.command(f"{tool} -B validate"), f"{source} [maven-checkstyle-plugin]")
    elif re.search(r"<defaultGoal>[^<]*\bcheckstyle:check\b", text):
        signals.check("lint", "lint", project.command(f"{tool} -B checkstyle:check"), f"{source} [defaultGoal]")
    _maven_launch(project, text, tool, signals)
    modules = re.search(r"<modules>(.*?)</modules>", text, re.DOTALL)
    for name in re.findall(r"<module>\s*([\w./-]+)\s*</module>", modules[1] if modules else "")[:60]:
        command = project.command(f"{tool} -B -pl {name} -am test")
        folder = project.name_of(name)
        signals.packages.append(Package(folder=folder, name=name, stack="Java (Maven)", commands={"test": command}))
    return signals


def _tool(project: Project, wrapper: str, otherwise: str, signals: Signals) -> str:
    """The project's own copy of the tool before the machine's."""
    if not project.has(wrapper):
        return otherwise
    if not os.access(project.root / project.name_of(wrapper), os.X_OK):
        signals.notes.append(f"{project.name_of(wrapper)}: cannot be executed (`git update-index --chmod=+x`)")
    return f"./{wrapper}"


def _maven_launch(project: Project, text: str, tool: str, signals: Signals) -> None:
    if "<artifactId>spring-boot-maven-plugin</artifactId>" in text and "<packaging>pom</packaging>" not in text:
        _spring(project, text, f"{tool} -B spring-boot:run", "pom.xml [spring-boot-maven-plugin]", signals)
    elif "<artifactId>quarkus-maven-plugin</artifactId>" in text and "<packaging>pom</packaging>" not in text:
        command = project.command(f"{tool} -B quarkus:dev -Dquarkus.http.port=$PORT")
        signals.web = "Quarkus"
        signals.found("launch", command, project.name_of("pom.xml [quarkus-maven-plugin]"))
        signals.app = App(start=command, ready_timeout_s=180)


def _spring(project: Project, manifest: str, run: str, source: str, signals: Signals) -> None:
    """Spring Boot takes its port from SERVER_PORT."""
    command = project.command(f"SERVER_PORT=$PORT {run}")
    signals.found("launch", command, project.name_of(source))
    web = _web_starter(manifest)
    if not web:
        return
    signals.web = "Spring Boot"
    ready = None
    if "spring-boot-starter-actuator" in manifest:
        signals.fact("health check", "/actuator/health", project.name_of(source.partition(" ")[0]))
        ready = Ready(http="/actuator/health")
    file = next((f"{_RESOURCES}{s}" for s in (".properties", ".yml", ".yaml") if project.has(f"{_RESOURCES}{s}")), None)
    port = _port(project, file) if file else None
    if file and port:
        signals.fact("port", port, project.name_of(file))
    else:
        signals.fact("port", "8080", "the default of Spring Boot")
    signals.app = App(start=command, ready=ready, ready_timeout_s=180)


def _web_starter(manifest: str) -> bool:
    return bool(re.search(r"spring-boot-starter-(?:web|webflux|webmvc|jersey|data-rest)\b", manifest))


def _port(project: Project, file: str) -> str | None:
    text = project.read(file) or ""
    block = re.search(r"^server:\s*\n(?:[ \t]+.*\n)*?[ \t]+port:\s*(?:\$\{[^:}]+:)?(\d{2,5})", text, re.MULTILINE)
    plain = _SPRING_PORT.search(text)
    return plain[1] if plain else block[1] if block else None


def examine_gradle(project: Project) -> Signals | None:
    """The signals of a Gradle build, or None where there is none."""
    file, settings = project.has(*_GRADLE), project.has(*_SETTINGS)
    if not file and not settings:
        return None
    source = project.name_of(file or settings or "")
    text = _without_comments(project.read(file) or "") if file else ""
    included = _included(_without_comments(project.read(settings) or "")) if settings else []
    everything = "\n".join([text, *(_member_build(project, folder) for folder in included[:30])])
    places = ["", *(f"{_member_folder(project, folder)}/" for folder in included[:30])]
    kotlin = "kotlin" in everything and not any(project.entries(f"{place}src/main/java") for place in places)
    signals = Signals(stacks=["Kotlin (Gradle)" if kotlin else "Java (Gradle)"])
    tool = _tool(project, "gradlew", "gradle", signals)
    signals.fact("package manager", "gradle", project.name_of("gradlew") if project.has("gradlew") else source)
    signals.install(project.command(f"{tool} assemble"), source)
    signals.check("build", "build", project.command(f"{tool} assemble"), source)
    signals.check("tests", "test", project.command(f"{tool} test"), source)
    _gradle_lint(project, everything, tool, source, signals)
    if re.search(r"com\.android\.(?:application|library)|libs\.plugins\.android", everything):
        signals.stacks[0] = "Android (Gradle)"
        signals.check("lint", "lint", project.command(f"{tool} lint"), source)
    if _plugin(text, r"org\.springframework\.boot"):
        _spring(project, text, f"{tool} bootRun", f"{file} [org.springframework.boot]", signals)
    elif _plugin(text, "application"):
        signals.found("launch", project.command(f"{tool} run"), f"{source} [application]")
        signals.programs.append(project.command(f"{tool} run"))
    for folder in included[:60]:
        path = ":" + folder.replace("/", ":")
        commands = {"build": f"{tool} {path}:assemble", "test": f"{tool} {path}:test"}
        commands = {kind: project.command(c) for kind, c in commands.items()}
        at = project.name_of(_member_folder(project, folder))
        signals.packages.append(Package(folder=at, name=path, stack=signals.stacks[0], commands=commands))
    return signals


def _gradle_lint(project: Project, text: str, tool: str, source: str, signals: Signals) -> None:
    for plugin, task in (
        (r"com\.diffplug\.(?:gradle\.)?spotless|libs\.plugins\.spotless", "spotlessCheck"),
        ("checkstyle", "checkstyleMain"),
        (r"org\.jlleitschuh\.gradle\.ktlint", "ktlintCheck"),
        (r"io\.gitlab\.arturbosch\.detekt|libs\.plugins\.detekt", "detekt"),
    ):
        if _plugin(text, plugin):
            signals.check("lint", "lint", project.command(f"{tool} {task}"), f"{source} [{task}]")


def _plugin(text: str, name: str) -> bool:
    """Whether a build script applies the plugin: id '…', id("…"), alias(…), apply plugin, or a bare word."""
    for line in text.splitlines():
        applied = rf"""(?:id[ (]\s*|plugin:\s*|plugin\s*=\s*|alias\(\s*)['"]?(?:{name})\b"""
        bare = rf"""^\s*[`'"]?(?:{name})[`'"]?\s*$"""
        if (re.search(applied, line) or re.match(bare, line)) and "apply false" not in line:
            return True
    return False


def _included(settings: str) -> list[str]:
    calls = re.findall(r"""^\s*include\b\s*\(?((?:\s*["'][\w:./-]+["']\s*,?)+)""", settings, re.MULTILINE)
    names = [name for call in calls for name in re.findall(r"""["']([\w:./-]+)["']""", call)]
    return list(dict.fromkeys(name.strip(":").replace(":", "/") for name in names))


def _member_folder(project: Project, folder: str) -> str:
    """A settings file may move its members below one directory, for instance `subprojects`."""
    hyphened = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", folder).lower()
    names = dict.fromkeys((folder, hyphened))
    places = [*names, *(f"{top}/{name}" for name in names for top in project.folders())]
    return next((p for p in places if project.entries(p)), folder)


def _member_build(project: Project, folder: str) -> str:
    member = Project(project.root, project.name_of(_member_folder(project, folder)), project.notes)
    file = member.has(*_GRADLE)
    return _without_comments((member.read(file) or "")[:20_000]) if file else ""


def _without_comments(text: str) -> str:
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
