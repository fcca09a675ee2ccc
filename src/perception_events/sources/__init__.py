"""What pipes and event source mappings read, one file each: DynamoDB streams, queues, Kinesis streams, Kafka topics.

To add a source, write its file, and give it a row in `SOURCES`; CONTRIBUTING.md walks through one.
"""

from __future__ import annotations

from perception_events.sources._dynamodb import DYNAMODB_STREAM
from perception_events.sources._kafka import KAFKA_TOPIC
from perception_events.sources._kinesis import KINESIS_STREAM, kinesis_record
from perception_events.sources._settings import InvalidSourceError, SourceSettings
from perception_events.sources._source import (
    DeadLetterCondition,
    DeadLetterContext,
    Setting,
    Shape,
    Source,
    Special,
    WrongSourceError,
)
from perception_events.sources._sqs import SQS_QUEUE, sqs_record
from perception_events.topology import Opaque, Resource

__all__ = [
    "DYNAMODB_STREAM",
    "KAFKA_TOPIC",
    "KINESIS_STREAM",
    "SOURCES",
    "SQS_QUEUE",
    "DeadLetterCondition",
    "DeadLetterContext",
    "InvalidSourceError",
    "Setting",
    "Shape",
    "Source",
    "SourceSettings",
    "Special",
    "WrongSourceError",
    "kinesis_record",
    "source_of",
    "sqs_record",
]

SOURCES: tuple[Source, ...] = (DYNAMODB_STREAM, SQS_QUEUE, KINESIS_STREAM, KAFKA_TOPIC)
"""Every source that is understood."""


def source_of(resource: Resource) -> Source | None:
    """What `resource` is as a source; None where it is not one of `SOURCES`."""
    return next(
        (
            source
            for source in SOURCES
            if isinstance(resource, source.resource)
            and (not source.types or (isinstance(resource, Opaque) and resource.type in source.types))
        ),
        None,
    )
