"""What changed between two schemas of the same events: found by walking both together.

Each change comes with values that show it: put where the change is, they make an event of one that the other rejects.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from perception_events.schemas._event_schema import EventSchema, resolve
from perception_events.schemas._types import (
    Anything,
    Array,
    Boolean,
    Number,
    Object,
    Property,
    Schema,
    String,
    attribute_type,
    kind_name,
    union_of,
)
from perception_events.schemas._validation import expectation

__all__ = ["ABSENT", "ITEM", "ChangeKind", "FoundChange", "changes", "dotted"]

ABSENT: Final = object()
"""Stands for a field that is not there."""
ITEM: Final = "[]"
"""The step into an array's items."""

_MAX_DEPTH = 40


class ChangeKind(StrEnum):
    """What changed."""

    EVENT_ADDED = "event-added"
    EVENT_REMOVED = "event-removed"
    FIELD_ADDED = "field-added"
    FIELD_REMOVED = "field-removed"
    BECAME_OPTIONAL = "became-optional"
    BECAME_REQUIRED = "became-required"
    TYPE_CHANGED = "type-changed"
    VALUES_CHANGED = "values-changed"
    LIMITS_CHANGED = "limits-changed"


@dataclass(slots=True)
class FoundChange:
    """A change at `steps`, and values that only the old or only the new schema may allow there."""

    kind: ChangeKind
    steps: tuple[str, ...]
    message: str
    old_values: list[Any] = field(default_factory=list)
    new_values: list[Any] = field(default_factory=list)


def dotted(steps: Iterable[str]) -> str:
    """The dotted path of a pattern's field."""
    return ".".join(step for step in steps if step is not ITEM)


def changes(old: EventSchema, new: EventSchema) -> list[FoundChange]:
    """Every change from `old` to `new`."""
    return list(_Comparison(old.definitions, new.definitions).of(old.root, new.root, ()))


class _Comparison:
    def __init__(self, old: Mapping[str, Schema], new: Mapping[str, Schema]) -> None:
        self.old = old
        self.new = new
        self._same_definitions = old == new  # otherwise equal references may mean different schemas
        self._seen: set[tuple[Schema, Schema]] = set()

    def of(self, old: Schema, new: Schema, steps: tuple[str, ...]) -> Iterator[FoundChange]:
        if (old, new) in self._seen or len(steps) > _MAX_DEPTH:
            return
        if not isinstance(old, String | Number | Boolean):
            self._seen.add((old, new))  # recursive schemas come back to the same pair
        olds, news = resolve(old, self.old), resolve(new, self.new)
        kept = set(olds) & set(news) if self._same_definitions else set()
        before = _by_kind(each for each in olds if each not in kept)
        after = _by_kind(each for each in news if each not in kept)
        gone = [schema for kind, schema in before.items() if kind not in after]
        come = [schema for kind, schema in after.items() if kind not in before]
        if gone or come:
            message = f"{dotted(steps)} was {kind_name(union_of(olds))}, is {kind_name(union_of(news))}"
            yield FoundChange(ChangeKind.TYPE_CHANGED, steps, message, _samples(gone), _samples(come))
        for kind in before:
            if kind in after:
                yield from self._same_kind(before[kind], after[kind], steps)

    def _same_kind(self, old: Schema, new: Schema, steps: tuple[str, ...]) -> Iterator[FoundChange]:
        match old, new:
            case Object(), Object():
                yield from self._objects(old, new, steps)
            case Array(), Array():
                yield from self._arrays(old, new, steps)
        if isinstance(old, String | Number | Boolean) and isinstance(new, String | Number | Boolean):
            yield from _scalars(old, new, steps)

    def _arrays(self, old: Array, new: Array, steps: tuple[str, ...]) -> Iterator[FoundChange]:
        yield from self.of(old.items, new.items, (*steps, ITEM))
        if (old.min_items, old.max_items) != (new.min_items, new.max_items):
            message = f"{dotted(steps)} had {_limits(old.min_items, old.max_items)} items"
            message += f", has {_limits(new.min_items, new.max_items)}"
            yield FoundChange(ChangeKind.LIMITS_CHANGED, steps, message, [[]], [[]])

    def _objects(self, old: Object, new: Object, steps: tuple[str, ...]) -> Iterator[FoundChange]:
        lost = [member for member in old.properties if new.get(member.name) is None]
        added = [member for member in new.properties if old.get(member.name) is None]
        for member in lost:
            below = (*steps, member.name)
            values = _samples(resolve(member.schema, self.old))
            message = f"{dotted(below)} was removed{_renamed(member, added, steps)}"
            yield FoundChange(ChangeKind.FIELD_REMOVED, below, message, values, [ABSENT])
        for member in added:
            below = (*steps, member.name)
            what = "a required" if member.required else "an optional"
            message = f"{dotted(below)} was added: {what} {kind_name(member.schema)}"
            values = _samples(resolve(member.schema, self.new))
            yield FoundChange(ChangeKind.FIELD_ADDED, below, message, [ABSENT], values)
        for member in old.properties:
            now = new.get(member.name)
            if now is None:
                continue
            below = (*steps, member.name)
            if member.required and not now.required:
                yield FoundChange(ChangeKind.BECAME_OPTIONAL, below, f"{dotted(below)} became optional", [], [ABSENT])
            if now.required and not member.required:
                yield FoundChange(ChangeKind.BECAME_REQUIRED, below, f"{dotted(below)} became required", [ABSENT], [])
            yield from self.of(member.schema, now.schema, below)
        if old.additional is not None and new.additional is not None:
            yield from self.of(old.additional, new.additional, (*steps, "key1"))
        elif old.additional != new.additional:
            shown = [
                ("any other fields" if each is None else kind_name(each)) for each in (old.additional, new.additional)
            ]
            message = f"other fields of {dotted(steps)} were {shown[0]}, are {shown[1]}"
            values = ["text", 1, True, None, {}, []]
            yield FoundChange(ChangeKind.TYPE_CHANGED, (*steps, "key1"), message, values, values)


