from hypothesis import given
from hypothesis import strategies as st

from mission_tui.domain.layers import Layers

KEYS = st.text("abcdefgh", min_size=1, max_size=4)


@given(st.lists(st.tuples(KEYS, st.integers()), max_size=300))
def test_layers_hold_and_order_what_a_dictionary_would(entries: list[tuple[str, int]]):
    layers, plain = Layers[str, int](), dict[str, int]()
    for key, value in entries:
        before, length = layers, len(layers)
        layers = layers.with_(key, value)
        assert len(before) == length
        plain[key] = value
        assert (len(layers), layers[key], key in layers) == (len(plain), value, True)
    assert list(layers.items()) == list(plain.items())
    assert layers == plain


def test_a_changed_copy_leaves_the_original_as_it_was():
    first = Layers({f"k{n}": n for n in range(100)})
    second = first.with_("k3", -3).with_("new", 1)
    assert (first["k3"], len(first), first.get("new")) == (3, 100, None)
    assert (second["k3"], len(second), list(second)[3]) == (-3, 101, "k3")
