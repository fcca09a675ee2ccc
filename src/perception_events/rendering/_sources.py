"""What pipes and event source mappings read, and with which rights and parameters."""

from __future__ import annotations

import json
from typing import Any

from perception_events.rendering._stack import RenderError, Stack, a_kind, known
from perception_events.rendering._values import Properties
from perception_events.topology import (
    EventSourceMapping,
    Filter,
    KinesisStream,
    Pipe,
    Queue,
    Resource,
    SourceParameters,
    TableStream,
    unresolved_in,
)

__all__ = ["GROUPS", "READ_SOURCE", "filter_criteria", "source_kind", "source_parameters"]

READ_SOURCE: dict[type[Resource], tuple[str, ...]] = {
    TableStream: (
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ),
    KinesisStream: (
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:ListStreams",
    ),
    Queue: ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
}
"""AWS: EventBridge User Guide, Pipes sources, execution role; a function needs the same rights for its mapping."""

GROUPS: dict[type[Resource], str] = {
    TableStream: "DynamoDBStreamParameters",
    KinesisStream: "KinesisStreamParameters",
    Queue: "SqsQueueParameters",
}
"""What a pipe calls the parameters of each source."""

_STREAM_ONLY = (
    ("StartingPosition", "starting_position"),
    ("StartingPositionTimestamp", "starting_position_timestamp"),
)
_OF_STREAMS = (
    ("MaximumRecordAgeInSeconds", "maximum_record_age"),
    ("MaximumRetryAttempts", "maximum_retry_attempts"),
    ("ParallelizationFactor", "parallelization_factor"),
    ("OnPartialBatchItemFailure", "on_partial_batch_item_failure"),
)
_OF_ALL = (("BatchSize", "batch_size"), ("MaximumBatchingWindowInSeconds", "maximum_batching_window"))


def source_kind(source: Resource, reader: Resource) -> type[Resource]:
    """The class of a source that can be rendered.

    Raises:
        RenderError: it is not a table stream, a Kinesis stream or a queue.
    """
    if type(source) not in READ_SOURCE:
        raise RenderError(
            f"{reader.id}: {source.id} is {a_kind(source)}; the sources that render writes are: "
            "DynamoDB stream, Kinesis stream, queue"
        )
    return type(source)


def source_parameters(stack: Stack, reader: Pipe | EventSourceMapping) -> Properties:
    """How the source is read: what is set, by AWS's names.

    Raises:
        RenderError: a value is not known, or is one that a queue does not take.
    """
    settings: SourceParameters = reader.source_parameters
    stream = source_kind(stack.get(reader.source, reader), reader) is not Queue
    written: Properties = {}
    for name, field in (*_STREAM_ONLY, *_OF_ALL, *_OF_STREAMS):
        value: Any = getattr(settings, field)
        if value is None:
            continue
        if not stream and (name, field) not in _OF_ALL:
            raise RenderError(f"{reader.id}: a queue takes no `{field}`; leave it out")
        written[name] = known(value, f"{reader.id}: `{field}` is")
    return written


def filter_criteria(filters: tuple[Filter, ...], reader: Resource) -> Properties | None:
    """The filters, each pattern as a text without blanks; None without any."""
    texts = []
    for one in filters:
        for unknown in unresolved_in(one.pattern):
            raise RenderError(
                f"{reader.id}: a filter holds {unknown.expression!r}, which is not known; give it a value"
            )
        pattern = one.pattern
        texts.append(
            pattern if isinstance(pattern, str) else json.dumps(pattern, ensure_ascii=False, separators=(",", ":"))
        )
    return {"Filters": [{"Pattern": text} for text in texts]} if texts else None
