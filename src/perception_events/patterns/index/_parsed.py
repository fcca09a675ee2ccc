"""What an event's leaves are as numbers and addresses: each leaf is read once, whichever tables and tests ask."""

from __future__ import annotations

from perception_events.patterns._numbers import comparable
from perception_events.patterns._values import leaf_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Parsed: TypeAlias = dict[str, Any]
    """By leaf: a string's digits as an address or None, another's number or None. Lives as long as one match."""

__all__ = ["Parsed", "digits_of", "number_of"]

_UNREAD = object()


def number_of(leaf: str, parsed: Parsed) -> float | None:
    """The number that `leaf` is compared as; None where it is none."""
    if leaf[0] == '"':
        return None
    number: Any = parsed.get(leaf, _UNREAD)
    if number is _UNREAD:
        number = parsed[leaf] = comparable(leaf)
    return number  # type: ignore[no-any-return]


def digits_of(leaf: str, parsed: Parsed) -> str | None:
    """What blocks of addresses are compared with: the digits of a string that is an address, None of another one.

    Of what is not a string, the spelling, for the engine takes it for digits. (Accident of the engine, kept.)
    """
    if leaf[0] != '"':
        return leaf
    digits: Any = parsed.get(leaf, _UNREAD)
    if digits is _UNREAD:
        digits = parsed[leaf] = leaf_digits(leaf)
    return digits  # type: ignore[no-any-return]
