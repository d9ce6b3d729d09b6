"""Container files, compose services and Procfiles: how the product is launched, on which port, and its health check."""

import json
import re
import shlex

from mission_tui.workspace.readiness.model import Gap, Signals
from mission_tui.workspace.readiness.project import Project, entries_of, table, texts
from mission_tui.workspace.readiness.words import classify

COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_STORES = ("postgres", "mysql", "mariadb", "mongo", "redis", "rabbitmq", "kafka", "elasticsearch", "opensearch",
           "memcached", "minio", "localstack", "clickhouse", "cassandra", "mssql", "keycloak")  # fmt: skip
_SAME = ("mysql", "mariadb")
"""What speaks with the one speaks with the other."""
_SERVICES = 50


def examine_containers(project: Project, signals: Signals) -> None:
    """What a Dockerfile, a compose file and a Procfile say."""
    if project.has("Dockerfile"):
        _dockerfile(project, signals)
    file = project.has(*COMPOSE)
    if file:
        _compose(project, file, signals)
    for number, line in enumerate((project.read("Procfile") or "").splitlines(), 1):
        process, colon, command = line.partition(":")
        if colon and process.strip() == "web" and command.strip():
            signals.found("launch", command.strip(), f"Procfile:{number}")


def stores(services: dict[str, object], source: str, signals: Signals, how: str = "starts it in a container") -> None:
    """What runs beside the product elsewhere and cannot in the box."""
    for name, service in list(services.items())[:_SERVICES]:
        image = service if isinstance(service, str) else table(service).get("image", name)
        store = next((s for s in _STORES if s in f"{name} {image}".lower()), None)
        names = _SAME if store in _SAME else (store,)
        if store and not any(gap.what.endswith(f" {name}") for gap in signals.gaps for name in names):
            signals.gaps.append(
                Gap(
                    what=f"whatever needs {store}",
                    why=f"{source} {how}, and containers cannot be started in the box",
                    change="let the app run without it (a file or in-memory stand-in), or let `setup` install it",
                )
            )


def _dockerfile(project: Project, signals: Signals) -> None:
    """Of a build in stages only the last one is what runs."""
    text = re.sub(r"[ \t]*\\\n[ \t]*", " ", project.read("Dockerfile") or "")
    last = re.split(r"^FROM\b", text, flags=re.MULTILINE | re.IGNORECASE)[-1]
    words: dict[str, str] = {}
    for word, rest in re.findall(r"^\s*(CMD|ENTRYPOINT|EXPOSE|HEALTHCHECK)\s+(.+)$", last, re.MULTILINE):
        if word == "EXPOSE":
            for port in re.findall(r"(?<![\w$])(\d{2,5})(?:/tcp)?(?=\s|$)", rest):
                signals.fact("port", port, "Dockerfile [EXPOSE]")
        else:
            words[word] = rest.strip()
    entry, command = _exec_form(words.get("ENTRYPOINT", "")), _exec_form(words.get("CMD", ""))
    started = [word for word, said in (("ENTRYPOINT", entry), ("CMD", command)) if said]
    whole = f"{entry} {command}".strip()
    if started and len(whole) <= 300 and classify(whole) != "test" and not re.search(r"/tests?/", whole):
        signals.found("launch", whole, f"Dockerfile [{', '.join(started)}]")
    health = re.search(r"\bCMD(?:-SHELL)?\s+(.+)", words.get("HEALTHCHECK", ""))
    if health:
        signals.fact("health check", _exec_form(health[1])[:200], "Dockerfile [HEALTHCHECK]")


def _compose(project: Project, file: str, signals: Signals) -> None:
    services = table(project.yaml(file), "services")
    stores(services, file, signals)
    for name, raw in list(services.items())[:_SERVICES]:
        service, image = table(raw), str(table(raw).get("image", ""))
        if any(s in f"{name} {image}".lower() for s in _STORES) or "build" not in service:
            continue
        for entry in entries_of(service.get("ports"))[:20]:
            port = _container_port(entry)
            if port:
                signals.fact("port", port, f"{file} [services.{name}.ports]")
        command = service.get("command")
        shown = command if isinstance(command, str) else shlex.join(texts(command))
        if shown and "\n" not in shown.strip() and len(shown) <= 300 and "${" not in shown:
            signals.found("launch", shown.strip(), f"{file} [services.{name}.command]")
        test = table(service.get("healthcheck")).get("test")
        words = [w for w in texts(test) if w not in ("CMD", "CMD-SHELL", "NONE")]
        if words:
            signals.fact("health check", " ".join(words)[:200], f"{file} [services.{name}.healthcheck]")


def _container_port(entry: object) -> str | None:
    """`host:container`, with or without an address and a protocol; a table with `target`."""
    text = str(table(entry).get("target", "")) if not isinstance(entry, str) else re.sub(r"\$\{[^}]*\}", "0", entry)
    last = text.partition("/")[0].rpartition(":")[2]
    return last if re.fullmatch(r"\d{2,5}", last) else None


def _exec_form(text: str) -> str:
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return " ".join(texts(data)) or text
