"""From observations to a schema: the second half of inference, where what was seen becomes what is expected.

Every value that was observed is valid under the schema, and the order of the values does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from perception_events.schemas._formats import format_name, is_data, looks_like_data
from perception_events.schemas._observations import Budget, Observations, Strings
from perception_events.schemas._types import (
    ANYTHING,
    ATTRIBUTE_TYPES,
    NOTHING,
    Array,
    Boolean,
    Null,
    Number,
    Object,
    Property,
    Schema,
    String,
    alternatives,
    attribute_type,
    union_of,
)

__all__ = ["DEFAULT_INFERENCE", "Inference", "infer_schema"]

_WORD = re.compile(r"[A-Za-z](?:(?!\d{4})[\w .:/#-]){0,63}\Z", re.ASCII)


_Known: TypeAlias = dict[int, tuple[Observations, Schema]]
"""Schemas of observations by their id: what turns out not to be an attribute value is looked at twice at each level."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What inference takes for a rule, and what for chance.

    Parameters:
        enums: whether to propose closed sets of strings.
        max_enum_values: how many values a closed set may have; at most 64.
        min_enum_repeats: how often its values must have been seen on average. Each must have been seen twice: values
            seen once are the sign that there are more.
        min_data_names: from how many names on an object whose names all look like ids, such as `order-10023`, is a map.
            Where all are UUIDs, numbers, dates, ARNs or the like and all values are alike, one is enough.
        max_sparse_names: above how many names an object is a map if each name is rare and all values are alike.
    """

    enums: bool = True
    max_enum_values: int = 16
    min_enum_repeats: int = 5
    min_data_names: int = 8
    max_sparse_names: int = 64

    def schema(self, seen: Observations) -> Schema:
        """The schema of what was seen."""
        return self._schema(seen, {})

    def _schema(self, seen: Observations, known: _Known) -> Schema:
        if seen.deep:
            return ANYTHING
        if id(seen) in known:
            return known[id(seen)][1]
        schema = self._new_schema(seen, known)
        known[id(seen)] = seen, schema
        return schema

    def _new_schema(self, seen: Observations, known: _Known) -> Schema:
        found: list[Schema] = []
        if seen.nulls:
            found.append(Null())
        if seen.booleans:
            found.append(Boolean())
        if seen.integers or seen.floats:
            found.append(Number(integer=not seen.floats))
        if seen.strings is not None:
            found.append(self._string(seen.strings))
        if seen.arrays:
            found.append(Array(NOTHING if seen.items is None else self._schema(seen.items, known)))
        if seen.objects:
            found += self._objects(seen, known)
        return union_of(found)

    def _string(self, seen: Strings) -> String:
        name = format_name(seen.formats)
        values = seen.distinct or {}
        closed = (
            self.enums
            and name is None
            and 2 <= len(values) <= self.max_enum_values
            and seen.count >= self.min_enum_repeats * len(values)
            and min(values.values()) > 1
            and all(map(_WORD.match, values))
        )
        if not closed:
            return String(format=name)
        return String(values=tuple(sorted(values)), counts=tuple(values[value] for value in sorted(values)))

    def _objects(self, seen: Observations, known: _Known) -> list[Schema]:
        if seen.members is None:
            assert seen.values is not None
            return [Object(additional=self._schema(seen.values, known))]
        attribute_values = self._attribute_values(seen, seen.members, known)
        if attribute_values is not None:
            return attribute_values
        if self._is_map(seen, seen.members):
            return [Object(additional=self._schema(seen.merged_members(Budget()), known))]
        members = [
            Property(name, self._schema(member, known), required=member.count == seen.objects)
            for name, member in seen.members.items()
        ]
        return [Object(tuple(members))]

    def _is_map(self, seen: Observations, members: dict[str, Observations]) -> bool:
        """Whether the names are data."""
        if len(members) >= self.min_data_names and all(map(looks_like_data, members)):
            return True
        if members and all(map(is_data, members)):
            return _are_alike(seen)
        if len(members) <= self.max_sparse_names:
            return False
        if sum(member.count for member in members.values()) * 5 > seen.objects * len(members):
            return False
        return _are_alike(seen)

    def _attribute_values(
        self, seen: Observations, members: dict[str, Observations], known: _Known
    ) -> list[Schema] | None:
        """DynamoDB's attribute values, one schema for each type key; None where the objects are something else."""
        if not members or seen.only_names != seen.objects or not members.keys() <= set(ATTRIBUTE_TYPES):
            return None
        found: list[Schema] = []
        for key, member in members.items():
            content = self._attribute_content(key, member, known)
            if content is None:
                return None
            found.append(Object((Property(key, content),), additional=NOTHING))
        return found

    def _attribute_content(self, key: str, seen: Observations, known: _Known) -> Schema | None:
        """What lies under a type key; None where it is not what DynamoDB writes there."""
        strings = seen.strings
        if strings is not None and strings.count == seen.count:
            return self._scalar_content(key, strings)
        if seen.booleans == seen.count and key in ("BOOL", "NULL"):
            return Boolean()
        if seen.arrays == seen.count:
            return self._array_content(key, seen.items, known)
        if seen.objects == seen.count and key == "M":
            content = self._schema(seen, known)
            return content if isinstance(content, Object) and _is_image(content) else None
        return None

    def _scalar_content(self, key: str, seen: Strings) -> Schema | None:
        if key == "S":
            return self._string(seen)
        if key == "B":
            return String(format="byte")
        name = format_name(seen.formats, number=True)
        return String(format=name) if key == "N" and name else None

    def _array_content(self, key: str, items: Observations | None, known: _Known) -> Schema | None:
        if items is None:
            return Array(NOTHING) if key == "L" else None
        if key == "L":
            content = self._schema(items, known)
            return Array(content) if all(map(attribute_type, alternatives(content))) else None
        if key not in ("SS", "NS", "BS") or items.strings is None or items.strings.count != items.count:
            return None
        scalar = self._scalar_content(key[0], items.strings)
        return None if scalar is None else Array(scalar)


DEFAULT_INFERENCE = Inference()


def _are_alike(seen: Observations) -> bool:
    """Whether the members of all names have values of one kind, or null."""
    values = seen.merged_members(Budget())
    kinds = [values.strings, values.arrays, values.objects, values.booleans, values.integers or values.floats]
    return sum(map(bool, kinds)) <= 1


def _is_image(schema: Object) -> bool:
    contents = [member.schema for member in schema.properties]
    if schema.additional is not None:
        contents.append(schema.additional)
    return all(attribute_type(each) is not None for content in contents for each in alternatives(content))


def infer_schema(values: Iterable[Any], inference: Inference = DEFAULT_INFERENCE) -> Schema:
    """The schema of JSON values: all are valid under it, in whatever order they come.

    Raises:
        InvalidJSONValueError: a value is not of the kinds that JSON has.
        TooManyFieldsError: they have more fields than can be observed.

    >>> schema = infer_schema([{"id": 1}, {"id": 2, "note": None}])
    >>> [(member.name, kind_name(member.schema), member.required) for member in schema.properties]
    [('id', 'integer', True), ('note', 'null', False)]
    """
    seen = Observations(Budget())
    for value in values:
        seen.add(value)
    return inference.schema(seen)
