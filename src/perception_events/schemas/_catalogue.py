"""The catalogue of AWS's own events: their sources, detail types and fields, shipped as data.

The data is derived from the EventBridge schemas in `@aws-cdk/aws-service-spec`, Copyright Amazon.com, Inc. or its
affiliates, Apache-2.0 (`NOTICE.md`); `build_catalogue` rebuilds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeAlias

from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._relaxing import relaxed
from perception_events.schemas._types import (
    ANYTHING,
    Anything,
    Array,
    Boolean,
    Number,
    Object,
    Property,
    Schema,
    String,
    Union,
    union_of,
)

__all__ = ["CATALOGUE_FILE", "Tree", "aws_catalogue", "aws_event_types", "schema_of_tree", "tree_of"]

CATALOGUE_FILE = "aws_events.json"

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
"""A schema in the catalogue's own form.

`"string"`, `"number"`, `"integer"`, `"boolean"`, `"?"` (anything); `[items]`; `{"name": ..., "optional name?": ...}`;
`"*"` among the names for members of other names; `{"|": [...]}` for alternatives.
"""

_SCALARS: dict[str, Schema] = {
    "string": String(),
    "number": Number(),
    "integer": Number(integer=True),
    "boolean": Boolean(),
    "?": ANYTHING,
}
_NAMES = {schema: name for name, schema in _SCALARS.items()}


@lru_cache(maxsize=1)
def aws_catalogue() -> Mapping[tuple[str, str], EventSchema]:
    """The schemas of AWS's own events by source and detail type, read when first asked for.

    They are relaxed: what AWS's registry says of required fields does not hold for AWS's own sample events.
    """
    return {
        (source, detail_type): relaxed(EventSchema.of_detail(source, detail_type, schema_of_tree(tree)))
        for source, detail_type, tree in _load()
    }


@lru_cache(maxsize=1)
def aws_event_types() -> frozenset[tuple[str, str]]:
    """The source and detail type of each of AWS's own events that the catalogue has."""
    return frozenset((source, detail_type) for source, detail_type, _ in _load())


def _load() -> list[Any]:
    text = (files("perception_events.schemas") / CATALOGUE_FILE).read_text(encoding="utf-8")
    events: list[Any] = json.loads(text)
    return events


def schema_of_tree(tree: Tree) -> Schema:
    """The schema that a tree stands for."""
    if isinstance(tree, str):
        return _SCALARS[tree]
    if isinstance(tree, list):
        return Array(schema_of_tree(tree[0]))
    if "|" in tree:
        return union_of(schema_of_tree(member) for member in tree["|"])
    members = [
        Property(name.removesuffix("?"), schema_of_tree(member), required=not name.endswith("?"))
        for name, member in tree.items()
        if name != "*"
    ]
    return Object(tuple(members), schema_of_tree(tree["*"]) if "*" in tree else None)


def tree_of(schema: Schema) -> Tree:
    """The tree that stands for a schema.

    Raises:
        ValueError: the catalogue's form cannot say it.
    """
    match schema:
        case Array(items, 0, None):
            return [tree_of(items)]
        case Union(members):
            return {"|": [tree_of(member) for member in members]}
        case Object(properties, additional):
            for member in properties:
                if member.name in ("*", "|") or member.name.endswith("?"):
                    raise ValueError(f"the catalogue's form has a meaning of its own for the name {member.name!r}")
            tree = {f"{member.name}{'' if member.required else '?'}": tree_of(member.schema) for member in properties}
            return tree if additional is None else {**tree, "*": tree_of(additional)}
        case Anything() | String() | Number() | Boolean() if schema in _NAMES:
            return _NAMES[schema]
    raise ValueError(f"the catalogue's form cannot say {schema}")
