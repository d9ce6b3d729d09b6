import json
import os
from pathlib import Path

import pytest

from mission_tui.workspace.readiness import Readiness, examine, render


def repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def examined(root: Path, files: dict[str, str]) -> Readiness:
    return examine(repository(root, files), which=lambda _: "/usr/bin/tool")


def commands(readiness: Readiness, kind: str) -> dict[str, str]:
    return {f.command: f.source for f in readiness.findings if f.kind == kind}


PYPROJECT = """
[project]
name = "shop"
dependencies = ["Flask>=3", "humanize"]
[project.optional-dependencies]
dev = ["pytest", "ruff==0.5"]
docs = ["sphinx"]
[project.scripts]
shop = "shop.cli:main"
[tool.pytest.ini_options]
testpaths = ["tests"]
[tool.ruff]
line-length = 100
[tool.mypy]
strict = true
"""


def test_a_flask_project_is_installed_checked_and_launched_from_its_pyproject(tmp_path: Path):
    found = examined(
        tmp_path,
        {
            "pyproject.toml": PYPROJECT,
            "shop/__init__.py": "",
            "shop/web.py": "from flask import Flask\napp: Flask = Flask(__name__)\n",
            "tests/test_web.py": "def test_it(): ...\n",
        },
    )
    assert found.stacks == ("Python",)
    assert found.proposed.setup == ('python -m pip install -e ".[dev]"', "python -m pip install mypy")
    assert found.proposed.checks == {"tests": "python -m pytest -q", "lint": "ruff check .", "types": "mypy shop"}
    assert found.proposed.app is not None
    assert found.proposed.app.start == "python -m flask --app shop.web:app run --port $PORT"
    assert commands(found, "test") == {"python -m pytest -q": "pyproject.toml [tool.pytest]"}
    assert commands(found, "launch")["shop --help"] == "pyproject.toml"
    assert any("`shop`" in can for can in found.can_validate)
    assert found.cannot_validate == ()
    assert found.notes == ("no manifest brings mypy; added to the proposed setup",)


@pytest.mark.parametrize(
    ("files", "start"),
    [
        ({"main.py": "app = FastAPI()\n"}, "python -m uvicorn main:app --port $PORT"),
        (
            {"src/api/main.py": "api = FastAPI(title='x')\n"},
            "PYTHONPATH=src python -m uvicorn api.main:api --port $PORT",
        ),
        (
            {"app/__init__.py": "def create_app():\n    return Flask('x')\n"},
            "python -m flask --app app run --port $PORT",
        ),
        (
            {"manage.py": "import django\n"},
            "python manage.py migrate --noinput && python manage.py runserver --noreload 127.0.0.1:$PORT",
        ),
        (
            {"page.py": "import streamlit as st\n"},
            "python -m streamlit run page.py --server.port $PORT --server.headless true",
        ),
        ({"serve.py": "if __name__ == '__main__':\n    port = os.environ['PORT']\n"}, "python serve.py"),
        ({"tool/__main__.py": "parser.add_argument('--port')\n"}, "python -m tool --port $PORT"),
    ],
)
def test_the_launch_command_is_read_from_the_modules(tmp_path: Path, files: dict[str, str], start: str):
    found = examined(tmp_path, {"requirements.txt": "", **files})
    assert found.proposed.app is not None
    assert found.proposed.app.start == start


def test_a_framework_without_a_known_launch_is_a_gap_with_its_remedy(tmp_path: Path):
    found = examined(tmp_path, {"requirements.txt": "flask\npytest\n", "tests/test_a.py": ""})
    (gap,) = found.cannot_validate
    assert gap.what == "the running Flask app"
    assert "$PORT" in gap.change


def test_a_locked_requirements_file_does_not_make_a_web_app(tmp_path: Path):
    found = examined(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname="a"\ndependencies=["x"]\n',
            "requirements-dev.txt": "starlette==1\npytest\n",
        },
    )
    assert all("Starlette" not in gap.what for gap in found.cannot_validate)


