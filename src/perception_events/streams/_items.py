"""Items in DynamoDB JSON: what the in-memory table accepts, and when two are the same to DynamoDB."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from perception_events.errors import InputError, describe
from perception_events.json_values import JSONObject, JSONValue

__all__ = ["InvalidItemError", "normalised"]

MAXIMUM_DIGITS = 38
LEAST_EXPONENT, MOST_EXPONENT = -130, 125
MAXIMUM_LEVELS = 31
"""Lists and maps around the innermost value: with it these are 32 levels."""
MAXIMUM_NAME_BYTES = 65_535

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z").match
_KINDS = ("S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL")
_SET_NAMES = {"SS": "string", "NS": "number", "BS": "binary"}


class InvalidItemError(InputError, ValueError):
    """An item or key that DynamoDB would reject; the message names the attribute, and says why in DynamoDB's words."""


def normalised(item: Mapping[str, Any]) -> JSONObject:
    """A copy of `item` as DynamoDB stores it: numbers without padding, sets in one order.

    AWS: the words of rejections are those of DynamoDB; `Differs from AWS:` they begin with the attribute's path.

    Raises:
        InvalidItemError: an attribute is not DynamoDB JSON, or is none that DynamoDB stores: a number out of range, a
            set that is empty or has duplicates, more than 32 levels, an empty or too long name.
    """
    if not isinstance(item, Mapping):
        raise InvalidItemError(f"an item is an object of attributes, not {describe(item)}")
    return {_name(name, ""): _attribute(name, value, 0) for name, value in item.items()}


def _name(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise InvalidItemError(f"{place or 'the item'}: an attribute's name is text, not {describe(name)}")
    if not name:
        raise InvalidItemError(f"{place or 'the item'}: Empty attribute name")
    # Most names are short: a character has at most four bytes.
    if len(name) * 4 > MAXIMUM_NAME_BYTES and len(name.encode("utf-8", "surrogatepass")) > MAXIMUM_NAME_BYTES:
        raise InvalidItemError(
            f"{place}{describe(name)}: Attribute name is too large, must be less than {MAXIMUM_NAME_BYTES + 1} bytes"
        )
    return name


def _attribute(place: str, value: JSONValue, level: int) -> JSONValue:
    if not isinstance(value, dict):
        raise InvalidItemError(f'{place} is {describe(value)}; an attribute value is {{"S": "..."}} or alike')
    if len(value) != 1:
        what = "has more than one datatypes set" if value else "is empty"
        raise InvalidItemError(
            f"{place}: Supplied AttributeValue {what}, must contain exactly one of the supported datatypes"
        )
    [(kind, content)] = value.items()
    if kind == "S" and isinstance(content, str):
        return {"S": _text(place, content)}
    if kind == "N" and isinstance(content, str):
        return {"N": _number(place, content)}
    if kind == "B" and isinstance(content, str):
        return {"B": _binary(place, content)}
    if kind in _SET_NAMES and isinstance(content, list):
        return {kind: _set(place, kind, content)}
    if kind in ("L", "M") and level >= MAXIMUM_LEVELS:
        raise InvalidItemError(
            f"{place[:60]}: Nesting Levels have exceeded supported limits: "
            "Attributes in the item have nested levels beyond supported limit"
        )
    if kind == "L" and isinstance(content, list):
        return {"L": [_attribute(f"{place}[{index}]", element, level + 1) for index, element in enumerate(content)]}
    if kind == "M" and isinstance(content, dict):
        return {
            "M": {_name(n, place): _attribute(f"{place}.{n}", element, level + 1) for n, element in content.items()}
        }
    if kind == "BOOL" and isinstance(content, bool):
        return {"BOOL": content}
    if kind == "NULL":
        if content is not True:
            raise InvalidItemError(
                f"{place}: One or more parameter values were invalid: "
                "Null attribute value types must have the value of true"
            )
        return {"NULL": True}
    raise InvalidItemError(
        f"{place}: {describe(kind)} does not hold {type(content).__name__} {describe(content)}; types are "
        f"{', '.join(_KINDS)}"
    )


def _text(place: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidItemError(f"{place}: UTF-8 cannot hold the lone surrogates of {describe(text)}") from None
    return text


def _binary(place: str, text: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidItemError(f"{place}: B is not base64 text: {describe(text)}") from None


def _set(place: str, kind: str, content: list[JSONValue]) -> list[JSONValue]:
    if not all(isinstance(member, str) for member in content):
        raise InvalidItemError(f"{place}: the members of {kind} are texts: {describe(content)}")
    if not content:
        what = "Binary sets should not be empty" if kind == "BS" else f"An {_SET_NAMES[kind]} set  may not be empty"
        raise InvalidItemError(f"{place}: One or more parameter values were invalid: {what}")
    read = {"SS": _text, "NS": _number, "BS": _binary}[kind]
    members = [read(place, str(member)) for member in content]
    if len(set(members)) < len(members):
        raise InvalidItemError(
            f"{place}: One or more parameter values were invalid: Input collection {describe(content)} contains "
            "duplicates"
        )
    return [*sorted(members)]


def _number(place: str, text: str) -> str:
    if len(text) > 10_000 or not _NUMBER(text):
        raise InvalidItemError(f"{place}: A value provided cannot be converted into a number: {describe(text)}")
    number = Decimal(text)
    if not number:
        return "0"
    if number.adjusted() > MOST_EXPONENT:
        raise InvalidItemError(
            f"{place}: Number overflow. Attempting to store a number with magnitude larger than supported range: "
            f"{describe(text)}"
        )
    if number.adjusted() < LEAST_EXPONENT:
        raise InvalidItemError(
            f"{place}: Number underflow. Attempting to store a number with magnitude smaller than supported range: "
            f"{describe(text)}"
        )
    parts = number.as_tuple()
    digits = "".join(map(str, parts.digits)).strip("0")
    if len(digits) > MAXIMUM_DIGITS:
        raise InvalidItemError(f"{place}: DynamoDB only supports precision up to 38 digits: {describe(text)}")
    # Neither Decimal's context, which rounds, nor its exponents: DynamoDB writes all digits out.
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
