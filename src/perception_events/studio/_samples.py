"""Events and records to try: those that were given, and those that are made for a chosen rule."""

from __future__ import annotations

from dataclasses import dataclass

from perception_events.json_values import JSONObject

__all__ = ["Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """An event, record, message or entry of PutEvents, and what the page calls it: `orders.jsonl:3`."""

    name: str
    value: JSONObject
