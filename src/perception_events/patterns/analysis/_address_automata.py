"""Automata of the texts that the matcher takes for internet addresses in a block, in every spelling.

What `CidrRange` decides from hexadecimal digits is a range of numbers for each family. A text of an IPv6 address can
have a gap (`::`), so the automaton follows every length that the gap may have. A state is a set of positions.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from perception_events.patterns._addresses import CidrRange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Interval: TypeAlias = tuple[int, int]
    State: TypeAlias = frozenset[tuple[int, ...]]

__all__ = ["ADDRESS_CHARACTERS", "AddressAutomaton", "AddressBlock", "mapped", "sample_addresses"]

ADDRESS_CHARACTERS = frozenset("0123456789abcdefABCDEF.:")

_MAX_V4_LENGTH = 15
_MAPPED = 0xFFFF << 32
"""The first IPv6 address that the engine takes for an IPv4 address; there are 2**32 of them."""
_V4_BITS, _V6_BITS = 32, 128
_V4, _V6_FIRST, _V6_COLON, _V6_GROUP, _V6_AFTER_GAP, _V6_NEXT = range(6)
_NOTHING_READ = -1


class AddressBlock:
    """The addresses in a range of hexadecimal digits, as numbers; IPv4-mapped ones count as IPv4."""

    __slots__ = ("digits", "v4", "v6")

    def __init__(self, digits: CidrRange) -> None:
        self.digits = digits
        bottom, top = int(digits.bottom, 16), int(digits.top, 16)
        self.v4: list[Interval]
        self.v6: list[Interval]
        if len(digits.bottom) * 4 == _V4_BITS:
            self.v4 = [(bottom, top)]
            # The first digits decide; the rest of a longer address is not looked at.
            shift = _V6_BITS - _V4_BITS
            wide = (bottom << shift, ((top + 1) << shift) - 1)
        else:
            # The digits of a shorter address must decide before they end.
            shift = _V6_BITS - _V4_BITS
            low, high = (bottom >> shift) + 1, (top >> shift) - 1
            self.v4 = [(low, high)] if low <= high else []
            wide = (bottom, top)
        last_mapped = _MAPPED + (1 << _V4_BITS) - 1
        parts = [(wide[0], min(wide[1], _MAPPED - 1)), (max(wide[0], last_mapped + 1), wide[1])]
        self.v6 = [(low, high) for low, high in parts if low <= high]


def mapped(v4: Iterable[Interval]) -> list[Interval]:
    """IPv4 intervals as their IPv4-mapped IPv6 addresses, which the engine takes for the same."""
    return [(_MAPPED + low, _MAPPED + high) for low, high in v4]


def sample_addresses(v4: Iterable[Interval], v6: Iterable[Interval]) -> Iterator[str]:
    """A few addresses in the intervals, as they are usually spelled, and IPv4 ones as IPv6 too."""
    for low, high in v4:
        numbers = dict.fromkeys((low, min(low + 1, high), high))
        yield from (str(IPv4Address(number)) for number in numbers)
        yield from (f"::ffff:{number >> 16:x}:{number & 0xFFFF:x}" for number in numbers)
    for low, high in v6:
        yield from (str(IPv6Address(number)) for number in dict.fromkeys((low, min(low + 1, high), high)))


class AddressAutomaton:
    """Accepts the addresses in some intervals; an empty state accepts nothing any more.

    IPv4 addresses are those with dots; `mapped` gives the intervals of those spelled as IPv6.

    Positions: `(_V4, block, octet, value, length, on low, on high)`, and for IPv6 `(kind, block, group, value, whether
    there was a gap, on low, on high)`. "On low" says that all before equals the block's lower bound.
    """

    __slots__ = ("_memo", "_v4", "_v6", "start")

    characters = frozenset("0123456789abcdef.:")

    def __init__(self, v4: Iterable[Interval], v6: Iterable[Interval]) -> None:
        self._v4 = [(_parts(low, 4, 8), _parts(high, 4, 8)) for low, high in v4]
        self._v6 = [(_parts(low, 8, 16), _parts(high, 8, 16)) for low, high in v6]
        self._memo: dict[tuple[State, str], State] = {}
        self.start: State = frozenset(
            [(_V4, block, 0, _NOTHING_READ, 0, 1, 1) for block in range(len(self._v4))]
            + [(_V6_FIRST, block, 0, _NOTHING_READ, 0, 1, 1) for block in range(len(self._v6))]
        )

    def step(self, state: State, character: str) -> State:
        """The positions after `character`."""
        known = self._memo.get((state, character))
        if known is None:
            following: set[tuple[int, ...]] = set()
            for position in state:
                step = self._step_v4 if position[0] == _V4 else self._step_v6
                following.update(step(position, character))
            known = self._memo[state, character] = frozenset(following)
        return known

    def accepts(self, state: State) -> bool:
        """Whether the text may end here."""
        return any(map(self._ends, state))

    def _ends(self, position: tuple[int, ...]) -> bool:
        kind, block, index, value, _, on_low, on_high = position
        if kind == _V4:
            low, high = self._v4[block]
            return index == 3 and value >= 0 and _step_bounds(low[3], high[3], value, on_low, on_high) is not None
        if kind == _V6_AFTER_GAP:
            return index == 8
        low, high = self._v6[block]
        return kind == _V6_GROUP and index == 7 and _step_bounds(low[7], high[7], value, on_low, on_high) is not None

    def _step_v4(self, position: tuple[int, ...], character: str) -> Iterator[tuple[int, ...]]:
        _, block, octet, value, length, on_low, on_high = position
        if length == _MAX_V4_LENGTH:
            return
        low, high = self._v4[block][0][octet], self._v4[block][1][octet]
        if character == ".":
            bounds = _step_bounds(low, high, value, on_low, on_high) if octet < 3 and value >= 0 else None
            if bounds is not None:
                yield (_V4, block, octet + 1, _NOTHING_READ, length + 1, bounds[0], bounds[1])
        elif character.isascii() and character.isdigit():
            value = max(value, 0) * 10 + int(character)
            if value <= 255 and _can_reach(value, 10, 255, low if on_low else 0, high if on_high else 255):
                free = not on_low and not on_high
                yield (_V4, block, octet, _any_octet(value) if free else value, length + 1, on_low, on_high)

    def _step_v6(self, position: tuple[int, ...], character: str) -> Iterator[tuple[int, ...]]:
        kind, block, group, value, gap, on_low, on_high = position
        lows, highs = self._v6[block]
        if character == ":":
            if kind == _V6_FIRST:
                yield (_V6_COLON, block, group, _NOTHING_READ, 0, on_low, on_high)
            elif kind == _V6_COLON or (kind == _V6_NEXT and not gap):
                # A gap stands for one group at least.
                for index in range(group, 8):
                    bounds = _step_bounds(lows[index], highs[index], 0, on_low, on_high)
                    if bounds is None:
                        return
                    on_low, on_high = bounds
                    yield (_V6_AFTER_GAP, block, index + 1, _NOTHING_READ, 1, on_low, on_high)
            elif kind == _V6_GROUP and group < 7:
                bounds = _step_bounds(lows[group], highs[group], value, on_low, on_high)
                if bounds is not None:
                    yield (_V6_NEXT, block, group + 1, _NOTHING_READ, gap, bounds[0], bounds[1])
        elif character in "0123456789abcdefABCDEF" and kind != _V6_COLON and group < 8:
            value = max(value, 0) * 16 + int(character, 16)
            low, high = lows[group] if on_low else 0, highs[group] if on_high else 0xFFFF
            if value <= 0xFFFF and _can_reach(value, 16, 0xFFFF, low, high):
                free = not on_low and not on_high
                yield (_V6_GROUP, block, group, _any_group(value) if free else value, gap, on_low, on_high)


def _parts(number: int, count: int, bits: int) -> list[int]:
    return [number >> bits * (count - 1 - index) & ((1 << bits) - 1) for index in range(count)]


def _any_octet(value: int) -> int:
    """One octet for all that the same digits may follow, where no bound counts any more."""
    if value < 4 or value == 25:
        return value
    return 3 if value < 10 else 10 if value < 25 else 26


def _any_group(value: int) -> int:
    """The same for a group of an IPv6 address: only how many digits it has counts."""
    return value and 1 << (value.bit_length() - 1) // 4 * 4


def _step_bounds(low: int, high: int, value: int, on_low: int, on_high: int) -> tuple[int, int] | None:
    """Whether the numbers still lie on the bounds after `value`; None where they left the range."""
    if (on_low and value < low) or (on_high and value > high):
        return None
    return int(on_low and value == low), int(on_high and value == high)


def _can_reach(value: int, base: int, most: int, low: int, high: int) -> bool:
    """Whether `value`, or what it becomes with more digits, lies in low..high."""
    width = 1
    while value * width <= most:
        if value * width <= high and value * width + width - 1 >= low:
            return True
        if not value:
            return True  # leading zeros: anything may follow
        width *= base
    return False
