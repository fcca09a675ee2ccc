"""Checks of input templates and of the bus entry: what is dropped, what renders broken, what is rejected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from perception_events.checks._shapes import (
    RECORD,
    Shape,
    Special,
    detail_shape,
    missing_step,
    placeholders,
    shape_at,
    template_shape,
)
from perception_events.input_transforms import MAX_TEMPLATE_LENGTH, InvalidTemplateError, PipeInputTemplate
from perception_events.pipeline import Pipeline

__all__ = ["check_templates"]

JSON_PATH = re.compile(r"\$(\.[\w/_-]+(\[(\d+|\*)\])*)*")
_IDENTITY: tuple[tuple[str, ...], ...] = (("eventID",), ("eventName",), ("dynamodb", "SequenceNumber"))
_USES = {
    "eventID": "a partial failure cannot be retried by item, nor a duplicate be told",
    "eventName": "no rule can tell INSERT from MODIFY",
    "dynamodb.SequenceNumber": "nothing links the event to a dead letter, and its order is lost",
}


def check_templates(pipeline: Pipeline, env: str) -> Iterator[tuple[str, str, str]]:
    """Identifier, location and reason of everything that is wrong between the filter and the bus."""
    pipe = pipeline.pipe
    shape: Shape = RECORD
    for field in ("enrichment_input_template", "target_input_template"):
        template = getattr(pipe, field)
        if template:
            yield from _template_mistakes(template, f"pipe.{field}", shape, pipeline)
            shape = template_shape(template, shape)
        if field == "enrichment_input_template" and isinstance(shape, Mapping):
            shape = {**shape, pipeline.event_type_field: Special.VALUE}
    if shape is Special.VALUE:
        yield "PE206", "pipe.target_input_template", "it renders a text, a number or a list"
    yield from _entry_mistakes(pipeline)


def _template_mistakes(
    template: str, location: str, source: Shape, pipeline: Pipeline
) -> Iterator[tuple[str, str, str]]:
    if len(template) > MAX_TEMPLATE_LENGTH:
        yield "PE205", location, f"it has {len(template)} characters"
        return
    try:
        PipeInputTemplate.parse(template)
    except InvalidTemplateError as error:
        yield "PE203", location, error.reason.rstrip(".")
        return
    made = template_shape(template, source)
    for path in _IDENTITY:
        if not missing_step(source, path) and missing_step(made, path):
            yield "PE201", location, f"`{'.'.join(path)}` does not come through: {_USES['.'.join(path)]}"
    for inside, quoted in placeholders(template):
        if inside.startswith("aws."):
            continue
        path = tuple(step for step in inside.removeprefix("$").split(".") if step)
        missing = missing_step(source, path)
        if missing:
            yield "PE202", location, f"`<{inside}>`: what comes in has no `{missing}`"
        elif quoted and (isinstance(shape_at(source, path), Mapping) or shape_at(source, path) is Special.ATTRIBUTES):
            yield "PE204", location, f"`<{inside}>` is an object and stands in quotes"
        elif path[:2] in (("dynamodb", "NewImage"), ("dynamodb", "OldImage")) and _may_lack(path[1], pipeline):
            lacking = "a REMOVE" if path[1] == "NewImage" else "an INSERT"
            yield "PE202", location, f"`<{inside}>`: {lacking} passes the filter and has no {path[1]}"


def _may_lack(image: str, pipeline: Pipeline) -> bool:
    """Whether a record without `image` passes the filter."""
    lacking = "REMOVE" if image == "NewImage" else "INSERT"
    for pattern in pipeline.pipe.filter_criteria:
        event_names = pattern.get("eventName")
        named = event_names if isinstance(event_names, list) else None
        record = pattern.get("dynamodb")
        needs_image = isinstance(record, dict) and image in record
        if (named is None or lacking in named) and not needs_image:
            return True
    return not pipeline.pipe.filter_criteria


def _entry_mistakes(pipeline: Pipeline) -> Iterator[tuple[str, str, str]]:
    pipe = pipeline.pipe
    for name, value, longest in (
        ("source", pipe.source, 256),
        ("detail_type", pipe.detail_type, 128),
        ("time", pipe.time, 256),
    ):
        if value is None:
            continue
        if len(value) > longest:
            yield "PE209", f"pipe.{name}", f"{len(value)} characters, at most {longest}"
        if value.startswith("$") and not JSON_PATH.fullmatch(value):
            yield "PE207", f"pipe.{name}", f"{value!r} is no path to a pipe, which knows letters, digits, `_`, `-`, `/`"
    if len(pipe.resources) > 10:
        yield "PE209", "pipe.resources", f"{len(pipe.resources)} resources, at most 10"
    if pipe.source and pipe.source.startswith("aws."):
        yield "PE208", "pipe.source", f"{pipe.source!r} is kept for AWS's own services"
    if pipeline.bus.schema_discovery and not (pipe.detail_type or "").startswith("$") and len(pipeline.modules) > 1:
        yield (
            "PE212",
            "pipe.detail_type",
            f"{len(pipeline.modules)} kinds of item share one schema, and every field of a sample becomes required",
        )
    images = missing_step(detail_shape(pipeline), ("dynamodb", "NewImage")) is None
    both = images and missing_step(detail_shape(pipeline), ("dynamodb", "OldImage")) is None
    if both and (pipe.batch_size or 100) > 1 and pipeline.table.stream_view_type == "NEW_AND_OLD_IMAGES":
        yield (
            "PE213",
            "pipe.batch_size",
            "an item has up to 400 KB and both its images are carried; all entries of a call share 1 MB",
        )
