"""Whether a value is valid under a schema, and if not, where and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from perception_events.schemas._types import (
    Anything,
    Array,
    Boolean,
    Nothing,
    Null,
    Number,
    Object,
    Reference,
    Schema,
    String,
    Union,
    kind_name,
)

__all__ = ["Violation", "compiled", "expectation", "found_text", "is_valid", "python_expression", "violations"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One mistake: a dotted path with indexes in brackets, what was expected there, and what was found."""

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path or 'the whole'}: expected {self.expected}, found {self.found}"


def is_valid(schema: Schema, value: Any, definitions: Mapping[str, Schema] | None = None) -> bool:
    """Whether `value`, parsed JSON, is valid under `schema`."""
    return next(violations(schema, value, definitions), None) is None


def violations(
    schema: Schema, value: Any, definitions: Mapping[str, Schema] | None = None, path: str = ""
) -> Iterator[Violation]:
    """Every place where `value`, parsed JSON, is not what `schema` says. Formats describe and are not checked.

    Parameters:
        definitions: what references in `schema` name.
        path: goes before the paths of the violations.
    """
    defined = definitions or {}
    match schema:
        case Anything():
            return
        case Reference(name):
            yield from violations(defined[name], value, defined, path)
        case Union(members):
            yield from _union(members, value, defined, path)
        case Object() if isinstance(value, Mapping):
            yield from _object(schema, value, defined, path)
        case Array() if isinstance(value, list | tuple):
            if not schema.min_items <= len(value) <= (len(value) if schema.max_items is None else schema.max_items):
                yield Violation(path, _count(schema.min_items, schema.max_items, "items"), f"{len(value)} items")
            for index, item in enumerate(value):
                yield from violations(schema.items, item, defined, f"{path}[{index}]")
        case _:
            if not _is_scalar(schema, value):
                yield Violation(path, expectation(schema), found_text(value))


def _union(members: tuple[Schema, ...], value: Any, defined: Mapping[str, Schema], path: str) -> Iterator[Violation]:
    nearest: list[Violation] | None = None
    for member in members:
        found = list(violations(member, value, defined, path))
        if not found:
            return
        inside = all(each.path != path for each in found)  # of the value's kind, and wrong further in
        if inside and (nearest is None or len(found) < len(nearest)):
            nearest = found
    yield from nearest or [Violation(path, kind_name(Union(members)), found_text(value))]


def _object(schema: Object, value: Mapping[str, Any], defined: Mapping[str, Schema], path: str) -> Iterator[Violation]:
    for member in schema.properties:
        below = f"{path}.{member.name}" if path else member.name
        if member.name in value:
            yield from violations(member.schema, value[member.name], defined, below)
        elif member.required:
            yield Violation(below, kind_name(member.schema), "nothing: it is required")
    if schema.additional is None:
        return
    for name, content in value.items():
        if schema.get(name) is None:
            below = f"{path}.{name}" if path else name
            if isinstance(schema.additional, Nothing):
                yield Violation(below, "no field of this name", found_text(content))
            else:
                yield from violations(schema.additional, content, defined, below)


def _is_scalar(schema: Schema, value: Any) -> bool:
    match schema:
        case Null():
            return value is None
        case Boolean(values):
            return isinstance(value, bool) and (not values or value in values)
        case String():
            return isinstance(value, str) and _is_text(schema, value)
        case Number():
            return isinstance(value, int | float) and not isinstance(value, bool) and _is_number(schema, value)
    return False


def _is_text(schema: String, value: str) -> bool:
    if schema.values and value not in schema.values:
        return False
    if len(value) < schema.min_length or (schema.max_length is not None and len(value) > schema.max_length):
        return False
    if schema.pattern is None:
        return True
    expression = compiled(schema.pattern)
    return expression is None or expression.search(value) is not None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The expression of a schema's pattern; None where Python cannot read it (ECMA's `\\p{..}`, ...): it allows all."""
    try:
        return re.compile(python_expression(pattern))
    except (re.error, RecursionError, OverflowError):
        return None


def python_expression(pattern: str) -> str:
    """A regular expression of a schema as Python writes it: in ECMA 262 no line feed may follow a `$`."""
    if "$" not in pattern:
        return pattern
    written, in_set, escaped = [], False, False
    for character in pattern:
        in_set = (not escaped and (character == "[" or (in_set and character != "]"))) or (escaped and in_set)
        written.append(r"\Z" if character == "$" and not in_set and not escaped else character)
        escaped = character == "\\" and not escaped
    return "".join(written)


def _is_number(schema: Number, value: int | float) -> bool:
    if schema.integer and isinstance(value, float) and not value.is_integer():
        return False
    if schema.values and value not in schema.values:
        return False
    low, high = schema.minimum, schema.maximum
    if low is not None and (value < low or (schema.exclusive_minimum and value == low)):
        return False
    if high is not None and (value > high or (schema.exclusive_maximum and value == high)):
        return False
    if not schema.multiple_of:
        return True
    quotient = Decimal(repr(value)) / Decimal(repr(schema.multiple_of))  # 0.3 is a multiple of 0.1; as floats it is not
    return quotient == quotient.to_integral_value()


def expectation(schema: Schema) -> str:
    """What a scalar must be, in words: its kind and its limits."""
    if isinstance(schema, String) and not schema.values:
        length = _count(schema.min_length, schema.max_length, "characters")
        parts = [kind_name(schema), f"of {length}" if length else ""]
        parts.append(f"that matches {schema.pattern}" if schema.pattern else "")
        return " ".join(filter(None, parts))
    if isinstance(schema, Number) and not schema.values:
        bounds = []
        if schema.minimum is not None:
            bounds.append(f"{'above' if schema.exclusive_minimum else 'from'} {schema.minimum}")
        if schema.maximum is not None:
            bounds.append(f"{'below' if schema.exclusive_maximum else 'up to'} {schema.maximum}")
        bounds += [f"a multiple of {schema.multiple_of}"] if schema.multiple_of else []
        return " ".join([kind_name(schema), *bounds])
    return kind_name(schema)


def _count(low: int, high: int | None, what: str) -> str:
    if high is None:
        return f"at least {low} {what}" if low else ""
    return f"{low} to {high} {what}"


def found_text(value: Any) -> str:
    """What a value is, in messages: its kind, and the value itself where it is short."""
    if isinstance(value, Mapping):
        return f"object with {len(value)} fields"
    if isinstance(value, list | tuple):
        return f"array of {len(value)} items"
    if value is None:
        return "null"
    kind = {bool: "boolean", str: "string"}.get(type(value), "number")
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{kind} {shown if len(shown) <= 60 else f'{shown[:57]}...'}"
