"""What a declaration says of the events on its bus: the detail's model, the pipe's entries, the enrichment's fields."""

from __future__ import annotations

from dataclasses import replace

from perception_events.pipeline._pipeline import Pipeline
from perception_events.schemas import ANYTHING, EventSchema, Object, Property, Schema, String, schema_of_model

__all__ = ["declared_schemas"]

_UNKNOWN = "unknown"


def declared_schemas(pipeline: Pipeline) -> list[EventSchema]:
    """The schema of what the pipe puts on the bus; none where the declaration has no `detail`.

    Source and detail type are those of the entries, or any text where they are paths. The enrichment's fields are added
    to the detail.

    Raises:
        InvalidSchemaError: the model's schema cannot be read.
    """
    if pipeline.detail is None:
        return []
    fixed = {"source": pipeline.pipe.source, "detail-type": pipeline.pipe.detail_type}
    texts = {name: text if text and not text.startswith("$") else None for name, text in fixed.items()}
    read = schema_of_model(
        pipeline.detail, source=texts["source"] or _UNKNOWN, detail_type=texts["detail-type"] or _UNKNOWN
    )
    root = read.root
    assert isinstance(root, Object)
    members = []
    for member in root.properties:
        if member.name in texts and texts[member.name] is None:
            member = replace(member, schema=String())
        elif member.name == "detail":
            member = replace(member, schema=_enriched(pipeline, read))
        members.append(member)
    return [replace(read, root=replace(root, properties=tuple(members)))]


def _enriched(pipeline: Pipeline, read: EventSchema) -> Schema:
    """The schema of the detail with the fields that the enrichment adds, where the model does not have them."""
    found = read.resolve(read.detail)
    if len(found) != 1 or not isinstance(found[0], Object):
        return read.detail
    detail = found[0]
    added = [name for name in pipeline.enriched_fields if detail.get(name) is None]
    fields = tuple(Property(name, _added(pipeline, name), required=False) for name in added)
    return replace(detail, properties=(*detail.properties, *fields))


def _added(pipeline: Pipeline, name: str) -> Schema:
    registry = pipeline.registry
    if name != pipeline.event_type_field or pipeline.computes_event_types:
        return ANYTHING
    return String(values=tuple(dict.fromkeys((*registry.event_types, registry.default))))