def test_an_old_project_is_read_from_setup_cfg_and_tox_without_running_setup_py(tmp_path: Path):
    found = examined(
        tmp_path,
        {
            "setup.py": "raise SystemExit('must not run')\nsetup(extras_require={'test': ['pytest']})\n",
            "setup.cfg": "[tool:pytest]\n[flake8]\n[options.entry_points]\nconsole_scripts =\n    old = old.cli:main\n",
            "tox.ini": "[testenv]\ncommands =\n  {envpython} -m pytest {posargs:tests}\n  sphinx docs\n[testenv:x]\n",
            "old/__init__.py": "",
            "tests/test_old.py": "",
        },
    )
    assert found.proposed.setup == ('python -m pip install -e ".[test]"', "python -m pip install flake8")
    assert found.proposed.checks == {"tests": "python -m pytest -q", "lint": "flake8"}
    assert commands(found, "test")["python -m pytest"] == "tox.ini [testenv]"
    assert "old --help" in commands(found, "launch")


@pytest.mark.parametrize(
    ("files", "tests"),
    [
        ({"tests/test_a.py": "import unittest\n"}, "python -m unittest discover -s tests"),
        (
            {"tests/test_a.py": "import unittest\n", "tests/__init__.py": ""},
            "python -m unittest discover -s tests -t .",
        ),
        ({"tests/test_a.py": "def test_a(): ...\n"}, "python -m pytest -q"),
        ({"test_a.py": ""}, "python -m pytest -q"),
        ({"manage.py": "django"}, "python manage.py test"),
    ],
)
def test_the_test_runner_follows_the_tests(tmp_path: Path, files: dict[str, str], tests: str):
    assert examined(tmp_path, {"requirements.txt": "", **files}).proposed.checks["tests"] == tests


def test_dependency_groups_and_poetry_groups_are_installed(tmp_path: Path):
    groups = '[project]\nname="a"\n[dependency-groups]\ntest=["pytest"]\ndev=[{include-group="test"}, "ruff"]\n'
    found = examined(tmp_path / "a", {"pyproject.toml": groups})
    assert found.proposed.setup == ("python -m pip install -e .", "python -m pip install --group test --group dev")
    poetry = '[tool.poetry]\nname="a"\n[tool.poetry.group.dev.dependencies]\npytest="^8"\n'
    found = examined(tmp_path / "b", {"pyproject.toml": poetry})
    assert found.proposed.setup == ("python -m pip install -e .", "python -m pip install pytest")
    assert any("without versions" in note for note in found.notes)


def package(**fields: object) -> str:
    return json.dumps({"name": "web", **fields})


@pytest.mark.parametrize(
    ("lock", "setup", "tests"),
    [
        ("package-lock.json", "npm ci", "npm run test"),
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile", "pnpm run test"),
        ("yarn.lock", "yarn install --frozen-lockfile", "yarn run test"),
        ("bun.lockb", "bun install --frozen-lockfile", "bun run test"),
        ("README", "npm install", "npm run test"),
    ],
)
def test_the_lock_file_names_the_package_manager(tmp_path: Path, lock: str, setup: str, tests: str):
    found = examined(tmp_path, {"package.json": package(scripts={"test": "node --test"}), lock: ""})
    assert found.proposed.setup == (setup,)
    assert found.proposed.checks == {"tests": tests}


def test_a_vite_project_in_typescript_is_checked_and_launched(tmp_path: Path):
    found = examined(
        tmp_path,
        {
            "package.json": package(
                scripts={
                    "lint": "eslint .",
                    "build": "vite build",
                    "test": 'echo "Error: no test specified" && exit 1',
                },
                devDependencies={"vite": "5", "vitest": "2", "typescript": "5"},
            ),
            "package-lock.json": "{}",
            "tsconfig.json": "{}",
            "index.html": "",
        },
    )
    assert found.stacks == ("TypeScript",)
    assert found.proposed.checks == {
        "lint": "npm run lint",
        "build": "npm run build",
        "types": "npx tsc --noEmit",
        "tests": "npx vitest run",
    }
    assert found.proposed.app is not None
    assert found.proposed.app.start == "npx vite --port $PORT --strictPort"


def test_an_express_server_is_launched_only_if_it_takes_its_port_from_the_environment(tmp_path: Path):
    files = {"package.json": package(scripts={"start": "node server.js"}, dependencies={"express": "4"})}
    found = examined(tmp_path / "a", {**files, "server.js": "app.listen(process.env.PORT || 3000)"})
    assert found.proposed.app is not None
    assert found.proposed.app.start == "npm run start"
    found = examined(tmp_path / "b", {**files, "server.js": "app.listen(3000)"})
    assert found.proposed.app is None
    assert "the running Express app" in [gap.what for gap in found.cannot_validate]


