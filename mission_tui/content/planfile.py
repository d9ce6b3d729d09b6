"""Plan files: YAML or JSON to a `PlanDraft`, every problem with its place in the file."""

from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from mission_tui.content.document import Document, DocumentError, Place, read_document
from mission_tui.content.wording import Problem, keys_of, problems_of
from mission_tui.domain import checks, contract, plan
from mission_tui.domain.plan import PlanDraft

_MAX_BYTES = 8_000_000
PLAN_KEYS = keys_of(
    PlanDraft,
    contract.Assertion,
    contract.ProofBase,
    plan.Milestone,
    plan.Feature,
    plan.Services,
    plan.App,
    plan.Ready,
    checks.CommandStep,
    checks.HttpStep,
    checks.BrowserStep,
    checks.TerminalStep,
    checks.Locator,
    checks.TargetValue,
    checks.TargetMatches,
    checks.StyleMatches,
) | {"by"}
_SECTIONS = ("contract", "milestones", "features")


class PlanFileError(Exception):
    """The file is no plan. `problems` has one line for each, `FILE:LINE: PLACE: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PlanPlaces:
    """Where things stand in a plan file; read once, asked many times."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lines: dict[tuple[str, str], int] = {}
        data = cast("dict[str, Any]", document.data) if isinstance(document.data, dict) else {}
        for section in _SECTIONS:
            for index, entry in enumerate(_entries(data.get(section))):
                line = document.line_of((section, index))
                if line is not None and isinstance(entry, dict) and "id" in entry:
                    self._lines[section, str(cast("dict[str, Any]", entry)["id"])] = line

    def line_of(self, place: Place) -> int | None:
        """The line, from 1, of a part of the file or of the nearest part around it."""
        return self._document.line_of(place)

    def line_of_id(self, offender: str, section: str | None = None) -> int | None:
        """The line of the assertion, milestone or feature with that id; of the last one when several have it.

        A `section` that is none of `contract`, `milestones`, `features` narrows nothing.
        """
        sections = (section,) if section in _SECTIONS else _SECTIONS
        return next((self._lines[s, offender] for s in sections if (s, offender) in self._lines), None)


def load_plan(path: Path) -> PlanDraft:
    """Read a plan file. Raises PlanFileError with everything that is wrong with its form; gates judge its meaning."""
    document = _read(path)
    if document.data is None:
        raise PlanFileError([_line(path, None, "the file is empty")])
    if not isinstance(document.data, dict):
        raise PlanFileError([_line(path, 1, "a plan is a mapping with title, contract, milestones and features")])
    data = _unset_nulls(cast("dict[str, Any]", document.data))
    try:
        return PlanDraft.model_validate(data)
    except ValidationError as error:
        problems = problems_of(error, data, PLAN_KEYS)
        raise PlanFileError(
            [_line(path, document.line_of(p.place), str(p)) for p in _ordered(problems, document)]
        ) from None


def places(path: Path) -> PlanPlaces:
    """Where things stand in a file that `load_plan` accepts. Raises PlanFileError."""
    return PlanPlaces(_read(path))


def locate(path: Path, offender: str, section: str | None = None) -> int | None:
    """The line of the assertion, milestone or feature with that id; for many ids ask `places` once."""
    return places(path).line_of_id(offender, section)


def _read(path: Path) -> Document:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise PlanFileError([_line(path, None, f"larger than {_MAX_BYTES:,} bytes")])
        return read_document(path)
    except DocumentError as error:
        raise PlanFileError([_line(path, line, text) for line, text in error.problems]) from error
    except OSError as error:
        raise PlanFileError([_line(path, None, error.strerror or str(error))]) from error


def _unset_nulls(data: dict[str, Any]) -> dict[str, Any]:
    """`features:` with nothing below it reads as null; the author left it empty."""
    return {key: value for key, value in data.items() if value is not None}


def _entries(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _ordered(problems: list[Problem], document: Document) -> list[Problem]:
    return sorted(problems, key=lambda problem: document.line_of(problem.place) or 0)


def _line(path: Path, line: int | None, text: str) -> str:
    return f"{path}:{line}: {text}" if line is not None else f"{path}: {text}"
