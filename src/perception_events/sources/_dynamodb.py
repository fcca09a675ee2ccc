"""DynamoDB streams as a source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from perception_events.json_values import JSONObject
from perception_events.records import change_of, creation_time, sequence_number
from perception_events.sources._source import DeadLetterContext, Setting, Shape, Source, Special
from perception_events.sources._streams import STREAM_SETTINGS, batch_info
from perception_events.topology import TableStream

__all__ = ["DYNAMODB_STREAM"]

# What an item's JSON can be at most for each byte that `SizeBytes` counts ({"NULL":true} is one byte of an item).
_JSON_BYTES_PER_SIZE_BYTE = 20
_ENVELOPE_BYTES = 2048
_VALUE = Special.VALUE
_RECORD: Shape = {
    "eventID": _VALUE,
    "eventName": _VALUE,
    "eventVersion": _VALUE,
    "eventSource": _VALUE,
    "awsRegion": _VALUE,
    "eventSourceARN": _VALUE,
    "userIdentity": {"type": _VALUE, "principalId": _VALUE},
    "dynamodb": {
        "ApproximateCreationDateTime": _VALUE,
        "Keys": Special.ATTRIBUTES,
        "NewImage": Special.ATTRIBUTES,
        "OldImage": Special.ATTRIBUTES,
        "SequenceNumber": _VALUE,
        "SizeBytes": _VALUE,
        "StreamViewType": _VALUE,
    },
}


class _DynamoDBStream(Source):
    """AWS: EventBridge User Guide, "Amazon DynamoDB stream as a source"."""

    kind = "DynamoDB stream"
    event_source = "aws:dynamodb"
    parameters_name = "DynamoDBStreamParameters"
    resource = TableStream
    settings = (
        *STREAM_SETTINGS,
        Setting("starting_position", "StartingPosition", values=("TRIM_HORIZON", "LATEST"), required=True),
    )
    shape = _RECORD
    identifier = "eventID"
    content = "dynamodb"
    retention = 86_400.0
    read_actions = (
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    )

    def position(self, record: Mapping[str, object]) -> str:
        return sequence_number(record)

    def order_key(self, record: Mapping[str, object]) -> str:
        return json.dumps(change_of(record).get("Keys"), sort_keys=True)

    def created(self, record: Mapping[str, object]) -> float | None:
        return creation_time(record)

    def failure_identifier(self, record: Mapping[str, object]) -> str | None:
        return sequence_number(record) or None

    def dead_letter(self, records: Sequence[JSONObject], context: DeadLetterContext) -> JSONObject:
        return batch_info("DDBStreamBatchInfo", self, records, context)

    def size(self, record: JSONObject, batch_size: int) -> int | None:
        counted = change_of(record).get("SizeBytes")
        return counted * _JSON_BYTES_PER_SIZE_BYTE + _ENVELOPE_BYTES if isinstance(counted, int) else None


DYNAMODB_STREAM = _DynamoDBStream()
"""The stream of a table."""
