"""Definitions put in the place of the references to them, so that only recursive schemas keep references."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.schemas._types import ANYTHING, Array, Object, Property, Reference, Schema, Union, union_of

__all__ = ["inlined"]

_MAX_SIZE = 20_000
"""Of how many schemas a definition may be made that is put in place; a larger one stays a definition."""


def inlined(root: Schema, definitions: Mapping[str, Schema]) -> tuple[Schema, dict[str, Schema]]:
    """`root` with its references replaced, and the definitions that are still needed: those that contain themselves."""
    inliner = _Inliner(definitions)
    schema = inliner.of(root)
    return schema, {name: inliner.kept[name] for name in sorted(inliner.kept)}


class _Inliner:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self.definitions = definitions
        self.kept: dict[str, Schema] = {}
        self._done: dict[str, tuple[Schema, int]] = {}
        self._within: dict[str, bool] = {}
        """The definitions that are being worked on, and whether each was met again inside itself."""
        self._size = 0

    def of(self, schema: Schema) -> Schema:
        self._size += 1
        match schema:
            case Reference(name):
                return self._reference(name)
            case Array():
                return Array(self.of(schema.items), schema.min_items, schema.max_items)
            case Union(members):
                return union_of([self.of(alternative) for alternative in members])
            case Object(properties):
                fields = tuple(
                    Property(member.name, self.of(member.schema), member.required, member.description)
                    for member in properties
                )
                return Object(fields, None if schema.additional is None else self.of(schema.additional))
        return schema

    def _reference(self, name: str) -> Schema:
        if name in self._within:
            self._within[name] = True
            return Reference(name)
        if name in self._done:
            schema, size = self._done[name]
            self._size += size
            return schema
        before, self._size = self._size, 0
        self._within[name] = False
        schema = self.of(self.definitions.get(name, ANYTHING))
        if self._within.pop(name) or self._size > _MAX_SIZE:
            self.kept[name] = schema
            schema, self._size = Reference(name), 1
        self._done[name] = schema, self._size
        self._size += before
        return schema
