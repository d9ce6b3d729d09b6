"""How a Python web application is launched, read from its modules."""

import re
from collections.abc import Iterator

from mission_tui.domain.plan import App
from mission_tui.workspace.readiness.model import Signals
from mission_tui.workspace.readiness.project import Project

_MAX_MODULES = 300
_ENTRY_POINTS = ("wsgi.py", "asgi.py", "app.py", "main.py", "__main__.py", "server.py", "run.py", "__init__.py")
_FRAMEWORKS = {
    "django": "Django",
    "flask": "Flask",
    "fastapi": "FastAPI",
    "starlette": "Starlette",
    "streamlit": "Streamlit",
    "aiohttp": "aiohttp",
    "tornado": "Tornado",
    "bottle": "Bottle",
}
_MADE = {
    "django": r"get_[aw]sgi_application\(",
    "flask": r"\bFlask\(",
    "fastapi": r"\bFastAPI\(",
    "starlette": r"\bStarlette\(",
    "streamlit": "",
    "aiohttp": r"\bweb\.Application\(",
    "tornado": r"\bApplication\(",
    "bottle": r"\b(?:Bottle|run)\(",
}
"""What a module says that makes an app of the framework."""
_TEST_SETTINGS = re.compile(r"SETTINGS_MODULE['\"]\s*,\s*['\"](?:[\w.]+\.)?(?:tests?|testing|test_settings)\b")
_FLASK_FACTORY = re.compile(r"^def (create_app|make_app)\(", re.MULTILINE)
_FLASK_APP = re.compile(r"^(\w+)(?::[^=\n]+)?\s*=\s*Flask\(", re.MULTILINE)
_ASGI_APP = re.compile(r"^(\w+)(?::[^=\n]+)?\s*=\s*(FastAPI|Starlette)\(", re.MULTILINE)
_PORT_FROM_ENVIRONMENT = re.compile(r"environ(?:\.get\(|\[)\s*['\"]PORT['\"]|getenv\(\s*['\"]PORT['\"]")
_PORT_OPTION = re.compile(r"['\"]--port['\"]")


_SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "waitress"})
"""Packages that serve somebody else's application: started alone they have nothing to answer with."""


def launch(project: Project, dependencies: set[str], packaged: bool, signals: Signals) -> None:
    """Find the framework and, where the modules tell, the command that starts the app on $PORT."""
    modules = list(_modules(project))
    framework = _framework(dependencies, modules, packaged)
    manage = project.read("manage.py") or "" if project.has("manage.py") else ""
    # One that is for the tests' settings runs what a library's tests need, and no product.
    product = "django" in manage.lower() and not _TEST_SETTINGS.search(manage)
    framework = "Django" if product else framework
    found = _django() if product else None
    found = found or _by_framework(modules) or _by_port(modules)
    if found is None:
        signals.web = framework
        return
    command, source, seen = found
    signals.web = framework or seen
    start = project.command(command)
    signals.found("launch", start, project.name_of(source))
    signals.app = App(start=start)


_Found = tuple[str, str, str | None]
"""Command, source, framework."""


def _framework(dependencies: set[str], modules: list[tuple[str, str]], packaged: bool) -> str | None:
    """What the product is built on. A package that depends on a framework and makes no app is a plugin or a client."""
    for key, name in _FRAMEWORKS.items():
        made = re.compile(rf"^(?:from|import) {key}\b.*?(?:{_MADE[key]})", re.MULTILINE | re.DOTALL)
        seen = not packaged or any(made.search(text) and "{{ " not in text for _, text in modules)
        if key in dependencies and seen:
            return name
    return None


def _django() -> _Found:
    migrate = "python manage.py migrate --noinput"
    serve = "python manage.py runserver --noreload 127.0.0.1:$PORT"
    return f"{migrate} && {serve}", "manage.py", "Django"


def _by_framework(modules: list[tuple[str, str]]) -> _Found | None:
    for path, text in modules:
        asgi = _ASGI_APP.search(text)
        if asgi:
            return f"{_path(path)}python -m uvicorn {_module(path)}:{asgi[1]} --port $PORT", path, asgi[2]
    for path, text in modules:
        app = _FLASK_APP.search(text)
        if app or ("Flask(" in text and _FLASK_FACTORY.search(text)):
            target = f"{_module(path)}:{app[1]}" if app else _module(path)
            return f"{_path(path)}python -m flask --app {target} run --port $PORT", path, "Flask"
    for path, text in modules:
        if re.search(r"^import streamlit\b", text, re.MULTILINE):
            return f"python -m streamlit run {path} --server.port $PORT --server.headless true", path, "Streamlit"
    return None


def _by_port(modules: list[tuple[str, str]]) -> _Found | None:
    """Programs that listen where they are told to: scripts of the usual names, and those at the top."""
    for path, text in modules:
        usual = path.rsplit("/", 1)[-1] in _ENTRY_POINTS or "/" not in path
        if not usual or ("__main__" not in text and not path.endswith("__main__.py")):
            continue
        if _PORT_FROM_ENVIRONMENT.search(text):
            return f"{_path(path)}{_run(path)}", path, None
        if _PORT_OPTION.search(text) and not _SERVERS & set(path.split("/")):
            return f"{_path(path)}{_run(path)} --port $PORT", path, None
    return None


def _run(path: str) -> str:
    return f"python {path}" if "/" not in path.removeprefix("src/") else f"python -m {_module(path)}"


def _module(path: str) -> str:
    dotted = path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    return dotted.removesuffix(".__init__").removesuffix(".__main__")


def _path(path: str) -> str:
    """A `src` directory is importable once the project is installed; without that it takes a word."""
    return "" if not path.startswith("src/") else "PYTHONPATH=src "


def _modules(project: Project) -> Iterator[tuple[str, str]]:
    """The product's modules up to three directories deep, likely entry points first."""
    paths: list[str] = []
    waiting = [""]
    while waiting and len(paths) < _MAX_MODULES:
        folder = waiting.pop(0)
        prefix = f"{folder}/" if folder else ""
        paths += [f"{prefix}{n}" for n in project.entries(folder) if n.endswith(".py") and not n.startswith("test")]
        if folder.count("/") < 2:
            waiting += [f"{prefix}{name}" for name in project.folders(folder)]
    for path in sorted(paths[:_MAX_MODULES], key=_likelihood):
        text = project.read(path)
        if text:
            yield path, text


def _likelihood(path: str) -> tuple[int, int, str]:
    name = path.rsplit("/", 1)[-1]
    rank = _ENTRY_POINTS.index(name) if name in _ENTRY_POINTS else len(_ENTRY_POINTS)
    return rank, path.count("/"), path