def test_missing_node_is_said_plainly(tmp_path: Path):
    found = examine(repository(tmp_path, {"package.json": package()}), which=lambda _: None)
    assert {"everything that needs node", "everything that needs npm"} <= {gap.what for gap in found.cannot_validate}


def test_projects_below_the_root_are_run_in_their_directory(tmp_path: Path):
    found = examined(
        tmp_path,
        {
            "server/pyproject.toml": '[project]\nname="s"\ndependencies=["pytest"]\n',
            "server/tests/conftest.py": "",
            "web/package.json": package(scripts={"test": "jest"}),
            "web/package-lock.json": "{}",
            "node_modules/x/package.json": package(),
            "examples/demo/package.json": package(),
        },
    )
    assert found.stacks == ("Python", "JavaScript")
    assert found.proposed.setup == ("cd server && python -m pip install -e .", "cd web && npm ci")
    assert found.proposed.checks == {
        "tests": "cd server && python -m pytest -q",
        "tests-javascript": "cd web && npm run test",
    }


def test_makefile_ci_containers_and_notes_for_agents_are_heard(tmp_path: Path):
    found = examined(
        tmp_path,
        {
            "go.mod": "module x\n",
            "Makefile": "VAR := x\ntest: build\n\tgo test ./...\n.PHONY: test\nlint:\n\tx\nrelease:\n\tx\n",
            ".github/workflows/ci.yml": "on: push\njobs:\n  unit:\n    services:\n      db: {image: 'postgres:16'}\n"
            "    steps:\n      - uses: x\n      - run: |\n          go test \\\n            -race ./...\n"
            "          echo go test\n      - run: go test ${{ matrix.x }}\n",
            "Dockerfile": 'FROM x\nCMD ["serve", "--port", "80"]\n',
            "docker-compose.yml": "services:\n  cache: {image: redis}\n",
            "AGENTS.md": "Run `go test ./... -count=1`.\n\n```sh\n$ golangci-lint run\n```\n",
        },
    )
    assert found.stacks == ("Go",)
    assert commands(found, "test") == {
        "go test ./...": "go.mod",
        "make test": "Makefile [test]",
        "go test -race ./...": ".github/workflows/ci.yml [unit]",
        "go test ./... -count=1": "AGENTS.md:1",
    }
    assert commands(found, "lint") == {"make lint": "Makefile [lint]", "golangci-lint run": "AGENTS.md:4"}
    assert commands(found, "launch") == {"serve --port 80": "Dockerfile [CMD]"}
    assert found.proposed.checks == {"build": "go build ./...", "tests": "go test ./...", "lint": "make lint"}
    assert [gap.what for gap in found.cannot_validate] == ["whatever needs postgres", "whatever needs redis"]


def test_an_empty_directory_is_a_new_project(tmp_path: Path):
    found = examined(tmp_path, {})
    assert found.stacks == ()
    assert found.proposed.setup == ()
    assert "a new project" in found.notes[0]
    assert "no tests were found" in found.cannot_validate[0].why


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("pyproject.toml", "[project\n", "pyproject.toml: not valid TOML"),
        ("package.json", "{", "package.json: not valid JSON"),
        ("package.json", "[]", "package.json: not a JSON object"),
        ("package.json", "[" * 100_000, "package.json: not valid JSON"),
        ("tox.ini", "no section\n", "tox.ini: cannot be read"),
        ("docker-compose.yml", "a: [", "docker-compose.yml: not valid YAML"),
        ("docker-compose.yml", "[" * 50_000, "docker-compose.yml: not valid YAML"),
        ("docker-compose.yml", "x" * 200_000, "docker-compose.yml: larger than 100,000 bytes"),
    ],
)
def test_a_broken_manifest_is_noted_and_nothing_more(tmp_path: Path, name: str, text: str, note: str):
    found = examined(tmp_path, {name: text})
    assert any(line.startswith(note) and "\n" not in line for line in found.notes), found.notes


@pytest.mark.parametrize(
    "text",
    [
        package(scripts=[1], dependencies="x", bin={"a": 3}, engines=[], packageManager=7, workspaces=None),
        package(scripts={"test": 1, "start": None, "build": {}}, bin="./cli.js"),
        package(name=["x"], devDependencies=None),
    ],
)
def test_a_package_json_of_strange_shapes_does_no_harm(tmp_path: Path, text: str):
    assert examined(tmp_path, {"package.json": text}).stacks == ("JavaScript",)


