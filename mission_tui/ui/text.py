"""Text from models and repositories made fit for a terminal, and figures made fit for a glance."""

import re
from collections.abc import Iterator
from itertools import islice

from rich.cells import cell_len, set_cell_size

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, such as titles and links
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|[\x1b\x9b]\[?[0-?]*[ -/]*[@-~]"  # CSI and two-byte sequences
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# Direction marks reorder a line; joiners and selectors make terminals disagree about its width.
_INVISIBLE = re.compile(
    "[\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_TAB = 4
LONGEST = 20_000
"""Characters of one text that are ever laid out; what is beyond is in the artifacts."""


def clean(text: str, longest: int = LONGEST) -> str:
    """The text as it may be drawn: no escape sequence, control or direction mark, lines ended by newlines only.

    Other control characters become their pictures (␀). Only the first `longest` characters are looked at.
    """
    text = text[:longest]
    if text.isascii() and text.isprintable():
        return text
    text = _BREAKS.sub("\n", _ESCAPES.sub("", text)).expandtabs(_TAB)
    text = _CONTROL.sub(_picture, text)
    if text.isascii():
        return text
    return _MARKS.sub(r"\1", _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", text)))


def one_line(text: str, longest: int = 400) -> str:
    """The text with every run of white space as one blank."""
    return " ".join(clean(text, longest).split())


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "�"


def wrapped(text: str, width: int, most: int = 400) -> list[str]:
    """Clean text as lines of at most `width` cells, broken between words where it can be; at most `most` lines."""
    lines = list(islice(_lines(text, max(1, width)), most + 1))
    return [*lines[:most], "…"] if len(lines) > most else lines


def _lines(text: str, width: int) -> Iterator[str]:
    for paragraph in text.split("\n"):
        yield from _broken(paragraph.rstrip(), width)


def _broken(paragraph: str, width: int) -> Iterator[str]:
    if cell_len(paragraph) <= width:
        yield paragraph
        return
    indent = min(len(paragraph) - len(paragraph.lstrip()), width // 2)
    line = ""
    for word in re.findall(r"\s*\S+", paragraph):
        piece = word
        if line and cell_len(line) + cell_len(piece) > width:
            yield line
            line, piece = "", " " * indent + piece.lstrip()
        while cell_len(piece) > width:
            head, piece = chopped(piece, width)
            yield head
        line += piece
    if line:
        yield line


def chopped(text: str, width: int) -> tuple[str, str]:
    """The first cells of a text, at least one character, and the rest."""
    if text.isascii():
        return text[:width], text[width:]
    used = 0
    for place, character in enumerate(text):
        used += cell_len(character)
        if used > width and place:
            return text[:place], text[place:]
    return text, ""


def cut(text: str, width: int) -> str:
    """At most `width` cells of one line, with an ellipsis where something is missing."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def padded(text: str, width: int) -> str:
    """Exactly `width` cells, cut or filled at the right."""
    return set_cell_size(cut(text, width), max(0, width))


def duration(seconds: float) -> str:
    """A span of time in at most two units: `8 ms`, `4.2 s`, `3m 12s`, `2h 14m`, `3d 4h`."""
    if seconds < 1:
        return f"{max(0, seconds) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return clock(seconds)


def clock(seconds: float) -> str:
    """A span of time in whole seconds, for figures that tick."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def ago(seconds: float) -> str:
    """How long something is past, in one unit."""
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)}m ago"
    if seconds < 86400:
        return f"{int(seconds // 3600)}h ago"
    return f"{int(seconds // 86400)}d ago"


def counted(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def tokens(count: int) -> str:
    """A count in three digits: `812`, `21k`, `3.1M`."""
    if count < 1000:
        return str(count)
    if count < 10_000:
        return f"{count / 1000:.1f}k"
    if count < 999_500:
        return f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def money(usd: float, known: bool = True) -> str:
    """Dollars and cents; `≥` where some price was unknown."""
    return f"{'' if known else '≥ '}${usd:.2f}"


def sized(count: int) -> str:
    """A number of bytes."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1_000_000:.1f} MB"
