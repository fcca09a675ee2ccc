"""Schemas turned into pydantic models: a module of classes for typed handlers and routers.

datamodel-code-generator writes the classes of the details: names, aliases, recursion, order. What it does not know is
done here: the document that it reads (numbers that stay as they were written, texts that stay texts, names that a model
may not have), and the events themselves, which are `EventBridgeEvent`s of the details.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.schemas._declared import is_unresolved
from perception_events.schemas._event_schema import STREAM_RECORD_SOURCE, EventSchema, resolve
from perception_events.schemas._row_models import row_classes
from perception_events.schemas._types import (
    NOTHING,
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
    alternatives,
    attribute_type,
)
from perception_events.schemas._writing import pascal_case

__all__ = ["ModelGeneratorMissingError", "models_source"]

_HEADER = '"""Events as pydantic models. Written by `perception-events schema models`: edit the schemas instead."""'


_RESERVED = ("Annotated", "Any", "Decimal", "EventBridgeEvent", "Field", "Literal", "RowModel", "WireModel")


class ModelGeneratorMissingError(PerceptionEventsError, ImportError):
    """The `[schemas]` extra is not installed."""


def models_source(schemas: Iterable[EventSchema]) -> str:
    """The text of a Python module with a model for each event and each object in it; the same for the same schemas.

    An event's class is named after its detail type (`OrderPlaced`), its detail's the same with `Detail`, objects in it
    after their fields. Where several sources have the same detail type, the source goes before the name. Validated and
    written by `to_dict`, a detail is what it was: numbers keep their kind, times their spelling, unknown fields stay.
    Regular expressions and formats are not part of the models. Stream records have a model already, `StreamRecord`; of
    theirs the decoded rows are written (`OrdersRow`), with `from_image` and `to_image`.

    Raises:
        ModelGeneratorMissingError: the `[schemas]` extra is not installed.
    """
    given = list(schemas)
    names = _names([schema for schema in given if schema.is_envelope])
    document = _Document(names.values())
    roots = {name: document.add(name, schema) for name, schema in names.items()}
    classes = _generated(document) if document.schemas else ""
    rows: dict[str, str] = {}
    for schema in sorted(given, key=lambda schema: (schema.source, schema.detail_type)):
        if schema.source == STREAM_RECORD_SOURCE:
            rows |= row_classes(schema, {*names, *document.schemas, *rows})
    return _module(classes, names, roots, rows)


def _names(events: list[EventSchema]) -> dict[str, EventSchema]:
    """A class name for each event."""
    titles: dict[str, list[EventSchema]] = {}
    for schema in sorted(events, key=lambda schema: (schema.source, schema.detail_type)):
        titles.setdefault(_class_name(schema.detail_type), []).append(schema)
    found: dict[str, EventSchema] = {}
    for title, alike in titles.items():
        for schema in alike:
            name = title if len(alike) == 1 else _class_name(schema.source.removeprefix("aws.")) + title
            chosen, number = name, 1
            while chosen in found:
                number += 1
                chosen = f"{name}{number}"
            found[chosen] = schema
    return found


def _class_name(text: str) -> str:
    name = pascal_case(text) or "Event"
    return f"Event{name}" if name[0].isdigit() or name in _RESERVED else name


class _Document:
    """The document that the generator reads: every object a schema of its own, named after where it lies."""

    def __init__(self, events: Iterable[EventSchema]) -> None:
        self.schemas: dict[str, Any] = {}
        self.field_names: set[str] = set()
        self._definitions: Mapping[str, Schema] = {}
        self._named: dict[str, str] = {}
        self._reserved = set(_names(list(events)))

    def add(self, name: str, event: EventSchema) -> str | None:
        """Add an event's detail; the name of its class, or None where it is not an object of fields."""
        self._definitions, self._named = event.definitions, {}
        detail = event.detail
        found = self._schema(detail, f"{name}Detail", name)
        reference = found.get("$ref")
        if reference is None:
            self.schemas[self._free(f"{name}Detail")] = found
            return f"{name}Detail"
        return str(reference).rpartition("/")[2]

    def _free(self, name: str) -> str:
        chosen, number = name, 1
        while chosen in self.schemas or chosen in self._reserved:
            number += 1
            chosen = f"{name}{number}"
        self.schemas[chosen] = None
        return chosen

    def _schema(self, schema: Schema, name: str, prefix: str) -> dict[str, Any]:
        match schema:
            case Object() if schema.properties and attribute_type(schema) is None and not _is_image(schema):
                chosen = self._free(name)
                self.schemas[chosen] = self._object(schema, prefix)
                return {"$ref": f"#/components/schemas/{chosen}"}
            case Object():
                values = Object() if _is_image(schema) else schema.additional
                if attribute_type(schema) is not None or values is None:
                    return {"type": "object", "additionalProperties": {}}
                return {"type": "object", "additionalProperties": self._schema(values, f"{name}Value", prefix)}
            case Array(items, least, most):
                written: dict[str, Any] = {"type": "array", "items": self._schema(items, f"{name}Item", prefix)}
                written |= {"minItems": least} if least else {}
                return written | ({} if most is None else {"maxItems": most})
            case Union(members):
                return {"anyOf": [self._schema(member, name, prefix) for member in members]}
            case Reference(target):
                return self._reference(target, prefix)
        return _scalar(schema)

    def _reference(self, target: str, prefix: str) -> dict[str, Any]:
        if not resolve(Reference(target), self._definitions):
            return _scalar(NOTHING)  # it leads back to itself and says nothing; the generator fails on it
        if target not in self._named:
            chosen = self._named[target] = self._free(prefix + _class_name(target))
            schema = self._definitions[target]
            if isinstance(schema, Object) and schema.properties:
                self.schemas[chosen] = self._object(schema, prefix)
            else:
                self.schemas[chosen] = self._schema(schema, f"{chosen}Value", prefix)
        return {"$ref": f"#/components/schemas/{self._named[target]}"}

    def _object(self, schema: Object, prefix: str) -> dict[str, Any]:
        members = [member for member in schema.properties if not isinstance(member.schema, Nothing)]
        self.field_names.update(member.name for member in members)
        required = [member.name for member in members if member.required]
        return {
            "type": "object",
            "properties": {member.name: self._member(member, prefix) for member in members},
            **({"required": required} if required else {}),
        }

    def _member(self, member: Property, prefix: str) -> dict[str, Any]:
        written = self._schema(member.schema, prefix + (pascal_case(member.name) or "Field"), prefix)
        if member.description and "$ref" not in written:
            return {**written, "description": member.description}
        return written


