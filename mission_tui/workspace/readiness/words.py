"""What a shell line is for, as far as its words tell.

Only the word in the place of the command counts: a line that mentions a tool somewhere else does not run it.
"""

import re

from mission_tui.workspace.readiness.model import FindingKind

_MAX_COMMAND = 300


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_ENVIRONMENT = re.compile(r"""^(?:(?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*)|env|exec|time|nice|xvfb-run|-a)\s+)+""")
_WRAPPER = re.compile(
    r"^(?:bundle exec|npx|bunx|pnpm (?:exec|dlx)|yarn(?: run| dlx)?|(?:poetry|pdm|uv|hatch|pipenv|rye) run"
    r"|composer exec|coverage run(?: -(?!m\b)\S+)*(?: -m)?|python[\d.]*(?: -(?!m\b)\S+(?: [a-z]\w*)?)* -m|python[\d.]*"
    r"|php|ruby|bash|sh|node|nyc|c8)\s+(?:--(?:group|extra|python|with|package)[ =]\S+\s+|--?[\w=-]+\s+)*"
)
_FOLDER = re.compile(r"^(?:\.{0,2}/)?(?:[\w.@~-]+/)+|^\./")
_TASK = re.compile(
    r"^(?:make|gmake|just|task|mage|gulp|grunt|rake|inv(?:oke)?|gradlew?|composer(?: run(?:-script)?)?|rails"
    r"|(?:npm|pnpm|bun|yarn)(?: run(?:-script)?| -r| --recursive)*)(?: -C \S+| -[\w=-]+)* (?P<name>[\w:.-]+)(?=\s|$)"
)
_TASKS: tuple[tuple[FindingKind, re.Pattern[str]], ...] = (
    ("test", re.compile(r"^(?:(?:quick|unit)?-?tests?|spec|t)(?:[:_.-]\S*)?$")),
    ("types", re.compile(r"^(?:type-?check\w*|types|check[:-]types?|tsc|mypy|phpstan|psalm|analy[sz]e)(?:[:_-]\S*)?$")),
    (
        "lint",
        re.compile(
            r"^(?:(?!fix|watch|pre|post)[\w-]*lint|style|format[:-]check|check[:-](?:format|style)|rubocop)"
            r"(?:[:_-](?!fix|watch)\S*)?$"
        ),
    ),
    ("build", re.compile(r"^(?:build|compile|assemble)(?:[:_-](?!dep)\S*)?$")),
)  # fmt: skip
_SESSIONS = re.compile(r"^(?:tox|nox)\b.*?\s(?:-[est]|--(?:sessions?|tags))[ =]?[\"']?(?P<names>[\w,.:-]+)")
_SESSION_KINDS: tuple[tuple[FindingKind | None, re.Pattern[str]], ...] = (
    ("test", re.compile(r"(?:^|[,_-])(?:tests?|unit|py(?:py)?\d*)(?![a-z])")),
    ("lint", re.compile(r"(?:^|[,_-])(?:\w*lint|flake8|ruff|black|isort|bandit|style|format|qa|pep8|pre-?commit)\b")),
    ("types", re.compile(r"(?:^|[,_-])(?:mypy|pyright|typ(?:es|ing|echeck))\b")),
    (None, re.compile(r"(?:^|[,_-])(?:docs?|build|dist|packag\w*|release|publish|report|changelog)\b")),
)
"""tox and nox do what the environment or session is for; those of unknown names count as tests."""
_KINDS: tuple[tuple[FindingKind, re.Pattern[str]], ...] = (
    (
        "install",
        _any(
            r"^pip3? install\b|^(?:poetry|pdm|pipenv) (?:install|sync)\b|^uv (?:sync|pip install)\b",
            r"^npm (?:ci|install|i)\b|^(?:pnpm|bun) (?:install|i)\b|^yarn(?: install\b| --[\w-]+|$)",
            r"^bundle install\b|^go mod download\b|^cargo fetch\b|^composer (?:install|update)\b",
        ),
    ),
    (
        "types",
        _any(
            r"^(?:mypy|(?:based)?pyright|phpstan|psalm|srb tc|steep check|ty check)\b",
            r"^(?:vue-)?tsc\b(?!.*(?:\s-w\b|--watch|--init|--v\b))",
        ),
    ),
    (
        "lint",
        _any(
            r"^(?:ruff (?:check|format --check)|flake8|pylint|(?:pre-commit|prek) run)\b|^(?:black|isort)\b.* --check",
            r"^eslint\b|^stylelint\b|^biome (?:ci|check|lint)\b|^prettier\b.* (?:--check|-c|-l)\b",
            r"^golangci-lint run|^go vet\b|^staticcheck\b|^cargo(?: \+\w+)? clippy\b|^cargo(?: \+\w+)? fmt\b.*--check",
            r"^rubocop\b|^standardrb\b|^phpcs\b|^php-cs-fixer\b.*--dry-run|^pint --test",
            r"^(?:mvnw?|gradlew?)\b.*(?:checkstyle\w*|spotless:?[cC]heck|detekt|ktlintCheck)\b",
        ),
    ),
    (
        "test",
        _any(
            r"^(?:pytest|py\.test|unittest|tox|nox|vitest|jest|mocha|ava|rspec|(?:simple-)?phpunit|pest|ctest)(?=\s|$)",
            r"^manage\.py test\b|^run-?_?tests?(?:\.\w+)?(?=\s|$)|^test_\w+\.\w+",
            r"^artisan test\b|^rake$|^(?:make|gmake|mage|rake)(?: -\w+)* check(?=\s|$)",
            r"^go (?:run build\.go )?test\b|^gotestsum\b|^cargo(?: \+\w+)? (?:test|nextest run|hack test)\b",
            r"^(?:bun|deno) test\b",
            r"^mvnw?\b(?!.*-DskipTests).* (?:test|verify)\b|^gradlew? .*\b(?:test|check)\b",
            r"^(?:meson|ninja|ant|sbt|mix|swift|dotnet|dart|flutter|lein|stack|cabal|zig build) test\b",
        ),
    ),
    (
        "build",
        _any(
            r"^python3? -m build|^build(?: --\w+)*$|^(?:uv|poetry|hatch|pdm) build\b|^gem build\b",
            r"^go (?:build\b|run build\.go(?! test\b))|^cargo build\b|^mvnw?\b.* (?:package|install|compile)\b",
            r"^gradlew? .*\bbuild\b",
            r"^(?:make|gmake)(?: (?:-j ?\d*|\w+=\S+|all))*$|^cmake (?:--build|-B|-S)|^meson (?:setup|compile)|^ninja$",
            r"^configure\b|^(?:ant|(?:sbt|mix) compile|(?:swift|dotnet|zig) build)(?=\s|$)",
        ),
    ),
)
_ASIDE = _any(
    r"^(?:#|//|\.\s|(?:echo|printf|cd|export|sudo|apt|apt-get|brew|docker|podman|git|curl|wget|rm|mkdir|cat|set|source"
    r"|choco|if|for|while|fi|done|else|then)(?:\s|$))",
    r"--version|\s-V$|--help\b|--init\b|--inspect|<[a-z_ -]+>|\s\.\.\.$|\{\{|\$\{|\$\(|\s\[[\w-]*\.*\]|--set-baseline",
    r"^(?:tox|nox)\b.* (?:-l|--list)\b|/path/to/|\s\[--?\w[^\]]*\]",
    r"\$(?!PORT\b|HOME\b|PWD\b|PATH\b)[A-Z_]{2,}",
    # Installing a tool, or this very project as its users do, is not installing what it needs.
    r"pip3? install (?:-U |--upgrade |-q |--user )*[A-Za-z][\w-]*(?:\[[\w,-]+\])?(?:[=<>~]=?[\w.]+)?$",
    r"pip3? install (?:-U|--upgrade)\b|pip3? install (?:tox|nox|uv|poetry|codecov|pre-commit|build|twine)\b",
    r"(?:npm|pnpm|bun) (?:install|i) (?:-[DSg]\b|--(?:save|save-dev|global|location)\b|[@A-Za-z])",
    r"\b(?:yarn|pnpm|bun) add\b|^(?:npm|pnpm|yarn|bun) (?:init|create)\b",
    r"^bundle install\b.*\bgem\b|playwright install|phpunit install\b|pre-commit install\b",
    r"^composer (?:global )?require\b",
)  # fmt: skip
"""Lines that do something else, speak of a tool rather than use it, or have a blank to fill in."""


def classify(command: str) -> FindingKind | None:
    """What kind of command a shell line is: that of its first part which tells. None where its words do not tell."""
    if len(command) > _MAX_COMMAND or _ASIDE.search(command):
        return None
    for part in re.split(r"&&|\|\|?|;", command):
        kind = _kind(part.strip())
        if kind:
            return kind
    return None


def _kind(part: str) -> FindingKind | None:
    """First as it stands, since `yarn lint` names a script; then without what only starts another program."""
    line = _FOLDER.sub("", _ENVIRONMENT.sub("", part), count=1)
    met: set[str] = set()
    while line not in met:
        met.add(line)
        kind = _said(line)
        if kind:
            return kind
        line = _FOLDER.sub("", _WRAPPER.sub("", line, count=1), count=1)
    return None


def _said(line: str) -> FindingKind | None:
    session = _SESSIONS.match(line)
    if session:
        for kind, pattern in _SESSION_KINDS:
            if pattern.search(session["names"]):
                return kind
        return "test"
    for kind, pattern in _KINDS:
        if pattern.search(line):
            return kind
    task = _TASK.match(line)
    for kind, pattern in _TASKS if task else ():
        if task and pattern.match(task["name"]):
            return kind
    return None
