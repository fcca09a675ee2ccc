"""Schemas that promise too much, made to promise less: nothing in a detail is required, and anything may be null."""

from __future__ import annotations

from dataclasses import replace

from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._types import (
    Anything,
    Array,
    Null,
    Object,
    Property,
    Schema,
    Union,
    attribute_type,
    union_of,
)

__all__ = ["relaxed", "relaxed_schema"]


def relaxed(schema: EventSchema) -> EventSchema:
    """The same fields and types, but no field of the detail is required and each may be null.

    For schemas that were learnt from few samples. AWS's own registry is one: of the 264 sample events in EventBridge's
    console that it describes, 110 lack a field that it requires or have a null or another type that it does not allow.
    """
    definitions = {name: relaxed_schema(each) for name, each in schema.definitions.items()}
    root = schema.root
    if not schema.is_envelope or not isinstance(root, Object):
        return replace(schema, root=relaxed_schema(root), definitions=definitions)
    members = [
        Property(each.name, relaxed_schema(each.schema), each.required, each.description)
        if each.name == "detail"
        else each
        for each in root.properties
    ]
    return replace(schema, root=Object(tuple(members), root.additional), definitions=definitions)


def relaxed_schema(schema: Schema) -> Schema:
    """`schema` with all members of its objects optional and nullable."""
    if attribute_type(schema) is not None:
        return schema  # DynamoDB JSON has no other forms
    match schema:
        case Object(properties, additional):
            members = [
                Property(each.name, _nullable(relaxed_schema(each.schema)), False, each.description)
                for each in properties
            ]
            return Object(tuple(members), None if additional is None else relaxed_schema(additional))
        case Array(items, least, most):
            return Array(relaxed_schema(items), least, most)
        case Union(alternatives):
            return union_of([relaxed_schema(each) for each in alternatives])
    return schema


def _nullable(schema: Schema) -> Schema:
    return schema if isinstance(schema, Anything) else union_of([schema, Null()])
