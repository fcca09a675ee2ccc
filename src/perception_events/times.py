"""Times, read in one way at every entrance and written in one way at every exit: epoch seconds in UTC inside."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from perception_events.errors import InputError, describe

__all__ = ["InvalidTimeError", "from_iso", "read_time", "to_iso", "to_iso_seconds"]

_LATEST_SECONDS = 10**11
"""The year 5138. A larger number counts a smaller unit: in milliseconds it would be after 1973, and so on."""
_UNITS = (("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))


class InvalidTimeError(InputError, ValueError):
    """What is not a time, or counts another unit than seconds; `expected` says what is needed, and the unit found."""

    def __init__(self, name: str, expected: str, value: object) -> None:
        self.expected = expected
        super().__init__(f"{name}: expected {expected}, found {type(value).__name__} {describe(value)}")


def read_time(value: object, name: str = "the time") -> float:
    """Epoch seconds of a number of seconds, a datetime, or a text of either (`1.46480646E9`, `2020-04-23T12:00:00Z`).

    Milliseconds, microseconds and nanoseconds are rejected by their name: AWS sends seconds, and a filter or a TTL
    would take them as such. `name` stands before the message.

    Raises:
        InvalidTimeError: it is none of these, has no time zone, or is outside 1970 to 5138.
    """
    if (type(value) is int or type(value) is float) and 0 <= value < _LATEST_SECONDS:
        return float(value)  # nearly always
    if isinstance(value, datetime):
        return _of_datetime(value, name, value)
    if isinstance(value, str):
        return _of_text(value, name)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise InvalidTimeError(name, "seconds since the epoch or a datetime", value)
    if not isinstance(value, int) and not _is_finite(value):
        raise InvalidTimeError(name, "a finite number of seconds since the epoch", value)
    if value < 0:
        raise InvalidTimeError(name, "seconds since the epoch, not before 1970", value)
    if value >= _LATEST_SECONDS:
        raise InvalidTimeError(name, f"seconds since the epoch, and this is {_unit(value)}", value)
    return float(value)


def _is_finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)  # a signalling NaN raises there


def to_iso(at: float) -> str:
    """Epoch seconds as `2025-07-15T00:11:08.000Z`: what joins store, and what Step Functions writes.

    Raises:
        InvalidTimeError: it is not a number of seconds that a date has.
    """
    return _utc(at, lambda seconds: round(seconds, 3)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_iso_seconds(at: float) -> str:
    """Epoch seconds as `2025-07-15T00:11:08Z`, cut to whole seconds: what EventBridge writes.

    Raises:
        InvalidTimeError: it is not a number of seconds that a date has.
    """
    return _utc(at, math.floor).isoformat().replace("+00:00", "Z")


def from_iso(text: str, name: str = "the time") -> float:
    """Epoch seconds of such a text.

    Raises:
        InvalidTimeError: it is not one, or has no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidTimeError(name, "seconds since the epoch or a time such as 2025-07-15T00:11:08Z", text) from None
    return _of_datetime(moment, name, text)


def _utc(at: float, cut: Callable[[float], float]) -> datetime:
    try:
        if not isinstance(at, (int, float)):
            raise TypeError("a Decimal, say, whose digits could be any number")
        return datetime.fromtimestamp(cut(at), UTC)
    except (OSError, OverflowError, TypeError, ValueError):
        raise InvalidTimeError("the time", "seconds since the epoch", at) from None


def _of_datetime(moment: datetime, name: str, value: object) -> float:
    if moment.tzinfo is None:
        expected = "a time with a time zone (no time zone is another moment on another machine; use datetime.now(UTC))"
        raise InvalidTimeError(name, expected, value)
    try:
        seconds = moment.timestamp()
    except (OverflowError, ValueError):
        raise InvalidTimeError(name, "a time from 1970 on", value) from None
    if seconds < 0:
        raise InvalidTimeError(name, "a time from 1970 on", value)
    return seconds


def _of_text(text: str, name: str) -> float:
    try:
        number = float(text) if len(text) <= 40 and text.isascii() and "_" not in text else None
    except ValueError:
        number = None
    return from_iso(text, name) if number is None else read_time(number, name)


def _unit(value: int | float | Decimal) -> str:
    for unit, factor in _UNITS:
        if value < _LATEST_SECONDS * factor:
            return f"{unit}: {int(value) / factor:.3f} s"
    return "after every date"
