import asyncio

import pytest

from mission_tui.domain.ports import Delta
from mission_tui.store.live import INTERVAL_S, LONGEST, LiveText, LiveWriter, read_live
from mission_tui.store.redact import Redactor
from tests.support.stores import empty_mission, wait_until


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def files(tmp_path):
    return empty_mission(tmp_path)


def text(piece: str) -> Delta:
    return Delta(kind="text", text=piece)


def shown(files, run: str = "R1") -> LiveText:
    live = read_live(files, run)
    assert live is not None
    return live


def test_a_stream_is_shown_from_its_first_piece_and_gone_once_cleared(files):
    assert read_live(files, "R1") is None
    writer = LiveWriter(files, "R1")
    writer.add(text("Hello"))
    assert (shown(files).kind, shown(files).text) == ("text", "Hello")
    writer.clear()
    writer.clear()
    assert read_live(files, "R1") is None


def test_it_is_written_at_most_ten_times_a_second(files):
    clock = Clock()
    writer = LiveWriter(files, "R1", clock=clock)
    seen: set[str] = set()
    for number in range(1000):
        clock.now = number / 1000
        writer.add(text("."))
        seen.add(shown(files).text)
    assert len(seen) == 10
    clock.now = 2
    writer.add(text("!"))
    assert shown(files).text == "." * 1000 + "!"


async def test_the_last_piece_is_shown_even_if_no_other_comes(files):
    writer = LiveWriter(files, "R1")
    writer.add(text("one "))
    writer.add(text("two"))
    assert shown(files).text == "one "
    await asyncio.to_thread(wait_until, lambda: shown(files).text == "one two")
    writer.clear()


async def test_nothing_is_shown_after_it_was_cleared(files):
    writer = LiveWriter(files, "R1")
    writer.add(text("one "))
    writer.add(text("two"))
    writer.clear()
    later = asyncio.Event()
    asyncio.get_running_loop().call_later(2 * INTERVAL_S, later.set)
    await later.wait()
    assert read_live(files, "R1") is None


def test_a_change_of_kind_begins_a_new_text(files):
    clock = Clock()
    writer = LiveWriter(files, "R1", clock=clock)
    writer.add(Delta(kind="thinking", text="hmm"))
    clock.now = 1
    writer.add(Delta(kind="tool", text='{"command"'))
    assert (shown(files).kind, shown(files).text) == ("tool", '{"command"')


def test_a_note_replaces_a_failed_call_until_the_next_piece(files):
    clock = Clock()
    writer = LiveWriter(files, "R1", clock=clock)
    writer.add(text("half an ans"))
    clock.now = 1
    writer.note("the provider is busy; trying again in 4 s")
    assert (shown(files).text, shown(files).note) == ("", "the provider is busy; trying again in 4 s")
    clock.now = 2
    writer.add(text("whole"))
    assert (shown(files).text, shown(files).note) == ("whole", "")


def test_runs_do_not_mix(files):
    LiveWriter(files, "R1").add(text("one"))
    LiveWriter(files, "R2").add(text("two"))
    assert (shown(files, "R1").text, shown(files, "R2").text) == ("one", "two")


def test_a_very_long_stream_keeps_its_end(files):
    LiveWriter(files, "R1").add(text("a" * LONGEST + "end"))
    assert len(shown(files).text) == LONGEST
    assert shown(files).text.endswith("aend")


def test_secrets_are_not_shown(files):
    LiveWriter(files, "R1", redactor=Redactor({"KEY": "sk-12345678"})).add(text("it is sk-12345678"))
    assert shown(files).text == "it is [redacted KEY]"


def test_text_that_is_not_unicode_ends_nothing(files):
    LiveWriter(files, "R1").add(Delta.model_construct(kind="text", text="half \ud83d"))
    assert shown(files).text == "half ?"


def test_a_folder_that_is_gone_ends_no_model_call(files):
    files.live.rmdir()
    LiveWriter(files, "R1").add(text("hello"))
    assert read_live(files, "R1") is None
