"""The `Time` of an entry in every form that boto3 sends, as the envelope's text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from perception_events.errors import InputError, describe

__all__ = ["InvalidEntryTimeError", "entry_time"]

_LONGEST = 64
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})(?=$|[T ])")


class InvalidEntryTimeError(InputError, ValueError):
    """What is not a time."""


def entry_time(given: object, now: float) -> str:
    """Whole seconds in UTC, `2025-07-15T00:11:08Z`: of `given` where there is one, else of `now` (epoch seconds).

    `given`: a datetime, epoch seconds (a number or its text), or a text: ISO 8601, a date alone, `01-31-2022T00:00:00Z`
    (month first), or the form of mail headers.

    AWS: as recorded through boto3. Differs from boto3: a time without a zone is in UTC, not in the machine's zone.

    Raises:
        InvalidEntryTimeError: it is none of these.
    """
    if given is None:
        return _of_second(int(now))
    try:
        if isinstance(given, datetime):
            return _text(given)
        if isinstance(given, int | float) and not isinstance(given, bool):
            return _of_second(int(given))
        if isinstance(given, str) and len(given) <= _LONGEST:
            return _text(_read(given.strip()))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise InvalidEntryTimeError(str(error)) from None
    raise InvalidEntryTimeError(f"{describe(given)} is not a time")


def _read(text: str) -> datetime:
    if re.fullmatch(r"-?\d{1,20}(\.\d{1,20})?", text):
        return datetime.fromtimestamp(float(text), UTC)
    month_first = _MONTH_FIRST.match(text)
    if month_first:
        month, day, year = month_first.groups()
        text = f"{year}-{int(month):02}-{int(day):02}{text[month_first.end() :]}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        from email.utils import parsedate_to_datetime  # only here: it costs a cold start some milliseconds

        return parsedate_to_datetime(text)


def _text(at: datetime) -> str:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=64)
def _of_second(second: int) -> str:
    """Cached: most events of a run are put in few different seconds."""
    return _text(datetime.fromtimestamp(second, UTC))
