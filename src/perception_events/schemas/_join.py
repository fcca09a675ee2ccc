"""The schema of everything that two schemas allow: how a version takes in events that did not fit the last one."""

from __future__ import annotations

from perception_events.schemas._types import (
    ANYTHING,
    Anything,
    Array,
    Boolean,
    Nothing,
    Number,
    Object,
    Property,
    Schema,
    String,
    alternatives,
    attribute_type,
    union_of,
)

__all__ = ["join"]


def join(first: Schema, second: Schema) -> Schema:
    """A schema under which everything is valid that is valid under either, of the kinds that inference makes.

    Objects become one object, in which what either lacks is optional; where a schema says nothing of other members, it
    is taken to have none. Equal schemas give themselves.
    """
    if first == second:
        return _with_counts(first, second)
    if isinstance(first, Anything) or isinstance(second, Anything):
        return ANYTHING
    joined: dict[tuple[str, str | None], Schema] = {}
    others: list[Schema] = []
    for schema in (*alternatives(first), *alternatives(second)):
        if not isinstance(schema, Object | Array | String | Number | Boolean):
            others.append(schema)
            continue
        key = (type(schema).__name__, attribute_type(schema))
        joined[key] = _same_kind(joined[key], schema) if key in joined else schema
    return union_of([*joined.values(), *others])


def _same_kind(first: Schema, second: Schema) -> Schema:
    match first, second:
        case Object(), Object():
            return _objects(first, second)
        case Array(), Array():
            highest = [each.max_items for each in (first, second) if each.max_items is not None]
            return Array(
                join(first.items, second.items),
                min(first.min_items, second.min_items),
                max(highest) if len(highest) == 2 else None,
            )
        case String(), String():
            return _strings(first, second)
        case Number(), Number():
            return _numbers(first, second)
        case Boolean(), Boolean():
            both = bool(first.values and second.values)
            return Boolean(tuple(sorted({*first.values, *second.values})) if both else ())
    return union_of([first, second])


def _objects(first: Object, second: Object) -> Object:
    names = dict.fromkeys(member.name for member in (*first.properties, *second.properties))
    members = []
    for name in names:
        one, two = first.get(name), second.get(name)
        if one is not None and two is not None:
            description = one.description or two.description
            members.append(Property(name, join(one.schema, two.schema), one.required and two.required, description))
            continue
        present, other = (one, second) if one is not None else (two, first)
        assert present is not None
        schema = present.schema
        # The other side allowed any value under this name, or described it among its additional members.
        if other.additional is not None and not isinstance(other.additional, Nothing):
            schema = join(schema, other.additional)
        members.append(Property(name, schema, False, present.description))
    if first.additional is None or second.additional is None:
        additional = None
    else:
        additional = join(first.additional, second.additional)
    # A map beside an object of named members: its names are data, whatever they are.
    maps = [each.additional for each in (first, second) if each.additional and not each.properties]
    if additional is None and maps and not isinstance(maps[0], Nothing):
        everything: Schema = union_of([])
        for schema in (*maps, *(member.schema for member in members)):
            everything = join(everything, schema) if schema is not None else everything
        return Object(additional=everything)
    return Object(tuple(members), additional)


def _strings(first: String, second: String) -> String:
    closed = bool(first.values and second.values)
    counts: dict[str, int] = {}
    for each in (first, second):
        for value, count in zip(each.values, each.counts or (0,) * len(each.values), strict=True):
            counts[value] = counts.get(value, 0) + count
    longest = [each.max_length for each in (first, second) if each.max_length is not None]
    values = tuple(sorted(counts)) if closed else ()
    return String(
        format=first.format if first.format == second.format else None,
        values=values,
        counts=tuple(counts[value] for value in values) if first.counts or second.counts else (),
        min_length=min(first.min_length, second.min_length),
        max_length=max(longest) if len(longest) == 2 else None,
        pattern=first.pattern if first.pattern == second.pattern else None,
    )


def _numbers(first: Number, second: Number) -> Number:
    closed = bool(first.values and second.values)
    low, low_open = _lower(first, second)
    high, high_open = _upper(first, second)
    return Number(
        integer=first.integer and second.integer,
        minimum=low,
        maximum=high,
        exclusive_minimum=low_open,
        exclusive_maximum=high_open,
        multiple_of=first.multiple_of if first.multiple_of == second.multiple_of else None,
        values=tuple(sorted({*first.values, *second.values})) if closed else (),
    )


def _lower(first: Number, second: Number) -> tuple[float | int | None, bool]:
    if first.minimum is None or second.minimum is None:
        return None, False
    return min((first.minimum, first.exclusive_minimum), (second.minimum, second.exclusive_minimum))


def _upper(first: Number, second: Number) -> tuple[float | int | None, bool]:
    if first.maximum is None or second.maximum is None:
        return None, False
    high, closed = max((first.maximum, not first.exclusive_maximum), (second.maximum, not second.exclusive_maximum))
    return high, not closed


def _with_counts(first: Schema, second: Schema) -> Schema:
    """`first`, with the counts of both in its closed sets, which equality does not see."""
    if isinstance(first, String) and isinstance(second, String) and (first.counts or second.counts):
        return _strings(first, second)
    if isinstance(first, Object) and isinstance(second, Object):
        pairs = zip(first.properties, second.properties, strict=True)
        members = [Property(a.name, _with_counts(a.schema, b.schema), a.required, a.description) for a, b in pairs]
        return Object(tuple(members), first.additional)
    if isinstance(first, Array) and isinstance(second, Array):
        return Array(_with_counts(first.items, second.items), first.min_items, first.max_items)
    return first
