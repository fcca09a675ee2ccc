"""The spelling of a number that passes some groups and fails others.

Between two neighbours of the numbers that groups name, all comparable numbers fare alike, so one of them is tried; then
numbers that the engine compares by their text alone. Where a group takes a number for an address (an accident of the
engine, kept) the spelling counts too: each number is tried in every spelling that begins differently.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import count, pairwise
from math import isfinite

from perception_events.patterns._numbers import MAX_DOUBLE, comparable
from perception_events.patterns.analysis._budget import UndecidedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perception_events.patterns.analysis._budget import Budget
    from perception_events.patterns.analysis._string_search import Literal

__all__ = ["find_number", "spell"]

_NO_DOUBLE = 2**53 + 1
"""The first whole number that is no double; nor are the next odd ones."""
_LONGEST_ADDRESS = 32


def find_number(literals: Sequence[Literal], budget: Budget) -> str | None:
    """A number's spelling that passes each group which must pass and fails each other; None where there is none.

    Raises:
        UndecidedError: finding it costs too much, or hangs on addresses in a way that is not looked into.
    """
    words = [word for group, _ in literals for word in group.number_beginnings]
    needed = [group for group, positive in literals if positive]
    if any(group.named_numbers_only and not group.number_texts and not group.blocks for group in needed):
        return None
    by_address = [group for group in needed if group.number_beginnings]
    for text in _candidates(literals, words, by_address=bool(by_address)):
        budget.spend(len(literals))
        if all(group.passes(text) is positive for group, positive in literals):
            return text
    if not by_address:
        return None
    for group in needed:
        # What names its numbers has been tried in every spelling, but zero's, whose exponent can be any.
        if group.named_numbers_only and group not in by_address and 0.0 not in group.numbers:
            return None
    raise UndecidedError("whether a number is taken for an address depends on how it is spelled")


def _candidates(literals: Sequence[Literal], words: Sequence[str], *, by_address: bool) -> Iterator[str]:
    named = dict.fromkeys(text for group, _ in literals for text in group.number_texts)
    yield from named
    points = sorted({number for group, _ in literals for number in group.numbers})
    between = [text for low, high in _neighbours(points) if (text := _between(low, high)) is not None]
    yield from between
    yield next(text for text in map(str, count(_NO_DOUBLE, 2)) if text not in named)
    if not words:
        return
    # From here on there are addresses: how a number is spelled may decide.
    for word in words:
        yield from _beginning_with(word, points)
    for text in (*named, *between):
        if comparable(text) is not None:
            yield from _spellings(text, all_of_them=by_address)
    yield next(text for text in (f"0.{number}" for number in count(_NO_DOUBLE**2, 2)) if text not in named)


def _neighbours(points: Sequence[float]) -> Iterator[tuple[float | None, float | None]]:
    bounds: list[float | None] = [None, *points, None]
    yield from pairwise(bounds)


def _between(low: float | None, high: float | None) -> str | None:
    """The spelling of a comparable number between two, as plain as may be; None where there is none."""
    if low is None and high is None:
        return "1"
    if low is None:
        assert high is not None
        return _first_in(None, high, (0.0, high - 1, high * 2, high * 1.0000001, -MAX_DOUBLE))
    if high is None:
        return _first_in(low, None, (1.0, low + 1, low * 2, low * 1.0000001, MAX_DOUBLE))
    whole = float(int(low)) if abs(low) < 1e300 else low
    middle = low / 2 + high / 2
    tries = [0.0, whole + 1, whole, float(round(middle)) if abs(middle) < 1e300 else middle]
    tries += [round(middle, digits) for digits in range(1, 17)]
    return _first_in(low, high, (*tries, middle, low + (high - low) / 3))


def _first_in(low: float | None, high: float | None, numbers: Iterable[float]) -> str | None:
    for number in numbers:
        if isfinite(number) and (low is None or low < number) and (high is None or number < high):
            text = spell(number)
            if text is not None:
                return text
    return None


def spell(number: float) -> str | None:
    """The shortest spelling that compares as `number`; None where there is none."""
    spellings = [str(int(number))] if number.is_integer() and abs(number) < 1e15 else []
    for text in (*spellings, repr(number), f"{number:.1e}"):
        if comparable(text) == number:
            return text
    return None


def _spellings(text: str, *, all_of_them: bool) -> Iterator[str]:
    """A comparable number spelled so that it begins in every way that it may.

    An address is recognised by the hexadecimal digits that a text begins with, 32 at most. With a leading `0.` there
    are none; the others are needed only where a number must be taken for an address.
    """
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    assert isinstance(exponent, int)
    minus, shown = "-" if sign else "", "".join(map(str, digits))
    yield f"{minus}0.{shown}e{exponent + len(shown)}"
    if not all_of_them or sign or shown == "0":
        return
    for end in range(1, len(shown)):
        yield f"{shown[:end]}.{shown[end:]}e{exponent + len(shown) - end}"
    for zeros in range(_LONGEST_ADDRESS + 1):
        whole = shown + "0" * zeros
        yield f"{whole}e{exponent - zeros}"
        if exponent >= zeros:
            yield from (f"{whole}E{'0' * more}{exponent - zeros}" for more in range(12))


def _beginning_with(word: str, points: Sequence[float]) -> Iterator[str]:
    yield word
    if "E" in word:
        return
    yield f"{word}{'0' * 20}1"
    digits = len(word)
    for low, high in _neighbours(points):
        for bound in (low, high):
            if bound is None or bound <= 0:
                continue
            size = len(str(int(bound))) if bound >= 1 else int(f"{bound:e}".partition("e")[2]) + 1
            yield from (f"{word}e{size - digits + shift}" for shift in (-1, 0, 1))
            yield f"{word}5e{size - digits - 1}"
