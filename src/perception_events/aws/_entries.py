"""Before a `PutEvents` request: an entry as boto3 takes it, or why it never would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from perception_events.errors import InputError, describe
from perception_events.times import InvalidTimeError, read_time

__all__ = ["INVALID_ENTRY", "InvalidEntryError", "entry_size", "request_entry"]

INVALID_ENTRY = "InvalidEntry"
"""Our own code for an entry that boto3 rejects, and its whole request with it; it is never sent."""
REQUIRED = ("Source", "DetailType", "Detail")
TEXTS = (*REQUIRED, "EventBusName", "TraceHeader")
TIME_BYTES = 14


class InvalidEntryError(InputError, ValueError):
    """An entry with a field that `PutEvents` does not take."""


def request_entry(entry: Any, bus_name: str | None) -> Mapping[str, Any]:
    """`entry` in AWS's casing, with the bus where it names none; optional fields that are None are left out.

    AWS: service model `events`, `PutEventsRequestEntry`.

    Raises:
        InvalidEntryError: a field is unknown, missing or of a wrong type; the message names it.
    """
    fields = _fields(entry)
    wire: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None and name not in REQUIRED:
            continue
        wire[name] = _checked(name, value)
    if bus_name is not None and not wire.get("EventBusName"):
        wire["EventBusName"] = bus_name
    missing = [name for name in REQUIRED if name not in wire]
    if missing:
        raise InvalidEntryError(f"the entry has no {', '.join(missing)}")
    return wire


def entry_size(entry: Mapping[str, Any]) -> int:
    """Bytes that `entry` counts for: 14 for a time, and the UTF-8 bytes of source, detail type, detail and resources.

    AWS: EventBridge User Guide, "Calculating event entry size".
    """
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ())]
    size = sum(len(str(text).encode("utf-8", "surrogatepass")) for text in texts if text is not None)
    return size + (TIME_BYTES if entry.get("Time") is not None else 0)


def _fields(entry: Any) -> Mapping[str, Any]:
    if isinstance(entry, Mapping):
        return entry
    to_dict = getattr(entry, "to_dict", None)
    fields = to_dict() if callable(to_dict) else None
    if isinstance(fields, Mapping):
        return fields
    raise InvalidEntryError(f"an entry is a mapping, or has to_dict() that gives one; found {describe(entry)}")


def _checked(name: str, value: Any) -> Any:
    if name in TEXTS:
        if not isinstance(value, str):
            fix = "; json.dumps makes the text of it" if name == "Detail" else ""
            raise InvalidEntryError(f"{name} is {type(value).__name__} {describe(value)}, not text{fix}")
        return _encodable(name, value)
    if name == "Resources":
        if not isinstance(value, (list, tuple)) or not all(isinstance(arn, str) for arn in value):
            raise InvalidEntryError(f"Resources is {describe(value)}, not a list of texts")
        return [_encodable(name, arn) for arn in value]
    if name == "Time":
        try:
            read_time(value, name)
        except InvalidTimeError as error:
            raise InvalidEntryError(str(error)) from None
        return value if isinstance(value, (datetime, int, float)) else read_time(value, name)
    raise InvalidEntryError(
        f"an entry has no field {describe(name)}; known: {', '.join((*TEXTS, 'Resources', 'Time'))}"
    )


def _encodable(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidEntryError(f"{name} holds a lone surrogate, which UTF-8 cannot hold: {describe(text)}") from None
    return text
