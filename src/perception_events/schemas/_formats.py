"""Formats of strings, recognized while events are observed: the first that all strings of a field have."""

from __future__ import annotations

import re

__all__ = [
    "ALL_FORMATS",
    "NO_FORMAT",
    "NUMBER_FORMATS",
    "format_expression",
    "format_name",
    "formats_of",
    "is_data",
    "looks_like_data",
]

_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"

_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"(?:{expression})\Z", re.ASCII))
    for name, expression in (
        ("date-time", rf"{_DATE}[Tt]{_TIME}"),
        ("date", _DATE),
        ("uuid", r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
        ("arn", r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12}|aws|):.+"),
        ("ipv4", rf"(?:{_OCTET}\.){{3}}{_OCTET}"),
        ("email", r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
        ("uri", r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>\"{}|\\^`]+"),
        ("dynamodb-integer", r"-?\d{1,38}"),
        ("dynamodb-number", r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"),
    )
)
_EXPRESSIONS = {
    name: rf"\A{expression.pattern}" for name, expression in _FORMATS if name not in ("arn", "email", "uri")
}
ALL_FORMATS = (1 << len(_FORMATS)) - 1
NO_FORMAT = 0
NUMBER_FORMATS = ("dynamodb-integer", "dynamodb-number")
"""Only for the text under `N` in DynamoDB JSON: elsewhere digits are as likely an account as a number."""
_NUMBERS = sum(1 << bit for bit, (name, _) in enumerate(_FORMATS) if name in NUMBER_FORMATS)

# What no field is called: a number, or a hexadecimal id with a digit in it, alone or behind a prefix of AWS (`i-`).
_ID = re.compile(r"(?:-?\d+|(?:[a-z]+-)?(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{8,})\Z", re.ASCII)
# What a field is seldom called: `order-10023`, though `iso8601` is one.
_LONG_NUMBER = re.compile(r"\d{4}", re.ASCII)


def formats_of(text: str, candidates: int) -> int:
    """Those of the formats `candidates` (a bit each) that `text` has."""
    found = 0
    for bit, (_, expression) in enumerate(_FORMATS):
        if candidates >> bit & 1 and expression.match(text):
            found |= 1 << bit
    return found


def format_expression(name: str) -> str | None:
    """The regular expression (ASCII, of the whole string) of the format `name`, where it means the same everywhere.

    Emails, URIs and ARNs have more forms than are recognized here, so nothing follows from their format.
    """
    return _EXPRESSIONS.get(name)


def format_name(formats: int, *, number: bool = False) -> str | None:
    """The first of `formats`; with `number`, those of numbers, otherwise the others."""
    kept = formats & _NUMBERS if number else formats & ~_NUMBERS
    return _FORMATS[(kept & -kept).bit_length() - 1][0] if kept else None


def is_data(name: str) -> bool:
    """Whether `name` is an id, a date, an address or a number: it would be no name of a field."""
    return _ID.match(name) is not None or format_name(formats_of(name, ALL_FORMATS)) is not None


def looks_like_data(name: str) -> bool:
    """Whether `name` is data, or looks so: there is a long number in it."""
    return _LONG_NUMBER.search(name) is not None or is_data(name)
