"""Inputs made to break a reader: deep, wide, long, of odd characters, numbers, times and types, by a size in bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

__all__ = ["hostile_texts", "hostile_values"]


def _nested(wrap: Callable[[Any], Any], levels: int, innermost: Any) -> Any:
    for _ in range(levels):
        innermost = wrap(innermost)
    return innermost


def _odd_text(random: Random, size: int) -> str:
    alphabet = ('"', "\\", "\ud800", "\x00", "\n", "é", "\U0001f600", "İ", "ß", "#", ".", "*", "<", "$", "{", "1", "a")
    few = random.sample(alphabet, 3)
    return "".join(random.choices(few, k=min(size, 2_000))) * max(1, size // 2_000)


def hostile_values(random: Random, size: int) -> Iterator[tuple[str, Any]]:
    """Names and Python values; each is about `size` bytes large, or one number, time or object of a wrong type."""
    yield "deep objects", _nested(lambda value: {"a": value}, size // 250, "x")
    yield "deep lists", _nested(lambda value: [value], size // 60, 1)
    yield "deep attribute lists", _nested(lambda value: {"L": [value]}, size // 400, {"S": "x"})
    yield "deep attribute maps", _nested(lambda value: {"M": {"a": value}}, size // 400, {"N": "1"})
    yield "deep by turns", _nested(lambda value: [{"a": value, "b": 1}], size // 400, None)
    yield "many names", {f"n{number}": {"S": "x"} for number in range(size // 300)}
    yield "many elements", [{"a": number} for number in range(size // 250)]
    yield "many strings", {"SS": [f"{number:06}" for number in range(size // 60)]}
    yield "long text", "x" * size
    yield "long odd text", _odd_text(random, size)
    yield "long name", {_odd_text(random, size): {"S": "x"}}
    yield "many dots", "a." * (size // 2)
    yield "many segments", "2025-07-15#" + "#".join(["pose"] * (size // 5))
    yield "digits as text", "9" * size
    yield "digits as attribute", {"N": "9" * size}
    yield "many digits", 10 ** min(size, 1_000_000) + 7
    yield "many digits of a fraction", Decimal("0." + "3" * min(size, 1_000_000))
    yield "bytes", bytes(random.randrange(256) for _ in range(1_000)) * (size // 1_000)
    yield "binary attribute", {"B": "%%" * (size // 2)}
    for number in (1e30, -1e30, 5e-324, float("nan"), float("inf"), 2**63, -(2**63) - 1, 10**400, 253402300800, -1):
        yield f"number {str(number)[:24]}", number
    for exact in ("NaN", "-Infinity", "1E+999999", "1E-999999", "sNaN"):
        yield f"Decimal {exact}", Decimal(exact)
    yield "last time", datetime.max.replace(tzinfo=UTC)
    yield "first time", datetime.min
    yield from (("None", None), ("True", True), ("set", {1, "x"}), ("object", object()), ("type", int))
    yield "names of other types", {1: 2, None: 3, (4,): 5}
    yield "empty names", {"": {"": [""]}, "a": {"": []}}


def hostile_texts(random: Random, size: int) -> Iterator[tuple[str, str]]:
    """Names and texts of about `size` bytes: JSON or nearly."""
    for name, value in hostile_values(random, size):
        try:
            yield f"JSON of {name}", json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            continue
    brackets = size // 2
    yield "open brackets", "[" * size
    yield "open objects", '{"a":' * (size // 5)
    yield "deep arrays", "[" * brackets + "]" * brackets
    yield "deep objects", '{"a":' * (size // 6) + "1" + "}" * (size // 6)
    yield "digits", '{"a":' + "1" * size + "}"
    yield "digits of a fraction", '{"a":0.' + "1" * size + "}"
    yield "digits of an exponent", '{"a":1e' + "9" * size + "}"
    yield "minus signs", "-" * size
    yield "escapes", '{"a":"' + "\\u0041" * (size // 6) + '"}'
    yield "backslashes", '{"a":"' + "\\" * size + '"}'
    yield "lone surrogates", '{"a":"' + "\\ud800" * (size // 6) + '"}'
    yield "one name again and again", "{" + ",".join(['"a":1'] * (size // 6)) + "}"
    yield "no closing quote", '{"a":"' + "x" * size
    yield "white space", " " * size
    yield "lines", "\n" * size
    yield "commas", "[" + "," * size + "]"
    yield "placeholders", '{"a": [' + "<$.a>," * (size // 6) + "1]}"
    yield "path steps", "$" + ".a" * (size // 2)
    yield "wildcards of a path", "$.a" + "[*]" * (size // 3)
    yield "angle brackets", "<" * size
    yield "almost placeholders", "<$." * (size // 3)
    yield "odd text", _odd_text(random, size)