def _is_image(schema: Object) -> bool:
    """Whether all members are attribute values in DynamoDB JSON."""
    members = [member.schema for member in schema.properties]
    return bool(members) and all(attribute_type(each) for member in members for each in alternatives(member))


def _scalar(schema: Schema) -> dict[str, Any]:
    match schema:
        case Null():
            return {"type": "null"}
        case Boolean(values):
            return {"type": "boolean", "enum": list(values)} if len(values) == 1 else {"type": "boolean"}
        case String(values=values) if values:
            return {"type": "string", "enum": list(values)}
        case String():
            written: dict[str, Any] = {"type": "string"}
            written |= {"minLength": schema.min_length} if schema.min_length else {}
            return written | ({} if schema.max_length is None else {"maxLength": schema.max_length})
        case Number(values=values) if values and all(isinstance(value, int) for value in values):
            return {"type": "integer", "enum": list(values)}
        case Number(integer=True):
            return {"type": "integer", **_limits(schema)}
        case Number():  # a float alone would write 5 as 5.0
            return {"anyOf": [{"type": "integer", **_limits(schema)}, {"type": "number", **_limits(schema)}]}
        case Anything() | Nothing():
            return {}
    return {}


def _limits(schema: Number) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if schema.minimum is not None:
        limits["exclusiveMinimum" if schema.exclusive_minimum else "minimum"] = schema.minimum
    if schema.maximum is not None:
        limits["exclusiveMaximum" if schema.exclusive_maximum else "maximum"] = schema.maximum
    return limits