@pytest.mark.parametrize(
    "text",
    [
        "project = 3\ntool = []\n",
        '[project]\ndependencies = "x"\nscripts = ["a"]\noptional-dependencies = {test = "pytest"}\n',
        'dependency-groups = {test = [{include-group = "test"}, 3], dev = "x"}\n[tool.poetry.group]\ndev = 1\n',
    ],
)
def test_a_pyproject_of_strange_shapes_does_no_harm(tmp_path: Path, text: str):
    assert examined(tmp_path, {"pyproject.toml": text}).stacks == ("Python",)


def test_nothing_outside_the_repository_is_read_and_nothing_blocks(tmp_path: Path):
    outside = repository(tmp_path / "outside", {"secret.toml": "[tool.ruff]\n", "pkg/package.json": package()})
    repo = repository(tmp_path / "repo", {"setup.py": ""})
    (repo / "pyproject.toml").symlink_to(outside / "secret.toml")
    (repo / "web").symlink_to(outside / "pkg")
    os.mkfifo(repo / "AGENTS.md")
    (repo / "Makefile").symlink_to("Makefile")
    found = examine(repo)
    assert found.stacks == ("Python",)
    assert "lint" not in found.proposed.checks
    assert "pyproject.toml: leads out of the directory" in found.notes


def test_aliases_that_multiply_in_a_workflow_do_not_stop_the_examination(tmp_path: Path):
    lines = ["a0: &a0 [{run: pytest}]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    lines += ["jobs:", *(f"  j{i}: {{steps: *a8}}" for i in range(1000))]
    merges = ["m0: &m0 {x: y}"] + [f"m{i}: &m{i} {{<<: [{', '.join([f'*m{i - 1}'] * 9)}]}}" for i in range(1, 9)]
    text = "\n".join(lines + merges)
    assert examined(tmp_path, {".github/workflows/ci.yml": text}).stacks == ()


def test_the_report_reads_as_plain_text(tmp_path: Path):
    text = render(
        examined(
            tmp_path,
            {
                "pyproject.toml": PYPROJECT,
                "shop/__init__.py": "from flask import Flask\n\n\ndef shop():\n    return Flask('shop')\n",
                "test_a.py": "",
                "AGENTS.md": "`python -m pytest -q`\n",
            },
        )
    )
    assert text.startswith("Stack: Python\nInstall:\n")
    assert "  python -m pytest -q    (pyproject.toml [tool.pytest], AGENTS.md:1)" in text
    assert "  check types: mypy shop" in text
    assert "Cannot be validated here:\n  - the running Flask app: " in text
    assert "Smallest change:" in text
    assert render(Readiness()) == "Stack: unknown\nProposed services manifest:\n  nothing could be proposed"


def test_every_workflow_is_read_and_well_known_actions_are_commands(tmp_path: Path):
    first = "jobs: {lint: {steps: [{uses: actions/checkout@v4}, {run: npm test, working-directory: web}]}}"
    second = """
jobs:
  all:
    steps:
      - {uses: actions-rs/cargo@v1, with: {command: clippy, args: --all-targets}}
      - {uses: golangci/golangci-lint-action@v6}
      - {uses: gradle/gradle-build-action@v2, with: {arguments: check --stacktrace}}
"""
    files = {".github/workflows/a.yml": first, ".github/workflows/b.yml": second, "web/index.html": ""}
    found = examined(tmp_path, files)
    source = ".github/workflows/b.yml [all]"
    assert commands(found, "lint") == {"cargo clippy --all-targets": source, "golangci-lint run": source}
    assert commands(found, "test") == {
        "cd web && npm test": ".github/workflows/a.yml [lint]",
        "./gradlew check --stacktrace": source,
    }
    assert "cd web && npm test" not in found.proposed.checks.values()


def test_a_program_of_several_files_in_src_bin_is_launched(tmp_path: Path):
    files = {"Cargo.toml": '[package]\nname = "cat"\n', "src/lib.rs": "", "src/bin/cat/main.rs": "fn main() {}"}
    assert commands(examined(tmp_path, files), "launch") == {"cargo run": "Cargo.toml [bin]"}


def test_a_repository_of_several_gems_is_tested_by_its_default_task(tmp_path: Path):
    rake = "task default: %w(test test:isolated)\n%w(test test:isolated).each { |name| task name }\n"
    files = {"Gemfile": 'gem "rake"\n', "Rakefile": rake, "cable/test/a_test.rb": ""}
    assert commands(examined(tmp_path, files), "test") == {"bundle exec rake": "Rakefile [default]"}
