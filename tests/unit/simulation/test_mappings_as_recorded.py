"""Event source mappings decide as recorded on AWS: which records pass a filter, which responses are a success."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from perception_events.simulation import Simulation
from perception_events.testing import RecordingTarget
from perception_events.topology import (
    EventSourceMapping,
    Filter,
    Function,
    KinesisStream,
    Opaque,
    Queue,
    SourceParameters,
    TableStream,
    Topology,
)


def record(number: int, image: dict[str, Any], *, name: str = "INSERT") -> dict[str, Any]:
    return {
        "eventID": f"e{number}",
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {"id": {"S": str(number)}},
            "NewImage": image,
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1_752_538_268,
        },
    }


def simulation(function: RecordingTarget, **settings: Any) -> Simulation:
    mapping = EventSourceMapping("M", source="Stream", function="F", **settings)
    return Simulation(Topology([TableStream("Stream"), Function("F"), mapping]), functions={"F": function})


FILTERS: list[tuple[str, dict[str, Any], list[dict[str, Any]], int]] = [
    ("an insert only", {"eventName": ["INSERT"]}, [record(1, {}), record(1, {}, name="MODIFY")], 1),
    ("an insert or a change", {"eventName": ["INSERT", "MODIFY"]}, [record(1, {}), record(1, {}, name="MODIFY")], 2),
    (
        "two fields",
        {"eventName": ["INSERT"], "eventSource": ["aws:dynamodb"]},
        [record(1, {}), record(1, {}, name="MODIFY")],
        1,
    ),
    (
        "a value under its type key",
        {"dynamodb": {"NewImage": {"present": {"S": ["yes"]}}}},
        [record(1, {"present": {"S": "yes"}}), record(2, {})],
        1,
    ),
    (
        "a field under its type key",
        {"dynamodb": {"NewImage": {"present": {"S": [{"exists": True}]}}}},
        [record(1, {"present": {"S": "yes"}}), record(2, {})],
        1,
    ),
    (
        "absence above the type key, which is always so",
        {"dynamodb": {"NewImage": {"present": [{"exists": False}]}}},
        [record(1, {}), record(2, {"present": {"S": "yes"}})],
        2,
    ),
    (
        "a number, which DynamoDB writes as a text",
        {"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}}}},
        [record(1, {"n": {"N": "42"}}), record(2, {"n": {"N": "101"}})],
        1,
    ),
    (
        "a prefix",
        {"dynamodb": {"NewImage": {"p": {"S": [{"prefix": "us-1"}]}}}},
        [record(1, {"p": {"S": "us-1-x"}}), record(2, {"p": {"S": "other"}})],
        1,
    ),
    (
        "the time, which is a number",
        {"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 0]}]}},
        [record(1, {}), record(2, {})],
        2,
    ),
]


@pytest.mark.parametrize(("pattern", "records", "calls"), [one[1:] for one in FILTERS], ids=[one[0] for one in FILTERS])
def test_a_filter_passes_what_it_passed_on_aws(
    pattern: dict[str, Any], records: list[dict[str, Any]], calls: int
) -> None:
    function = RecordingTarget()
    system = simulation(function, filters=(Filter(pattern),), source_parameters=SourceParameters(batch_size=1))
    for each in records:
        system.put_record(each)
    assert len(function.events) == calls


QUEUE_FILTERS: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("one value", {"k": ["v"]}, {"k": "v"}, {"k": "other"}),
    ("two values", {"k": ["v", "w"]}, {"k": "w"}, {"k": "other"}),
    ("two fields", {"k": ["v"], "l": ["w"]}, {"k": "v", "l": "w"}, {"k": "other", "l": "w"}),
    ("exists", {"k": [{"exists": True}]}, {"k": "any"}, {"l": "any"}),
    ("more than", {"n": [{"numeric": [">", 100]}]}, {"n": 101}, {"n": 100}),
    ("less than", {"n": [{"numeric": ["<", 100]}]}, {"n": 99}, {"n": 100}),
    ("between", {"n": [{"numeric": [">=", 100, "<", 200]}]}, {"n": 100}, {"n": 200}),
    ("prefix", {"k": [{"prefix": "yes"}]}, {"k": "yes-x"}, {"k": "no-x"}),
    ("a body that is not JSON", {"k": ["v"]}, {"k": "v"}, "plain text"),
]


@pytest.mark.parametrize(
    ("pattern", "passes", "drops"), [q[1:] for q in QUEUE_FILTERS], ids=[q[0] for q in QUEUE_FILTERS]
)
def test_a_filter_on_a_body_passes_what_it_passed_on_aws_and_the_rest_is_deleted(
    pattern: dict[str, Any], passes: Any, drops: Any
) -> None:
    function = RecordingTarget()
    mapping = EventSourceMapping("M", source="Queue", function="F", filters=(Filter({"body": pattern}),))
    system = Simulation(Topology([Queue("Queue"), Function("F"), mapping]), functions={"F": function})
    for body in (passes, drops):
        system.put_message(body, "Queue")
    assert [record["body"] for event in function.events for record in event["Records"]] == [json.dumps(passes)]


SUCCESSES: list[Any] = [[], None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}]
FAILURES: list[Any] = [
    {"itemIdentifier": 123},
    {"itemIdentifier": ""},
    {"itemIdentifier": None},
    {"foo": 1},
    {"foo": None},
]


@pytest.mark.parametrize("response", SUCCESSES)
def test_these_responses_are_a_success_as_on_aws(response: Any) -> None:
    function = RecordingTarget(response)
    settings = SourceParameters(batch_size=1, maximum_retry_attempts=2)
    simulation(function, function_response_types=("ReportBatchItemFailures",), source_parameters=settings).put_record(
        record(1, {})
    )
    assert len(function.events) == 1


@pytest.mark.parametrize("failure", [*FAILURES, ZeroDivisionError], ids=repr)
def test_these_responses_fail_the_whole_batch_as_on_aws(failure: Any) -> None:
    calls: list[Any] = []

    def function(event: Any) -> Any:
        calls.append(event)
        if failure is ZeroDivisionError:
            raise ZeroDivisionError
        return {"batchItemFailures": [failure]}

    settings = SourceParameters(batch_size=1, maximum_retry_attempts=2)
    simulation(
        RecordingTarget(function), function_response_types=("ReportBatchItemFailures",), source_parameters=settings
    ).put_record(record(1, {}))
    assert len(calls) == 3, "the batch is tried again as often as it may be"


def kinesis(*sequence_numbers: int) -> list[dict[str, Any]]:
    """Records in the form in which a function gets them, as recorded events have them."""
    return [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "p",
                "sequenceNumber": str(number),
                "data": base64.b64encode(json.dumps({"n": number}).encode()).decode(),
                "approximateArrivalTimestamp": 1_752_538_268.0,
            },
            "eventSource": "aws:kinesis",
            "eventID": f"shardId-000000000007:{number}",
            "eventName": "aws:kinesis:record",
        }
        for number in sequence_numbers
    ]


def kinesis_simulation(function: RecordingTarget, *others: Any, **settings: Any) -> Simulation:
    mapping = EventSourceMapping("M", source="Stream", function="F", **settings)
    return Simulation(Topology([KinesisStream("Stream"), Function("F"), mapping, *others]), functions={"F": function})


def test_a_kinesis_record_as_a_function_gets_it_is_filtered_by_its_data() -> None:
    function = RecordingTarget()
    system = kinesis_simulation(function, filters=(Filter({"data": {"n": [2]}}),))
    for record in kinesis(1, 2, 3):
        system.put_record(record)
    [event] = function.events
    assert [record["kinesis"]["sequenceNumber"] for record in event["Records"]] == ["2"]


@pytest.mark.parametrize("bisect", [False, True])
def test_what_is_left_of_a_partial_failure_begins_its_attempts_anew_and_is_not_halved(bisect: bool) -> None:
    calls: list[list[str]] = []

    def function(event: Any) -> Any:
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        calls.append(numbers)
        return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers if number in ("5", "6")]}

    kinesis_simulation(
        RecordingTarget(function),
        function_response_types=("ReportBatchItemFailures",),
        source_parameters=SourceParameters(batch_size=3, maximum_retry_attempts=1),
        bisect=bisect,
    ).process(kinesis(1, 2, 3, 4, 5, 6))
    alone = [["5"], ["5"], ["6"], ["6"]] if bisect else []
    assert calls == [["1", "2", "3"], ["4", "5", "6"], ["5", "6"], *(alone or [["5", "6"]])]


@pytest.mark.parametrize(
    ("response", "error"), [({"batchItemFailures": [{"itemIdentifier": "1"}]}, None), (ValueError, "Unhandled")]
)
def test_a_dead_letter_says_whether_the_function_raised_and_its_shard_and_a_bucket_gets_the_records(
    response: Any, error: str | None
) -> None:
    def function(event: Any) -> Any:
        if response is ValueError:
            raise ValueError
        return response

    letters = []
    for destination in (Queue("D"), Opaque("D", type="AWS::S3::Bucket")):
        result = kinesis_simulation(
            RecordingTarget(function),
            destination,
            function_response_types=("ReportBatchItemFailures",),
            source_parameters=SourceParameters(batch_size=1, maximum_retry_attempts=1),
            on_failure="D",
        ).put_record(kinesis(1)[0])
        letters += result.inputs_of("D")
    queued, stored = letters
    assert isinstance(queued, dict)
    assert isinstance(stored, dict)
    assert queued["responseContext"]["functionError"] == error  # type: ignore[index, call-overload]
    assert queued["KinesisBatchInfo"]["shardId"] == "shardId-000000000007"  # type: ignore[index, call-overload]
    assert "payload" not in queued
    assert stored["payload"] == {"Records": kinesis(1)}
