"""Numbers as the engine compares them: as doubles, but only when the decimal is a double's own shortest spelling."""

from __future__ import annotations

import re

__all__ = ["MAX_DOUBLE", "comparable"]

MAX_DOUBLE = 1.7976931348623157e308

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?\Z")
_EXACT_DIGITS = 15
"""Every integer of so many digits is a double."""
_MAX_EXPONENT = 2**31 - 1
"""The engine's decimals hold their exponent in 32 bits."""
_SPELLED_ALIKE = 1e-300
"""From here on, Java's shortest spelling has the digits of Python's."""


def comparable(text: str) -> float | None:
    """The double that stands for the JSON number `text`, or None where the engine compares its text alone.

    None too for everything that is no number. Negative zero is zero.

    AWS: event-ruler `ComparableNumber`: the decimal must equal the double's shortest spelling, so
    9007199254740993 and 1e309 are not comparable. Java spells the smallest doubles with two digits: 4.9E-324,
    not 5e-324.
    """
    if text.isdigit() and len(text) <= _EXACT_DIGITS:
        return float(text)
    found = _NUMBER.match(text)
    if not found:
        return None
    value = float(text)
    if repr(value) == text and (abs(value) >= _SPELLED_ALIKE or not value):
        return value or 0.0
    exponent = found[1]
    if exponent and (len(exponent) > 12 or abs(int(exponent)) > _MAX_EXPONENT):
        return None
    if not -MAX_DOUBLE <= value <= MAX_DOUBLE:
        return None
    return (value or 0.0) if _spells(text, value) else None


def _spells(text: str, value: float) -> bool:
    """Whether the decimal `text` equals Java's shortest spelling of `value`."""
    from decimal import Decimal  # here, for few numbers come to this

    spelling = Decimal(repr(value))
    if len(spelling.as_tuple().digits) == 1 and abs(value) < _SPELLED_ALIKE:
        two_digits = f"{value:.1e}"
        if float(two_digits) == value:
            spelling = Decimal(two_digits)
    return Decimal(text) == spelling
