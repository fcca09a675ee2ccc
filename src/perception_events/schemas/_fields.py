"""What a schema says of one field of a pattern: the leaves that may lie at a dotted path, through arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from perception_events.schemas._event_schema import resolve
from perception_events.schemas._types import ANYTHING, Anything, Array, Nothing, Object, Property, Schema

__all__ = ["FieldTypes", "field_paths", "field_types", "splits"]


@dataclass(slots=True)
class FieldTypes:
    """What may lie at a path.

    Parameters:
        leaves: the schemas of the leaves, arrays and references followed.
        may_be_absent: whether an event may have no leaf there.
        is_object: whether an object may lie there; its fields are leaves, it is none.
        names: the names in the objects where the path ended, if it led nowhere.
    """

    leaves: list[Schema] = field(default_factory=list)
    may_be_absent: bool = False
    is_object: bool = False
    names: list[str] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether the schema has the field."""
        return bool(self.leaves) or self.is_object


def field_types(root: Schema, path: str, definitions: Mapping[str, Schema]) -> FieldTypes:
    """What may lie at the dotted `path` of an event. Names with dots of their own are found, too."""
    found = FieldTypes()
    _walk(root, path, definitions, found)
    return found


def splits(path: str) -> Iterator[tuple[str, str]]:
    """Each way to take a first name off a dotted path: `a`, `b.c` and `a.b`, `c` and `a.b.c`, `` of `a.b.c`."""
    at = path.find(".")
    while at >= 0:
        yield path[:at], path[at + 1 :]
        at = path.find(".", at + 1)
    yield path, ""


def _walk(schema: Schema, rest: str, definitions: Mapping[str, Schema], found: FieldTypes) -> None:
    for each in resolve(schema, definitions):
        match each:
            case Object():
                if rest:
                    _walk_object(each, rest, definitions, found)
                else:
                    found.is_object = found.may_be_absent = True
            case Array(items, least, _):
                found.may_be_absent |= not least
                # Of an array that was always empty nothing is known.
                _walk(ANYTHING if isinstance(items, Nothing) else items, rest, definitions, found)
            case Anything():
                found.may_be_absent = True
                found.leaves.append(each)
            case Nothing():
                pass
            case _ if rest:
                found.may_be_absent = True
            case _:
                found.leaves.append(each)


def _walk_object(schema: Object, rest: str, definitions: Mapping[str, Schema], found: FieldTypes) -> None:
    steps = list(splits(rest))
    members = [(member, below) for name, below in steps if (member := schema.get(name)) is not None]
    for member, below in members:
        found.may_be_absent |= not member.required
        _walk(member.schema, below, definitions, found)
    if members:
        return
    found.may_be_absent = True
    if schema.additional is None or isinstance(schema.additional, Nothing):
        found.names += [member.name for member in schema.properties]
        return
    for _, below in steps:
        _walk(schema.additional, below, definitions, found)


def field_paths(root: Schema, definitions: Mapping[str, Schema], max_depth: int = 12) -> Iterator[str]:
    """The dotted path of every named field, leaves and objects, down to `max_depth` names."""
    yield from _paths(root, definitions, "", max_depth)


def _paths(schema: Schema, definitions: Mapping[str, Schema], path: str, depth: int) -> Iterator[str]:
    if not depth:
        return
    for each in resolve(schema, definitions):
        if isinstance(each, Array):
            yield from _paths(each.items, definitions, path, depth)
        elif isinstance(each, Object):
            yield from _paths_below(each.properties, definitions, path, depth)


def _paths_below(
    members: tuple[Property, ...], definitions: Mapping[str, Schema], path: str, depth: int
) -> Iterator[str]:
    for member in members:
        below = f"{path}.{member.name}" if path else member.name
        yield below
        yield from _paths(member.schema, definitions, below, depth - 1)
