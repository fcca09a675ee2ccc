"""From a pipe's dead letter back to the records: the letter says where they lie in the stream."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.json_values import JSONObject, JSONValue
from perception_events.records import sequence_number
from perception_events.streams import Stream, TrimmedDataError

__all__ = ["dead_letter_records"]


def dead_letter_records(stream: Stream, message: Mapping[str, JSONValue]) -> tuple[JSONObject, ...]:
    """The records that a dead letter of a DynamoDB stream's pipe speaks of, read from the stream again.

    Records between them that the pipe's filter had stopped, or that were delivered, are among them.

    Raises:
        TrimmedDataError: they are older than the stream's 24 hours, and lost.
        UnknownShardError: the shard is none of the stream's.
    """
    info = message["DDBStreamBatchInfo"]
    if not isinstance(info, dict):
        raise TypeError(f"DDBStreamBatchInfo is a {type(info).__name__}; is this a pipe's dead letter?")
    first, last = int(str(info["startSequenceNumber"])), int(str(info["endSequenceNumber"]))
    found: list[JSONObject] = []
    after = str(first - 1)
    while True:
        page = stream.read(str(info["shardId"]), after=after)
        found += [record for record in page.records if int(sequence_number(record)) <= last]
        if not page.records or int(sequence_number(page.records[-1])) >= last:
            break
        after = sequence_number(page.records[-1])
    if not found:
        raise TrimmedDataError(f"no record from {first} to {last} is left in {info['shardId']}")
    return tuple(found)
