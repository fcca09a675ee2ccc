"""Documents of schemas, whoever wrote them: each event schema in them, with its source and detail type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from perception_events.schemas._declared import declared_schemas, is_unresolved
from perception_events.schemas._definitions import inlined
from perception_events.schemas._event_schema import (
    ENVELOPE_FIELDS,
    STREAM_RECORD_SOURCE,
    EventSchema,
    envelope,
    resolve,
)
from perception_events.schemas._reading import SchemaReader
from perception_events.schemas._types import ANYTHING, Anything, Null, Object, Schema, String, alternatives
from perception_events.schemas.errors import InvalidSchemaError

__all__ = ["DETAIL_TYPE_KEY", "SAMPLES_KEY", "SOURCE_KEY", "SupportsJSONSchema", "read_document", "schema_of_model"]

SOURCE_KEY, DETAIL_TYPE_KEY = "x-amazon-events-source", "x-amazon-events-detail-type"
_MARKS = {SOURCE_KEY, DETAIL_TYPE_KEY}
SAMPLES_KEY = "x-perception-events-samples"


@runtime_checkable
class SupportsJSONSchema(Protocol):
    """A pydantic model class, as far as it matters here."""

    def model_json_schema(self, *, by_alias: bool = True) -> dict[str, Any]:
        """The model's JSON Schema."""
        ...


def read_document(document: Any, *, file: str = "", source: str = "", detail_type: str = "") -> list[EventSchema]:
    """The event schemas in a document: OpenAPI 3, JSON Schema of draft 4 to 2020-12, text of either, what
    `aws schemas describe-schema` and `export-schema` print, or a CloudFormation template that declares schemas.

    Parameters:
        document: parsed JSON, or its text.
        file: goes before the locations in error messages.
        source, detail_type: which events it describes, where the document does not say.

    Raises:
        InvalidSchemaError: it is none of these, or says nowhere which events it describes.
        ExternalReferenceError: a `$ref` points outside the document.

    AWS: EventBridge User Guide, "Creating schemas"; service model `schemas`, `DescribeSchemaResponse`.
    """
    document = _parsed(document, file)
    declared = list(declared_schemas(document))
    if declared:
        return [
            schema
            for pointer, properties in declared
            for schema in _read(properties, f"{file}#{pointer}", source, detail_type)
        ]
    return _read(document, file, source, detail_type)


def _read(document: Mapping[str, Any], file: str, source: str, detail_type: str) -> list[EventSchema]:
    name = ""
    version = 1
    if isinstance(document.get("Content"), str):
        name, number = str(document.get("SchemaName", "")), str(document.get("SchemaVersion", "1"))
        version = int(number) if number.isdecimal() else 1
        document = _parsed(document["Content"], file)
    reader = SchemaReader(document, file)
    found = list(_event_schemas(document))
    if not found:
        reason = "no schema is in this document: it has no components.schemas, no properties and no type"
        names = _component_names(document)
        if names:
            reason = (
                f"which of {', '.join(names[:6])} describes an event? Call it AWSEvent, or mark it with {SOURCE_KEY}"
            )
        raise reader.error(reason, "")
    return [_read_one(reader, *each, version, name, source, detail_type) for each in found]


def schema_of_model(model: SupportsJSONSchema, *, source: str = "", detail_type: str = "") -> EventSchema:
    """The schema of a pydantic model: of a whole event (`EventBridgeEvent[Detail]`), or of a detail.

    Parameters:
        model: the model class.
        source, detail_type: which events it describes; not needed where the model's own fields say so by `Literal`.

    Raises:
        InvalidSchemaError: neither says which events it describes.
    """
    file = getattr(model, "__name__", "the model")
    (schema,) = read_document(model.model_json_schema(by_alias=True), file=file, source=source, detail_type=detail_type)
    return schema


def _parsed(document: Any, file: str) -> Mapping[str, Any]:
    if isinstance(document, str | bytes):
        try:
            document = json.loads(document)
        except RecursionError:
            raise InvalidSchemaError("it is nested too deep to be read", file) from None
        except ValueError as error:
            raise InvalidSchemaError(f"it is not JSON: {error}", file) from None
    if not isinstance(document, Mapping):
        raise InvalidSchemaError(f"a schema document is a JSON object, this is a {type(document).__name__}", file)
    return document


