import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from model import Tasks


@pytest.fixture
def tasks(tmp_path):
    return Tasks(str(tmp_path / "tasks.json"))


def test_tasks_are_kept(tasks):
    tasks.add("buy milk")
    assert [t["text"] for t in Tasks(tasks.path).tasks] == ["buy milk"]


def test_empty_tasks_are_not_added(tasks):
    assert tasks.add("  ") is None
    assert tasks.tasks == []


def test_undo_takes_back_the_last_change(tasks):
    tasks.add("one")
    tasks.toggle(1)
    assert tasks.undo()
    assert tasks.tasks[0]["done"] is False


def test_done_tasks_come_last(tasks):
    tasks.add("one")
    tasks.add("two")
    tasks.toggle(1)
    assert [t["text"] for t in tasks.shown()] == ["two", "one"]
