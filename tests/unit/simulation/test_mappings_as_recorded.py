"""Event source mappings decide as recorded on AWS: which records pass a filter, which responses are a success."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.simulation import Simulation
from perception_events.testing import RecordingTarget
from perception_events.topology import (
    EventSourceMapping,
    Filter,
    Function,
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
