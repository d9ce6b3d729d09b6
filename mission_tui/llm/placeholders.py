"""`${result:REGEX}` and its kind: values of a script that are only known from the conversation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

KINDS = ("result", "user", "all")
_OPENINGS = tuple((f"${{{kind}:", kind) for kind in KINDS)


@dataclass(frozen=True)
class Placeholder:
    """`text[start:end]` is the placeholder, braces included."""

    kind: str
    pattern: str
    start: int
    end: int


def placeholders_in(text: str) -> Iterator[Placeholder]:
    """The placeholders of a string, in order. Braces in a pattern must balance or be escaped with a backslash."""
    position = 0
    while (found := _next(text, position)) is not None:
        yield found
        position = found.end


def patterns_in(text: str) -> Iterator[str]:
    """The regular expressions of a string's placeholders."""
    return (placeholder.pattern for placeholder in placeholders_in(text))


def filled(value: object, find: Callable[[str, str], list[str]]) -> object:
    """The value with every placeholder replaced; `find(kind, pattern)` returns what was found, never nothing."""
    if isinstance(value, dict):
        return {key: filled(item, find) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [filled(item, find) for item in cast("list[object]", value)]
    return _filled_text(value, find) if isinstance(value, str) else value


def _filled_text(text: str, find: Callable[[str, str], list[str]]) -> object:
    parts: list[str] = []
    position = 0
    for placeholder in placeholders_in(text):
        found = find(placeholder.kind, placeholder.pattern)
        if placeholder.kind == "all" and (placeholder.start, placeholder.end) == (0, len(text)):
            return found
        parts += [text[position : placeholder.start], ", ".join(found)]
        position = placeholder.end
    return "".join([*parts, text[position:]])


def _next(text: str, position: int) -> Placeholder | None:
    starts = [(text.find(opening, position), opening, kind) for opening, kind in _OPENINGS]
    starts = [start for start in starts if start[0] >= 0]
    if not starts:
        return None
    start, opening, kind = min(starts)
    begin = start + len(opening)
    end = _closing(text, begin)
    return None if end is None else Placeholder(kind, text[begin:end], start, end + 1)


def _closing(text: str, begin: int) -> int | None:
    depth = 0
    position = begin
    while position < len(text):
        match text[position]:
            case "\\":
                position += 1
            case "{":
                depth += 1
            case "}" if depth == 0:
                return position
            case "}":
                depth -= 1
            case _:
                pass
        position += 1
    return None
