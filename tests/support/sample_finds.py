"""What readiness once said wrongly of real repositories, each in as few lines as show it."""

from tests.support.sample_repositories import Sample, package

FINDS: dict[str, Sample] = {
    "c by make, spoken of in its readme": Sample(
        files={
            "Makefile": "install: server\n\tcp server $(DESTDIR)/bin\ncheck:\n\t@golangci-lint run $(TAGS)\n",
            "src/server.c": "",
            "README": "Building\n\n    % make -j4\n    % ./runtest --verbose\n\nAsk in #help.\n",
            "tests/all.tcl": "",
        },
        checks={"build": "make -j4", "lint": "make check", "tests": "./runtest --verbose"},
        sources={"make -j4": "README:3", "./runtest --verbose": "README:4"},
    ),
    "other ci": Sample(
        files={
            "go.mod": "module example.org/mux\n\ngo 1.20\n",
            "Dockerfile": "FROM golang\nEXPOSE 8080\nCMD ruby /mux/test/all.rb\n",
            ".travis.yml": "language: go\nscript:\n  - go vet ./...\n",
            ".circleci/config.yml": "jobs:\n  t:\n    steps:\n      - checkout\n      - run: go test -race ./...\n"
            "      - run: {command: make -C tools lint}\n",
            "Readme.md": "Tests\n\n```\ncd mux\ngo test -v\ncd tools\ngo test -short\nmocha [spec..]\n```\n",
            "tools/tools.go": "package tools\n",
        },
        setup=("go mod download",),
        checks={"build": "go build ./...", "tests": "go test ./...", "lint": "go vet ./..."},
        sources={
            "go test -race ./...": ".circleci/config.yml [t]",
            "go vet ./...": ".travis.yml [script]",
            "go test -v": "Readme.md:5",
            "cd tools && go test -short": "Readme.md:7",
        },
    ),
    "workflows in several places": Sample(
        files={
            "Cargo.toml": '[package]\nname = "cat"\n',
            "src/bin/cat/main.rs": "fn main() {}\n",
            ".github/workflows/a.yml": "jobs:\n  web:\n    steps:\n      - {run: npm test, working-directory: web}\n",
            ".github/workflows/b.yml": "jobs:\n  all:\n    steps:\n      - run: |\n"
            "          cd web\n          npm run lint\n"
            "          cd /elsewhere\n          npm run build\n"
            "      - run: cargo test --locked && chmod +x ./phpunit\n",
            "web/package.json": package(scripts={"lint": "eslint ."}),
        },
        setup=("cargo fetch", "cd web && npm install"),
        checks={"build": "cargo build", "tests": "cargo test", "lint": "cd web && npm run lint"},
        sources={
            "cd web && npm test": ".github/workflows/a.yml [web]",
            "cargo test --locked && chmod +x ./phpunit": ".github/workflows/b.yml [all]",
            "cargo run": "Cargo.toml [bin]",
        },
    ),
    "symfony bridge": Sample(
        files={
            "composer.json": '{"name": "acme/mail", "require-dev": {"symfony/phpunit-bridge": "^6"}}',
            "phpunit.xml.dist": "<phpunit/>",
            ".github/workflows/ci.yml": "jobs:\n  t:\n    steps:\n      - run: vendor/bin/simple-phpunit install\n",
        },
        setup=("composer install --no-interaction", "php vendor/bin/simple-phpunit install"),
        checks={"tests": "vendor/bin/simple-phpunit"},
        sources={"vendor/bin/simple-phpunit": "phpunit.xml.dist"},
    ),
    "php without composer": Sample(
        files={"index.php": "<?php\n", "lib/mail/composer.json": '{"scripts": {"test": "phpunit"}}'},
        setup=("cd lib/mail && composer install --no-interaction",),
        checks={"tests": "cd lib/mail && composer run-script test"},
        app="php -S 127.0.0.1:$PORT",
        sources={"php -S 127.0.0.1:$PORT": "index.php"},
    ),
    "gems of one repository": Sample(
        files={
            "Gemfile": 'gem "rake-compiler"\n',
            "Rakefile": "%w(test test:isolated).each { |name| task name do ; end }\ntask default: %w(test)\n",
            "mail/mail.gemspec": "",
            "mail/Rakefile": "",
            "mail/test/mail_test.rb": "",
            "ext/fast/fast.c": "",
            "CONTRIBUTING.md": "Ruby:\n\n```\nrubocop -V\n1.39.0 (using Parser 2, rubocop-ast 1)\n```\n",
        },
        setup=("bundle install", "bundle exec rake compile"),
        checks={"tests": "bundle exec rake"},
        sources={"bundle exec rake": "Rakefile [default]"},
        packages=("mail",),
    ),
    "maven beside gradle": Sample(
        files={
            "pom.xml": "<project/>",
            "build.gradle": "apply plugin: 'java'\n",
            "settings.gradle": "include 'core'\nrootProject.children.each { it.projectDir = file(it.name) }\n",
            "parts/core/core.gradle": "kotlin()\n",
            "src/main/java/Main.java": "",
            ".travis.yml": "script: ./gradlew check\n",
        },
        setup=("gradle assemble",),
        checks={"build": "gradle assemble", "tests": "gradle test"},
        sources={"./gradlew check": ".travis.yml [script]"},
        packages=("parts/core",),
        disagreements=("package manager",),
    ),
    "hatch": Sample(
        files={
            "pyproject.toml": '[project]\nname = "site"\n[tool.hatch.envs.test]\ndependencies = ["coverage>=7"]\n'
            "[tool.hatch.envs.test.scripts]\ntest = 'python -m unittest discover -s site'\n"
            "[tool.pdm.scripts]\ntypes = {cmd = 'mypy site'}\n",
            "site/__init__.py": "",
        },
        setup=(
            "python -m pip install -e .",
            "python -m pip install 'coverage>=7'",
            "python -m pip install mypy",
        ),
        checks={"tests": "python -m unittest discover -s site", "types": "mypy site"},
        sources={
            "hatch run test:test": "pyproject.toml [tool.hatch.envs.test]",
            "pdm run types": "pyproject.toml [tool.pdm.scripts]",
        },
        facts=(("package manager", "pdm", "pyproject.toml [tool.pdm]"),),
    ),
    "requirements of the tests": Sample(
        files={
            "setup.py": "setup(name='orm')\n",
            "tests/runtests.py": "",
            "tests/requirements/py3.txt": "jinja2\n",
            "tests/requirements/oracle.txt": "oracledb\n",
            "test-requirements.txt": "pytest\n",
            "tox.ini": "[testenv]\ncommands =\n  !slow: python -W error -m pytest -k {posargs:quick}\n",
        },
        setup=(
            "python -m pip install -r test-requirements.txt -r tests/requirements/py3.txt",
            "python -m pip install -e .",
        ),
        checks={"tests": "python tests/runtests.py"},
        sources={"python -W error -m pytest -k": "tox.ini [testenv]"},
    ),
    "matrix of a workflow": Sample(
        files={
            "Cargo.toml": '[package]\nname = "cache"\n',
            "src/lib.rs": "",
            ".github/workflows/ci.yml": "jobs:\n  check:\n    strategy:\n      matrix:\n        os: [linux, macos]\n"
            "        feature: [s3, redis]\n        profile: [{name: all, args: --all-features}]\n        include:\n"
            "          - {name: format, verb: fmt -- --check}\n          - {name: lint, verb: clippy --all-targets}\n"
            "    steps:\n      - run: cargo ${{ matrix.verb }}\n      - run: cargo test -F ${{ matrix.feature }}\n"
            "      - run: cargo build ${{ matrix.profile.args }}\n"
            "      - {run: make, working-directory: fetched-1.2}\n",
        },
        setup=("cargo fetch",),
        checks={"build": "cargo build", "tests": "cargo test", "lint": "cargo clippy --all-targets"},
        sources={
            "cargo fmt -- --check": ".github/workflows/ci.yml [check]",
            "cargo test -F s3": ".github/workflows/ci.yml [check]",
            "cargo build --all-features": ".github/workflows/ci.yml [check]",
            "cd fetched-1.2 && make": "",
        },
    ),
    "library for django": Sample(
        files={
            "pyproject.toml": '[project]\nname = "pages"\ndependencies = ["django", "aiohttp"]\n'
            '[tool.pdm]\nversion = {source = "scm"}\n',
            "pages/__init__.py": "import aiohttp\n",
            "pages/test/settings.py": "",
            "pages/tests/test_pages.py": "",
            "example_project/wsgi.py": "from django.core.wsgi import get_wsgi_application\nget_wsgi_application()\n",
        },
        setup=("python -m pip install -e .",),
        checks={"tests": "python -m django test --settings=pages.test.settings"},
        sources={"python -m django test --settings=pages.test.settings": "pages/test/settings.py"},
        facts=(("package manager", "pip", "pyproject.toml"),),
    ),
    "sessions of nox": Sample(
        files={
            "setup.py": 'setup(name=\'auth\', entry_points="""\n[console_scripts]\nauth = auth:main\n'
            '[auth.helpers]\nhelper = auth:Helper\n""")\n',
            "pytest.ini": "[pytest]\n",
            "manage.py": "# django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.regular.settings')\n",
            "tests/test_auth.py": "",
            "CONTRIBUTING.md": "`nox -x -t lint` or `nox -s docs` or `tox -e mypy` or `nox --list`\n",
        },
        setup=("python -m pip install -e .", "python -m pip install pytest"),
        checks={"tests": "python -m pytest -q", "lint": "nox -x -t lint", "types": "tox -e mypy"},
        sources={"nox -s docs": "", "nox --list": "", "auth --help": "setup.py", "helper --help": ""},
    ),
    "scripts of composer that do several things": Sample(
        files={
            "composer.json": '{"name": "a/b", "type": "project", "require": {"php": ">=8"}, "scripts": '
            '{"test": ["@cs .", "@unit-test"], "cs": "phpcs -p", "unit-test": "@php phpunit"}}',
            "index.php": "<?php\n",
            "package.json": package(scripts={"css-lint": "stylelint css", "js-lint": "eslint js", "fix-lint": "x"}),
            ".eslintrc.json": "{}",
        },
        setup=("composer install --no-interaction", "npm install"),
        checks={
            "tests": "composer run-script unit-test",
            "lint": "composer run-script cs",
            "lint-javascript": "npm run js-lint",
        },
        app="php -S 127.0.0.1:$PORT",
        sources={"npm run css-lint": "package.json [scripts.css-lint]", "npm run fix-lint": ""},
    ),
    "test of composer that only lints": Sample(
        files={"composer.json": '{"scripts": {"test": ["@lint ."], "lint": "phpcs"}}', "public/index.php": "<?php\n"},
        setup=("composer install --no-interaction",),
        checks={"lint": "composer run-script lint"},
        app="php -S 127.0.0.1:$PORT -t public",
    ),
    "pages without composer": Sample(
        files={"public/index.php": "<?php\n", "phpstan.neon": "parameters:\n"},
        app="php -S 127.0.0.1:$PORT -t public",
        sources={"php -S 127.0.0.1:$PORT -t public": "public/index.php"},
    ),
    "port in the configuration of a server": Sample(
        files={
            "composer.json": '{"name": "a/b", "require": {"php": ">=5"}}',
            "package.json": package(scripts={"start": "node app.js", "dev": "karma start"}),
            "app.js": "import config from './lib/config.js'\n",
            "lib/config.ts": "export default { port: process.env['PORT'] }\n",
        },
        setup=("npm install",),
        app="npm run start",
        sources={"npm run dev": ""},
    ),
    "go modules of one repository": Sample(
        files={
            "go.mod": "module example.org/kv\n\nreplace (\n\texample.org/kv/api => ./api\n"
            "\texample.org/kv/server => ./server\n\texample.org/else => ../else\n)\n",
            "api/go.mod": "module example.org/kv/api\n",
            "server/go.mod": "module example.org/kv/server\n",
            "server/main.go": "package main\n",
        },
        setup=("go mod download",),
        checks={
            "build": "r=0; for m in . api server; do (cd $m && go build ./...) || r=1; done; exit $r",
            "tests": "r=0; for m in . api server; do (cd $m && go test ./...) || r=1; done; exit $r",
        },
        sources={"cd server && go run .": "server/main.go"},
        packages=("api", "server"),
    ),
    "gradle members by other names, scripts beside": Sample(
        files={
            "settings.gradle": 'include "baseServices"\n',
            "build.gradle": "// kotlin later\nsoon = 'kotlin'\n",
            "parts/base-services/build.gradle": "",
            "parts/base-services/src/main/java/Base.java": "",
            "merge-request.py": "",
        },
        setup=("gradle assemble",),
        checks={"build": "gradle assemble", "tests": "gradle test"},
        packages=("parts/base-services",),
    ),
    "a second project that ci speaks of": Sample(
        files={
            "package.json": package(scripts={"test": "karma start"}),
            "package-lock.json": "{}",
            "admin/package.json": package(scripts={"test": "jest"}),
            "admin/package-lock.json": "{}",
            ".github/workflows/js.yml": "jobs:\n  js:\n    steps:\n      - run: |\n          cd admin\n"
            "          npm ci\n          npm test\n",
        },
        setup=("npm ci", "cd admin && npm ci"),
        checks={"tests": "npm run test", "tests-javascript": "cd admin && npm run test"},
        sources={"cd admin && npm run test": "admin/package.json [scripts.test]"},
    ),
}
