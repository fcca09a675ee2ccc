"""What a pipe leaves in its dead-letter queue: where the records are in the stream, not the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipes._records import creation_time, sequence_number
from perception_events.streams import Stream, TrimmedDataError

__all__ = ["DeadLetterCondition", "dead_letter", "dead_letter_records"]


class DeadLetterCondition(StrEnum):
    """Why the pipe gave up."""

    RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"
    RECORD_AGE_EXCEEDED = "RecordAgeExceeded"


def dead_letter(
    records: Sequence[JSONObject],
    condition: DeadLetterCondition,
    *,
    pipe_arn: str,
    shard_id: str,
    stream_arn: str,
    now: float,
) -> JSONObject:
    """The message for `records` of one shard, given up at `now` (seconds since the epoch).

    The record itself is not in it: read the stream between the two sequence numbers within 24 hours.

    Unknown on AWS: the form is what three captured messages of real pipes show; no AWS page prints it.
    """
    first, last = creation_time(records[0]), creation_time(records[-1])
    info: JSONObject = {
        "shardId": shard_id,
        "startSequenceNumber": sequence_number(records[0]),
        "endSequenceNumber": sequence_number(records[-1]),
        "approximateArrivalOfFirstRecord": _second(now if first is None else first),
        "approximateArrivalOfLastRecord": _second(now if last is None else last),
        "batchSize": len(records),
        "streamArn": stream_arn,
    }
    return {
        "context": {"partnerResourceArn": pipe_arn, "condition": condition.value},
        "version": "1.0",
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "DDBStreamBatchInfo": info,
    }


def dead_letter_records(stream: Stream, message: Mapping[str, JSONValue]) -> tuple[JSONObject, ...]:
    """The records that a pipe's dead letter speaks of, read from the stream again.

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


def _second(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
