"""What pipes and event source mappings know of their sources: identity, order, age, decoding, dead letters, limits."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from perception_events.aws_limits import LIMITS
from perception_events.sources import (
    DYNAMODB_STREAM,
    KAFKA_TOPIC,
    KINESIS_STREAM,
    SOURCES,
    SQS_QUEUE,
    DeadLetterContext,
    InvalidSourceError,
    Source,
    SourceSettings,
    WrongSourceError,
    source_of,
)
from perception_events.topology import Function, KinesisStream, Opaque, Queue, SourceParameters, TableStream, Unresolved

CONTEXT = DeadLetterContext({"context": {"condition": "c"}}, "shard-1", "arn:source", 1_752_538_268.0)
MESSAGE: dict[str, Any] = {
    "messageId": "m1",
    "body": '{"order": {"id": 7}}',
    "attributes": {"SentTimestamp": "1752538268123", "MessageGroupId": "g", "SequenceNumber": "18"},
    "eventSource": "aws:sqs",
}
DATA: dict[str, Any] = {
    "partitionKey": "p",
    "sequenceNumber": "495",
    "data": base64.b64encode(b'{"kind": "pose"}').decode(),
    "approximateArrivalTimestamp": 1752538268.5,
    "eventID": "shardId-000000000000:495",
    "eventSource": "aws:kinesis",
}
MESSAGE_OF_TOPIC: dict[str, Any] = {
    "topic": "orders",
    "partition": 0,
    "offset": 15,
    "timestamp": 1752538268123,
    "key": base64.b64encode(b"k").decode(),
    "value": base64.b64encode(b'{"kind": "pose"}').decode(),
    "eventSource": "aws:kafka",
}
CHANGE: dict[str, Any] = {
    "eventID": "e1",
    "eventSource": "aws:dynamodb",
    "dynamodb": {"Keys": {"k": {"S": "a"}}, "SequenceNumber": "7", "ApproximateCreationDateTime": 1752538268},
}


@pytest.mark.parametrize(
    ("source", "record", "identity", "position", "order_key", "created", "failure"),
    [
        (DYNAMODB_STREAM, CHANGE, "e1", "7", '{"k": {"S": "a"}}', 1752538268.0, "7"),
        (SQS_QUEUE, MESSAGE, "m1", "18", "g", 1752538268.123, "m1"),
        (KAFKA_TOPIC, MESSAGE_OF_TOPIC, "orders-0-15", "15", "orders-0", 1752538268.123, "orders-0-15"),
        (KINESIS_STREAM, DATA, "shardId-000000000000:495", "495", "p", 1752538268.5, "495"),
    ],
)
def test_each_source_says_who_a_record_is_where_it_lies_and_how_old_it_is(
    source: Source, record: Any, identity: str, position: str, order_key: str, created: float, failure: str
) -> None:
    assert source.identity(record) == identity
    assert source.position(record) == position
    assert source.order_key(record) == order_key
    assert source.created(record) == created
    assert source.failure_identifier(record) == failure
    assert (source.identity({}), source.created({})) == (None, None)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.kind)
def test_a_record_of_another_source_is_rejected_by_name(source: Source) -> None:
    others = [
        record for record in (CHANGE, MESSAGE, DATA, MESSAGE_OF_TOPIC) if record["eventSource"] != source.event_source
    ]
    for record in others:
        with pytest.raises(WrongSourceError, match=f"{record['eventSource']}.*reads a {source.kind}"):
            source.check(record)
    source.check({})  # a record that names no source may be of this one


def test_bodies_and_data_are_decoded_where_json_objects_or_arrays_stand_in_them() -> None:
    assert SQS_QUEUE.decoded(MESSAGE)["body"] == {"order": {"id": 7}}
    assert KINESIS_STREAM.decoded(DATA)["data"] == {"kind": "pose"}
    assert KAFKA_TOPIC.decoded(MESSAGE_OF_TOPIC)["value"] == {"kind": "pose"}
    assert KAFKA_TOPIC.decoded(MESSAGE_OF_TOPIC)["key"] == "k"
    assert DYNAMODB_STREAM.decoded(CHANGE) is CHANGE
    assert MESSAGE["body"] == '{"order": {"id": 7}}'  # the record itself stays
    for text in ("hello", "7", '"quoted"', "{broken", "", "null"):
        assert SQS_QUEUE.decoded({"body": text})["body"] == text
    assert KINESIS_STREAM.decoded({"data": base64.b64encode(b"hello").decode()})["data"] == "hello"
    for raw in ("not base64!", base64.b64encode(b"\xff\xfe").decode(), 7, None):
        assert KINESIS_STREAM.decoded({"data": raw})["data"] == raw
    assert SQS_QUEUE.decoded({"body": "[" * 100_000})["body"] == "[" * 100_000


def test_a_mapping_hands_kinesis_records_over_under_kinesis() -> None:
    handed: Any = KINESIS_STREAM.lambda_record(DATA)
    assert handed["kinesis"]["data"] == DATA["data"]
    assert handed["eventID"] == DATA["eventID"]
    assert "data" not in handed
    assert SQS_QUEUE.lambda_record(MESSAGE) == MESSAGE


def test_dead_letters_of_streams_say_where_the_records_lie() -> None:
    dynamodb: Any = DYNAMODB_STREAM.dead_letter([CHANGE], CONTEXT)
    assert dynamodb["DDBStreamBatchInfo"] == {
        "shardId": "shard-1",
        "startSequenceNumber": "7",
        "endSequenceNumber": "7",
        "approximateArrivalOfFirstRecord": "2025-07-15T00:11:08Z",
        "approximateArrivalOfLastRecord": "2025-07-15T00:11:08Z",
        "batchSize": 1,
        "streamArn": "arn:source",
    }
    kinesis: Any = KINESIS_STREAM.dead_letter([DATA], CONTEXT)
    assert kinesis["KinesisBatchInfo"]["startSequenceNumber"] == "495"
    assert kinesis["context"] == {"condition": "c"}
    message: Any = SQS_QUEUE.dead_letter([MESSAGE], CONTEXT)
    assert json.loads(message["Body"]) == {"order": {"id": 7}}


NUMBERS = [
    (source, setting.field, LIMITS[setting.limit])
    for source in SOURCES
    for setting in source.settings
    if setting.limit is not None
]


@pytest.mark.parametrize(("source", "field", "limit"), NUMBERS, ids=lambda each: getattr(each, "kind", str(each)))
def test_every_number_is_taken_on_its_limits_and_rejected_beside_them(source: Source, field: str, limit: Any) -> None:
    window = {"maximum_batching_window": 1} if source is SQS_QUEUE and field == "batch_size" else {}

    def settings(value: Any) -> SourceSettings:
        return SourceSettings.of(source, SourceParameters(**{**window, field: value}))

    for value in (limit.low, limit.high, *limit.also):
        assert getattr(settings(value), field) == value
    for value in (limit.low - 1, limit.high + 1, 2.5, True, "7"):
        if value in limit.also:
            continue
        with pytest.raises(InvalidSourceError, match=rf"{field}=.*{source.kind}s take "):
            settings(value)


@pytest.mark.parametrize("age", [0, 30, 59, 604_801, -2])
def test_a_record_age_is_without_limit_or_at_least_a_minute_as_aws_itself_validates(age: int) -> None:
    with pytest.raises(InvalidSourceError, match="take -1 or 60 to 604800 seconds"):
        SourceSettings.of(DYNAMODB_STREAM, SourceParameters(maximum_record_age=age))


@pytest.mark.parametrize(
    ("source", "parameters", "resource", "reason"),
    [
        (SQS_QUEUE, {"batch_size": 11}, None, "needs a maximum_batching_window of at least 1 second"),
        (
            SQS_QUEUE,
            {"batch_size": 11, "maximum_batching_window": 1},
            Queue("q", fifo=True),
            "FIFO queues take 1 to 10",
        ),
        (SQS_QUEUE, {"starting_position": "LATEST"}, None, "SQS queues have no such parameter; they take batch_size"),
        (SQS_QUEUE, {"maximum_retry_attempts": 3}, None, "no such parameter"),
        (DYNAMODB_STREAM, {"starting_position": "AT_TIMESTAMP"}, None, "take TRIM_HORIZON or LATEST"),
        (DYNAMODB_STREAM, {"on_partial_batch_item_failure": "SPLIT"}, None, "take AUTOMATIC_BISECT"),
        (KINESIS_STREAM, {"starting_position": "AT_TIMESTAMP"}, None, "needs starting_position_timestamp"),
        (
            KINESIS_STREAM,
            {"starting_position": "LATEST", "starting_position_timestamp": 1},
            None,
            "takes no starting_position_timestamp",
        ),
    ],
)
def test_parameters_that_do_not_fit_the_source_or_each_other_are_rejected(
    source: Source, parameters: dict[str, Any], resource: Any, reason: str
) -> None:
    with pytest.raises(InvalidSourceError, match=reason):
        SourceSettings.of(source, SourceParameters(**parameters), resource)


def test_what_is_not_set_has_the_default_of_its_source() -> None:
    assert SourceSettings.of(DYNAMODB_STREAM, SourceParameters()).batch_size == 100
    assert SourceSettings.of(SQS_QUEUE, SourceParameters()).batch_size == 10
    assert SourceSettings.of(KINESIS_STREAM, SourceParameters()).maximum_retry_attempts == -1


def test_a_parameter_that_is_not_known_is_named() -> None:
    with pytest.raises(InvalidSourceError, match=r"batch_size is not known: it depends on !Ref Size"):
        SourceSettings.of(SQS_QUEUE, SourceParameters(batch_size=Unresolved("!Ref Size")))


def test_a_resource_is_one_source_or_none() -> None:
    assert source_of(TableStream("s")) is DYNAMODB_STREAM
    assert source_of(Queue("q")) is SQS_QUEUE
    assert source_of(KinesisStream("k")) is KINESIS_STREAM
    assert source_of(Opaque("m", type="AWS::MSK::Cluster")) is KAFKA_TOPIC
    assert source_of(Opaque("b", type="AWS::S3::Bucket")) is None
    assert source_of(Function("f")) is None
