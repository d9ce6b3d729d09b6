"""Pictures in half blocks: every cell shows two points, one above the other, in any terminal with colours."""

from collections.abc import Sequence
from pathlib import Path

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from mission_tui.ui.text import cut, one_line
from mission_tui.ui.widgets.lines import Drawn, Painted, Row

UPPER = "▀"
MOST_POINTS = 60_000_000
"""A picture with more is not decoded: some pixels of it would cost the screen its memory."""


def picture_rows(path: Path, key: str, width: int, height: int) -> Sequence[Row]:
    """The picture within `width` cells and `height` lines, its proportions kept; one line of words if it is none."""
    try:
        return _rows(path, key, width, height)
    except FileNotFoundError:
        why = "the file is gone"
    except OSError:
        why = "it is not a picture"  # Pillow's own words name the way to the file
    except (ValueError, SyntaxError) as error:
        why = one_line(str(error), 60)
    return [Painted(key, (cut(f"it cannot be drawn: {why}", width), "faint"))]


def indented(row: Row, by: int) -> Row:
    """The same line of a picture, further right."""
    if isinstance(row, Drawn):
        return Drawn(row.key, [Segment(" " * by), *row.segments])
    return Painted(row.key, (" " * by, "plain"), *row.paint(1000))


def _rows(path: Path, key: str, width: int, height: int) -> list[Drawn]:
    from PIL import Image  # half a second of memory and time that a screen without pictures need not pay

    with Image.open(path) as image:
        if image.width * image.height > MOST_POINTS:
            raise ValueError(f"{image.width}x{image.height} points are too many")
        scale = min(width / image.width, 2 * height / image.height, 1.0)
        columns, lines = max(1, int(image.width * scale)), max(1, int(image.height * scale / 2))
        image.draft("RGB", (columns * 2, lines * 4))
        rgb = image.convert("RGB")
        small = rgb.resize((columns, lines * 2), Image.Resampling.LANCZOS, reducing_gap=2.0)  # pyright: ignore[reportUnknownMemberType] - Pillow names numpy, which is not there
    points = small.tobytes()
    stride = columns * 3
    return [
        Drawn(key, _line(points[y * stride : (y + 1) * stride], points[(y + 1) * stride : (y + 2) * stride]))
        for y in range(0, lines * 2, 2)
    ]


def _line(upper: bytes, lower: bytes) -> list[Segment]:
    """Neighbours of one colour share a segment."""
    segments: list[Segment] = []
    run, before = 0, b""
    for x in range(0, len(upper), 3):
        here = upper[x : x + 3] + lower[x : x + 3]
        if here != before and run:
            segments.append(_cells(before, run))
            run = 0
        run, before = run + 1, here
    return [*segments, _cells(before, run)]


def _cells(colours: bytes, count: int) -> Segment:
    above, below = Color.from_rgb(*colours[:3]), Color.from_rgb(*colours[3:])
    return Segment(UPPER * count, Style(color=above, bgcolor=below))
