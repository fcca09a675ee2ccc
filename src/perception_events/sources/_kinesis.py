"""Kinesis data streams as a source."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from perception_events.json_values import JSONObject
from perception_events.sources._encoded import from_base64
from perception_events.sources._source import DeadLetterContext, Setting, Shape, Source, Special
from perception_events.sources._streams import STREAM_SETTINGS, batch_info
from perception_events.times import InvalidTimeError, read_time, to_iso
from perception_events.topology import KinesisStream, Resource, SourceParameters

__all__ = ["KINESIS_STREAM", "kinesis_record"]

_VALUE = Special.VALUE
_KINESIS_FIELDS = ("kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data", "approximateArrivalTimestamp")


class _KinesisStream(Source):
    """Records are flat in a pipe; an event source mapping hands them over under `kinesis`.

    AWS: EventBridge User Guide, "Amazon Kinesis stream as a source".
    """

    kind = "Kinesis stream"
    event_source = "aws:kinesis"
    parameters_name = "KinesisStreamParameters"
    resource = KinesisStream
    settings = (
        *STREAM_SETTINGS,
        Setting(
            "starting_position",
            "StartingPosition",
            values=("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"),
            required=True,
        ),
        Setting("starting_position_timestamp", "StartingPositionTimestamp"),
    )
    shape: ClassVar[Shape] = {
        **dict.fromkeys(_KINESIS_FIELDS, _VALUE),
        "data": Special.ANYTHING,
        "eventSource": _VALUE,
        "eventVersion": _VALUE,
        "eventID": _VALUE,
        "eventName": _VALUE,
        "invokeIdentityArn": _VALUE,
        "awsRegion": _VALUE,
        "eventSourceARN": _VALUE,
    }
    identifier = "eventID"
    content = "data"
    retention = 86_400.0
    read_actions = (
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:ListStreams",
    )

    def position(self, record: Mapping[str, object]) -> str:
        value = record.get("sequenceNumber")
        return value if isinstance(value, str) else ""

    def order_key(self, record: Mapping[str, object]) -> str:
        return str(record.get("partitionKey", ""))

    def created(self, record: Mapping[str, object]) -> float | None:
        try:
            return read_time(record["approximateArrivalTimestamp"])
        except (KeyError, InvalidTimeError):
            return None

    def failure_identifier(self, record: Mapping[str, object]) -> str | None:
        return self.position(record) or None

    def dead_letter(self, records: Sequence[JSONObject], context: DeadLetterContext) -> JSONObject:
        shard, colon, _ = str(records[0].get("eventID", "")).partition(":")
        context = replace(context, shard_id=shard) if colon else context
        return batch_info("KinesisBatchInfo", self, records, context, to_iso)

    def pipe_record(self, record: JSONObject) -> JSONObject:
        kinesis = record.get("kinesis")
        if not isinstance(kinesis, dict):
            return record
        return {**kinesis, **{name: value for name, value in record.items() if name != "kinesis"}}

    def decoded(self, record: JSONObject) -> JSONObject:
        return {**record, "data": from_base64(record["data"])} if "data" in record else record

    def lambda_record(self, record: JSONObject) -> JSONObject:
        kinesis: JSONObject = {name: record[name] for name in _KINESIS_FIELDS if name in record}
        return {"kinesis": kinesis, **{name: value for name, value in record.items() if name not in kinesis}}

    def relation_errors(self, parameters: SourceParameters, resource: Resource | None) -> Iterator[tuple[str, str]]:
        position, timestamp = parameters.starting_position, parameters.starting_position_timestamp
        if position == "AT_TIMESTAMP" and timestamp is None:
            yield "starting_position_timestamp", "starting_position=AT_TIMESTAMP needs starting_position_timestamp"
        if timestamp is not None and isinstance(position, str) and position != "AT_TIMESTAMP":
            yield "starting_position_timestamp", f"starting_position={position!r} takes no starting_position_timestamp"


KINESIS_STREAM = _KinesisStream()
"""A Kinesis data stream."""


def kinesis_record(
    data: bytes,
    *,
    partition_key: str,
    sequence_number: str,
    arrived: float,
    stream_arn: str = "arn:aws:kinesis:us-east-1:123456789012:stream/stream",
    shard_id: str = "shardId-000000000000",
) -> JSONObject:
    """A record of a Kinesis stream as a pipe receives it; `arrived` in epoch seconds."""
    return {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": partition_key,
        "sequenceNumber": sequence_number,
        "data": base64.b64encode(data).decode("ascii"),
        "approximateArrivalTimestamp": arrived,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "",
        "awsRegion": stream_arn.split(":")[3] if stream_arn.count(":") > 3 else "",
        "eventSourceARN": stream_arn,
    }
