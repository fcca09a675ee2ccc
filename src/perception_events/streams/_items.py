"""Items in DynamoDB JSON: what the in-memory table accepts, and when two are the same to DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Context, DecimalException, Inexact, InvalidOperation

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject, JSONValue

__all__ = ["InvalidItemError", "normalised"]

_DYNAMODB_NUMBERS = Context(prec=38, traps=[Inexact, InvalidOperation])
_SETS = ("SS", "NS", "BS")
_KINDS = {"S": str, "N": str, "B": str, "BOOL": bool, "NULL": bool, "L": list, "M": dict, **dict.fromkeys(_SETS, list)}


class InvalidItemError(PerceptionEventsError, ValueError):
    """An item or key that DynamoDB would reject; the message names the attribute."""


def normalised(item: Mapping[str, JSONValue]) -> JSONObject:
    """A copy of `item` as DynamoDB stores it: numbers without padding, sets in one order.

    Raises:
        InvalidItemError: an attribute is not DynamoDB JSON, a number is not one, or a set is empty.
    """
    return {name: _attribute(name, value) for name, value in item.items()}


def _attribute(place: str, value: JSONValue) -> JSONValue:
    if not isinstance(value, dict) or len(value) != 1:
        raise InvalidItemError(f'{place} is {json.dumps(value)[:60]}; an attribute value is {{"S": "..."}} or alike')
    [(kind, held)] = value.items()
    expected = _KINDS.get(kind)
    if expected is None or not isinstance(held, expected):
        raise InvalidItemError(
            f"{place}: {kind!r} does not hold {json.dumps(held)[:60]}; types are {', '.join(_KINDS)}"
        )
    if kind == "N":
        return {"N": _number(place, held)}
    if kind in _SETS and isinstance(held, list):
        if not held or not all(isinstance(member, str) for member in held):
            raise InvalidItemError(f"{place}: a set has at least one member, and its members are strings")
        members = [_number(place, member) if kind == "NS" else member for member in held]
        return {kind: sorted(members, key=str)}
    if kind == "L" and isinstance(held, list):
        return {"L": [_attribute(f"{place}[{index}]", element) for index, element in enumerate(held)]}
    if kind == "M" and isinstance(held, dict):
        return {"M": {name: _attribute(f"{place}.{name}", element) for name, element in held.items()}}
    return {kind: held}


def _number(place: str, held: object) -> str:
    try:
        number = _DYNAMODB_NUMBERS.normalize(_DYNAMODB_NUMBERS.create_decimal(str(held)))
    except DecimalException:
        raise InvalidItemError(f"{place}: {held!r} is not a number of at most 38 digits") from None
    if not number.is_finite():
        raise InvalidItemError(f"{place}: {held!r} is not a number; DynamoDB has no infinity and no NaN")
    return "0" if number == 0 else format(number, "f")
