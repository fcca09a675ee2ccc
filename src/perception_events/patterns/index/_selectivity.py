"""How many events find an index key, measured by the rules themselves: what many rules name, many events have.

What is the same in every rule is the same in every event (`source`, `detail-type`); what one rule names is rare.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from perception_events.patterns.index._field import IndexedField
    from perception_events.patterns.index._keys import IndexKey

    Chosen: TypeAlias = tuple[float, tuple[IndexKey, ...]]
    """What keys cost, about in candidates, and the keys."""

__all__ = ["Selectivity"]

_SAMPLE = 64
"""So many bounds of a path's ranges are remembered at most, spread over all that came."""
_WEIGHTS = {"exact": 1.0, "number": 1.0, "exists": 1.0, "prefix": 1.1, "suffix": 1.1, "any-case": 1.3, "address": 1.3}
"""What a look into a table costs beside the plainest, so that of equally rare keys the cheaper is used."""
_OTHER_WEIGHT = 2.0
_RANGE_WEIGHT = 3.0
_LOOK_UP = {"literal": 10.0, "any-case": 2.0, "address": 4.0}
"""What it costs to look a leaf up at all, in candidates: at each of its characters, or when something is read of it."""


class _PathCounts:
    """How often the keys of one path were named."""

    __slots__ = ("bounds", "counts", "ranges", "stride")

    def __init__(self) -> None:
        self.counts: dict[IndexKey, int] = {}
        self.ranges = 0
        self.bounds: list[float] = []
        """A sample of the bounds, in order."""
        self.stride = 1
        """One range in so many goes into the sample."""


class Selectivity:
    """Counts how many entries name each key, and chooses the keys of an entry."""

    __slots__ = ("_paths", "size")

    def __init__(self) -> None:
        self.size = 0
        self._paths: dict[str, _PathCounts] = {}

    def count(self, fields: Iterable[IndexedField], change: int) -> None:
        """An entry with these fields came (1) or left (-1)."""
        self.size += change
        for field in fields:
            path = self._paths.get(field.path)
            if path is None:
                path = self._paths[field.path] = _PathCounts()
            counts = path.counts
            for key in field.keys or chain.from_iterable(field.alternatives):
                if key[0] == "range":
                    self._count_range(path, key[1], change)
                    continue
                named = counts.get(key, 0) + change
                if named:
                    counts[key] = named
                else:
                    del counts[key]

    @staticmethod
    def _count_range(path: _PathCounts, bounds: tuple[float, float], change: int) -> None:
        path.ranges += change
        # What leaves stays in the sample: it was as good as any.
        if change < 0 or path.ranges % path.stride:
            return
        path.bounds = sorted([*path.bounds, *bounds])
        if len(path.bounds) > _SAMPLE:
            path.bounds = path.bounds[::2]
            path.stride *= 2

    def choose(self, field: IndexedField) -> tuple[float, tuple[IndexKey, ...]] | None:
        """What the rarest keys of a field cost, about in candidates, and the keys; None where its absence passes."""
        keys = field.keys
        path = self._paths[field.path]
        if keys is not None:
            return (self._cost(path, keys[0]) if len(keys) == 1 else sum([self._cost(path, key) for key in keys])), keys
        if not field.alternatives:
            return None
        chosen = [min([(self._cost(path, key), key) for key in keys]) for keys in field.alternatives]
        return sum([cost for cost, _ in chosen]), tuple([key for _, key in chosen])

    def share(self, path: str, key: IndexKey) -> float:
        """How many of the events find a key, by the measure."""
        weight = _RANGE_WEIGHT if key[0] == "range" else _WEIGHTS.get(key[0], _OTHER_WEIGHT)
        return min(1.0, self._cost(self._paths[path], key) / weight / max(1, self.size))

    def _cost(self, path: _PathCounts, key: IndexKey) -> float:
        kind = key[0]
        if kind == "range":
            low, high = key[1]
            inside = bisect_right(path.bounds, high) - bisect_left(path.bounds, low)
            return _RANGE_WEIGHT * path.ranges * (inside + 1) / (len(path.bounds) + 1)
        if kind == "present":
            return 4.0 * self.size
        if kind == "except":
            return _OTHER_WEIGHT * self.size
        return _WEIGHTS.get(kind, _OTHER_WEIGHT) * (path.counts[key] + key[3]) + _LOOK_UP.get(kind, 0.0)
