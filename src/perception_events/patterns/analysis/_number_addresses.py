"""Numbers that the engine takes for addresses: how their texts begin, and which numbers begin so.

The engine compares an address block with the hexadecimal digits that a text begins with, a number's text included
(accident, kept): `16.0.0.0/8` is `10......` in hexadecimal and takes 105, 10.5e1 and 10E3. Only how the text begins
counts, so the search goes over beginnings: those that every block has decided, and those after which a sign, a dot or
the end stops the digits before a block could decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, inf, isfinite, log10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perception_events.patterns._addresses import CidrRange
    from perception_events.patterns.analysis._budget import Budget

    Neighbours = tuple[float | None, float | None]

__all__ = ["NumbersInBlocks"]

_LEAST_POWER, _GREATEST_POWER = -330, 310
"""Beyond these powers of ten no number but zero is a double."""
_SLACK = 1e-9
"""A logarithm is this near, at least."""


@dataclass(frozen=True, slots=True)
class NumbersInBlocks:
    """Which numbers are looked for among those that the engine takes for addresses.

    Args:
        wanted: blocks by group; a text must be in one of all of them.
        required: which of the groups take a number for an address or not at all.
        unwanted: blocks that a text must not be in.
        named: numbers that fare differently from their neighbours.
        between: the open intervals between them, in each of which all numbers fare alike.
    """

    wanted: Sequence[Sequence[CidrRange]]
    required: Sequence[bool]
    unwanted: Sequence[CidrRange]
    named: Sequence[float]
    between: Sequence[Neighbours]

    def texts(self, budget: Budget) -> Iterator[str]:
        """For every way in which a text can begin, one that compares as text, each named number, and one number of
        each interval, as far as they can begin so.

        Raises:
            UndecidedError: there are too many beginnings.
        """
        for text, stops in self._beginnings(budget):
            mantissa, with_exponent, exponent = text.partition("E")
            if not with_exponent:
                yield f"{text}.5" if stops else text
                yield f"{text}.{'0' * 22}1" if stops else f"{text}{'0' * 22}1"
                if not self.named:
                    continue
                for number in self.named:
                    if number > 0:
                        yield from _spelled(text, number, stops=stops)
                for low, high in self.between:
                    yield from _in_interval(text, low, high, stops=stops)
                continue
            yield text if exponent else f"{text}+9999"
            if exponent and not stops:
                yield f"{text}{'0' * 12}"  # so long an exponent is compared as text
            for powers in self._powers(mantissa):
                found = next(
                    (after for p in powers if (after := _exponent(p, exponent, stops=stops)) is not None), None
                )
                if found is not None:
                    yield f"{text}{found}"

    def _powers(self, mantissa: str) -> Iterator[range]:
        """The powers of ten by which a whole number becomes each named number, or lies in each interval."""
        whole = int(mantissa)
        if not whole or not self.named:
            yield range(_LEAST_POWER, _GREATEST_POWER)
            return
        for number in self.named:
            if number > 0:
                power = round(log10(number) - log10(whole))
                if Decimal(whole).scaleb(power) == Decimal(repr(number)):
                    yield range(power, power + 1)
        for low, high in self.between:
            if high is None or high > 0:
                least = _LEAST_POWER if low is None or low <= 0 else ceil(log10(low) - log10(whole) - _SLACK)
                most = _GREATEST_POWER if high is None else floor(log10(high) - log10(whole) + _SLACK)
                inside = [p for p in (least, least + 1, most - 1, most) if _lies_between(whole, p, low, high)]
                if inside:
                    yield range(min(inside), max(inside) + 1)

    def _beginnings(self, budget: Budget) -> Iterator[tuple[str, bool]]:
        """How texts begin, and whether the hexadecimal digits must stop there."""
        blocks = [block for group in self.wanted for block in group]
        waiting = [""]
        while waiting:
            text = waiting.pop()
            for character in _following(text):
                budget.spend(len(blocks) + len(self.unwanted))
                longer = text + character
                if any(block.holds(longer) for block in self.unwanted):
                    continue
                inside = [any(block.holds(longer) for block in group) for group in self.wanted]
                open_blocks = [any(_undecided(block, longer) for block in group) for group in self.wanted]
                undecided = any(open_blocks) or any(_undecided(block, longer) for block in self.unwanted)
                may_be = [now or later for now, later in zip(inside, open_blocks, strict=True)]
                if not any(may_be) or not _all_that(may_be, self.required):
                    continue
                if any(inside) and _all_that(inside, self.required):
                    yield longer, undecided
                if undecided:
                    waiting.append(longer)


def _all_that(holds: Sequence[bool], required: Sequence[bool]) -> bool:
    return all(held for held, needed in zip(holds, required, strict=True) if needed)


def _following(text: str) -> str:
    if text == "0":
        return "E"
    return "0123456789" if not text or "E" in text else "0123456789E"


def _undecided(block: CidrRange, digits: str) -> bool:
    size = len(digits)
    return size < len(block.bottom) and digits in (block.bottom[:size], block.top[:size])


def _lies_between(whole: int, power: int, low: float | None, high: float | None) -> bool:
    number = float(f"{whole}e{power}")
    return number > 0 and (low is None or low < number) and (number < inf if high is None else number < high)


def _exponent(power: int, begun: str, *, stops: bool) -> str | None:
    """What follows an exponent that has begun so, to make it `power`; None where nothing does."""
    if not begun:
        return f"{power:+d}"  # a sign stops the digits, which does no harm where they are decided
    if power < 0:
        return None
    significant, written = begun.lstrip("0"), str(power)
    if not significant:
        rest = "" if not power else written
    elif written.startswith(significant):
        rest = written[len(significant) :]
    else:
        return None
    return None if stops and rest else rest


def _in_interval(text: str, low: float | None, high: float | None, *, stops: bool) -> Iterator[str]:
    """A number's text that begins so and lies in an open interval; for each power of ten that may do."""
    bottom, top = max(low or 0.0, 0.0), inf if high is None else high
    if top <= 0:
        return
    first = int(text)
    size = log10(first)
    ends = {log10(end) - size for end in (bottom, top) if 0 < end < inf} or {0.0}
    for exponent in sorted({floor(end) + shift for end in ends for shift in (-2, -1, 0, 1)}):
        least, most = _scaled(first, exponent), _scaled(first + 1, exponent)
        least, most = max(least, bottom), min(most, top)
        if not least < most or not isfinite(most):
            continue
        for number in (least, least / 2 + most / 2, least + (most - least) / 8):
            if bottom < number < top:
                yield from _spelled(text, number, stops=stops)


def _scaled(first: int, exponent: int) -> float:
    return float(f"{first}e{exponent}")


def _spelled(text: str, number: float, *, stops: bool) -> Iterator[str]:
    _, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits))
    zeros = max(len(text) - len(shown), 0)
    shown, exponent = shown + "0" * zeros, exponent - zeros
    if not shown.startswith(text):
        return
    rest = shown[len(text) :]
    if not stops:
        yield f"{shown}e{exponent}"
    elif rest:
        yield f"{text}.{rest}e{exponent + len(rest)}"
    else:
        yield f"{text}e{exponent}"
