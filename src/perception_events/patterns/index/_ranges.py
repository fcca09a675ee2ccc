"""Ranges that hold a number, both bounds looked at in the table.

Ranges of about the same width are together, sorted by where they begin, in blocks of a few: those that hold a number
begin at most their width below it, so that few blocks are looked at, and in them few ranges in vain. Ranges without a
lower bound are turned round: sorted by where they end, downwards.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import frexp, inf, ldexp

from perception_events.patterns.index._parsed import number_of
from perception_events.patterns.index._postings import place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from perception_events.patterns.index._parsed import Parsed
    from perception_events.patterns.index._postings import Posting, Postings

    Block: TypeAlias = tuple[float, float, list[float], list[float], Postings]
    """The smallest and the largest upper bound; lower bounds in order, upper bounds, postings."""
    Blocks: TypeAlias = tuple[list[float], list[Block]]
    """Where each block begins, and the blocks."""

__all__ = ["Ranges"]

_BLOCK = 32
"""A block of more is halved."""
_NO_UPPER_BOUND = 1024
_NO_LOWER_BOUND = 1025


class Ranges:
    """Indexed under a range, its bounds included."""

    __slots__ = ("_classes",)

    def __init__(self) -> None:
        self._classes: dict[int, Blocks] = {}

    def add(self, bounds: tuple[float, float], posting: Posting) -> None:
        """Index `posting`."""
        width, low, high = _class_of(bounds)
        starts, blocks = self._classes.get(width, ([], []))
        if not blocks:
            self._classes = {**self._classes, width: ([low], [(high, high, [low], [high], [posting])])}
            return
        at = max(bisect_right(starts, low) - 1, 0)
        _, _, lows, highs, postings = blocks[at]
        inside = bisect_right(lows, low)
        lows, highs, postings = lows.copy(), highs.copy(), postings.copy()
        lows.insert(inside, low)
        highs.insert(inside, high)
        postings.insert(inside, posting)
        if len(lows) <= _BLOCK:
            if low < starts[at]:
                starts[at] = low  # earlier than the block is: who sees only this looks into a block more
            blocks[at] = _block(lows, highs, postings)
            return
        half = len(lows) // 2
        halves = [_block(lows[part], highs[part], postings[part]) for part in (slice(half), slice(half, None))]
        self._classes = {
            **self._classes,
            width: ([*starts[:at], lows[0], lows[half], *starts[at + 1 :]], [*blocks[:at], *halves, *blocks[at + 1 :]]),
        }

    def remove(self, bounds: tuple[float, float], place: int) -> None:
        """Take a posting out."""
        width, low, _ = _class_of(bounds)
        starts, blocks = self._classes[width]
        # Several blocks may begin with one lower bound.
        at = max(bisect_left(starts, low) - 1, 0)
        while True:
            _, _, lows, highs, postings = blocks[at]
            inside = next((i for i, p in enumerate(postings) if lows[i] == low and place_of(p) == place), None)
            if inside is not None:
                break
            at += 1
        if len(lows) > 1:
            lows, highs, postings = lows.copy(), highs.copy(), postings.copy()
            del lows[inside], highs[inside], postings[inside]
            blocks[at] = _block(lows, highs, postings)
            return
        classes = {**self._classes, width: (starts[:at] + starts[at + 1 :], blocks[:at] + blocks[at + 1 :])}
        if len(blocks) == 1:
            del classes[width]
        self._classes = classes

    def postings(self, bounds: tuple[float, float]) -> Postings | None:
        """Nothing: ranges overlap."""
        return None

    def replace(self, bounds: tuple[float, float], postings: Postings) -> None:
        """Never asked for."""
        raise NotImplementedError("ranges overlap: their postings are never replaced")

    def find(self, leaf: str, found: Postings, parsed: Parsed) -> None:
        """Add to `found` what holds the leaf's number."""
        number = number_of(leaf, parsed)
        if number is None:
            return
        for width, (starts, blocks) in self._classes.items():
            at = -number if width == _NO_LOWER_BOUND else number
            last = bisect_right(starts, at)
            if not last:
                continue
            lowest = at - _reach(width)
            first = max(bisect_left(starts, lowest) - 1, 0) if last > 1 else 0
            for least, most, lows, highs, postings in blocks[first:last]:
                if most < at or lows[-1] < lowest:
                    continue
                if least >= at:
                    if lows[-1] <= at:
                        found += postings
                    else:
                        found += postings[: bisect_right(lows, at)]
                else:
                    begin, end = bisect_left(lows, lowest), bisect_right(lows, at)
                    found += [postings[i] for i in range(begin, end) if highs[i] >= at]


def _block(lows: list[float], highs: list[float], postings: Postings) -> Block:
    return min(highs), max(highs), lows, highs, postings


def _class_of(bounds: tuple[float, float]) -> tuple[int, float, float]:
    """The class, and the bounds as they are sorted in it."""
    low, high = bounds
    if low == -inf:
        return _NO_LOWER_BOUND, -high, inf
    width = high - low
    # Two powers of two are one class: half as many to look into.
    return (frexp(width)[1] >> 1 if width < inf else _NO_UPPER_BOUND), low, high


def _reach(width: int) -> float:
    return ldexp(1.0, 2 * width + 1) if width < _NO_UPPER_BOUND // 2 else inf
