"""A dozen small repositories of the usual kinds, and what readiness must say of each."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """Setup, checks and app are exactly what is proposed; `sources` is where some findings are from."""

    files: dict[str, str]
    setup: tuple[str, ...] = ()
    checks: dict[str, str] = field(default_factory=dict[str, str])
    app: str | None = None
    sources: dict[str, str] = field(default_factory=dict[str, str])
    facts: tuple[tuple[str, str, str], ...] = ()
    packages: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()


def write(root: Path, files: dict[str, str]) -> Path:
    """The files below a directory, which is made."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def package(**fields: object) -> str:
    return json.dumps({"name": "web", "private": True, **fields})


SAMPLES: dict[str, Sample] = {
    "python src layout": Sample(
        files={
            "pyproject.toml": '[project]\nname = "shelf"\n[project.optional-dependencies]\n'
            'dev = ["pytest", "ruff", "mypy"]\n'
            '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
            "[tool.ruff]\nline-length = 100\n[tool.mypy]\nstrict = true\n",
            "src/shelf/__init__.py": "",
            "tests/test_shelf.py": "def test_it(): ...\n",
        },
        setup=('python -m pip install -e ".[dev]"',),
        checks={"tests": "python -m pytest -q", "lint": "ruff check .", "types": "mypy src"},
        sources={
            "python -m pytest -q": "pyproject.toml [tool.pytest]",
            "ruff check .": "pyproject.toml [tool.ruff]",
            "mypy src": "pyproject.toml [tool.mypy]",
        },
        facts=(("package manager", "pip", "pyproject.toml"),),
    ),
    "python with uv": Sample(
        files={
            "pyproject.toml": '[project]\nname = "fast"\ndependencies = ["fastapi", "uvicorn"]\n'
            '[dependency-groups]\ndev = ["pytest", "ruff"]\n',
            "uv.lock": "version = 1\n",
            "fast/__init__.py": "",
            "fast/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "tests/test_main.py": "import pytest\n",
        },
        setup=("python -m pip install -e .", "python -m pip install --group dev"),
        checks={"tests": "python -m pytest -q", "lint": "ruff check ."},
        app="python -m uvicorn fast.main:app --port $PORT",
        sources={"uv sync": "uv.lock"},
        facts=(("package manager", "uv", "uv.lock"),),
    ),
    "django": Sample(
        files={
            "manage.py": "import django\n",
            "requirements.txt": "Django>=5\n",
            "shop/__init__.py": "",
            "shop/settings.py": "",
            "Procfile": "web: gunicorn shop.wsgi\nworker: python work.py\n",
        },
        setup=("python -m pip install -r requirements.txt",),
        checks={"tests": "python manage.py test"},
        app="python manage.py migrate --noinput && python manage.py runserver --noreload 127.0.0.1:$PORT",
        sources={"gunicorn shop.wsgi": "Procfile:1", "python manage.py test": "manage.py"},
    ),
    "node with npm": Sample(
        files={
            "package.json": package(
                scripts={"test": "jest", "lint": "eslint .", "start": "node server.js"}, dependencies={"express": "4"}
            ),
            "package-lock.json": "{}",
            "server.js": "app.listen(process.env.PORT || 3000)\n",
        },
        setup=("npm ci",),
        checks={"lint": "npm run lint", "tests": "npm run test"},
        app="npm run start",
        sources={"npm run test": "package.json [scripts.test]", "npm ci": "package-lock.json"},
    ),
    "typescript workspace with pnpm": Sample(
        files={
            "package.json": package(
                packageManager="pnpm@9.1.0",
                scripts={"test": "vitest run", "build": "pnpm -r build", "typecheck": "tsc -b"},
                devDependencies={"typescript": "5", "vitest": "2"},
            ),
            "pnpm-lock.yaml": "",
            "pnpm-workspace.yaml": "packages:\n  - 'packages/*'\n  - '!packages/old'\n",
            "packages/core/package.json": json.dumps(
                {"name": "@w/core", "scripts": {"test": "vitest", "build": "tsc"}}
            ),
            "packages/core/tsconfig.json": "{}",
            "packages/old/package.json": json.dumps({"name": "@w/old"}),
        },
        setup=("pnpm install --frozen-lockfile",),
        checks={"types": "pnpm run typecheck", "tests": "pnpm run test", "build": "pnpm run build"},
        sources={"pnpm install --frozen-lockfile": "pnpm-lock.yaml"},
        facts=(("package manager", "pnpm", "package.json [packageManager]"),),
        packages=("packages/core",),
    ),
    "go module": Sample(
        files={
            "go.mod": "module example.org/kv\n\ngo 1.22\n",
            ".golangci.yml": "linters: {}\n",
            "cmd/kv/main.go": "package main\n\nfunc main() {}\n",
            "store.go": "package kv\n",
        },
        setup=("go mod download",),
        checks={"build": "go build ./...", "tests": "go test ./...", "lint": "golangci-lint run"},
        sources={"go test ./...": "go.mod", "golangci-lint run": ".golangci.yml", "go run ./cmd/kv": "cmd/kv"},
    ),
    "rust workspace": Sample(
        files={
            "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n[workspace.lints.clippy]\nall = "warn"\n',
            "Cargo.lock": "",
            "crates/cli/Cargo.toml": '[package]\nname = "rg-cli"\n',
            "crates/cli/src/main.rs": "fn main() {}\n",
            "crates/core/Cargo.toml": '[package]\nname = "rg-core"\n',
        },
        setup=("cargo fetch --locked",),
        checks={
            "build": "cargo build --workspace",
            "tests": "cargo test --workspace",
            "lint": "cargo clippy --workspace --all-targets",
        },
        sources={
            "cargo test --workspace": "Cargo.toml [workspace]",
            "cargo run -p rg-cli": "Cargo.toml [workspace.members]",
        },
        packages=("crates/cli", "crates/core"),
    ),
    "maven": Sample(
        files={
            "pom.xml": "<project><modelVersion>4.0.0</modelVersion><dependencies><dependency>"
            "<artifactId>spring-boot-starter-web</artifactId></dependency><dependency>"
            "<artifactId>spring-boot-starter-actuator</artifactId></dependency></dependencies><build><plugins><plugin>"
            "<artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>",
            "mvnw": "",
            "src/main/resources/application.properties": "server.port=8181\n",
        },
        setup=("./mvnw -B -DskipTests install",),
        checks={"build": "./mvnw -B -DskipTests package", "tests": "./mvnw -B test"},
        app="SERVER_PORT=$PORT ./mvnw -B spring-boot:run",
        sources={"./mvnw -B test": "pom.xml"},
        facts=(
            ("port", "8181", "src/main/resources/application.properties"),
            ("health check", "/actuator/health", "pom.xml"),
        ),
    ),
    "gradle": Sample(
        files={
            "settings.gradle.kts": 'rootProject.name = "calc"\ninclude("app", "lib:core")\n',
            "build.gradle.kts": "plugins {\n    java\n    checkstyle\n}\n",
            "gradlew": "",
            "app/build.gradle.kts": "plugins { application }\n",
        },
        setup=("./gradlew assemble",),
        checks={"build": "./gradlew assemble", "tests": "./gradlew test", "lint": "./gradlew checkstyleMain"},
        sources={"./gradlew test": "build.gradle.kts"},
        packages=("app", "lib/core"),
    ),
    "rails": Sample(
        files={
            "Gemfile": 'gem "rails"\ngroup :test do\n  gem "rspec-rails"\nend\n',
            "Gemfile.lock": "GEM\n  specs:\n    rails (7.1)\n",
            "bin/rails": "",
            "config/application.rb": "",
            "config/routes.rb": 'get "up" => "rails/health#show", as: :rails_health_check\n',
            ".rspec": "",
            ".rubocop.yml": "",
            "spec/spec_helper.rb": "",
        },
        setup=("bundle install", "bin/rails db:prepare"),
        checks={"tests": "bundle exec rspec", "lint": "bundle exec rubocop"},
        app="bin/rails server -b 127.0.0.1 -p $PORT",
        sources={"bundle install": "Gemfile.lock", "bundle exec rspec": ".rspec"},
        facts=(("health check", "/up", "config/routes.rb"),),
    ),
    "composer": Sample(
        files={
            "composer.json": json.dumps(
                {
                    "name": "acme/money",
                    "require-dev": {"phpunit/phpunit": "^10", "phpstan/phpstan": "^1"},
                    "scripts": {"cs": "php-cs-fixer fix --dry-run"},
                }
            ),
            "phpunit.xml.dist": "<phpunit/>",
            "phpstan.neon": "",
        },
        setup=("composer install --no-interaction",),
        checks={"lint": "composer run-script cs", "tests": "vendor/bin/phpunit", "types": "vendor/bin/phpstan analyse"},
        sources={"vendor/bin/phpunit": "phpunit.xml.dist", "composer run-script cs": "composer.json [scripts.cs]"},
    ),
    "compose service": Sample(
        files={
            "requirements.txt": "flask\n",
            "app.py": "from flask import Flask\napp = Flask(__name__)\n",
            "Dockerfile": 'FROM python AS build\nCMD ["x"]\nFROM python\nEXPOSE 5000\n'
            'HEALTHCHECK CMD curl -f http://localhost:5000/health\nCMD ["flask", "run"]\n',
            "compose.yaml": "services:\n  web:\n    build: .\n    ports: ['127.0.0.1:8080:9000']\n"
            "  db: {image: postgres}\n",
        },
        setup=("python -m pip install -r requirements.txt",),
        app="python -m flask --app app:app run --port $PORT",
        sources={"flask run": "Dockerfile [CMD]"},
        facts=(
            ("port", "5000", "Dockerfile [EXPOSE]"),
            ("port", "9000", "compose.yaml [services.web.ports]"),
            ("health check", "curl -f http://localhost:5000/health", "Dockerfile [HEALTHCHECK]"),
        ),
        disagreements=("port",),
    ),
    "monorepo of several languages": Sample(
        files={
            "api/go.mod": "module api\n",
            "jobs/pyproject.toml": '[project]\nname = "jobs"\ndependencies = ["pytest"]\n',
            "jobs/tests/test_a.py": "import pytest\n",
            "web/package.json": package(scripts={"test": "vitest run"}, devDependencies={"vitest": "2"}),
            "web/yarn.lock": "",
        },
        setup=(
            "cd api && go mod download",
            "cd jobs && python -m pip install -e .",
            "cd web && yarn install --frozen-lockfile",
        ),
        checks={
            "build": "cd api && go build ./...",
            "tests": "cd api && go test ./...",
            "tests-python": "cd jobs && python -m pytest -q",
            "tests-javascript": "cd web && yarn run test",
        },
        sources={"cd web && yarn run test": "web/package.json [scripts.test]"},
    ),
    "makefile only": Sample(
        files={
            "Makefile": "deps:\n\t./fetch\nbuild:\n\tcc a.c\ncheck:\n\t./run-tests\nlint:\n\tcppcheck .\n",
            "a.c": "",
        },
        setup=("make deps",),
        checks={"build": "make build", "lint": "make lint", "tests": "make check"},
        sources={"make check": "Makefile [check]", "make build": "Makefile [build]"},
    ),
    "ci against readme": Sample(
        files={
            "package.json": package(scripts={"test": "jest"}),
            "pnpm-lock.yaml": "",
            ".github/workflows/ci.yml": "jobs:\n  t:\n    steps:\n      - run: pnpm install\n      - run: pnpm test\n",
            "README.md": "# Shop\n\n```sh\nyarn\nyarn test\nnpm install shop\n```\n",
        },
        setup=("pnpm install --frozen-lockfile",),
        checks={"tests": "pnpm run test"},
        sources={"pnpm test": ".github/workflows/ci.yml [t]", "yarn test": "README.md:5"},
        disagreements=("package manager",),
    ),
    "empty": Sample(files={}),
}