def _event_schemas(document: Mapping[str, Any]) -> Iterator[tuple[Any, str, Mapping[str, Any]]]:
    """Each event schema: its value, its JSON Pointer, and `info` where there is one."""
    info = document.get("info") if isinstance(document.get("info"), Mapping) else {}
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    if not isinstance(schemas, Mapping):
        if {"type", "properties", "$ref", "allOf", "anyOf", "oneOf"} & document.keys():
            yield document, "", {}
        return
    marked = [name for name, value in schemas.items() if isinstance(value, Mapping) and _MARKS & value.keys()]
    if not marked:  # one alone, as a customer may upload it, is the detail
        marked = ["AWSEvent"] if "AWSEvent" in schemas else list(schemas) if len(schemas) == 1 else []
    for name in marked:
        yield schemas[name], f"/components/schemas/{name.replace('~', '~0').replace('/', '~1')}", info or {}


def _component_names(document: Mapping[str, Any]) -> list[str]:
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    return [str(name) for name in schemas] if isinstance(schemas, Mapping) else []


def _read_one(
    reader: SchemaReader,
    value: Any,
    pointer: str,
    info: Mapping[str, Any],
    version: int,
    name: str,
    source: str,
    detail_type: str,
) -> EventSchema:
    schema = reader.read(value, pointer)
    marks = value if isinstance(value, Mapping) else {}
    source = str(marks.get(SOURCE_KEY, "")) or source or _only_value(reader, schema, "source") or name.partition("@")[0]
    detail_type = (
        str(marks.get(DETAIL_TYPE_KEY, ""))
        or detail_type
        or _only_value(reader, schema, "detail-type")
        or name.partition("@")[2]
    )
    if not source or not detail_type:
        raise reader.error(
            f"it does not say which events it describes: give {SOURCE_KEY} and {DETAIL_TYPE_KEY}, name the source "
            "and the detail type, or call the file SOURCE@DETAILTYPE.json",
            pointer,
        )
    samples = marks.get(SAMPLES_KEY)
    whole = _whole(reader, schema, source, detail_type, delivered=samples is None)
    root, definitions = inlined(whole, reader.definitions)
    return EventSchema(
        source,
        detail_type,
        root,
        definitions,
        version=version,
        description=str(marks.get("description") or info.get("description") or ""),
        samples=samples if isinstance(samples, int) else None,
        approximations=tuple(reader.loose),
    )


def _object(reader: SchemaReader, schema: Schema) -> Object | None:
    found = resolve(schema, reader.definitions)
    return found[0] if len(found) == 1 and isinstance(found[0], Object) else None


def _only_value(reader: SchemaReader, schema: Schema, name: str) -> str:
    """The text that the field `name` always has, if the schema says so."""
    whole = _object(reader, schema)
    member = whole.get(name) if whole is not None else None
    match member.schema if member is not None else None:
        case String(values=(value,)):
            return value
    return ""


def _whole(reader: SchemaReader, schema: Schema, source: str, detail_type: str, *, delivered: bool) -> Schema:
    """The schema of the whole event: what the document says of the envelope, and what AWS does.

    With `delivered`, what AWS writes around a detail is in every event, whatever the document requires.
    """
    if source == STREAM_RECORD_SOURCE:
        return schema
    whole = _object(reader, schema)
    if whole is None or whole.get("detail") is None:
        whole = envelope(source, detail_type, schema)
    members = {member.name: member for member in envelope(source, detail_type, ANYTHING).properties}
    for member in whole.properties:
        expected = members.get(member.name)
        if expected is not None and isinstance(member.schema, Anything):  # named, and nothing said of it
            member = replace(member, schema=expected.schema)
        elif expected is not None and delivered and set(alternatives(member.schema)) == {expected.schema, Null()}:
            member = replace(member, schema=expected.schema)  # a model's `replay_name: str | None`: AWS writes no null
        always = delivered and member.name in ENVELOPE_FIELDS
        members[member.name] = replace(member, required=member.required or always)
    for name, value in (("source", source), ("detail-type", detail_type)):
        members[name] = replace(members[name], schema=String(values=(value,)))
    if is_unresolved(source):
        members["source"] = replace(members["source"], schema=String())
    return Object(tuple(members.values()), whole.additional)
