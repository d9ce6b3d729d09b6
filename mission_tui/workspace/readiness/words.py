"""What a shell line is for, as far as its words tell."""

import re

from mission_tui.workspace.readiness.model import FindingKind

_MAX_COMMAND = 300


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_KINDS: tuple[tuple[FindingKind, re.Pattern[str]], ...] = (
    (
        "install",
        _any(
            r"^(?:python3? -m )?pip3? install\b",
            r"^(?:poetry|pdm) (?:install|sync)\b|^uv (?:sync|pip install)\b|^pipenv (?:install|sync)\b",
            r"^npm (?:ci|install|i)\b|^(?:pnpm|bun) (?:install|i)\b|^yarn(?: install\b|$)",
            r"^bundle install\b|^go mod download\b|^cargo fetch\b|^composer (?:install|update)\b",
        ),
    ),
    ("types", _any(r"\b(?:mypy|(?:based)?pyright|tsc|vue-tsc|phpstan|psalm|srb tc|ty check)\b", "type-?check")),
    (
        "lint",
        _any(
            r"\bruff (?:check|format --check)|\b(?:flake8|pylint)\b|\bblack --check|\b(?:pre-commit|prek) run",
            r"\beslint\b|\bbiome (?:ci|check|lint)|prettier --check|\b(?:run|yarn|pnpm|make|just|task) lint\b",
            r"golangci-lint|go vet|cargo clippy|cargo fmt\b.*--check|\brubocop\b|standardrb",
            r"\bphpcs\b|php-cs-fixer|checkstyle|spotless\w*[Cc]heck|composer (?:run |run-script )?(?:lint|cs)\b",
        ),
    ),
    (
        "test",
        _any(
            r"\b(?:pytest|unittest|tox|nox|vitest|jest|rspec|phpunit|pest)\b|manage\.py test",
            r"npm (?:run )?(?:test|t)\b|yarn (?:run )?test|pnpm (?:-r |run |--recursive )*test|bun (?:run )?test",
            r"\b(?:make|just|task) test\b|\bmake check\b|go test|cargo (?:test|nextest run)",
            r"rails test|rake (?:test|spec)\b|bundle exec rake$|artisan test|composer (?:run |run-script )?test",
            r"mvnw? .*\b(?:test|verify)\b|gradlew? .*\b(?:test|check)\b",
        ),
    ),
    (
        "build",
        _any(
            r"\brun build\b|(?:yarn|pnpm)(?: -r)? build\b|python3? -m build|(?:uv|poetry) build|\bmake build\b",
            r"go build|cargo build|mvnw? .*\b(?:package|install|compile)\b|gradlew? .*\b(?:build|assemble)\b",
        ),
    ),
)
_ASIDE = _any(
    r"^(?:#|//|\.\s|(?:echo|printf|cd|export|sudo|apt|apt-get|brew|docker|podman|git|curl|wget|rm|mkdir|cat|set|source"
    r"|choco|if|for|while|fi|done|else|then)(?:\s|$))",
    r"--version|<[a-z_ -]+>|\s\.\.\.$|\{\{|\$\{|\$\(",
    # Installing a tool, or this very project as its users do, is not installing what it needs.
    r"pip3? install (?:-U |--upgrade |-q |--user )*[A-Za-z][\w-]*(?:\[[\w,-]+\])?(?:[=<>~]=?[\w.]+)?$",
    r"pip3? install (?:-U|--upgrade)\b|pip3? install (?:tox|nox|uv|poetry|codecov|pre-commit|build|twine)\b",
    r"(?:npm|pnpm|bun) (?:install|i) (?:-[DSg]\b|--(?:save|save-dev|global|location)\b|[@A-Za-z])",
    r"\b(?:yarn|pnpm|bun) add\b|^(?:npm|pnpm|yarn|bun) (?:init|create)\b",
    r"^bundle install\b.*\bgem\b|playwright install",
)  # fmt: skip
"""Lines that do something else, speak of a tool rather than use it, or have a blank to fill in."""


def classify(command: str) -> FindingKind | None:
    """What kind of command a shell line is; None where its words do not tell."""
    if len(command) > _MAX_COMMAND or _ASIDE.search(command):
        return None
    return next((kind for kind, pattern in _KINDS if pattern.search(command)), None)
