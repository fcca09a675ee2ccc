"""Tables of bounded size that can be merged in any order: those keys are kept that sort first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["SmallestKeys"]

V = TypeVar("V")


class SmallestKeys(Generic[V]):
    """Values by key, for the `limit` keys that sort first; how many additions had other keys is `dropped`.

    A key that is dropped in a part is not among the first of the whole, for the whole only has more keys before it. So
    what is kept is complete, and merging is associative and commutative. (`dropped` counts additions, and values have
    to say how many additions they stand for: `weight`.) A key after `bound` need not be added, but in `dropped`.
    """

    __slots__ = ("bound", "dropped", "limit", "table")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.table: dict[Any, V] = {}
        self.bound: Any = None
        self.dropped = 0

    def trim(self, weight: Callable[[V], int], *, slack: int = 0) -> None:
        """Drop what sorts last, once there are more than `limit` + `slack` keys."""
        if len(self.table) > self.limit + slack:
            keys = sorted(self.table)
            self.bound = keys[self.limit - 1]
            for key in keys[self.limit :]:
                self.dropped += weight(self.table.pop(key))

    def merge(self, other: SmallestKeys[V], join: Callable[[V, V], V], weight: Callable[[V], int]) -> None:
        """Add what `other` has."""
        for key, value in other.table.items():
            self.table[key] = join(self.table[key], value) if key in self.table else value
        self.dropped += other.dropped
        self.trim(weight)
