"""Checks of joins: whether their items have, and the pipe carries, what they group by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from perception_events.aggregation import InvalidMemberEventError, ItemAttribute, Join, item_changes
from perception_events.checks import Found, Location
from perception_events.input_transforms import InvalidTemplateError, PipeInputTemplate, TemplateRenderError
from perception_events.json_values import JSONValue
from perception_events.pipeline._pipeline import Pipeline
from perception_events.pipeline._sample_records import sample_record
from perception_events.schemas import (
    ANYTHING,
    Array,
    EventSchema,
    Null,
    Object,
    Schema,
    SupportsJSONSchema,
    schema_of_model,
)
from perception_events.topology import Topology

__all__ = ["check_joined_items"]


def check_joined_items(
    pipeline: Pipeline, topology: Topology, *, at: Callable[[Topology, str], Location]
) -> Iterator[Found]:
    """Attributes that the modules' items do not have, and items that do not reach a join as it reads them."""
    for join in pipeline.joins:
        for event_type in join.event_types:
            module = pipeline.module(event_type)
            if module.item is not None:
                for attribute in join.grouping(pipeline.item_names).attributes:
                    if reason := _lacking(module.item, attribute):
                        reason = f"join {join.name!r} groups by {str(attribute)!r}; {reason}"
                        yield Found("PE405", at(topology, f"modules[{event_type}].item"), reason)
            if found := _unreadable(pipeline, join, event_type):
                template, reason = found
                yield Found(
                    "PE406", at(topology, f"pipe.{template}"), f"join {join.name!r} on {event_type!r}: {reason}"
                )


def _lacking(model: SupportsJSONSchema, attribute: ItemAttribute) -> str | None:
    """Why items of the model have nothing there that groups can be told apart by."""
    name = getattr(model, "__name__", "the model")
    schema = schema_of_model(model, source=name, detail_type=name)
    inside: Schema = schema.detail
    for depth, part in enumerate(attribute.path):
        found = [_member(schema, one, part) for one in schema.resolve(inside)]
        members = [one for one in found if one is not None]
        if not members:
            return f"{name} has no {'.'.join(attribute.path[: depth + 1])!r}"
        inside = members[0]
    if all(isinstance(one, Object | Array | Null) for one in schema.resolve(inside)):
        return f"in {name} it is neither a text nor a number nor a boolean"
    return None


def _member(schema: EventSchema, inside: Schema, name: str) -> Schema | None:
    if not isinstance(inside, Object):
        return ANYTHING if inside == ANYTHING else None
    member = inside.get(name)
    return None if member is None else member.schema


def _unreadable(pipeline: Pipeline, join: Join, event_type: str) -> tuple[str, str] | None:
    """The template, of enrichment or target, after which the join cannot read an item any more, and why."""
    settings = pipeline.pipe
    item: JSONValue = sample_record(pipeline, event_type)
    templates = [("enrichment_input_template", settings.enrichment_input_template)] if pipeline.enrichment else []
    if pipeline.enrichment is None or pipeline.enrichment.function is None:
        templates.append(("target_input_template", settings.target_input_template))
    for name, text in templates:
        if text is None:
            continue
        try:
            item = PipeInputTemplate.parse(text).render_json(item)
        except (InvalidTemplateError, TemplateRenderError):
            return None  # PE201 and its like say why
        if reason := _reading_error(pipeline, join, item):
            return name, reason
    return None


def _reading_error(pipeline: Pipeline, join: Join, item: JSONValue) -> str | None:
    names = pipeline.item_names
    try:
        for change in item_changes(item, names=names, parts=pipeline.key_parts):
            join.locate(change.site, change.sort_key, change.item, names=names)
    except (InvalidMemberEventError, LookupError) as error:
        return str(error)
    return None
