"""A record's way through filter, template, enrichment and target, when nothing fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.clock import ManualClock
from perception_events.json_values import JSONValue
from perception_events.pipes import EventBusTarget, FunctionTarget, InvalidPipeError, Pipe
from perception_events.streams import UnreadableRecordError
from perception_events.trace import Enriched, FilteredOut, RecordSeen, Trace
from support.pipe_parts import CREATED, Function, RecordingBus, pipe_settings, record, records

COMPLETED_INSERTS = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"status": {"S": ["COMPLETED"]}}}}


def pipe(target: Any, **settings: Any) -> Pipe:
    return Pipe("perception", target, clock=ManualClock(CREATED), **pipe_settings(**settings))


def test_matching_records_become_events_with_the_defaults_of_aws() -> None:
    bus = RecordingBus()
    result = pipe(EventBusTarget(bus), batch_size=10, filters=[COMPLETED_INSERTS]).process(
        [record(1), record(2, status="PROCESSING"), record(3, name="MODIFY")]
    )
    [entry] = bus.entries
    assert entry["Source"] == "Pipe perception"
    assert entry["DetailType"] == "Event from aws:dynamodb"
    assert json.loads(entry["Detail"]) == record(1)
    assert "Resources" not in entry
    assert (result.records, result.filtered_out, result.delivered, result.pending) == (3, 2, 1, 0)


def test_filters_are_ored() -> None:
    target = Function()
    filters = [json.dumps({"eventName": ["REMOVE"]}), {"eventName": ["MODIFY"]}]
    given = [record(1), record(2, name="MODIFY"), record(3, name="REMOVE")]
    pipe(FunctionTarget(target), filters=filters).process(given)
    assert target.calls == [[record(2, name="MODIFY"), record(3, name="REMOVE")]]


def test_when_no_record_passes_nothing_is_invoked() -> None:
    enrichment, target = Function(), Function()
    pipe(FunctionTarget(target), filters=[{"eventName": ["REMOVE"]}], enrichment=enrichment).process(records(3))
    assert enrichment.calls == target.calls == []


def test_the_enrichment_gets_a_list_even_of_one_and_its_own_copy() -> None:
    def in_place(event: JSONValue) -> JSONValue:
        assert isinstance(event, list)
        [item] = event
        assert isinstance(item, dict)
        item["kind"] = "pose"
        return event

    enrichment, bus, given = Function(in_place), RecordingBus(), record(1)
    pipe(EventBusTarget(bus), batch_size=1, enrichment=enrichment).process([given])
    assert json.loads(bus.entries[0]["Detail"])["kind"] == "pose"
    assert "kind" not in given


def test_templates_apply_to_each_item_by_itself() -> None:
    enrichment, target = Function(), Function()
    pipe(
        FunctionTarget(target),
        enrichment=enrichment,
        enrichment_input_template='{"id": <$.eventID>, "image": <$.dynamodb.NewImage>}',
        target_input_template='{"only": <$.id>}',
    ).process(records(2))
    [batch] = enrichment.calls
    assert isinstance(batch, list)
    assert [item["id"] for item in batch if isinstance(item, dict)] == ["e1", "e2"]
    assert target.calls == [[{"only": "e1"}, {"only": "e2"}]]


def test_an_empty_template_is_none() -> None:
    target = Function()
    pipe(FunctionTarget(target), target_input_template="").process([record(1)])
    assert target.calls == [[record(1)]]


@pytest.mark.parametrize("nothing", [[], {}, ""])
def test_an_empty_answer_of_the_enrichment_ends_the_batch(nothing: JSONValue) -> None:
    target = Function()
    result = pipe(FunctionTarget(target), enrichment=Function(lambda _: nothing)).process(records(2))
    assert target.calls == []
    assert (result.dropped, result.delivered, result.pending) == (2, 0, 0)


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ([{}], [{}]),
        ({"one": 1}, [{"one": 1}]),
        ([1, "two", None], [1, "two", None]),
        ("text", ["text"]),
        ([{"a": 1}] * 3, [{"a": 1}] * 3),
    ],
)
def test_what_an_enrichment_may_answer(answer: JSONValue, sent: list[JSONValue]) -> None:
    target = Function()
    result = pipe(FunctionTarget(target), enrichment=Function(lambda _: answer)).process([record(1)])
    assert target.calls == [sent]
    assert result.delivered == 1


def test_batches_hold_at_most_batch_size_records_and_six_megabytes() -> None:
    target = Function()
    pipe(FunctionTarget(target), batch_size=4).process(records(10))
    assert [len(call) for call in target.calls if isinstance(call, list)] == [4, 4, 2]
    target = Function()
    large = [record(n, size=None) | {"padding": "x" * 2_500_000} for n in range(5)]
    pipe(FunctionTarget(target), batch_size=100).process(large)
    assert [len(call) for call in target.calls if isinstance(call, list)] == [2, 2, 1]


def test_lanes_keep_the_records_of_a_key_together_and_in_order() -> None:
    target = Function()
    given = [record(n, sort_key=f"2025-07-15#pose#sync001#cam{n % 5}") for n in range(1, 41)]
    pipe(FunctionTarget(target), batch_size=3, parallelization_factor=4).process(given)
    calls: list[Any] = target.calls
    assert any(len(call) == 3 for call in calls)
    by_key: dict[str, list[int]] = {}
    for item in (item for call in calls for item in call):
        key = item["dynamodb"]["Keys"]["date#event_type"]["S"]
        by_key.setdefault(key, []).append(int(item["eventID"][1:]))
    assert sorted(n for numbers in by_key.values() for n in numbers) == list(range(1, 41))
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


def with_kind(event: Any) -> JSONValue:
    return [item | {"kind": "pose"} for item in event]


def test_parameters_that_are_paths_read_the_item_before_the_target_template() -> None:
    bus = RecordingBus()
    target = EventBusTarget(
        bus,
        source="com.example.perception",
        detail_type="$.kind",
        resources=["$.eventSourceARN", "arn:fixed", "at $.kind"],
        time="$.dynamodb.ApproximateCreationDateTime",
    )
    settings: Any = {"enrichment": Function(with_kind), "target_input_template": '{"x": <$.eventID>}'}
    pipe(target, batch_size=10, **settings).process([record(1)])
    assert bus.entries == [
        {
            "Source": "com.example.perception",
            "DetailType": "pose",
            "Detail": '{"x":"e1"}',
            "Resources": [record(1)["eventSourceARN"], "arn:fixed", "at $.kind"],
            "Time": CREATED,
        }
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch_size": 11}, "batch_size=11 exceeds what the target takes, 10"),
        ({}, r"batch_size=100 .* \(the source\'s default applies\)"),
        ({"batch_size": 0}, "batch_size=0: DynamoDB streams take 1 to 10000 records"),
        ({"batch_size": 1, "maximum_batching_window": 301}, "maximum_batching_window"),
        ({"batch_size": 1, "parallelization_factor": 11}, "parallelization_factor"),
        ({"batch_size": 1, "maximum_record_age": 604_801}, "maximum_record_age"),
        ({"batch_size": 1, "maximum_retry_attempts": -2}, "maximum_retry_attempts"),
        ({"batch_size": 1, "filters": [{"eventName": ["INSERT"]}] * 6}, "6 filters; 0 to 5 filters are allowed"),
        ({"batch_size": 1, "on_partial_batch_item_failure": "BISECT"}, "take AUTOMATIC_BISECT"),
        ({"batch_size": 1, "target_input_template": "x" * 8193}, "8193 characters"),
    ],
)
def test_what_aws_rejects_is_rejected_at_once(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPipeError, match=said):
        pipe(EventBusTarget(RecordingBus()), **settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"filters": '{"eventName": ["INSERT"]}'}, r"one pattern; give a list, \[pattern\]"),
        ({"filters": {"eventName": ["INSERT"]}}, "one pattern; give a list"),
        ({"enrichment": 7}, "enrichment: a int is not a target: give a function of one argument, or an object with"),
        ({"dead_letters": []}, "dead_letters: a list is not a target"),
        ({"target": Function()}, r"a Function is not what a pipe sends to; give FunctionTarget\(target\)"),
    ],
)
def test_what_cannot_be_invoked_is_rejected_when_the_pipe_is_made(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPipeError, match=said):
        pipe(**{"target": FunctionTarget(Function())} | settings)


@pytest.mark.parametrize("given", [["text"], [None], [[]], {"Records": records(1)}])
def test_what_is_no_record_is_told_and_what_came_before_is_done(given: Any) -> None:
    target = Function()
    with pytest.raises(UnreadableRecordError, match=r"is not a stream record.*event\['Records'\]"):
        pipe(FunctionTarget(target), batch_size=1).process([*records(1), *given])
    assert len(target.calls) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"source": "aws.pipes"}, "belong to AWS"),
        ({"source": "x" * 257}, "257 characters"),
        ({"detail_type": "x" * 129}, "129 characters"),
        ({"detail_type": "$.date#event_type"}, "not a JSON path"),
        ({"resources": ["r"] * 11}, "11 resources"),
        ({"time": "2025-07-15T00:00:00Z"}, "not a JSON path"),
    ],
)
def test_parameters_of_a_bus_target_have_limits(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPipeError, match=said):
        EventBusTarget(RecordingBus(), **settings)


def test_every_step_is_traced() -> None:
    trace = Trace()
    pipe(
        EventBusTarget(RecordingBus()),
        batch_size=10,
        filters=[COMPLETED_INSERTS],
        enrichment=Function(),
        trace=trace.record,
    ).process([record(1), record(2, status="PROCESSING")])
    assert [seen.event_id for seen in trace.of(RecordSeen)] == ["e1", "e2"]
    [out] = trace.of(FilteredOut)
    assert out.event_id == "e2"
    assert out.explanations.lines == ('dynamodb.NewImage.status.S: expected ["COMPLETED"], found "PROCESSING"',)
    [enriched] = trace.of(Enriched)
    assert (enriched.where, enriched.event_ids) == ("perception", ("e1",))
