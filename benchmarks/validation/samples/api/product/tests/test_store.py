import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from store import Refused, Store

WISH = {"room": "Ada", "start": "2026-03-02T09:00", "end": "2026-03-02T10:00", "title": "Stand-up", "attendees": 3}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "db")


def test_rooms_are_sorted_and_filtered(store):
    assert [r["name"] for r in store.rooms()] == ["Ada", "Bohr", "Curie"]
    assert [r["name"] for r in store.rooms(8)] == ["Bohr", "Curie"]


def test_a_booking_is_found_again(store):
    made = store.book(WISH, "ada")
    assert store.booking(made["id"]) == made


def test_overlaps_are_refused(store):
    store.book(WISH, "ada")
    with pytest.raises(Refused) as refused:
        store.book(WISH | {"start": "2026-03-02T09:30", "end": "2026-03-02T10:30"}, "bob")
    assert refused.value.status == 409


def test_unknown_rooms_are_refused(store):
    with pytest.raises(Refused) as refused:
        store.book(WISH | {"room": "Nowhere"}, "ada")
    assert refused.value.status == 404


def test_only_the_owner_cancels(store):
    made = store.book(WISH, "ada")
    with pytest.raises(Refused):
        store.cancel(made["id"], "bob")
    assert store.cancel(made["id"], "ada")
