"""Where the product's own prompts and skills lie: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def prompts_dir() -> Path:
    """The directory of the role files."""
    return _resource("prompts")


def skills_dir() -> Path:
    """The directory of the starter skills."""
    return _resource("skills")


def _resource(name: str) -> Path:
    for candidate in (_PACKAGE / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"this installation of mission-tui lacks its {name} directory: install it again")
