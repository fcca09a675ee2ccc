"""DynamoDB JSON to Python values and back, without loss: what images in stream records are made of.

`{"S": text}`, `{"N": "1.5"}`, `{"B": base64}`, `{"SS": [...]}`, `{"NS": [...]}`, `{"BS": [...]}`, `{"M": {...}}`,
`{"L": [...]}`, `{"BOOL": true}`, `{"NULL": true}` become str, Decimal, bytes, sets of these, dict, list, bool and None.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from perception_events.errors import InputError, describe

__all__ = [
    "AttributeValue",
    "InvalidAttributeValueError",
    "from_python",
    "image_from_python",
    "image_to_python",
    "to_python",
]

T = TypeVar("T")

AttributeValue = dict[str, Any]
"""One attribute value in DynamoDB JSON: an object with one field, its type."""
Image = Mapping[str, AttributeValue]
"""Attribute names to attribute values: a stream record's `NewImage`, `OldImage` or `Keys`."""

MAX_DIGITS = 38
"""Significant digits of a number. AWS: DynamoDB Developer Guide, "Data types", Number."""
MAX_EXPONENT, MIN_EXPONENT = 125, -130
_MAX_BITS = 450
"""More than 10**126 has."""
MAX_LEVELS = 32
"""Levels of lists and maps. AWS: DynamoDB Developer Guide, "Quotas", attributes."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z").match
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z").match
_LONGEST_NUMBER = 1000
"""Characters of a number's text, zeros included, beyond which nothing is parsed."""


class InvalidAttributeValueError(InputError, ValueError):
    """What is not an attribute value, or cannot become one; the message names path, type found and what is expected."""

    def __init__(self, path: str, expected: str, found: object) -> None:
        self.path = path
        self.expected = expected
        super().__init__(f"{path or 'the value'}: expected {expected}, found {type(found).__name__} {describe(found)}")


def to_python(value: Mapping[str, Any], path: str = "") -> Any:
    """The Python value of an attribute value; `path` goes before the names in error messages.

    Raises:
        InvalidAttributeValueError: it is none.
    """
    try:
        return _fast_value(value)
    except _NOT_FAST:
        return _shallow(lambda: _slow_value(value, path), path, value)


def image_to_python(image: Mapping[str, Mapping[str, Any]], path: str = "") -> dict[str, Any]:
    """The Python values of an image.

    Raises:
        InvalidAttributeValueError: a member is no attribute value.
    """
    try:
        return _fast_image(image)
    except _NOT_FAST:
        return _shallow(lambda: _slow_image(image, path), path, image)


