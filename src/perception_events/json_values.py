"""The types of parsed JSON, shared by every layer, and Python values as JSON without loss."""

from __future__ import annotations

import marshal

from perception_events.errors import InputError, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import TypeAlias

__all__ = [
    "InvalidJSONValueError",
    "JSONObject",
    "JSONText",
    "JSONValue",
    "PlainText",
    "compact_json",
    "copy_json",
    "to_json_value",
]

JSONValue: TypeAlias = dict[str, "JSONValue"] | list["JSONValue"] | str | int | float | bool | None
"""What `json.loads` returns."""

JSONObject: TypeAlias = dict[str, JSONValue]
"""A JSON object."""


_PRINTABLE_BITS = 14_280
"""An integer of no more bits has at most 4,299 digits, which Python writes whatever its limit is set to by default."""


class InvalidJSONValueError(InputError, TypeError, ValueError):
    """A Python value that JSON cannot hold without loss; the message names its path."""

    def __init__(self, path: str, expected: str, found: object) -> None:
        self.path = path
        self.expected = expected
        super().__init__(f"{path or 'the value'}: expected {expected}, found {type(found).__name__} {describe(found)}")


class JSONText(str):
    """A JSON text of which the value is known: `json.loads` of it gives `value`, which nobody may change."""

    __slots__ = ("value",)
    value: JSONValue

    @classmethod
    def of(cls, text: str, value: JSONValue) -> JSONText:
        """`text`, which says `value`."""
        made = cls(text)
        made.value = value
        return made


class PlainText(str):
    """What a template has rendered for a target that takes text, where that is not JSON."""

    __slots__ = ()


def copy_json(value: JSONValue) -> JSONValue:
    """A deep copy of a JSON value: what a receiver gets, which it may change without harm to anybody else.

    Raises:
        TypeError, ValueError: it is not a JSON value.
        RecursionError: it is nested too deep.
    """
    try:
        if isinstance(value, PlainText):
            return value  # a copy would be a JSON string
        # Three times as fast as through a JSON text. Version 2 keeps no references: what is shared is copied twice.
        copied: JSONValue = marshal.loads(marshal.dumps(value, 2))
    except ValueError:  # subclasses of dict, or more than 2,000 levels
        import json

        copied = json.loads(json.dumps(value))
    return copied


def to_json_value(value: object, path: str = "") -> JSONValue:
    """`value` as JSON: what an item's attributes become in an event's detail.

    A `Decimal` becomes a number (an int where it is whole), a set a sorted list, bytes base64 text, a datetime ISO 8601
    text, an enum its value. `path` goes before the names in error messages.

    Raises:
        InvalidJSONValueError: a number that a JSON double would change, NaN, infinity, or a type that JSON lacks.
    """
    try:
        return _json(value, path)
    except RecursionError:
        raise InvalidJSONValueError(path, "a value of fewer levels", value) from None


def compact_json(value: object) -> str:
    """A JSON value as the text that is deployed and counted: without blanks, Unicode as it is."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json(value: object, path: str) -> JSONValue:
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value  # type: ignore[return-value]  # exactly these types
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _PRINTABLE_BITS:
            raise InvalidJSONValueError(path, "an integer that can be written, of at most 4,300 digits", value)
        return int(value)
    if isinstance(value, dict):
        members: JSONObject = {}
        for name, member in value.items():
            if not isinstance(name, str):
                raise InvalidJSONValueError(path, "names that are strings", name)
            members[name] = _json(member, f"{path}.{name}" if path else name)
        return members
    if isinstance(value, (list, tuple)):
        return [_json(member, f"{path}[{index}]") for index, member in enumerate(value)]
    if isinstance(value, float):
        if value - value != 0:
            raise InvalidJSONValueError(path, "a finite number", value)
        return float(value)
    return _other(value, path)


def _other(value: object, path: str) -> JSONValue:
    # Imported where such a value is met: a function that only classifies starts without these modules.
    from base64 import b64encode
    from collections.abc import Mapping, Set
    from datetime import date
    from decimal import Decimal
    from enum import Enum

    if isinstance(value, Enum):
        return _json(value.value, path)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return _number(value, path)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b64encode(value).decode("ascii")
    if isinstance(value, Set):
        return [_json(member, path) for member in sorted(value, key=lambda member: (type(member).__name__, member))]
    if isinstance(value, Mapping):
        return _json(dict(value), path)
    if isinstance(value, date):
        return value.isoformat().replace("+00:00", "Z")
    raise InvalidJSONValueError(path, "a JSON value, Decimal, bytes, set, datetime or enum", value)


def _number(value: Decimal, path: str) -> JSONValue:

    if not value.is_finite():
        raise InvalidJSONValueError(path, "a finite number", value)
    if abs(value.adjusted()) > 308:
        raise InvalidJSONValueError(path, "a number that a JSON double holds (or text: str(...))", value)
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if type(value)(repr(number)) != value:
        raise InvalidJSONValueError(path, "a number that a JSON double holds without loss (or text: str(...))", value)
    return number
