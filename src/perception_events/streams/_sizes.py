"""How DynamoDB counts the bytes of an item, for a record's `SizeBytes`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from perception_events.json_values import JSONValue

__all__ = ["item_size"]


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of `item`: its attribute names and values.

    AWS: DynamoDB Developer Guide, "DynamoDB item sizes and formats"; as DynamoDB Local and a recorded record count.
    """
    size = 0
    for name, value in item.items():
        text = value.get("S") if type(value) is dict and len(value) == 1 else None
        if type(text) is str and text.isascii() and name.isascii():  # most are such
            size += len(name) + len(text)
        else:
            size += _text_size(name) + _value_size(value)
    return size


def _value_size(value: JSONValue) -> int:
    if not isinstance(value, dict) or len(value) != 1:
        return 0
    [(kind, held)] = value.items()
    if isinstance(held, str):
        return {"N": _number_size, "B": _binary_size}.get(kind, _text_size)(held)
    if isinstance(held, list):
        if kind == "L":
            return 3 + sum(1 + _value_size(element) for element in held)
        return sum(_value_size({kind[0]: member}) for member in held)
    if isinstance(held, dict):
        return 3 + sum(1 + len(name.encode()) + _value_size(element) for name, element in held.items())
    return 1  # BOOL and NULL


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _binary_size(text: str) -> int:
    return len(base64.b64decode(text))


def _number_size(text: str) -> int:
    """One byte for each pair of significant digits, counted from the decimal point; one more, and one for a sign."""
    whole, _, fraction = text.lstrip("-").partition(".")
    whole = whole.zfill(len(whole) + len(whole) % 2)
    digits = whole + fraction.ljust(len(fraction) + len(fraction) % 2, "0")
    pairs = [digits[at : at + 2] != "00" for at in range(0, len(digits), 2)]
    significant = len(pairs) - pairs.index(True) - pairs[::-1].index(True) if any(pairs) else 0
    return significant + 1 + text.startswith("-")
