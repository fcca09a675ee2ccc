"""Where records come from: an in-memory table's stream, a queue, a file, a live iterator."""

from __future__ import annotations

from perception_events.records import StreamViewType, UnreadableRecordError
from perception_events.streams._items import InvalidItemError, normalised
from perception_events.streams._queue import InMemoryQueue, InvalidMessageError
from perception_events.streams._recorded import RecordedStream, as_record, read_json_lines
from perception_events.streams._sizes import item_size
from perception_events.streams._stream import (
    Page,
    Shard,
    StartingPosition,
    Stream,
    TrimmedDataError,
    UnknownShardError,
)
from perception_events.streams._table import InMemoryTable, TableStream

__all__ = [
    "InMemoryQueue",
    "InMemoryTable",
    "InvalidItemError",
    "InvalidMessageError",
    "Page",
    "RecordedStream",
    "Shard",
    "StartingPosition",
    "Stream",
    "StreamViewType",
    "TableStream",
    "TrimmedDataError",
    "UnknownShardError",
    "UnreadableRecordError",
    "as_record",
    "item_size",
    "normalised",
    "read_json_lines",
]
