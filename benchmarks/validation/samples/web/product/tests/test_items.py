import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from items import Items


@pytest.fixture
def items(tmp_path):
    return Items(str(tmp_path / "items.json"))


def test_an_item_is_kept(items):
    items.add("Rice", 2, "")
    assert Items(items.path).listed()[0]["amount"] == 2


def test_the_same_item_is_added_up(items):
    items.add("Rice", 2, "")
    items.add("rice", 3, "")
    assert [i["amount"] for i in items.listed()] == [5]


def test_names_are_needed(items):
    with pytest.raises(ValueError):
        items.add(" ", 1, "")


def test_the_last_piece_takes_the_item_away(items):
    made = items.add("Rice", 1, "")
    items.use(made["id"])
    assert items.listed() == []