def _fast_image(image: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Reads the usual kinds without a call for each; raises anything where the slow path must say what is wrong."""
    values: dict[str, Any] = {}
    for name, value in image.items():
        text = value.get("S")
        if type(text) is str and len(value) == 1:
            values[name] = text
            continue
        text = value.get("N")
        if type(text) is str and text.isdigit() and len(value) == 1 and len(text) <= MAX_DIGITS and text.isascii():
            values[name] = Decimal(text)
        else:
            values[name] = _fast_value(value)
    return values


def _fast_value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    if kind == "S":
        if type(content) is str:
            return content
    elif kind == "N":
        if type(content) is str and len(content) <= MAX_DIGITS and _PLAIN_NUMBER(content):
            return Decimal(content)
    elif kind == "M":
        return _fast_image(content)
    elif kind == "L" and type(content) is list:
        return [_fast_value(member) for member in content]
    elif kind == "SS" and set(map(type, content)) == {str}:
        return set(content)
    return _READERS[kind](content, "")


def _slow_value(value: Mapping[str, Any], path: str) -> Any:
    try:
        ((kind, content),) = value.items()
        reader = _READERS[kind]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidAttributeValueError(path, f"an object with one of {', '.join(_READERS)}", value) from None
    return reader(content, path)


def _slow_image(image: Mapping[str, Mapping[str, Any]], path: str) -> dict[str, Any]:
    if not isinstance(image, Mapping):
        raise InvalidAttributeValueError(path or "the image", "an object of attribute values", image)
    prefix = f"{path}." if path else ""
    values = {}
    for name, value in image.items():
        if not isinstance(name, str):
            raise InvalidAttributeValueError(path or "the image", "names that are strings", name)
        values[name] = _slow_value(value, prefix + name)
    return values


def from_python(value: object, path: str = "", *, raw_binary: bool = False) -> AttributeValue:
    """The attribute value of a Python value; binary as base64 text, or as bytes (`raw_binary`, for boto3).

    Raises:
        InvalidAttributeValueError: DynamoDB has no type for it, or it would lose digits.
    """
    return _shallow(lambda: _attribute_value(value, path, raw_binary), path, value)


def _attribute_value(value: object, path: str, raw_binary: bool) -> AttributeValue:
    if isinstance(value, str):
        return {"S": _encodable(value, path)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | Decimal):
        return {"N": _number_text(value, path)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"B": _binary_text(value, raw_binary)}
    if isinstance(value, Mapping):
        members = {}
        for name, member in value.items():
            if not isinstance(name, str):
                raise InvalidAttributeValueError(path, "names that are strings", name)
            members[name] = _attribute_value(member, f"{path}.{name}" if path else name, raw_binary)
        return {"M": members}
    if isinstance(value, list | tuple):
        return {"L": [_attribute_value(member, f"{path}[{i}]", raw_binary) for i, member in enumerate(value)]}
    if isinstance(value, set | frozenset):
        return _set(value, path, raw_binary)
    if isinstance(value, float):
        raise InvalidAttributeValueError(path, "an int or Decimal (a float is not exact: Decimal(str(x)))", value)
    raise InvalidAttributeValueError(path, "str, int, Decimal, bytes, bool, None, list, dict or set", value)


def image_from_python(item: Mapping[str, object], *, raw_binary: bool = False) -> dict[str, AttributeValue]:
    """The image of an item.

    Raises:
        InvalidAttributeValueError: as `from_python`.
    """
    if not isinstance(item, Mapping):
        raise InvalidAttributeValueError("the item", "attributes by name", item)
    image = {}
    for name, value in item.items():
        if not isinstance(name, str):
            raise InvalidAttributeValueError("the item", "names that are strings", name)
        image[name] = from_python(value, name, raw_binary=raw_binary)
    return image


def _text(content: object, path: str) -> str:
    if type(content) is not str:
        raise InvalidAttributeValueError(path, "text under S", content)
    return content


def _number(content: object, path: str) -> Decimal:
    if type(content) is not str:
        raise InvalidAttributeValueError(path, "a number as text under N", content)
    if len(content) > _LONGEST_NUMBER or not _NUMBER(content):
        raise InvalidAttributeValueError(path, "a decimal number under N", content)
    number = Decimal(content)
    _check_number(number, path, content, " under N")
    return number


def _check_number(number: Decimal, path: str, found: object, where: str = "") -> None:
    """Raise unless DynamoDB can hold the number."""
    parts = number.as_tuple()
    if isinstance(parts.exponent, str):
        raise InvalidAttributeValueError(path, f"a finite number{where}", found)
    digits = "".join(map(str, parts.digits)).strip("0")
    if len(digits) > MAX_DIGITS:
        raise InvalidAttributeValueError(path, f"a number of at most {MAX_DIGITS} significant digits{where}", found)
    if number and not MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        expected = f"a number of a magnitude from 1E{MIN_EXPONENT} to 9.9E+{MAX_EXPONENT}{where}"
        raise InvalidAttributeValueError(path, expected, found)


def _number_text(value: int | Decimal, path: str) -> str:
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:  # to make a Decimal of it takes quadratic time
        expected = f"a number of a magnitude from 1E{MIN_EXPONENT} to 9.9E+{MAX_EXPONENT}"
        raise InvalidAttributeValueError(path, expected, value)
    number = Decimal(value)
    _check_number(number, path, value)
    return str(number)


def _encodable(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidAttributeValueError(path, "text without lone surrogates, which UTF-8 cannot hold", text) from None
    return text


def _shallow(act: Callable[[], T], path: str, value: object) -> T:
    """`act()`, where a value too deep for Python's stack is named; DynamoDB itself takes 32 levels."""
    try:
        return act()
    except RecursionError:
        raise InvalidAttributeValueError(path, f"at most {MAX_LEVELS} levels of lists and maps", value) from None


def _binary(content: object, path: str) -> bytes:
    if isinstance(content, str):
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidAttributeValueError(path, "base64 text under B", content) from None
    if isinstance(content, bytes | bytearray):
        return bytes(content)
    held = getattr(content, "value", None)  # boto3's Binary
    if isinstance(held, bytes):
        return held
    raise InvalidAttributeValueError(path, "base64 text or bytes under B", content)


def _binary_text(value: bytes | bytearray | memoryview, raw: bool) -> str | bytes:
    return bytes(value) if raw else base64.b64encode(value).decode()


def _set_of(kind: str, read: Callable[[object, str], Any]) -> Callable[[object, str], set[Any]]:
    def read_set(content: object, path: str) -> set[Any]:
        if not isinstance(content, _SETS) or not content:
            raise InvalidAttributeValueError(path, f"a list of at least one member under {kind}", content)
        return {read(member, path) for member in content}

    return read_set


def _set(value: set[Any] | frozenset[Any], path: str, raw_binary: bool) -> AttributeValue:
    members = [_attribute_value(member, path, raw_binary) for member in value]
    kinds = {kind for member in members for kind in member}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise InvalidAttributeValueError(
            path, "a set of one or more members, all text, all numbers or all bytes", value
        )
    (kind,) = kinds
    return {f"{kind}S": sorted(member[kind] for member in members)}


def _map(content: object, path: str) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise InvalidAttributeValueError(path, "an object under M", content)
    return _slow_image(content, path)


def _list(content: object, path: str) -> list[Any]:
    if not isinstance(content, list | tuple):
        raise InvalidAttributeValueError(path, "a list under L", content)
    return [_slow_value(member, f"{path}[{index}]") for index, member in enumerate(content)]


def _boolean(content: object, path: str) -> bool:
    if content is True or content is False:
        return content
    raise InvalidAttributeValueError(path, "true or false under BOOL", content)


def _null(content: object, path: str) -> None:
    if content is not True:
        raise InvalidAttributeValueError(path, "true under NULL", content)


_SETS = (list, tuple, set, frozenset)
_NOT_FAST = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

_READERS: dict[str, Callable[[Any, str], Any]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "SS": _set_of("SS", _text),
    "NS": _set_of("NS", _number),
    "BS": _set_of("BS", _binary),
    "M": _map,
    "L": _list,
    "BOOL": _boolean,
    "NULL": _null,
}
