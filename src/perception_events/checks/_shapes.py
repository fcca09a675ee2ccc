"""What reaches the bus: the shape of a stream record, and of what an input template makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import TypeAlias

from perception_events.json_values import JSONValue
from perception_events.pipeline import Pipeline

__all__ = [
    "ENVELOPE_FIELDS",
    "RECORD",
    "TYPE_KEYS",
    "Shape",
    "Special",
    "detail_shape",
    "missing_step",
    "placeholders",
    "shape_at",
    "template_shape",
]

TYPE_KEYS = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"})
ENVELOPE_FIELDS = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "replay-name"}
)
PLACEHOLDER = re.compile(r"<(\$[^<>]*|aws\.pipes\.[\w.\-]+)>")


class Special(Enum):
    """Shapes that are no object of known fields."""

    VALUE = auto()
    """A scalar or a list: a pattern's leaf ends here."""
    ATTRIBUTES = auto()
    """Attribute names over attribute values; the table has no schema, so any name may be there."""
    ANYTHING = auto()
    """Not known."""


Shape: TypeAlias = Mapping[str, "Shape"] | Special

_VALUE = Special.VALUE
RECORD: Shape = {
    "eventID": _VALUE,
    "eventName": _VALUE,
    "eventVersion": _VALUE,
    "eventSource": _VALUE,
    "awsRegion": _VALUE,
    "eventSourceARN": _VALUE,
    "userIdentity": {"type": _VALUE, "principalId": _VALUE},
    "dynamodb": {
        "ApproximateCreationDateTime": _VALUE,
        "Keys": Special.ATTRIBUTES,
        "NewImage": Special.ATTRIBUTES,
        "OldImage": Special.ATTRIBUTES,
        "SequenceNumber": _VALUE,
        "SizeBytes": _VALUE,
        "StreamViewType": _VALUE,
    },
}
"""A DynamoDB stream record as a pipe carries it."""


def placeholders(template: str) -> Iterator[tuple[str, bool]]:
    """Each placeholder's inside, with whether it stands in double quotes on its own or within longer text."""
    for found in PLACEHOLDER.finditer(template):
        yield found[1], template[: found.start()].replace('\\"', "").count('"') % 2 == 1


def template_shape(template: str, source: Shape) -> Shape:
    """What `template` makes of a `source`; ANYTHING where the text is not JSON around its placeholders."""
    holes: list[str] = []

    def hole(found: re.Match[str]) -> str:
        quoted = template[: found.start()].replace('\\"', "").count('"') % 2 == 1
        if quoted:
            return "x"
        holes.append(found[1])
        return json.dumps(f"\x00{len(holes) - 1}")

    try:
        tree = json.loads(PLACEHOLDER.sub(hole, template))
    except ValueError:
        return Special.ANYTHING
    return _shape_of(tree, holes, source)


def _shape_of(tree: JSONValue, holes: list[str], source: Shape) -> Shape:
    if isinstance(tree, dict):
        return {name: _shape_of(value, holes, source) for name, value in tree.items()}
    if isinstance(tree, str) and tree.startswith("\x00"):
        inside = holes[int(tree[1:])]
        if inside in ("aws.pipes.event", "aws.pipes.event.json"):
            return source
        if inside.startswith("aws."):
            return Special.VALUE
        return shape_at(source, tuple(step for step in inside.removeprefix("$").split(".") if step))
    return Special.VALUE


def shape_at(shape: Shape, path: tuple[str, ...]) -> Shape:
    """What lies at `path`; ANYTHING inside attributes, where it is not known, and where nothing lies."""
    for step in path:
        if not isinstance(shape, Mapping) or step not in shape:
            return Special.ANYTHING
        shape = shape[step]
    return shape


def missing_step(shape: Shape, path: tuple[str, ...]) -> str | None:
    """The part of `path` that `shape` does not have, None where it may have all of it."""
    for at, step in enumerate(path):
        if shape in (Special.ANYTHING, Special.ATTRIBUTES):
            return None
        if not isinstance(shape, Mapping) or step not in shape:
            return ".".join(path[: at + 1])
        shape = shape[step]
    return None


def detail_shape(pipeline: Pipeline) -> Shape:
    """The detail that the pipe puts on the bus, taking the enrichment as one that keeps what it is given."""
    shape = RECORD
    if pipeline.pipe.enrichment_input_template:
        shape = template_shape(pipeline.pipe.enrichment_input_template, shape)
    if isinstance(shape, Mapping):
        shape = {**shape, pipeline.event_type_field: Special.VALUE}
    if pipeline.pipe.target_input_template:
        shape = template_shape(pipeline.pipe.target_input_template, shape)
    return shape
