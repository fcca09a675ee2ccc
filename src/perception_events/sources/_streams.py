"""What DynamoDB streams and Kinesis streams have in common: parameters, and the form of a dead letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perception_events.json_values import JSONObject
from perception_events.sources._source import DeadLetterContext, Setting, Source
from perception_events.times import to_iso, to_iso_seconds

__all__ = ["STREAM_SETTINGS", "batch_info"]

STREAM_SETTINGS = (
    Setting("batch_size", "BatchSize", "stream batch size", default=100),
    Setting("maximum_batching_window", "MaximumBatchingWindowInSeconds", "maximum batching window", default=0),
    Setting("parallelization_factor", "ParallelizationFactor", "parallelization factor", default=1),
    Setting("maximum_record_age", "MaximumRecordAgeInSeconds", "maximum record age", default=-1),
    Setting("maximum_retry_attempts", "MaximumRetryAttempts", "maximum retry attempts", default=-1),
    Setting("on_partial_batch_item_failure", "OnPartialBatchItemFailure", values=("AUTOMATIC_BISECT",)),
    Setting("dead_letter_queue", "DeadLetterConfig"),
)
"""AWS: service model `pipes`, `PipeSourceDynamoDBStreamParameters` and `PipeSourceKinesisStreamParameters`."""


def batch_info(
    name: str,
    source: Source,
    records: Sequence[JSONObject],
    context: DeadLetterContext,
    written: Callable[[float], str] = to_iso_seconds,
) -> JSONObject:
    """The dead letter of records in a stream: where they lie, not the records.

    `name`: the field that says so. `written`: how an arrival time is written.

    Unknown on AWS: the form is what three captured messages of real pipes show; no AWS page prints it.
    """
    first, last = source.created(records[0]), source.created(records[-1])
    info: JSONObject = {
        "shardId": context.shard_id,
        "startSequenceNumber": source.position(records[0]),
        "endSequenceNumber": source.position(records[-1]),
        "approximateArrivalOfFirstRecord": written(context.now if first is None else first),
        "approximateArrivalOfLastRecord": written(context.now if last is None else last),
        "batchSize": len(records),
        "streamArn": context.source_arn,
    }
    return {**context.owner, "version": "1.0", "timestamp": to_iso(context.now), name: info}
