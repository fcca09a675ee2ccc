"""What a JSON value may be: the one form that every schema is read into, and that everything after it works on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from typing import TypeAlias

__all__ = [
    "ANYTHING",
    "ATTRIBUTE_TYPES",
    "NOTHING",
    "Anything",
    "Array",
    "Boolean",
    "Nothing",
    "Null",
    "Number",
    "Object",
    "Property",
    "Reference",
    "Schema",
    "String",
    "Union",
    "alternatives",
    "attribute_type",
    "kind_name",
    "union_of",
]

ATTRIBUTE_TYPES = ("B", "BOOL", "BS", "L", "M", "N", "NS", "NULL", "S", "SS")
"""The type keys of DynamoDB JSON. AWS: service model `dynamodb`, `AttributeValue`."""


class _Shown:
    """Prints only what is not as usual: schemas are made of many small parts."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = []
        for part in fields(self):  # type: ignore[arg-type]
            value = getattr(self, part.name)
            if part.repr and (part.default is MISSING or value != part.default):
                shown.append(f"{part.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, slots=True, repr=False)
class Anything(_Shown):
    """Any JSON value: what `{}` says."""


@dataclass(frozen=True, slots=True, repr=False)
class Nothing(_Shown):
    """No value at all: what `false` says, and what an array has that was always empty."""


@dataclass(frozen=True, slots=True, repr=False)
class Null(_Shown):
    """`null`."""


@dataclass(frozen=True, slots=True, repr=False)
class Boolean(_Shown):
    """`true` or `false`; `values` are the only ones allowed, all where it is empty."""

    values: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Number(_Shown):
    """A number.

    Parameters:
        integer: whole numbers only.
        minimum, maximum: the bounds, themselves allowed unless `exclusive_minimum` or `exclusive_maximum` is set.
        multiple_of: what it must be a multiple of.
        values: the only ones allowed, all where it is empty.
    """

    integer: bool = False
    minimum: float | int | None = None
    maximum: float | int | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: float | int | None = None
    values: tuple[float | int, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class String(_Shown):
    """A string.

    Parameters:
        format: a name such as `date-time`, `uuid` or `arn`; it describes and does not reject.
        values: the only ones allowed, all where it is empty.
        counts: how often each of `values` was seen, where the schema was inferred; no part of equality.
        min_length, max_length: in characters.
        pattern: a regular expression found somewhere in the string (ECMA 262 in documents, read by Python's `re`).
    """

    format: str | None = None
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = field(default=(), compare=False)
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Array(_Shown):
    """An array of `items`, at least `min_items` and at most `max_items`."""

    items: Schema
    min_items: int = 0
    max_items: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Property(_Shown):
    """A member of an object; `description` is for people and no part of equality."""

    name: str
    schema: Schema
    required: bool = True
    description: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class Object(_Shown):
    """An object.

    Parameters:
        properties: its members, in order of their names.
        additional: what members of other names must be: `NOTHING` where none are allowed, None where the schema says
            nothing. Then such members are valid, but whoever reads a pattern may take it that events have none.
    """

    properties: tuple[Property, ...] = ()
    additional: Schema | None = None
    _by_name: dict[str, Property] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {member.name: member for member in sorted(self.properties, key=lambda member: member.name)}
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "properties", tuple(by_name.values()))

    def get(self, name: str) -> Property | None:
        """The member of that name."""
        return self._by_name.get(name)


@dataclass(frozen=True, slots=True, repr=False)
class Union(_Shown):
    """One of two or more schemas; made by `union_of`."""

    members: tuple[Schema, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Reference(_Shown):
    """A schema by its name among the definitions of its document; recursive schemas are made of these."""

    name: str


Schema: TypeAlias = Anything | Nothing | Null | Boolean | Number | String | Array | Object | Union | Reference
"""One of the classes above."""

ANYTHING = Anything()
NOTHING = Nothing()

_ORDER: tuple[type, ...] = (Object, Array, String, Number, Boolean, Null, Reference, Union, Anything, Nothing)


def alternatives(schema: Schema) -> tuple[Schema, ...]:
    """The members of a union, or the schema alone."""
    return schema.members if isinstance(schema, Union) else (schema,)


def union_of(schemas: Iterable[Schema]) -> Schema:
    """One of `schemas`: nested unions flattened, equal members once, in an order of their own."""
    members: dict[Schema, None] = {}
    for schema in _flat(schemas):
        if isinstance(schema, Anything):
            return ANYTHING
        if not isinstance(schema, Nothing):
            members.setdefault(schema)
    ordered = sorted(members, key=lambda member: (_ORDER.index(type(member)), repr(member)))
    if not ordered:
        return NOTHING
    return ordered[0] if len(ordered) == 1 else Union(tuple(ordered))


def _flat(schemas: Iterable[Schema]) -> Iterator[Schema]:
    for schema in schemas:
        if isinstance(schema, Union):
            yield from _flat(schema.members)
        else:
            yield schema


def attribute_type(schema: Schema) -> str | None:
    """The type key where `schema` is an attribute value in DynamoDB JSON, such as `{"S": "x"}`: closed, one member."""
    if isinstance(schema, Object) and isinstance(schema.additional, Nothing) and len(schema.properties) == 1:
        (member,) = schema.properties
        if member.required and member.name in ATTRIBUTE_TYPES:
            return member.name
    return None


def kind_name(schema: Schema) -> str:
    """The kind of `schema` in messages: `string`, `integer`, `one of 'A', 'B'`, `object or null`, ..."""
    match schema:
        case String(values=values) | Boolean(values=values) | Number(values=values) if values:
            return _one_of([repr(value) if isinstance(value, str) else str(value).lower() for value in values])
        case String(format=str() as name):
            return f"string ({name})"
        case Number(integer=True):
            return "integer"
        case Anything():
            return "any value"
        case Nothing():
            return "no value"
        case Union(members):
            return " or ".join(dict.fromkeys(map(kind_name, members)))
        case Reference(name):
            return name
    return type(schema).__name__.lower()


def _one_of(values: list[str]) -> str:
    shown = ", ".join(values[:6]) + (f" and {len(values) - 6} more" if len(values) > 6 else "")
    return shown if len(values) == 1 else f"one of {shown}"
