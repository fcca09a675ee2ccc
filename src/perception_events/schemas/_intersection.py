"""What two schemas both allow: `allOf`, and keywords beside each other."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.schemas._event_schema import resolve
from perception_events.schemas._types import (
    NOTHING,
    Anything,
    Array,
    Boolean,
    Null,
    Number,
    Object,
    Property,
    Reference,
    Schema,
    String,
    Union,
    union_of,
)
from perception_events.schemas._validation import is_valid

__all__ = ["intersect"]

_MAX_DEPTH = 50
"""How deep recursive schemas are followed; deeper, what either allows is taken."""


def intersect(first: Schema, second: Schema, definitions: Mapping[str, Schema]) -> tuple[Schema, bool]:
    """A schema of all that both allow, and whether it allows nothing else."""
    intersection = _Intersection(definitions)
    schema = intersection.of(first, second, 0)
    return schema, intersection.exact


class _Intersection:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self.definitions = definitions
        self.exact = True

    def of(self, first: Schema, second: Schema, depth: int) -> Schema:
        if first == second or isinstance(second, Anything):
            return first
        if isinstance(first, Anything):
            return second
        if depth > _MAX_DEPTH:
            self.exact = False
            return first
        if isinstance(first, Union | Reference) or isinstance(second, Union | Reference):
            for each in (first, second):
                if isinstance(each, Reference) and each.name not in self.definitions:
                    self.exact = False  # it is still being read: what it says of itself is not known yet
            ones, twos = resolve(first, self.definitions), resolve(second, self.definitions)
            return union_of(self.of(one, two, depth + 1) for one in ones for two in twos)
        return self._same_kind(first, second, depth)

    def _same_kind(self, first: Schema, second: Schema, depth: int) -> Schema:
        match first, second:
            case Object(), Object():
                return self._objects(first, second, depth)
            case Array(), Array():
                low, high = max(first.min_items, second.min_items), _least(first.max_items, second.max_items)
                return Array(self.of(first.items, second.items, depth + 1), low, high)
            case String(), String():
                return self._strings(first, second)
            case Number(), Number():
                return self._numbers(first, second)
            case Boolean(), Boolean():
                values = [v for v in first.values or (False, True) if v in (second.values or (False, True))]
                return Boolean(() if len(values) == 2 else tuple(values)) if values else NOTHING
            case Null(), Null():
                return first
        return NOTHING

    def _objects(self, first: Object, second: Object, depth: int) -> Schema:
        names = dict.fromkeys(member.name for member in (*first.properties, *second.properties))
        members = []
        for name in names:
            one, two = first.get(name), second.get(name)
            schemas: list[Schema] = []
            for member, whole in ((one, first), (two, second)):
                if member is not None:
                    schemas.append(member.schema)
                elif whole.additional is not None:
                    schemas.append(whole.additional)
            schema = schemas[0] if len(schemas) == 1 else self.of(schemas[0], schemas[1], depth + 1)
            required = any(member.required for member in (one, two) if member is not None)
            if schema == NOTHING:
                if required:
                    return NOTHING
                continue  # left out, it must not be there only if the whole is closed
            description = (one.description if one else "") or (two.description if two else "")
            members.append(Property(name, schema, required, description))
        return Object(tuple(members), self._additional(first.additional, second.additional, depth))

    def _additional(self, first: Schema | None, second: Schema | None, depth: int) -> Schema | None:
        if first is None or second is None:
            return second if first is None else first
        return self.of(first, second, depth + 1)

    def _strings(self, first: String, second: String) -> Schema:
        if first.pattern and second.pattern and first.pattern != second.pattern:
            self.exact = False
        both = String(
            format=first.format or second.format,
            min_length=max(first.min_length, second.min_length),
            max_length=_least(first.max_length, second.max_length),
            pattern=first.pattern or second.pattern,
        )
        if not first.values and not second.values:
            return both
        closed, other = (first, second) if first.values else (second, first)
        counts = closed.counts or (0,) * len(closed.values)
        kept = [pair for pair in zip(closed.values, counts, strict=True) if is_valid(other, pair[0])]
        if not kept:
            return NOTHING
        values, numbers = zip(*kept, strict=True)
        return String(both.format, values, numbers if closed.counts else ())

    def _numbers(self, first: Number, second: Number) -> Schema:
        if first.values or second.values:
            closed, other = (first, second) if first.values else (second, first)
            values = tuple(value for value in closed.values if is_valid(other, value))
            return Number(integer=first.integer or second.integer, values=values) if values else NOTHING
        if first.multiple_of and second.multiple_of and first.multiple_of != second.multiple_of:
            self.exact = False
        lows = [(each.minimum, each.exclusive_minimum) for each in (first, second) if each.minimum is not None]
        highs = [(each.maximum, not each.exclusive_maximum) for each in (first, second) if each.maximum is not None]
        low, low_open = max(lows) if lows else (None, False)
        high, high_closed = min(highs) if highs else (None, True)
        return Number(
            integer=first.integer or second.integer,
            minimum=low,
            maximum=high,
            exclusive_minimum=low_open,
            exclusive_maximum=not high_closed,
            multiple_of=first.multiple_of or second.multiple_of,
        )


def _least(first: int | None, second: int | None) -> int | None:
    present = [each for each in (first, second) if each is not None]
    return min(present) if present else None
