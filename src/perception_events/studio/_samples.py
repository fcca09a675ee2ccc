"""Events and records to try: those that were given, and those that are made for a chosen rule."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.sources import source_of
from perception_events.studio._patterns import UsedPattern, patterns_of
from perception_events.topology import EventSourceMapping, Pipe, Topology

__all__ = ["Sample", "record_for"]


@dataclass(frozen=True, slots=True)
class Sample:
    """An event, record, message or entry of PutEvents, and what the page calls it: `orders.jsonl:3`."""

    name: str
    value: JSONObject


def record_for(made: dict[str, Any], topology: Topology, holder: Pipe | EventSourceMapping) -> dict[str, Any]:
    """A record that a filter matches as its source writes it: a body as text, without the envelope of an event."""
    envelope = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    named = {path.split(".")[0] for used in patterns_of(holder) for path in _paths(used)}
    record = {name: value for name, value in made.items() if name not in envelope or name in named}
    source = source_of(topology[holder.source]) if isinstance(holder.source, str) else None
    kind = source.event_source if source is not None else ""
    if kind == "aws:sqs":
        body = record.get("body", "")
        return {"messageId": "message-1", **record, "body": body if isinstance(body, str) else json.dumps(body)}
    if kind == "aws:dynamodb":
        image = record.setdefault("dynamodb", {})
        image.setdefault("SequenceNumber", "1")
        return {"eventID": "record-1", "eventName": "INSERT", "eventSource": kind, **record}
    return record


def _paths(used: UsedPattern) -> Iterable[str]:
    pattern = used.parsed()
    return () if pattern is None else (path for rule in pattern.sub_rules for path, _ in rule.fields)
