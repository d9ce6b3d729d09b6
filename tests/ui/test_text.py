from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mission_tui.ui import text
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import screen

HOSTILE = (
    "[bold red]markup[/] [@click=app.quit]x[/] \x1b[31mred\x1b[0m \x1b]0;title\x07 bell\x07 "
    "\u202eright to left\u202c "
    "zero\u200bwidth "
    "\ud83d 中文字 👩\u200d👩\u200d👧 e\u0301\u0301\u0301\u0301\u0301\u0301 \x9b2J tab\there\r\nnext\x00"
)


def test_escape_sequences_and_direction_marks_are_gone_and_controls_are_pictures():
    cleaned = text.clean(HOSTILE)
    assert not any(ord(c) < 32 and c != "\n" for c in cleaned)
    assert not any(c in cleaned for c in "\x1b\x9b\u202e\u202c\u200b\u200d\ud83d")
    assert "red " in cleaned and "[bold red]markup[/]" in cleaned and "title" not in cleaned
    assert "␇" in cleaned and "␀" in cleaned and "\nnext" in cleaned


@given(st.text(max_size=300), st.integers(1, 60))
def test_wrapped_lines_never_exceed_their_width(given_text: str, width: int):
    lines = text.wrapped(text.clean(given_text), width)
    assert all(cell_len(line) <= max(2, width) for line in lines)
    assert all("\n" not in line for line in lines)


@given(st.text(max_size=100), st.integers(0, 40))
def test_a_padded_line_has_exactly_its_width(given_text: str, width: int):
    assert cell_len(text.padded(text.one_line(given_text), width)) == width


def test_words_are_kept_whole_and_indentation_is_kept_on_continued_lines():
    assert text.wrapped("the quick brown fox", 10) == ["the quick", "brown fox"]
    assert text.wrapped("    indented code that is long", 16) == ["    indented", "    code that is", "    long"]
    assert text.wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.008, "8 ms"), (4.21, "4.2 s"), (192, "3m 12s"), (8040, "2h 14m"), (273_600, "3d 4h")]
)
def test_spans_of_time_read_at_a_glance(seconds: float, shown: str):
    assert text.duration(seconds) == shown


def test_counts_and_money_read_at_a_glance():
    assert [text.tokens(n) for n in (812, 9_400, 21_300, 3_140_000)] == ["812", "9.4k", "21k", "3.1M"]
    assert text.money(4.123) == "$4.12" and text.money(4.123, known=False) == "≥ $4.12"


async def test_hostile_model_output_leaves_the_layout_intact(tmp_path: Path):
    with MissionWriter.create(tmp_path) as writer:
        make.working(writer)
        writer.say("R7", HOSTILE)
        writer.say("R7", "x" * 10_000_000)
        writer.call("R7", "run_command", {"command": HOSTILE}, {"text": HOSTILE, "exit_code": 1, "command": HOSTILE})
        writer.live("R7", HOSTILE)
        async with screen(tmp_path, writer.files.id) as seen:
            await seen.shows("[bold red]markup[/]")
            await seen.press("3", "z", "up", "up", "enter")
            await seen.shows("‖ held")
            for line in seen.lines:
                assert cell_len(line) == 120
            borders = [line for line in seen.lines if line.startswith("│")]
            assert len(borders) > 20 and all(line.endswith("│") for line in borders)
            assert "\x1b[31m" not in seen.text() and "\u202e" not in seen.text()
