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
}
