"""Records of the declared table for checks: with its keys, and the attributes that joins group by."""

from __future__ import annotations

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline._pipeline import Pipeline

__all__ = ["sample_record"]

PREFIX = "2025-07-15"


def sample_record(pipeline: Pipeline, event_type: str, number: int = 0, status: str | None = None) -> JSONObject:
    """The record of a new item of `event_type`, done or in `status`."""
    table = pipeline.table
    keys = _keys(pipeline, event_type, number)
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1752538268,
            "Keys": keys,
            "NewImage": {
                **keys,
                table.status_attribute: {"S": table.done[0] if status is None else status},
                **_grouped_attributes(pipeline, event_type),
            },
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": 147,
            "StreamViewType": table.stream_view_type,
        },
    }


def _keys(pipeline: Pipeline, event_type: str, number: int) -> JSONObject:
    """The key of an item of `event_type`, in the table's format."""
    table = pipeline.table
    names = pipeline.key_parts.get(event_type, ("sync", "camera"))
    segments = [event_type, *(f"{name}{number}" for name in names)]
    if table.key_format.prefix is not None:
        segments.insert(0, PREFIX)
    return {table.partition_key: {"S": "test_site"}, table.sort_key: {"S": "#".join(segments)}}


def _grouped_attributes(pipeline: Pipeline, event_type: str) -> JSONObject:
    """The attributes that joins on the event type group by, each a text."""
    item: JSONObject = {}
    for join in pipeline.joins:
        if event_type not in join.event_types:
            continue
        for attribute in join.grouping(pipeline.item_names).attributes:
            inside = item
            for name in attribute.path[:-1]:
                inside = _map(inside.setdefault(name, {"M": {}}))
            inside[attribute.path[-1]] = {"S": "sample"}
    return item


def _map(value: JSONValue) -> JSONObject:
    members = value["M"] if isinstance(value, dict) and "M" in value else None
    return members if isinstance(members, dict) else {}
