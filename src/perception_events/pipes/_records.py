"""What the pipe reads of a stream record besides what its filter matches: identity, key, age, size."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from zlib import crc32

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._enrichment import MAXIMUM_PAYLOAD_BYTES

__all__ = ["batches_of", "creation_time", "event_id", "lane_of", "sequence_number", "take_batch"]

# What an item's JSON can be at most for each byte that `SizeBytes` counts ({"NULL":true} is one byte of an item).
_JSON_BYTES_PER_SIZE_BYTE = 20
_ENVELOPE_BYTES = 2048


def change(record: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
    """The record's `dynamodb` part; empty where it has none."""
    found = record.get("dynamodb")
    return found if isinstance(found, dict) else {}


def event_id(record: Mapping[str, JSONValue]) -> str | None:
    """The record's `eventID`."""
    found = record.get("eventID")
    return found if isinstance(found, str) else None


def sequence_number(record: Mapping[str, JSONValue]) -> str:
    """The record's sequence number; empty where it has none."""
    found = change(record).get("SequenceNumber")
    return found if isinstance(found, str) else ""


def creation_time(record: Mapping[str, JSONValue]) -> float | None:
    """When the record was written, in seconds since the epoch."""
    found = change(record).get("ApproximateCreationDateTime")
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def lane_of(record: Mapping[str, JSONValue], lanes: int) -> int:
    """Which of `lanes` parallel batches the record goes to: always the same one for the same keys.

    Unknown on AWS: how keys are spread. Here by a checksum of the item's keys.
    """
    if lanes == 1:
        return 0
    return crc32(json.dumps(change(record).get("Keys"), sort_keys=True).encode()) % lanes


def size_in_bytes(record: Mapping[str, JSONValue], batch_size: int) -> int:
    """The record's size as JSON; measured only where a batch of `batch_size` such records could exceed 6 MB."""
    counted = change(record).get("SizeBytes")
    if isinstance(counted, int):
        at_most = counted * _JSON_BYTES_PER_SIZE_BYTE + _ENVELOPE_BYTES
        if at_most * batch_size <= MAXIMUM_PAYLOAD_BYTES:
            return at_most
    return len(json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def batches_of(records: Iterable[JSONObject], *, batch_size: int, lanes: int = 1) -> Iterator[tuple[JSONObject, ...]]:
    """`records` as the pipe batches them: of at most `batch_size` records and 6 MB, one lane at a time.

    Holds at most `batch_size` records a lane. AWS: EventBridge User Guide, "DynamoDB stream as a source".
    """
    buffers: list[deque[JSONObject]] = [deque() for _ in range(lanes)]
    for record in records:
        buffer = buffers[lane_of(record, lanes)]
        buffer.append(record)
        while len(buffer) >= batch_size:
            yield take_batch(buffer, batch_size)
    for buffer in buffers:
        while buffer:
            yield take_batch(buffer, batch_size)


def take_batch(buffer: deque[JSONObject], batch_size: int) -> tuple[JSONObject, ...]:
    """Take the next batch from the left of `buffer`: at most `batch_size` records and 6 MB, at least one record."""
    batch: list[JSONObject] = []
    left = MAXIMUM_PAYLOAD_BYTES
    while buffer and len(batch) < batch_size:
        left -= size_in_bytes(buffer[0], batch_size)
        if left < 0 and batch:
            break
        batch.append(buffer.popleft())
    return tuple(batch)
