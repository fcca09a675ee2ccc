"""The text of an event -> the four fields of its envelope that counting needs, without reading the rest of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from perception_events.json_values import JSONObject
from perception_events.records import CREATION_TIME
from perception_events.times import InvalidTimeError, read_time, to_iso_seconds

__all__ = [
    "FIELDS",
    "OTHER_NAMES",
    "UNKNOWN_ID",
    "UNKNOWN_TIME",
    "Envelope",
    "envelope_reader",
    "event_time",
    "record_time",
]

Envelope: TypeAlias = tuple[str, str, Any, Any]
"""Source, detail type, time, id."""

FIELDS = ("source", "detail-type", "time", "id")
"""The names of an envelope's fields, in its order."""
OTHER_NAMES = ("Records", "Entries", "events", "Events", "logEvents", "dynamodb", "DetailType")
"""What has one of these fields may be something other than one plain event."""

UNKNOWN_ID = "00000000-0000-0000-0000-000000000000"
UNKNOWN_TIME = "1970-01-01T00:00:00Z"
"""What stands in for the id and the time of an entry, which EventBridge adds; they count as not there."""


def envelope_reader() -> Callable[[bytes], Envelope | None]:
    """What reads the envelope of a line; None where the line is not one plain event and has to be looked into.

    With msgspec (the extra `[fast]`) the detail is skipped.
    """
    try:
        import msgspec  # here, for it costs a cold start
    except ImportError:
        return _by_json
    unset = msgspec.UNSET
    fields: list[Any] = [
        ("source", str),
        ("detail_type", str),
        ("time", Any, None),
        ("id", Any, None),
        *((f"other{at}", msgspec.Raw | msgspec.UnsetType, unset) for at, _ in enumerate(OTHER_NAMES)),
    ]
    names = {"detail_type": "detail-type"} | {f"other{at}": name for at, name in enumerate(OTHER_NAMES)}
    decode: Any = msgspec.json.Decoder(msgspec.defstruct("Event", fields, rename=names)).decode
    others = [f"other{at}" for at, _ in enumerate(OTHER_NAMES)]

    def by_msgspec(line: bytes) -> Envelope | None:
        try:
            event = decode(line)
        except (ValueError, RecursionError):
            return None
        for name in others:
            if getattr(event, name) is not unset:
                return None
        return event.source, event.detail_type, event.time, event.id

    return by_msgspec


def _by_json(line: bytes) -> Envelope | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if type(event) is not dict or not event.keys().isdisjoint(OTHER_NAMES):
        return None
    source, detail_type = event.get("source"), event.get("detail-type")
    if type(source) is not str or type(detail_type) is not str:
        return None
    return source, detail_type, event.get("time"), event.get("id")


def event_time(value: Any) -> str | None:
    """An event's `time` as `2025-07-15T00:11:08Z`, milliseconds and other time zones included; None without one."""
    if value == UNKNOWN_TIME:
        return None
    if type(value) is str and value[17:] in _SECONDS and _is_minute(value[:17]):
        return value  # as nearly all are
    return _normalised(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def record_time(record: JSONObject) -> str | None:
    """When a stream record was made, as `event_time`; None where it does not say so."""
    change = record.get("dynamodb")
    return event_time(change.get(CREATION_TIME)) if isinstance(change, dict) else None


_SECONDS = frozenset(f"{second:02}Z" for second in range(60))


@lru_cache(maxsize=4096)
def _is_minute(text: str) -> bool:
    """Whether this is the beginning of times in the form that is kept, up to their seconds."""
    return _normalised(f"{text}00Z") == f"{text}00Z"


@lru_cache(maxsize=4096)
def _normalised(value: str | int | float) -> str | None:
    try:
        seconds = read_time(value)
    except InvalidTimeError:
        if isinstance(value, str) or not 10**11 <= value < 10**14:
            return None
        seconds = value / 1000  # milliseconds, which programs write where AWS writes seconds
    return to_iso_seconds(seconds)
