"""What a validation error means, in the words of the person who wrote the file."""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mission_tui.content.document import Place

_PATTERNS = {
    "^VAL-": "must look like VAL-AREA-001",
    "^[A-Za-z0-9]": "must be 1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit",
    "^[A-Z]+ /": "must look like GET /path",
}
_SHAPES = ("string_type", "model_type", "model_attributes_type", "dict_type", "tuple_type")


@dataclass(frozen=True)
class Problem:
    """One thing to mend: where, and what."""

    place: Place
    text: str

    @property
    def where(self) -> str:
        """The place as it is written in messages: `contract[0].proof.evidence`."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place).lstrip(".")

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.place else self.text


def problems_of(error: ValidationError, data: object, known_keys: Iterable[str]) -> list[Problem]:
    """The error's problems in the document's order of discovery; `known_keys` serve to guess at misspelt ones."""
    details = error.errors(include_url=False, include_context=True)
    placed = [(_place_of(data, detail), detail) for detail in details]
    keys = sorted(set(known_keys))
    texts: dict[Place, list[str]] = {}
    for place, detail in placed:
        if not _beside_the_point(place, detail, placed, data):
            words = texts.setdefault(place, [])
            text = _words(detail, keys)
            if text not in words:
                words.append(text)
    return [Problem(place, ", or ".join(words)) for place, words in texts.items()]


def keys_of(*models: type[BaseModel]) -> set[str]:
    """The field names of some models."""
    return {name for model in models for name in model.model_fields}


def _place_of(data: object, detail: ErrorDetails) -> Place:
    place = place_in(data, detail["loc"])
    return (*place, "by") if detail["type"] in ("union_tag_invalid", "union_tag_not_found") else place


def place_in(data: object, loc: tuple[str | int, ...]) -> Place:
    """The place in the document: pydantic's own location without the names of the union branches it tried."""
    place: list[str | int] = []
    here = data
    for index, step in enumerate(loc):
        if _leads_on(here, step, tag_may_follow=bool(place) and place[-1] == "proof" and loc[index - 1] == "proof"):
            place.append(step)
            here = _inside(here, step)
        elif index == len(loc) - 1 and _is_mapping(here) and not _names_a_branch(step):
            place.append(step)
    return tuple(place)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _inside(here: object, step: str | int) -> object:
    return cast("dict[object, object]", here)[step]


def _leads_on(here: object, step: str | int, *, tag_may_follow: bool) -> bool:
    if isinstance(here, dict):
        mapping = cast("dict[object, object]", here)
        return step in mapping and not (tag_may_follow and mapping.get("by") == step)
    return isinstance(here, list) and isinstance(step, int)


def _names_a_branch(step: str | int) -> bool:
    """`str`, `Locator`, `function-after[…]`: fields of our documents are lower case words of their own."""
    return isinstance(step, str) and (step in ("str", "int", "bool") or not re.fullmatch(r"[a-z][a-z_]*", step))


def _beside_the_point(
    place: Place, detail: ErrorDetails, placed: list[tuple[Place, ErrorDetails]], data: object
) -> bool:
    """A value may be text or a mapping: what the other branch says of it helps nobody."""
    if detail["type"] not in _SHAPES:
        return False
    value = _value_at(data, place)
    others = [p for p, d in placed if d is not detail and p[: len(place)] == place]
    if isinstance(value, dict):
        return detail["type"] == "string_type" and bool(others)
    return isinstance(value, str) and detail["type"] != "string_type" and place in others


def _value_at(data: object, place: Place) -> object:
    for step in place:
        if not isinstance(data, dict | list):
            return None
        try:
            data = _inside(cast("object", data), step)
        except (KeyError, IndexError):
            return None
    return data


def _words(detail: ErrorDetails, keys: list[str]) -> str:
    tell = _WORDS.get(detail["type"])
    if tell is not None:
        return tell(detail)
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        if key in keys:
            return "is a key that does not belong here"
        close = difflib.get_close_matches(key, keys, n=1)
        return "is not a known key" + (f": did you mean `{close[0]}`?" if close else "")
    plain = detail["msg"].removeprefix("Value error, ")
    return re.sub(r"^Input should be", "must be", plain)


def _ctx(detail: ErrorDetails, name: str) -> object:
    return detail.get("ctx", {}).get(name)


def _text_expected(detail: ErrorDetails) -> str:
    quoted = isinstance(detail["input"], bool | int | float)
    return "must be text" + (": put it in quotes" if quoted else "")


def _list_expected(detail: ErrorDetails) -> str:
    return "must be a list" + (": write it as [ … ]" if isinstance(detail["input"], str) else "")


def _pattern(detail: ErrorDetails) -> str:
    pattern = str(_ctx(detail, "pattern"))
    return next((words for start, words in _PATTERNS.items() if pattern.startswith(start)), f"must match {pattern}")


def _tag_unknown(detail: ErrorDetails) -> str:
    return f"must be one of {_ctx(detail, 'expected_tags')}"


def _one_of(detail: ErrorDetails) -> str:
    expected = str(_ctx(detail, "expected")).replace("True", "true")
    return f"must be {'one of ' if ' or ' in expected else ''}{expected}"


def _too_long(detail: ErrorDetails) -> str:
    limit = _ctx(detail, "max_length")
    return "must be empty here" if limit == 0 else f"must have at most {limit} entries"


_WORDS: dict[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is missing",
    "string_type": _text_expected,
    "tuple_type": _list_expected,
    "list_type": _list_expected,
    "dict_type": lambda _: "must be a mapping of keys to values",
    "model_type": lambda _: "must be a mapping of keys to values",
    "model_attributes_type": lambda _: "must be a mapping of keys to values",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda d: f"must have at most {_ctx(d, 'max_length')} characters",
    "too_long": _too_long,
    "literal_error": _one_of,
    "string_pattern_mismatch": _pattern,
    "union_tag_not_found": lambda _: "is missing: one of command, http, browser, terminal, review",
    "union_tag_invalid": _tag_unknown,
}
