"""A mapping that never changes, of which changed copies are cheap to make."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SMALLEST = 32
"""Entries that may lie on top whatever lies below."""


class Layers(Mapping[K, V], Generic[K, V]):
    """Few entries on top of many: a copy shares the many, so `with_` costs about the square root of their number.

    A mission of weeks has thousands of runs and features, and a fold makes a changed copy for each of them. Order is
    that of the first `with_` of each key, as in a dictionary.
    """

    __slots__ = ("_all", "_base", "_top")

    def __init__(self, base: Mapping[K, V] | None = None) -> None:
        self._base: dict[K, V] = dict(base or {})
        self._top: dict[K, V] = {}
        self._all: dict[K, V] | None = self._base

    def with_(self, key: K, value: V) -> "Layers[K, V]":
        """A copy with one entry more, or changed."""
        new = self.__class__()
        top = {**self._top, key: value}
        if len(top) > SMALLEST and len(top) ** 2 > len(self._base):
            new._base = new._all = {**self._base, **top}
            new._top = {}
        else:
            new._base, new._top, new._all = self._base, top, None
        return new

    def __getitem__(self, key: K) -> V:
        return self._top[key] if key in self._top else self._base[key]

    def __contains__(self, key: object) -> bool:
        return key in self._top or key in self._base

    def __len__(self) -> int:
        return len(self._base) + sum(key not in self._base for key in self._top)

    def __iter__(self) -> Iterator[K]:
        return iter(self._whole)

    def keys(self) -> KeysView[K]:
        return self._whole.keys()

    def values(self) -> ValuesView[V]:
        return self._whole.values()

    def items(self) -> ItemsView[K, V]:
        return self._whole.items()

    def __repr__(self) -> str:
        return repr(self._whole)

    @property
    def _whole(self) -> dict[K, V]:
        if self._all is None:
            self._all = {**self._base, **self._top}
        return self._all
