"""One assertion, milestone, feature or services manifest as YAML that a person edits, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import yaml
from pydantic import ValidationError

from mission_tui.content.document import Document, DocumentError, Place, parse_document
from mission_tui.content.planfile import PLAN_KEYS
from mission_tui.content.wording import problems_of
from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import Feature, Milestone, Services

_MODELS: dict[str, type[Frozen]] = {
    "assertion": Assertion,
    "milestone": Milestone,
    "feature": Feature,
    "services": Services,
}
_SHORT = 24
"""Characters of words that are listed on one line."""
_WIDTH = 100_000
"""Never broken: where it is edited, long lines wrap by themselves."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that they can be read and written as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)  # pyright: ignore[reportUnknownMemberType] - PyYAML is untyped


def _list(dumper: yaml.SafeDumper, value: list[object]) -> yaml.Node:
    names = all(isinstance(item, str) and len(item) <= _SHORT and " " not in item for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=names)  # pyright: ignore[reportUnknownMemberType] - PyYAML is untyped


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


@dataclass(frozen=True)
class ReadPart:
    """A part, or what keeps the text from being one."""

    part: Frozen | None
    problems: tuple[tuple[int, str], ...]
    line_of: Callable[[Place], int]


def part_text(part: Frozen) -> str:
    """The part as YAML, its defaults left out."""
    data = part.model_dump(mode="json", exclude_defaults=True)
    if isinstance(part, Assertion):
        data["proof"] = {"by": part.proof.by, **data["proof"]}
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH) if data else ""
    return text.rstrip("\n")


def parse_part(kind: Literal["assertion", "milestone", "feature", "services"], text: str) -> ReadPart:
    """Read a part back. Every problem has the line on which it stands."""
    try:
        document = parse_document(text)
    except DocumentError as error:
        return ReadPart(None, tuple((line or 1, problem) for line, problem in error.problems), lambda _: 1)
    lines = _lines(document)
    data: object = document.data
    if data is None and kind == "services":
        return ReadPart(Services(), (), lines)
    if not isinstance(data, dict):
        return ReadPart(None, ((1, f"a{'n' if kind == 'assertion' else ''} {kind} is keys and values"),), lines)
    given = {k: v for k, v in cast("dict[str, Any]", data).items() if v is not None}
    try:
        return ReadPart(_MODELS[kind].model_validate(given), (), lines)
    except ValidationError as error:
        found = problems_of(error, given, PLAN_KEYS)
        return ReadPart(None, tuple((lines(p.place), str(p)) for p in found), lines)


def _lines(document: Document) -> Callable[[Place], int]:
    return lambda place: document.line_of(place) or 1
