"""SQS queues as a source, standard and FIFO."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from perception_events.aws_limits import LIMITS
from perception_events.json_values import JSONObject, JSONValue
from perception_events.sources._encoded import from_text
from perception_events.sources._source import DeadLetterContext, Setting, Shape, Source, Special
from perception_events.topology import Queue, Resource, SourceParameters

__all__ = ["SQS_QUEUE", "sqs_record"]

_VALUE = Special.VALUE
_WITHOUT_WINDOW = LIMITS["queue batch size without window"]
_FIFO = LIMITS["FIFO queue batch size"]


class _SQSQueue(Source):
    """A queue keeps what failed itself: a message is visible again after the visibility timeout, and its redrive
    policy ends that. So a pipe has neither retries nor a dead-letter target for it.

    AWS: EventBridge User Guide, "Amazon SQS as a source".
    """

    kind = "SQS queue"
    event_source = "aws:sqs"
    parameters_name = "SqsQueueParameters"
    resource = Queue
    settings = (
        Setting("batch_size", "BatchSize", "queue batch size", default=10),
        Setting("maximum_batching_window", "MaximumBatchingWindowInSeconds", "maximum batching window", default=0),
    )
    shape: ClassVar[Shape] = {
        "messageId": _VALUE,
        "receiptHandle": _VALUE,
        "body": Special.ANYTHING,
        "attributes": {
            "ApproximateReceiveCount": _VALUE,
            "SentTimestamp": _VALUE,
            "SenderId": _VALUE,
            "ApproximateFirstReceiveTimestamp": _VALUE,
            "SequenceNumber": _VALUE,
            "MessageGroupId": _VALUE,
            "MessageDeduplicationId": _VALUE,
            "AWSTraceHeader": _VALUE,
            "DeadLetterQueueSourceArn": _VALUE,
        },
        "messageAttributes": Special.ANYTHING,
        "md5OfBody": _VALUE,
        "md5OfMessageAttributes": _VALUE,
        "eventSource": _VALUE,
        "eventSourceARN": _VALUE,
        "awsRegion": _VALUE,
    }
    identifier = "messageId"
    content = "body"
    retention = None
    read_actions = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
    keeps_failures = True

    def position(self, record: Mapping[str, object]) -> str:
        return _attribute(record, "SequenceNumber")

    def order_key(self, record: Mapping[str, object]) -> str | None:
        return _attribute(record, "MessageGroupId") or None

    def created(self, record: Mapping[str, object]) -> float | None:
        sent = _attribute(record, "SentTimestamp")
        return int(sent) / 1000 if sent.isdecimal() and len(sent) < 20 else None

    def dead_letter(self, records: Sequence[JSONObject], context: DeadLetterContext) -> JSONObject:
        """The queue's own dead-letter queue gets the message as it was sent."""
        [record] = records
        return {"Body": record.get("body"), "MessageAttributes": record.get("messageAttributes", {})}

    def decoded(self, record: JSONObject) -> JSONObject:
        return {**record, "body": from_text(record["body"])} if "body" in record else record

    def relation_errors(self, parameters: SourceParameters, resource: Resource | None) -> Iterator[tuple[str, str]]:
        size, window = parameters.batch_size, parameters.maximum_batching_window
        fifo = isinstance(resource, Queue) and resource.fifo
        if not isinstance(size, int) or isinstance(size, bool):
            return
        if fifo and not _FIFO.allows(size):
            yield "batch_size", f"batch_size={size}: FIFO queues take {_FIFO.words}"
        elif not fifo and (window is None or window == 0) and not _WITHOUT_WINDOW.allows(size):
            yield (
                "batch_size",
                f"batch_size={size} needs a maximum_batching_window of at least 1 second; without one SQS queues "
                f"take {_WITHOUT_WINDOW.words}",
            )


def _attribute(record: Mapping[str, object], name: str) -> str:
    attributes: object = record.get("attributes")
    value: JSONValue = attributes.get(name) if isinstance(attributes, dict) else None
    return value if isinstance(value, str) else ""


SQS_QUEUE = _SQSQueue()
"""An SQS queue."""


def sqs_record(
    body: str,
    *,
    message_id: str,
    queue_arn: str = "arn:aws:sqs:us-east-1:123456789012:queue",
    receive_count: int = 1,
    attributes: Mapping[str, JSONValue] | None = None,
    message_attributes: Mapping[str, JSONValue] | None = None,
) -> JSONObject:
    """A message as a pipe or an event source mapping receives it.

    `body`: the text. `attributes`: the system attributes, such as `SentTimestamp` (milliseconds, as text).
    """
    return {
        "messageId": message_id,
        "receiptHandle": f"{message_id}#{receive_count}",
        "body": body,
        "attributes": dict(attributes or {"ApproximateReceiveCount": str(receive_count)}),
        "messageAttributes": dict(message_attributes or {}),
        "md5OfBody": hashlib.md5(body.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3] if queue_arn.count(":") > 3 else "",
    }