def _by_kind(schemas: Iterable[Schema]) -> dict[tuple[str, str | None, int], Schema]:
    """The alternatives by kind; several of one kind, such as objects of a tagged union, are numbered."""
    found: dict[tuple[str, str | None, int], Schema] = {}
    for schema in schemas:
        number = 0
        while (key := (type(schema).__name__, attribute_type(schema), number)) in found:
            number += 1
        found[key] = schema
    return found


def _scalars(
    old: String | Number | Boolean, new: String | Number | Boolean, steps: tuple[str, ...]
) -> Iterator[FoundChange]:
    if old == new:
        return
    path = dotted(steps)
    if old.values != new.values:
        gone = [value for value in old.values if value not in new.values]
        come = [value for value in new.values if value not in old.values]
        parts = []
        if new.values and old.values:
            parts += [f"lost {', '.join(map(repr, gone))}"] if gone else []
            parts += [f"gained {', '.join(map(repr, come))}"] if come else []
        else:
            parts = ["any value, is now a closed set" if new.values else "a closed set, may now be any value"]
        message = f"{path} {' and '.join(parts)}" if new.values and old.values else f"{path} was {parts[0]}"
        yield FoundChange(
            ChangeKind.VALUES_CHANGED, steps, message, [*gone, *_samples([old])], [*come, *_samples([new])]
        )
        return
    if isinstance(old, String) and isinstance(new, String) and old.format != new.format:
        without = String(None, old.values, (), old.min_length, old.max_length, old.pattern)
        if without == String(None, new.values, (), new.min_length, new.max_length, new.pattern):
            message = f"{path} had the format {old.format or 'of any text'}, has {new.format or 'that of any text'}"
            yield FoundChange(ChangeKind.LIMITS_CHANGED, steps, message)
            return
    message = f"{path} was {expectation(old)}, is {expectation(new)}"
    kind = ChangeKind.LIMITS_CHANGED
    if isinstance(old, Number) and isinstance(new, Number) and old.integer != new.integer:
        kind = ChangeKind.TYPE_CHANGED
    values = _edges(old, new)
    yield FoundChange(kind, steps, message, values, values)


def _edges(old: Schema, new: Schema) -> list[Any]:
    """Values near the limits of two scalars."""
    found: list[Any] = []
    for schema in (old, new):
        if isinstance(schema, Number):
            for bound in (schema.minimum, schema.maximum):
                found += [] if bound is None else [bound, bound - 1, bound + 1, bound - 0.5, bound + 0.5]
        if isinstance(schema, String):
            sizes = [schema.min_length, schema.min_length - 1, schema.max_length, (schema.max_length or 0) + 1]
            found += ["x" * size for size in sizes if size is not None and 0 <= size <= 10_000]
    return [*found, 0.5, 1, "text", *_samples([old, new])]


def _samples(schemas: Iterable[Schema]) -> list[Any]:
    """A few values of each schema; an object is made later, from its own schema."""
    found: list[Any] = []
    for schema in schemas:
        match schema:
            case String(values=values) | Number(values=values) | Boolean(values=values) if values:
                found += values[:3]
            case String():
                found += ["text", "a text of its own 7f3c"]
            case Number(integer=whole):
                found += [1, 999_983] if whole else [0.5, 1]
            case Boolean():
                found += [True, False]
            case Array():
                found += [[]]
            case Object():
                found += [schema]
            case Anything():
                found += ["text", 1, None, True, {"a": 1}, []]
            case _:
                found += [None]
    return found


def _renamed(member: Property, added: list[Property], steps: tuple[str, ...]) -> str:
    alike = [each.name for each in added if each.schema == member.schema]
    close = difflib.get_close_matches(member.name, alike, 1, 0.5)
    return f" (renamed to {dotted((*steps, close[0]))}?)" if close else ""


def _limits(low: int, high: int | None) -> str:
    return f"{low} or more" if high is None else f"{low} to {high}"
