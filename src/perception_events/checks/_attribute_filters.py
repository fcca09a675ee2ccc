"""Checks of the attributes in DynamoDB images: the type keys on the way, the types of values, the table's keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perception_events.checks._pattern_leaves import operators
from perception_events.checks._values import Holds, JSONType, leaf_holds, value_holds
from perception_events.topology import PartialJSON, Table

__all__ = ["IMAGES", "AttributeProblem", "attribute_problems", "key_names"]

IMAGES = ("Keys", "NewImage", "OldImage")
_LEAVES = {
    "S": JSONType.STRING,
    "N": JSONType.STRING,
    "B": JSONType.STRING,
    "SS": JSONType.STRING,
    "NS": JSONType.STRING,
    "BS": JSONType.STRING,
    "BOOL": JSONType.BOOLEAN,
    "NULL": JSONType.TRUE,
}
_TYPE_KEYS = frozenset({*_LEAVES, "M", "L"})
_NUMBERS = frozenset({"N", "NS"})


class AttributeProblem(NamedTuple):
    """Identifier, reason, and a fix where there is a better one than the check's own."""

    identifier: str
    reason: str
    fix: str | None = None


def key_names(table: Table) -> dict[str, str]:
    """The table's key attributes with their types, as far as they are known."""
    names = [name for name in (table.partition_key, table.sort_key) if isinstance(name, str) and name]
    types = table.attribute_types
    return {name: known if isinstance(known := types.get(name), str) else "" for name in names}


def attribute_problems(
    path: Sequence[str], values: Sequence[PartialJSON], table: Table | None = None
) -> Iterator[AttributeProblem]:
    """What is wrong with a leaf whose `path` begins with `Keys`, `NewImage` or `OldImage`."""
    if path[0] not in IMAGES:
        return
    for problem in _problems(path, values, table):
        # A field that is not to be there is not there wherever the path leads: that much of the leaf passes.
        if {"exists": False} not in values or problem.identifier in ("PE109", "PE110"):
            yield problem


def _problems(path: Sequence[str], values: Sequence[PartialJSON], table: Table | None) -> Iterator[AttributeProblem]:
    image, rest = path[0], path[1:]
    if table is not None and rest:
        yield from _key_problems(image, rest, table)
    at = 0
    while True:
        if at + 1 >= len(rest):  # the pattern ends at the image, or at an attribute's name
            yield _above_the_leaf(rest[at] if at < len(rest) else image, values)
            return
        type_key = rest[at + 1]
        while type_key == "L" and at + 2 < len(rest):  # the elements of a list begin with a type key
            at += 1
            type_key = rest[at + 1]
        below = rest[at + 2 :]
        if type_key not in _TYPE_KEYS:
            near = f"; `{type_key.upper()}` is one" if type_key.upper() in _TYPE_KEYS else ""
            yield AttributeProblem(
                "PE111",
                f"`{type_key}` is not a type key{near}: an attribute's value lies under S, N, BOOL, M, ...",
                f"write `{rest[at]}.M.{'.'.join(rest[at + 1 :])}.S`, with the type keys of your items"
                if not near
                else None,
            )
            return
        if type_key == "M" and below:
            at += 2
            continue
        if type_key in ("M", "L"):
            yield _above_the_leaf(type_key, values)
        elif below:
            reason = f"`{type_key}` holds {_LEAVES[type_key].value}, so nothing lies below it"
            yield AttributeProblem("PE115", reason, f"end the path at `{type_key}`")
        else:
            yield from _value_problems(type_key, values)
        return


def _above_the_leaf(name: str, values: Sequence[PartialJSON]) -> AttributeProblem:
    used = {operator for value in values for operator in operators(value)}
    if used == {"exists"}:
        return AttributeProblem("PE110", f"`{name}` holds an object, and `exists` looks at leaves only")
    if name == "L":
        reason = '`L` holds attribute values, such as {"S": "x"}, which no value equals'
        return AttributeProblem("PE111", reason, f"write `{json.dumps({'L': _typed(values)})}`")
    fix = None if name in IMAGES else f"write `{json.dumps({name: _typed(values)}, ensure_ascii=False, default=str)}`"
    return AttributeProblem("PE111", f'`{name}` holds an object such as {{"S": ...}}, which no value equals', fix)


def _typed(values: Sequence[PartialJSON]) -> dict[str, list[PartialJSON]]:
    """`values` under the type key that they ask for; numbers become texts, as they are on the wire."""
    if values and all(isinstance(v, bool) for v in values):
        return {"BOOL": list(values)}
    if values and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return {"N": [json.dumps(v) for v in values]}
    return {"S": list(values)}


def _value_problems(type_key: str, values: Sequence[PartialJSON]) -> Iterator[AttributeProblem]:
    holds = _LEAVES[type_key]
    numbers = [value for value in values if _is_of_numbers(value)]
    if type_key in _NUMBERS and numbers:
        exact = [json.dumps(v) for v in numbers if isinstance(v, int | float)]
        fix = f"write {json.dumps({type_key: exact})}" if len(exact) == len(numbers) else None
        shown = '"N": "101"' if type_key == "N" else '"NS": ["101"]'
        reason = f"the record has strings here, such as {shown}, and no number equals one"
        yield AttributeProblem("PE109", reason, fix)
        return
    said = f"`{type_key}` always holds {holds.value}"
    match leaf_holds(values, holds):
        case Holds.NEVER:
            yield AttributeProblem("PE115", f"{said}, which {_list(values)} never matches")
        case Holds.ALWAYS:
            yield AttributeProblem("PE116", f"{said}, so {_list(values)} excludes nothing")


def _is_of_numbers(value: PartialJSON) -> bool:
    """Whether a value can only match numbers."""
    return value_holds(value, JSONType.NUMBER) is Holds.MAYBE and value_holds(value, JSONType.STRING) is Holds.NEVER


def _list(values: Sequence[PartialJSON]) -> str:
    return json.dumps(list(values), ensure_ascii=False, default=str)


def _keys_are_known(table: Table) -> bool:
    sort_key_is_known = table.sort_key is None or (isinstance(table.sort_key, str) and table.sort_key != "")
    return isinstance(table.partition_key, str) and table.partition_key != "" and sort_key_is_known


def _key_problems(image: str, rest: Sequence[str], table: Table) -> Iterator[AttributeProblem]:
    keys = key_names(table)
    if image == "Keys" and _keys_are_known(table) and rest[0] not in keys:
        reason = f"`Keys` holds {' and '.join(keys)} only, so `{rest[0]}` is never there"
        yield AttributeProblem("PE119", reason, f"compare `NewImage.{rest[0]}`")
    declared = table.attribute_types.get(rest[0])
    if isinstance(declared, str) and declared and len(rest) > 1 and rest[1] in _TYPE_KEYS - {declared}:
        reason = f"table {table.id} declares {rest[0]} as {declared}, so it has no `{rest[1]}`"
        yield AttributeProblem("PE118", reason, f"write `{rest[0]}.{declared}`")
