"""Typed models of what is on the wire: stream records, EventBridge events, entries, and the event table's item."""

from perception_events.event_status import EventStatus
from perception_events.models._base import InvalidRecordError, WireModel
from perception_events.models._event_item import DEFAULT_TIME_TO_LIVE, EventItem
from perception_events.models._events import EventBridgeEvent, PutEventsRequestEntry
from perception_events.models._rows import RowModel
from perception_events.models._stream import StreamChange, StreamEvent, StreamRecord, UserIdentity, read_records
from perception_events.records import EventName, StreamViewType

__all__ = [
    "DEFAULT_TIME_TO_LIVE",
    "EventBridgeEvent",
    "EventItem",
    "EventName",
    "EventStatus",
    "InvalidRecordError",
    "PutEventsRequestEntry",
    "RowModel",
    "StreamChange",
    "StreamEvent",
    "StreamRecord",
    "StreamViewType",
    "UserIdentity",
    "WireModel",
    "read_records",
]
