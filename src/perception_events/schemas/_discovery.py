"""Discovery: events in, one schema for each source and detail type out; a target that any bus can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from perception_events.records import has_change
from perception_events.schemas._api_calls import is_api_call, with_open_parts
from perception_events.schemas._event_schema import STREAM_RECORD_SOURCE, EventSchema, envelope
from perception_events.schemas._inference import DEFAULT_INFERENCE, Inference
from perception_events.schemas._join import join
from perception_events.schemas._observations import Budget, Observations
from perception_events.schemas._types import ANYTHING, Array, Nothing, Object, Property, Schema, String
from perception_events.schemas.errors import NotAnEventError

__all__ = ["Discoverer", "discover", "event_type", "is_stream_record"]


class Discoverer:
    """Learns schemas from the events it is given, in any order and in bounded memory.

    It is a target: a rule that takes everything (`{"source": [{"prefix": ""}]}`) makes it the discoverer of a bus.

    Parameters:
        inference: what is taken for a rule.

    AWS: EventBridge User Guide, "Inferring schemas from event bus events". Differs from AWS: fields that some events
    lack, those of the envelope included, are optional, closed sets are proposed, names that are data make a map.
    """

    def __init__(self, inference: Inference = DEFAULT_INFERENCE) -> None:
        self.inference = inference
        self._budget = Budget()
        self._seen: dict[tuple[str, str, bool], Observations] = {}

    def observe(self, event: Mapping[str, Any]) -> None:
        """Learn from one EventBridge event or DynamoDB stream record.

        Raises:
            NotAnEventError: it is neither.
            TooManyFieldsError: the events have more fields than can be observed.
        """
        is_record = is_stream_record(event)
        key = (*event_type(event), is_record)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = Observations(self._budget)
        seen.add(event)

    def invoke(self, event: Any) -> None:
        """Observe an event, as a rule's target."""
        self.observe(event)

    def schemas(self) -> list[EventSchema]:
        """The schemas of all events so far, in order of source and detail type."""
        found = []
        for source, detail_type, is_record in sorted(self._seen):
            seen = self._seen[source, detail_type, is_record]
            schema = self.inference.schema(seen)
            if not is_record:
                schema = _with_envelope(source, detail_type, schema)
                schema = _with_open_calls(schema) if is_api_call(detail_type) else schema
            found.append(EventSchema(source, detail_type, schema, samples=seen.count))
        return found


def _with_envelope(source: str, detail_type: str, seen: Schema) -> Schema:
    """The schema of the events: AWS's envelope around the detail, less strict where the samples were."""
    if not isinstance(seen, Object):
        return seen
    members = []
    for expected in envelope(source, detail_type, ANYTHING).properties:
        found = seen.get(expected.name)
        if expected.name == "detail" and found is not None:
            expected = found
        elif found is None or not found.required:
            expected = Property(expected.name, expected.schema, required=False)
        if found is not None and not _is_as_expected(found.schema, expected.schema):
            expected = Property(expected.name, join(expected.schema, found.schema), expected.required)
        members.append(expected)
    return Object(tuple(members))


def _with_open_calls(schema: Schema) -> Schema:
    if not isinstance(schema, Object):
        return schema
    members = [
        replace(member, schema=with_open_parts(member.schema)) if member.name == "detail" else member
        for member in schema.properties
    ]
    return Object(tuple(members), schema.additional)


def _is_as_expected(found: Schema, expected: Schema) -> bool:
    match found, expected:
        case String(), String():
            return True
        case Array(items), Array():
            return isinstance(items, String | Nothing)
    return found == expected


def discover(events: Iterable[Mapping[str, Any]], inference: Inference = DEFAULT_INFERENCE) -> list[EventSchema]:
    """The schemas of `events`, in order of source and detail type.

    Raises:
        NotAnEventError: one is neither an EventBridge event nor a stream record.
        TooManyFieldsError: they have more fields than can be observed.
    """
    discoverer = Discoverer(inference)
    for event in events:
        discoverer.observe(event)
    return discoverer.schemas()


def is_stream_record(event: Any) -> bool:
    """Whether `event` is a DynamoDB stream record rather than an event."""
    return isinstance(event, Mapping) and has_change(event) and "detail" not in event


def event_type(event: Any) -> tuple[str, str]:
    """The source and detail type of an event; of a stream record, `aws:dynamodb` and its table's name.

    Raises:
        NotAnEventError: it is neither.
    """
    if not isinstance(event, Mapping):
        raise NotAnEventError(f"an event is a JSON object, this is a {type(event).__name__}")
    if is_stream_record(event):
        return STREAM_RECORD_SOURCE, _table_name(event.get("eventSourceARN"))
    source, detail_type = event.get("source"), event.get("detail-type")
    if isinstance(source, str) and isinstance(detail_type, str) and "detail" in event:
        return source, detail_type
    lacking = [name for name in ("source", "detail-type") if not isinstance(event.get(name), str)]
    lacking += [] if "detail" in event else ["detail"]
    present = ", ".join(str(name)[:40] for name in islice(event, 6)) or "nothing"
    raise NotAnEventError(
        f"not an EventBridge event: it has no {' and no '.join(lacking)} (found: {present}); "
        "nor a stream record: it has no dynamodb object"
    )


def _table_name(arn: object) -> str:
    """`orders` of `arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2025-07-15T00:00:00.000`."""
    if isinstance(arn, str) and ":table/" in arn:
        return arn.partition(":table/")[2].partition("/")[0]
    return "StreamRecord"
