"""The spelling of a number that passes some groups and fails others.

Between two neighbours of the numbers that groups name, all comparable numbers fare alike, so one of them is tried; then
numbers that the engine compares by their text alone. Where a group takes a number for an address (an accident of the
engine, kept) the spelling counts too: `_number_addresses` has the spellings.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import count, pairwise
from math import isfinite

from perception_events.patterns._numbers import MAX_DOUBLE, comparable
from perception_events.patterns.analysis._number_addresses import NumbersInBlocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perception_events.patterns.analysis._budget import Budget
    from perception_events.patterns.analysis._string_search import Literal

__all__ = ["find_number", "spell"]

_NO_DOUBLE = 2**53 + 1
"""The first whole number that is no double; nor are the next odd ones."""


def find_number(literals: Sequence[Literal], budget: Budget) -> str | None:
    """A number's spelling that passes each group which must pass and fails each other; None where there is none.

    Raises:
        UndecidedError: finding it costs too much.
    """
    if any(
        positive and group.named_numbers_only and not group.number_texts and not group.blocks
        for group, positive in literals
    ):
        return None
    for text in _candidates(literals, budget):
        budget.spend(len(literals))
        if all(group.passes(text) is positive for group, positive in literals):
            return text
    return None


def _candidates(literals: Sequence[Literal], budget: Budget) -> Iterator[str]:
    named = dict.fromkeys(text for group, _ in literals for text in group.number_texts)
    yield from named
    points = sorted({number for group, _ in literals for number in group.numbers})
    intervals = list(_neighbours(points))
    between = [text for low, high in intervals if (text := _between(low, high)) is not None]
    yield from between
    yield next(text for text in map(str, count(_NO_DOUBLE, 2)) if text not in named)
    wanted = [group for group, positive in literals if positive and group.blocks]
    unwanted = [block.digits for group, positive in literals if not positive for block in group.blocks]
    if not wanted and not unwanted:
        return
    # From here on how a number is spelled may decide. What begins with `0.` is no address.
    yield from (_after_zero(text) for text in (*named, *between) if comparable(text) is not None)
    yield next(text for text in (f"0.{number}" for number in count(_NO_DOUBLE**2, 2)) if text not in named)
    if wanted:
        yield from NumbersInBlocks(
            wanted=[[block.digits for block in group.blocks] for group in wanted],
            required=[group.named_numbers_only and not group.number_texts for group in wanted],
            unwanted=unwanted,
            named=points,
            between=intervals,
        ).texts(budget)


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


def _after_zero(text: str) -> str:
    """A comparable number spelled with a leading `0.`."""
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    assert isinstance(exponent, int)
    return f"{'-' if sign else ''}0.{''.join(map(str, digits))}e{exponent + len(digits)}"
