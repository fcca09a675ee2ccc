"""A table's sort key, `date#event_type[#...]` or in a format of one's own: parsed once, kept as written."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from perception_events.errors import InputError, describe

__all__ = [
    "DATED",
    "NO_PREFIX",
    "ORIGINAL_PART_NAMES",
    "SEPARATOR",
    "InvalidSortKeyError",
    "KeyFormat",
    "SortKey",
    "parse_date",
]

SEPARATOR = "#"
NO_PREFIX = "-"
"""Stands before the event type in the keys of what belongs to items of several prefixes, such as a join's trigger."""

ORIGINAL_PART_NAMES: Mapping[str, tuple[str, ...]] = {"pose": ("sync", "camera"), "recon": ("sync",)}
"""What the segments after the event type are called, per event type."""

_ANY_PART_NAMES = ("sync", "camera")


class InvalidSortKeyError(InputError, ValueError):
    """A text that is not a sort key; the message says why."""


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """How the sort keys of a table begin: with the event type, or with one segment before it.

    `prefix`: the name of the segment before the event type, `date` in the event table; None where there is none, as in
    `order#A17`. `dated`: whether that segment is a day, `YYYY-MM-DD`; not so in `2026-02-03T10:11:12Z#order#A17`.
    """

    prefix: str | None = "date"
    dated: bool = True


DATED = KeyFormat()
"""The event table's: `date#event_type[#...]`."""


@functools.total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class SortKey:
    """A sort key such as `2025-07-15#pose#sync001#cam3`.

    `prefix` is the text before the event type, "" in a format without one; `date` is its day in a dated format, None
    where `-` stands in its place.
    `segments` are the texts after it, so `segments[0]` is the event type, and `names` what the later ones are called.
    Two keys are equal when their texts are; they order as DynamoDB orders strings, by UTF-8 bytes.

    AWS: DynamoDB Developer Guide, "String" (sort order by UTF-8 byte values).
    """

    text: str
    date: datetime.date | None
    segments: tuple[str, ...]
    names: tuple[str, ...] = field(default=_ANY_PART_NAMES, repr=False)
    prefix: str = field(default="", repr=False)
    key_format: KeyFormat = field(default=DATED, repr=False)

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        names: Mapping[str, tuple[str, ...]] | None = None,
        key_format: KeyFormat = DATED,
    ) -> SortKey:
        """Read `text`; `names` gives, per event type, what the segments after it are called.

        Raises:
            InvalidSortKeyError: no text, neither a `YYYY-MM-DD` date nor `-` first in a dated format, no event type, an
                empty segment.
        """
        if not isinstance(text, str):
            raise InvalidSortKeyError(f"a sort key is a string, this is a {type(text).__name__}: {describe(text)}")
        prefix, date, rest = "", None, text
        if key_format.prefix is not None:
            prefix, separator, rest = text.partition(SEPARATOR)
            if key_format.dated:
                date = None if prefix == NO_PREFIX else parse_date(prefix, text)
            elif not prefix:
                raise InvalidSortKeyError(f"sort key {describe(text)}: the {key_format.prefix} is empty")
            if not separator:
                expected = f"'{key_format.prefix}#event_type[#...]'"
                raise InvalidSortKeyError(
                    f"sort key {describe(text)} ends after the {key_format.prefix}; expected {expected}"
                )
        segments = tuple(rest.split(SEPARATOR))
        first = 1 if key_format.prefix is None else 2
        for position, segment in enumerate(segments, start=first):
            if not segment:
                what = "event type" if position == first else f"segment {position}"
                raise InvalidSortKeyError(
                    f"sort key {describe(text)}: the {what} is empty (a '#' too many, or text missing)"
                )
        known = ORIGINAL_PART_NAMES if names is None else names
        return cls(text, date, segments, known.get(segments[0], _ANY_PART_NAMES), prefix, key_format)

    @classmethod
    def of(cls, date: datetime.date, event_type: str, *parts: str) -> SortKey:
        """Build a key from its parts.

        Raises:
            InvalidSortKeyError: a part is empty or holds `#`.
        """
        for part in (event_type, *parts):
            if SEPARATOR in part:
                raise InvalidSortKeyError(f"{describe(part)} cannot be a segment of a sort key: it holds '#'")
        return cls.parse(SEPARATOR.join((date.isoformat(), event_type, *parts)))

    @property
    def event_type(self) -> str:
        """The first segment, or the one after the prefix."""
        return self.segments[0]

    def part(self, name: str) -> str | None:
        """The segment called `name` (`sync`, `camera`), or None where this key has none."""
        if name in self.names:
            position = self.names.index(name) + 1
            if position < len(self.segments):
                return self.segments[position]
        return None

    def format(self) -> str:
        """The text, identical to what was parsed."""
        return self.text

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, SortKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, SortKey):
            return NotImplemented
        return self._bytes() < other._bytes()

    def _bytes(self) -> bytes:
        return self.text.encode("utf-8", "surrogatepass")


def parse_date(date_text: str, sort_key: str | None = None) -> datetime.date:
    """The day `YYYY-MM-DD`; `sort_key` is the key that it was found in, for the message.

    Raises:
        InvalidSortKeyError: it is not a day of the calendar in this form.
    """
    if not isinstance(date_text, str):
        raise InvalidSortKeyError(f"a date is a text YYYY-MM-DD, this is a {type(date_text).__name__}")
    where = f"sort key {describe(sort_key)}: " if sort_key is not None else ""
    # fromisoformat also takes 20250715 and 2025-W29-2, which would sort elsewhere: only the extended form is a key's.
    digits = date_text[:4] + date_text[5:7] + date_text[8:]
    shaped = len(date_text) == 10 and date_text[4] == date_text[7] == "-" and digits.isascii() and digits.isdigit()
    if shaped:
        try:
            return datetime.date.fromisoformat(date_text)
        except ValueError as error:
            raise InvalidSortKeyError(f"{where}{describe(date_text)} is not a day of the calendar ({error})") from None
    if sort_key is not None:
        raise InvalidSortKeyError(
            f"sort key {describe(sort_key)} must start with a date YYYY-MM-DD, found {describe(date_text)}"
        )
    raise InvalidSortKeyError(f"a date is a text YYYY-MM-DD, found {describe(date_text)}")
