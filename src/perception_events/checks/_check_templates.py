"""Checks of a pipe's input templates and of the bus entry: what is dropped, what renders broken, what is rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perception_events.aws_limits import LIMITS
from perception_events.checks._context import Context, known_number, known_text
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.checks._pattern_leaves import branches
from perception_events.checks._pipe_shapes import PipeShapes, entry_parameters, pipe_shapes
from perception_events.checks._shapes import (
    missing_step,
    path_steps,
    path_texts,
    position_words,
    shape_at,
    template_shape,
)
from perception_events.input_transforms import InvalidTemplateError, JSONPath, PipeInputTemplate
from perception_events.sources import DYNAMODB_STREAM, Shape, Special
from perception_events.topology import Discoverer, Pipe

__all__ = ["check_templates"]

_IDENTITY: tuple[tuple[str, ...], ...] = (("eventID",), ("eventName",), ("dynamodb", "SequenceNumber"))
_USES = {
    "eventID": "a partial failure cannot be retried by item, nor a duplicate be recognised",
    "eventName": "no rule can distinguish INSERT from MODIFY",
    "dynamodb.SequenceNumber": "nothing links the event to a dead letter, and its order is lost",
}
_ENTRY_LIMITS = {"Source": "entry source", "DetailType": "entry detail type", "Time": "dynamic path"}
_STREAM_BATCH = 100
"""Records a batch of a stream source that sets no batch size."""


def check_templates(context: Context) -> Iterator[Found]:
    """Everything that is wrong in pipes between the filter and the target."""
    for pipe in context.topology.of(Pipe):
        shapes = pipe_shapes(context, pipe)
        yield from _template_mistakes(context, pipe, "enrichment_input_template", shapes.source)
        yield from _template_mistakes(context, pipe, "target_input_template", shapes.enriched)
        if context.bus_of(pipe) is not None:
            yield from _entry_mistakes(context, pipe, shapes)


def _template_mistakes(context: Context, pipe: Pipe, field: str, source: Shape) -> Iterator[Found]:
    template = known_text(getattr(pipe, field))
    if not template:
        return
    location = Location(pipe).of(field)
    limit = LIMITS["input template"]
    if not limit.allows(len(template)):
        yield Found("PE205", location, f"it has {len(template)} characters, and AWS takes at most {limit.high}")
        return
    try:
        parsed = PipeInputTemplate.parse(template)
    except InvalidTemplateError as error:
        yield Found("PE203", location, error.reason.rstrip("."))
        return
    broken = parsed.json_error
    if broken is not None:
        yield Found("PE203", location, f"{broken.reason} {position_words(broken)}".rstrip())
    for text in path_texts(template, parsed.placeholders):
        reason = f"{text!r} without `<` and `>` is a text that is sent as it is"
        yield Found("PE216", location, reason, f"write `<{text}>`, without the quotes")
    if _is_record(source) and _is_read_later(context, pipe, field):
        yield from _lost_identity(location, source, template_shape(template, source))
    for placeholder in parsed.placeholders:
        name = placeholder.name
        if name.startswith("aws."):
            continue
        path = path_steps(name)
        missing = missing_step(source, path)
        here = shape_at(source, path)
        if missing:
            yield Found("PE202", location, f"`<{name}>`: what comes in has no `{missing}`")
        elif placeholder.quoted and (isinstance(here, Mapping) or here is Special.ATTRIBUTES):
            yield Found("PE204", location, f"`<{name}>` is an object and stands in quotes")
        elif _is_record(source) and path[:2] in (("dynamodb", "NewImage"), ("dynamodb", "OldImage")):
            lacking = "REMOVE" if path[1] == "NewImage" else "INSERT"
            if _may_lack(pipe, path[1], lacking):
                article = "a" if lacking == "REMOVE" else "an"
                reason = f"`<{name}>`: {article} {lacking} passes the filter and has no {path[1]}"
                yield Found("PE202", location, reason)


def _is_read_later(context: Context, pipe: Pipe, field: str) -> bool:
    """Whether something after the template can be expected to use a record's identity: an enrichment, a closed bus."""
    if field == "enrichment_input_template" and pipe.enrichment is not None:
        return context.bus_of(pipe) is not None
    return pipe.target in context.closed_buses


