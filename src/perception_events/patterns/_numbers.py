"""Numbers as the engine compares them: as doubles, but only when the decimal is a double's own shortest spelling."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["MAX_DOUBLE", "comparable"]

MAX_DOUBLE = 1.7976931348623157e308

_PLAIN_INTEGER = re.compile(r"-?[0-9]{1,15}\Z")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?\Z")
_MAX_EXPONENT = 2**31 - 1
"""The engine's decimals hold their exponent in 32 bits."""


def comparable(text: str) -> float | None:
    """The double that stands for the JSON number `text`, or None where the engine compares its text alone.

    None too for everything that is no number. Negative zero is zero.

    AWS: event-ruler `ComparableNumber`: the decimal must equal the double's shortest spelling, so
    9007199254740993 and 1e309 are not comparable. Java spells the smallest doubles with two digits: 4.9E-324,
    not 5e-324.
    """
    if _PLAIN_INTEGER.match(text):
        return float(text) or 0.0
    found = _NUMBER.match(text)
    if not found:
        return None
    exponent = found[1]
    if exponent and (len(exponent) > 12 or abs(int(exponent)) > _MAX_EXPONENT):
        return None
    value = float(text)
    if not -MAX_DOUBLE <= value <= MAX_DOUBLE:
        return None
    spelling = Decimal(repr(value))
    if len(spelling.as_tuple().digits) == 1 and abs(value) < 1e-300:
        two_digits = f"{value:.1e}"
        if float(two_digits) == value:
            spelling = Decimal(two_digits)
    return (value or 0.0) if Decimal(text) == spelling else None