def _generated(document: _Document) -> str:
    """The classes, as the generator writes them."""
    try:
        import datamodel_code_generator as generator
        from datamodel_code_generator.enums import DataModelType, StrictTypes
        from datamodel_code_generator.format import Formatter
    except ModuleNotFoundError as error:
        raise ModelGeneratorMissingError(
            "models need an extra: python -m pip install 'perception-events[schemas]'"
        ) from error
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Events", "version": "1"},
        "paths": {},
        "components": {"schemas": document.schemas},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = generator.generate(
            json.dumps(whole),
            input_filename="events.json",
            input_file_type=generator.InputFileType.OpenAPI,
            openapi_scopes=[generator.OpenAPIScope.Schemas],
            output_model_type=DataModelType.PydanticV2BaseModel,
            target_python_version=generator.PythonVersion.PY_311,
            base_class="perception_events.models.WireModel",
            enum_field_as_literal=generator.LiteralType.All,
            # Otherwise "5" and 5.0 would be read as 5, and written so.
            strict_types=[StrictTypes.int, StrictTypes.float, StrictTypes.bool],
            use_union_operator=True,
            use_standard_collections=True,
            use_double_quotes=True,
            use_annotated=True,
            field_constraints=True,
            snake_case_field=True,
            disable_timestamp=True,
            collapse_root_models=False,
            aliases=dict(_aliases(document.field_names)),
            formatters=[Formatter.BUILTIN],
        )
    if not isinstance(text, str):
        raise ModelGeneratorMissingError(f"datamodel-code-generator gave no module but {type(text).__name__}")
    return text


def _aliases(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names for fields that would hide a method of the models."""
    from perception_events.models import WireModel

    taken = {name for name in dir(WireModel) if not name.startswith("__")}
    for name in sorted(names):
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^0-9A-Za-z]+", "_", name).lower().strip("_")
        if snake.startswith(("model_dump", "model_validate")):  # pydantic keeps these beginnings for itself
            yield name, f"field_{snake}"
        elif snake in taken:
            yield name, f"{snake}_"


def _module(
    classes: str, names: Mapping[str, EventSchema], roots: Mapping[str, str | None], rows: Mapping[str, str]
) -> str:
    """The whole module: the generator's imports and classes, then the events and rows."""
    lines = [line for line in classes.splitlines() if not line.startswith("#")]
    body = "\n".join(lines).strip()
    imports, _, body = _split(body)
    written = "\n".join(rows.values())
    bases = ["EventBridgeEvent"] if names or not rows else []
    bases += (["RowModel"] if rows else []) + (["WireModel"] if "(WireModel)" in body else [])
    needed = f"from perception_events.models import {', '.join(bases)}"
    typing = {name for name in ("Annotated", "Any", "Literal") if re.search(rf"\b{name}\b", body + written)}
    typing |= {"Literal"} if names else set()
    if "Field(" in written and not any("Field" in line for line in imports):
        imports = [*imports, "from pydantic import Field"]
    typing_line = f"from typing import {', '.join(sorted(typing))}" if typing else ""
    standard = "\n".join(filter(None, ("from decimal import Decimal" if "Decimal" in written else "", typing_line)))
    parts = [_HEADER, "from __future__ import annotations", standard, "\n".join(imports), needed]
    events = [_event_class(name, schema, roots[name]) for name, schema in names.items()]
    details = [detail for detail in roots.values() if detail is not None]
    listed = "".join(f'    "{name}",\n' for name in sorted({*names, *details, *rows}))
    exported = f"__all__ = [\n{listed}]" if listed else "__all__: list[str] = []"
    header = "\n\n".join(part for part in parts if part)
    return _formatted(
        "\n\n\n".join(section for section in (f"{header}\n\n{exported}", body, *events, *rows.values()) if section)
    )


def _formatted(text: str) -> str:
    try:
        import black  # the generator needs it, too
    except ModuleNotFoundError:
        return f"{text}\n"
    return black.format_str(text, mode=black.Mode(line_length=120))


def _split(body: str) -> tuple[list[str], str, str]:
    """The imports of third parties, and the classes."""
    start = body.find("\nclass ")
    head, rest = (body, "") if start < 0 and not body.startswith("class ") else (body[:start], body[start:])
    third = [line for line in head.splitlines() if line.startswith("from pydantic ")]
    return third, head, rest.strip()


def _event_class(name: str, schema: EventSchema, detail: str | None) -> str:
    # A source that only a deployment knows stays a text.
    source = "" if is_unresolved(schema.source) else f"    source: Literal[{json.dumps(schema.source)}]\n"
    text = f"{schema.detail_type!r} events of {schema.source}".replace("\\", "").replace('"""', "'''")
    return (
        f"class {name}(EventBridgeEvent[{detail}]):\n"
        f'    """{text}."""\n\n'
        f"{source}"
        f"    detail_type: Literal[{json.dumps(schema.detail_type)}]"
    )