def _is_record(shape: Shape) -> bool:
    change = shape_at(DYNAMODB_STREAM.shape, (DYNAMODB_STREAM.content,))
    return isinstance(shape, Mapping) and shape.get(DYNAMODB_STREAM.content) == change


def _lost_identity(location: Location, source: Shape, made: Shape) -> Iterator[Found]:
    for path in _IDENTITY:
        name = ".".join(path)
        if not missing_step(source, path) and missing_step(made, path):
            yield Found("PE201", location, f"`{name}` does not come through: {_USES[name]}")


def _may_lack(pipe: Pipe, image: str, lacking: str) -> bool:
    """Whether a record without `image` passes the filter."""
    if not pipe.filters:
        return True
    for one in pipe.filters:
        for leaves in branches(one.pattern):
            named = [leaf.values for leaf in leaves if leaf.path == ("eventName",)]
            passes = all(any(v == lacking or not isinstance(v, str) for v in values) for values in named)
            needed = any(leaf.path[:2] == ("dynamodb", image) and not leaf.may_be_absent for leaf in leaves)
            if passes and not needed:
                return True
    return False


def _entry_mistakes(context: Context, pipe: Pipe, shapes: PipeShapes) -> Iterator[Found]:
    parameters = entry_parameters(pipe)
    location = Location(pipe).of("target_parameters", pipe.target_parameters)
    if shapes.detail is Special.VALUE:
        yield Found("PE206", Location(pipe).of("target_input_template"), "it renders a text, a number or a list")
    for name, limit in _ENTRY_LIMITS.items():
        value = known_text(parameters.get(name))
        here = location.at("EventBridgeEventBusParameters", name)
        if not value:  # a Terraform state has an empty text for what is not set
            continue
        if not LIMITS[limit].allows(len(value)):
            yield Found("PE209", here, f"{len(value)} characters, and AWS takes at most {LIMITS[limit].high}")
        if value.startswith("<$") and value.endswith(">"):
            reason = f"{value!r} is sent as it is: a parameter takes a bare path"
            yield Found("PE207", here, reason, f"write {value[1:-1]!r}")
        elif value.startswith("$"):
            try:
                JSONPath.parse(value)
            except InvalidTemplateError:
                reason = f"{value!r} is not a valid path of a pipe, which knows letters, digits, `_`, `-`, `/`"
                yield Found("PE207", here, reason)
    resources = parameters.get("Resources")
    if isinstance(resources, list) and not LIMITS["entry resources"].allows(len(resources)):
        here = location.at("EventBridgeEventBusParameters", "Resources")
        yield Found(
            "PE209", here, f"{len(resources)} resources, and AWS takes at most {LIMITS['entry resources'].high}"
        )
    source = known_text(parameters.get("Source"))
    if source and source.startswith("aws."):
        here = location.at("EventBridgeEventBusParameters", "Source")
        yield Found("PE208", here, f"{source!r} is reserved for AWS's own services")
    yield from _one_schema(context, pipe, parameters, location)
    yield from _large_entries(context, pipe, shapes)


def _one_schema(context: Context, pipe: Pipe, parameters: Mapping[str, object], location: Location) -> Iterator[Found]:
    discovered = any(one.bus == pipe.target for one in context.topology.of(Discoverer))
    rules = context.rules_of(str(pipe.target))
    detail_type = parameters.get("DetailType")
    if discovered and len(rules) > 1 and (detail_type is None or not str(detail_type).startswith("$")):
        reason = f"what {len(rules)} rules distinguish shares one schema, and every field of a sample becomes required"
        yield Found("PE212", location.at("EventBridgeEventBusParameters", "DetailType"), reason)


def _large_entries(context: Context, pipe: Pipe, shapes: PipeShapes) -> Iterator[Found]:
    stream = context.stream_of(pipe)
    size = pipe.source_parameters.batch_size
    several = (_STREAM_BATCH if size is None else known_number(size) or 1) > 1
    if stream is None or not several or stream.stream_view_type != "NEW_AND_OLD_IMAGES":
        return
    if not isinstance(shapes.detail, Mapping):
        return
    images = (("dynamodb", "NewImage"), ("dynamodb", "OldImage"))
    if all(missing_step(shapes.detail, path) is None for path in images):
        reason = "an item has up to 400 KB and both its images are carried; all entries of a call share 1 MB"
        yield Found("PE213", Location(pipe).of("source_parameters.batch_size"), reason)
