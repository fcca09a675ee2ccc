"""How records become batches: by lane, by number, and by size."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from zlib import crc32

from perception_events.json_values import JSONObject
from perception_events.pipes._enrichment import MAXIMUM_PAYLOAD_BYTES
from perception_events.records import UnreadableRecordError
from perception_events.sources import Source

__all__ = ["batches_of", "lane_of", "take_batch"]


def lane_of(source: Source, record: JSONObject, lanes: int) -> int:
    """Which of `lanes` parallel batches the record goes to: always the same one for the same keys.

    Unknown on AWS: how keys are spread. Here by a checksum of what the source keeps in order.
    """
    return 0 if lanes == 1 else crc32((source.order_key(record) or "").encode()) % lanes


def _octets(source: Source, record: JSONObject, batch_size: int) -> int:
    """The record's size as JSON; measured only where a batch of `batch_size` such records could exceed 6 MB."""
    at_most = source.size(record, batch_size)
    if at_most is not None and at_most * batch_size <= MAXIMUM_PAYLOAD_BYTES:
        return at_most
    try:
        return len(json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError, RecursionError) as error:
        reason = "it has too many levels" if isinstance(error, RecursionError) else str(error)
        name = source.identity(record) or "a record"
        raise UnreadableRecordError(f"{name} is not JSON, so no source delivers it: {reason}") from None


def batches_of(
    source: Source, records: Iterable[JSONObject], *, batch_size: int, lanes: int = 1
) -> Iterator[tuple[JSONObject, ...]]:
    """`records` as the pipe batches them: of at most `batch_size` records and 6 MB, one lane at a time.

    Holds at most `batch_size` records a lane. AWS: EventBridge User Guide, "DynamoDB stream as a source".

    Raises:
        UnreadableRecordError: a record holds what JSON does not have.
    """
    buffers: list[deque[JSONObject]] = [deque() for _ in range(lanes)]
    for record in records:
        buffer = buffers[lane_of(source, record, lanes)]
        buffer.append(record)
        while len(buffer) >= batch_size:
            yield take_batch(source, buffer, batch_size)
    for buffer in buffers:
        while buffer:
            yield take_batch(source, buffer, batch_size)


def take_batch(source: Source, buffer: deque[JSONObject], batch_size: int) -> tuple[JSONObject, ...]:
    """Take the next batch from the left of `buffer`: at most `batch_size` records and 6 MB, at least one record."""
    batch: list[JSONObject] = []
    left = MAXIMUM_PAYLOAD_BYTES
    while buffer and len(batch) < batch_size:
        left -= _octets(source, buffer[0], batch_size)
        if left < 0 and batch:
            break
        batch.append(buffer.popleft())
    return tuple(batch)
