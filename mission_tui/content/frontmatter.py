"""Markdown files that open with YAML between two `---` lines."""

from dataclasses import dataclass
from typing import Any, cast

from mission_tui.content.document import Document, DocumentError, Place, parse_document

_FENCE = "---"


class FrontMatterError(Exception):
    """The file's head cannot be read: `(line or None, problem)` pairs, lines counted in the whole file."""

    def __init__(self, problems: list[tuple[int | None, str]]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = problems


@dataclass(frozen=True)
class MarkdownFile:
    """A head of keys and values, and the Markdown below it."""

    data: dict[str, Any]
    body: str
    """Without white space around it."""
    body_line: int
    """The line of the file, from 1, on which the body's first line stands."""
    _head: Document

    def line_of(self, place: Place) -> int:
        """The line of the file on which a part of the head stands."""
        return 1 + (self._head.line_of(place) or 0)


def split_front_matter(text: str) -> MarkdownFile:
    """Take a file's text apart. Raises FrontMatterError."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        raise FrontMatterError([(1, f"must begin with a line `{_FENCE}` and its front matter")])
    end = next((i for i, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise FrontMatterError([(1, f"the front matter has no closing line `{_FENCE}`")])
    try:
        head = parse_document("\n".join(lines[1:end]))
    except DocumentError as error:
        raise FrontMatterError([(line + 1 if line else None, text) for line, text in error.problems]) from error
    if not isinstance(head.data, dict):
        raise FrontMatterError([(2, "the front matter must be keys and values")])
    first = next((i for i, line in enumerate(lines[end + 1 :], start=end + 1) if line.strip()), end)
    body = "\n".join(lines[end + 1 :]).strip()
    return MarkdownFile(cast("dict[str, Any]", head.data), body, first + 1, head)
