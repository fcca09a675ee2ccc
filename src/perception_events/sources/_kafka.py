"""Kafka topics as a source: Amazon MSK clusters and clusters of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from perception_events.json_values import JSONObject
from perception_events.sources._encoded import from_base64
from perception_events.sources._source import DeadLetterContext, Setting, Shape, Source, Special
from perception_events.topology import Opaque

__all__ = ["KAFKA_TOPIC"]

_VALUE = Special.VALUE


class _KafkaTopic(Source):
    """Records are flat in a pipe. A topic has no retries, maximum age or dead letters: what fails is tried again.

    AWS: EventBridge User Guide, "Amazon Managed Streaming for Apache Kafka topic as a source".
    Unknown on AWS: how long a record that always fails is tried. Here as long as Kafka keeps it by default, a week.
    """

    kind = "Kafka topic"
    event_source = "aws:kafka"
    parameters_name = "ManagedStreamingKafkaParameters"
    resource = Opaque
    types = ("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster", "SelfManagedEventSource", "SelfManagedKafka")
    settings = (
        Setting("batch_size", "BatchSize", "stream batch size", default=100),
        Setting("maximum_batching_window", "MaximumBatchingWindowInSeconds", "maximum batching window", default=0),
        Setting("starting_position", "StartingPosition", values=("TRIM_HORIZON", "LATEST")),
    )
    shape: ClassVar[Shape] = {
        "topic": _VALUE,
        "partition": _VALUE,
        "offset": _VALUE,
        "timestamp": _VALUE,
        "timestampType": _VALUE,
        "key": Special.ANYTHING,
        "value": Special.ANYTHING,
        "headers": Special.ANYTHING,
        "eventSource": _VALUE,
        "eventSourceArn": _VALUE,
        "eventSourceKey": _VALUE,
        "bootstrapServers": _VALUE,
    }
    identifier = "eventSourceKey"
    content = "value"
    retention = 604_800.0

    def identity(self, record: Mapping[str, object]) -> str | None:
        """Topic, partition and offset together: Kafka has no other."""
        if "topic" not in record or "offset" not in record:
            return None
        return f"{record['topic']}-{record.get('partition')}-{record['offset']}"

    def position(self, record: Mapping[str, object]) -> str:
        return str(record.get("offset", ""))

    def order_key(self, record: Mapping[str, object]) -> str:
        return f"{record.get('topic')}-{record.get('partition')}"

    def created(self, record: Mapping[str, object]) -> float | None:
        milliseconds = record.get("timestamp")
        known = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
        return milliseconds / 1000 if known else None  # type: ignore[operator]  # a number by then

    def dead_letter(self, records: Sequence[JSONObject], context: DeadLetterContext) -> JSONObject:
        """AWS takes no dead-letter target for a topic; the records say where they lie themselves."""
        return {**context.owner, "records": [self.identity(record) for record in records]}

    def decoded(self, record: JSONObject) -> JSONObject:
        return {name: from_base64(value) if name in ("key", "value") else value for name, value in record.items()}


KAFKA_TOPIC = _KafkaTopic()
"""A topic of a Kafka cluster."""
