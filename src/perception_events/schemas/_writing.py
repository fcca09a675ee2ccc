"""Schemas written as documents: OpenAPI 3 or JSON Schema draft 4 in EventBridge's form, or JSON Schema 2020-12."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from perception_events.schemas._documents import DETAIL_TYPE_KEY, SAMPLES_KEY, SOURCE_KEY
from perception_events.schemas._event_schema import EventSchema
from perception_events.schemas._formats import NUMBER_FORMATS
from perception_events.schemas._reading import COUNTS_KEY, EMPTY_KEY
from perception_events.schemas._types import (
    Anything,
    Array,
    Boolean,
    Nothing,
    Null,
    Number,
    Object,
    Property,
    Reference,
    Schema,
    String,
    Union,
    attribute_type,
)

__all__ = ["SchemaFormat", "document_of", "pascal_case"]


class SchemaFormat(StrEnum):
    """How a schema is written; the first two as AWS names them.

    AWS: service model `schemas`, `Type`.
    """

    OPENAPI = "OpenApi3"
    DRAFT_4 = "JSONSchemaDraft4"
    DRAFT_2020_12 = "JSONSchema2020-12"


def document_of(schema: EventSchema, format: SchemaFormat = SchemaFormat.OPENAPI) -> dict[str, Any]:
    """The document of one event schema: the same text for the same schema.

    OpenAPI and draft 4 have EventBridge's form: a schema for each object, the source and detail type beside the event.
    Lost there: `null` alone is written as any value, as AWS does. Read back, a document gives the schema it came from.

    AWS: EventBridge User Guide, "Creating schemas".
    """
    return _Writer(schema, format).document()


_PREFIXES = {
    SchemaFormat.OPENAPI: "#/components/schemas/",
    SchemaFormat.DRAFT_4: "#/definitions/",
    SchemaFormat.DRAFT_2020_12: "#/$defs/",
}


class _Writer:
    def __init__(self, schema: EventSchema, format: SchemaFormat) -> None:
        self.schema = schema
        self.format = format
        self.title = re.sub(r"[^0-9A-Za-z_.-]", "", schema.detail_type) or "Event"
        self.written: dict[str, Any] = {}
        self._objects: dict[tuple[str, Object], str] = {}
        """The definition of each object by the name that it asked for: equal objects of one name share one."""
        self.names = {name: self._free(pascal_case(name) or "Schema") for name in sorted(schema.definitions)}

    def document(self) -> dict[str, Any]:
        event = self._event()
        for name, schema in sorted(self.schema.definitions.items()):
            # An object is written under a name of its own; that name is the definition's.
            self.written[self.names[name]] = self._inline(schema, self.names[name])
        definitions = dict(sorted(self.written.items()))
        description = {"description": self.schema.description} if self.schema.description else {}
        if self.format is SchemaFormat.OPENAPI:
            return {
                "openapi": "3.0.0",
                "info": {"version": "1.0.0", "title": self.title, **description},
                "paths": {},
                "components": {"schemas": {"AWSEvent": event, **definitions}},
            }
        draft_4 = self.format is SchemaFormat.DRAFT_4
        address = (
            "http://json-schema.org/draft-04/schema#" if draft_4 else "https://json-schema.org/draft/2020-12/schema"
        )
        return {
            "$schema": address,
            "title": self.title,
            **description,
            **event,
            **({"definitions" if draft_4 else "$defs": definitions} if definitions else {}),
        }

    def _event(self) -> dict[str, Any]:
        marks: dict[str, Any] = {SOURCE_KEY: self.schema.source, DETAIL_TYPE_KEY: self.schema.detail_type}
        if self.schema.samples is not None:
            marks[SAMPLES_KEY] = self.schema.samples
        root = self.schema.root
        if not self.schema.is_envelope or not isinstance(root, Object):
            return {**self._inline(root, self.title), **marks}
        if self.format is not SchemaFormat.DRAFT_2020_12:
            root = Object(tuple(_as_aws_has_it(member) for member in root.properties if _is_written(member)))
        return {**self._object(root, ""), **marks}

    def _free(self, name: str) -> str:
        """`name`, or it with the first number that makes it free."""
        chosen, number = name, 1
        while chosen in self.written or chosen == "AWSEvent":
            number += 1
            chosen = f"{name}{number}"
        self.written[chosen] = None
        return chosen

    def _write(self, schema: Schema, name: str) -> dict[str, Any]:
        """`schema` where it stands; objects of fields go into definitions of their own, as AWS has them."""
        if isinstance(schema, Object) and schema.properties and attribute_type(schema) is None:
            key = (pascal_case(name) or "Schema", schema)
            if key not in self._objects:
                self._objects[key] = self._free(key[0])
                self.written[self._objects[key]] = self._object(schema, name)
            return {"$ref": _PREFIXES[self.format] + self._objects[key]}
        return self._inline(schema, name)

    def _inline(self, schema: Schema, name: str) -> dict[str, Any]:
        match schema:
            case Anything():
                return {}
            case Nothing():
                return {"not": {}}
            case Reference(target):
                return {"$ref": _PREFIXES[self.format] + self.names[target]}
            case Null():
                return {} if self.format is SchemaFormat.OPENAPI else {"type": "null"}
            case Boolean(values):
                return {"type": "boolean", **({"enum": list(values)} if values else {})}
            case Number():
                return self._number(schema)
            case String():
                return _string(schema)
            case Array():
                return self._array(schema, name)
            case Object():
                return self._object(schema, name)
            case Union(members):
                return self._union(members, name)

    def _number(self, schema: Number) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "integer" if schema.integer else "number"}
        if schema.integer and self.format is not SchemaFormat.DRAFT_2020_12:
            written["format"] = "int64"
        if schema.values:
            written["enum"] = list(schema.values)
        for keyword, exclusive, bound, is_open in (
            ("minimum", "exclusiveMinimum", schema.minimum, schema.exclusive_minimum),
            ("maximum", "exclusiveMaximum", schema.maximum, schema.exclusive_maximum),
        ):
            if bound is None:
                continue
            if is_open and self.format is SchemaFormat.DRAFT_2020_12:
                written[exclusive] = bound
            else:
                written |= {keyword: bound, exclusive: True} if is_open else {keyword: bound}
        if schema.multiple_of is not None:
            written["multipleOf"] = schema.multiple_of
        return written

    def _array(self, schema: Array, name: str) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "array"}
        if isinstance(schema.items, Nothing):
            return written | {"items": {}, EMPTY_KEY: True}
        written["items"] = self._write(schema.items, f"{name}Item")
        if schema.min_items:
            written["minItems"] = schema.min_items
        if schema.max_items is not None:
            written["maxItems"] = schema.max_items
        return written

    def _object(self, schema: Object, name: str) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "object"}
        required = [member.name for member in schema.properties if member.required]
        if required:
            written["required"] = required
        if schema.properties:
            written["properties"] = {
                # AWS names the detail's schema by the event.
                member.name: self._property(member, member.name if name or member.name != "detail" else self.title)
                for member in schema.properties
            }
        if isinstance(schema.additional, Nothing):
            written["additionalProperties"] = False
        elif schema.additional is not None:
            written["additionalProperties"] = self._write(schema.additional, f"{name}Value")
        key = attribute_type(schema)
        if key is not None:
            written["x-perception-events-attribute-type"] = key
            decoded = _decoded(key, schema.properties[0].schema)
            written |= {"x-perception-events-decoded": decoded} if decoded else {}
        return written

    def _property(self, member: Property, name: str) -> dict[str, Any]:
        written = self._write(member.schema, name)
        if member.description and "$ref" not in written:
            return {**written, "description": member.description}
        return written

    def _union(self, members: tuple[Schema, ...], name: str) -> dict[str, Any]:
        if self.format is not SchemaFormat.OPENAPI:
            return {"anyOf": [self._write(member, name) for member in members]}
        others = [member for member in members if not isinstance(member, Null)]
        written = [self._write(member, name) for member in others]
        nullable = {"nullable": True} if len(others) < len(members) else {}
        if len(written) == 1 and "$ref" not in written[0]:
            return {**written[0], **nullable}
        return {"anyOf": written, **nullable}


def _is_written(member: Property) -> bool:
    """AWS leaves out the field that only replayed events have."""
    return member.name != "replay-name" or member != Property("replay-name", String(), required=False)


def _as_aws_has_it(member: Property) -> Property:
    """The source and detail type stand beside the event; in it, they are any string."""
    if member.name in ("source", "detail-type") and isinstance(member.schema, String):
        return Property(member.name, String(), member.required)
    return member


def _string(schema: String) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "string"}
    if schema.format:
        written["format"] = schema.format
    if schema.values:
        written["enum"] = list(schema.values)
        if schema.counts:
            written[COUNTS_KEY] = list(schema.counts)
    if schema.min_length:
        written["minLength"] = schema.min_length
    if schema.max_length is not None:
        written["maxLength"] = schema.max_length
    if schema.pattern is not None:
        written["pattern"] = schema.pattern
    return written


def _decoded(key: str, content: Schema) -> Mapping[str, Any] | None:
    """What an attribute value becomes in Python: its own kind, for those that are written as something else."""
    if key == "N":
        whole = isinstance(content, String) and content.format == NUMBER_FORMATS[0]
        return {"type": "integer" if whole else "number"}
    if key in ("SS", "NS", "BS"):
        return {"type": "array", "uniqueItems": True, "items": {"type": "number" if key == "NS" else "string"}}
    return {"type": "null"} if key == "NULL" else None


def pascal_case(name: str) -> str:
    """`name` as the name of a class: `calendar-event` is `CalendarEvent`."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[0-9A-Za-z]+", name))
