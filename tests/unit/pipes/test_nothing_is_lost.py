"""What a pipe is given comes to an end that is counted and told: after crashes, splits, merges, wrong identifiers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perception_events.buses import EventBus, Rule
from perception_events.clock import ManualClock
from perception_events.pipes import (
    BatchSource,
    EventBusTarget,
    EventSourceMapping,
    FunctionTarget,
    Pipe,
    PipeRun,
    PipeStep,
    RetryPolicy,
    StepFault,
)
from perception_events.scheduler import Scheduler
from perception_events.sources import SQS_QUEUE, WrongSourceError, sqs_record
from perception_events.streams import InMemoryTable, RecordedStream
from perception_events.testing import RecordingTarget
from perception_events.topology import SourceParameters
from perception_events.trace import Discarded, RecordsTrimmed, Retried, RuleMatched, Trace
from support.pipe_parts import CREATED, RecordingBus, record, records

DAY = 86_400


def crashes_at(*steps: PipeStep) -> Any:
    left = list(steps)

    def faults(step: PipeStep) -> StepFault:
        if left and step is left[0]:
            left.pop(0)
            return StepFault(crash=True)
        return StepFault()

    return faults


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("crash", [PipeStep.FILTER, PipeStep.TARGET, PipeStep.CHECKPOINT])
def test_a_recorded_stream_repeats_the_batch_that_was_in_flight_at_a_crash(crash: PipeStep, lanes: int) -> None:
    scheduler = Scheduler(0, ManualClock(CREATED))
    received = RecordingTarget()
    parameters = SourceParameters(batch_size=3, parallelization_factor=lanes)
    pipe = Pipe("p", FunctionTarget(received), source=BatchSource(parameters=parameters), clock=scheduler.clock)
    run = PipeRun(
        pipe, RecordedStream(iter(records(10))), scheduler=scheduler, faults=crashes_at(crash, PipeStep.FILTER, crash)
    )
    scheduler.run_until_idle()
    assert {item["eventID"] for batch in received.events for item in batch} == {f"e{n}" for n in range(1, 11)}
    assert (run.crashes, run.result.records, run.result.delivered, run.result.pending) == (3, 10, 10, 0)


def test_a_recorded_stream_forgets_what_is_checkpointed() -> None:
    scheduler = Scheduler(0, ManualClock(CREATED))
    stream = RecordedStream(iter(records(5000)))
    parameters = SourceParameters(batch_size=10)
    held: list[int] = []
    function = FunctionTarget(RecordingTarget(lambda batch: held.append(len(stream._kept))))
    run = PipeRun(
        Pipe("p", function, source=BatchSource(parameters=parameters), clock=scheduler.clock),
        stream,
        scheduler=scheduler,
    )
    scheduler.run_until_idle()
    assert run.result.delivered == 5000
    assert max(held) <= 40


def test_a_child_shard_s_records_that_expire_behind_a_poison_record_are_told() -> None:
    scheduler = Scheduler(0, ManualClock(CREATED))
    table = InMemoryTable("T", clock=scheduler.clock)
    trace = Trace()
    write: dict[str, Any] = {"site": {"S": "a"}, "date#event_type": {"S": "d"}}
    failing = RecordingTarget(lambda batch: 1 / 0)
    pipe = Pipe(
        "p",
        FunctionTarget(failing),
        source=BatchSource(parameters=SourceParameters(batch_size=1)),
        retry_policy=RetryPolicy(lambda retry: 5000.0),
        clock=scheduler.clock,
        trace=trace.record,
    )
    table.put_item({**write, "n": {"N": "0"}})
    run = PipeRun(pipe, table.stream, scheduler=scheduler)
    scheduler.run_until_idle(until=CREATED + 10)
    children = table.stream.split_shard(table.stream.shards()[0].shard_id)
    table.put_item({**write, "n": {"N": "1"}})
    scheduler.run_until_idle()
    assert run.result.discarded == 1
    [lost] = trace.of(RecordsTrimmed)
    assert (lost.shard_id in children, lost.after) == (True, "")


def test_records_that_expire_while_a_reader_is_down_before_its_first_checkpoint_are_told() -> None:
    clock = ManualClock(CREATED)
    scheduler = Scheduler(0, clock)
    table = InMemoryTable("T", clock=clock)
    table.put_item({"site": {"S": "a"}, "date#event_type": {"S": "d"}})
    trace = Trace()
    crashed: list[int] = []

    def faults(step: PipeStep) -> StepFault:
        if step is PipeStep.TARGET and not crashed:
            crashed.append(1)
            clock.advance(DAY + 10)
            return StepFault(crash=True)
        return StepFault()

    pipe = Pipe("p", FunctionTarget(RecordingTarget()), clock=clock, trace=trace.record)
    run = PipeRun(pipe, table.stream, scheduler=scheduler, faults=faults)
    scheduler.run_until_idle()
    assert (run.result.records, len(trace.of(RecordsTrimmed))) == (0, 1)


def test_what_a_stream_had_dropped_before_the_run_is_not_lost_to_it() -> None:
    clock = ManualClock(CREATED)
    scheduler = Scheduler(0, clock)
    table = InMemoryTable("T", clock=clock)
    table.put_item({"site": {"S": "a"}, "date#event_type": {"S": "old"}})
    clock.advance(DAY + 10)
    table.put_item({"site": {"S": "a"}, "date#event_type": {"S": "new"}})
    trace, received = Trace(), RecordingTarget()
    PipeRun(Pipe("p", FunctionTarget(received), clock=clock, trace=trace.record), table.stream, scheduler=scheduler)
    scheduler.run_until_idle()
    assert (len(received.events), trace.of(RecordsTrimmed)) == (1, [])


def test_records_that_an_enrichment_merged_into_an_item_that_was_rejected_are_not_delivered() -> None:
    bus = RecordingBus(rejects=lambda entry: True)
    pipe = Pipe(
        "p",
        EventBusTarget(bus),
        source=BatchSource(parameters=SourceParameters(batch_size=5, maximum_retry_attempts=1)),
        enrichment=lambda batch: [{"eventID": batch[0]["eventID"], "all": len(batch)}],
        clock=ManualClock(CREATED),
    )
    result = pipe.process(records(5))
    assert (result.delivered, result.discarded, result.items) == (0, 5, 0)
    assert [entry["Detail"] for entry in bus.entries] == ['{"eventID":"e1","all":5}'] * 2


def test_items_count_what_the_target_took_whatever_the_enrichment_made_of_the_records() -> None:
    def pipe(enrichment: Any, bus: RecordingBus) -> Any:
        parameters = SourceParameters(batch_size=5, maximum_retry_attempts=1)
        return Pipe(
            "p",
            EventBusTarget(bus),
            source=BatchSource(parameters=parameters),
            enrichment=enrichment,
            clock=ManualClock(CREATED),
        ).process(records(5))

    merged = pipe(lambda batch: [{"all": len(batch)}], RecordingBus())
    assert (merged.delivered, merged.items) == (5, 1)
    doubled = pipe(lambda batch: [*batch, *batch], RecordingBus())
    assert (doubled.delivered, doubled.items) == (5, 10)
    first = [True]

    def once(entry: Any) -> bool:
        return '"e2"' in entry["Detail"] and bool(first) and first.pop()

    retried = pipe(lambda batch: batch, RecordingBus(rejects=once))
    assert (retried.delivered, retried.items, retried.retries) == (5, 5, 1)


@pytest.mark.parametrize(
    ("identifier", "explained"),
    [
        (str(10**21 + 1), "that is a sequence number, for event source mappings; a pipe takes the record's eventID"),
        ("e99", "no record of the batch has it as its eventID"),
    ],
)
def test_a_wrong_identifier_is_explained(identifier: str, explained: str) -> None:
    trace = Trace()
    pipe = Pipe(
        "p",
        FunctionTarget(lambda batch: {"batchItemFailures": [{"itemIdentifier": identifier}]}),
        source=BatchSource(parameters=SourceParameters(maximum_retry_attempts=0)),
        clock=ManualClock(CREATED),
        trace=trace.record,
    )
    assert pipe.process(records(2)).discarded == 2
    [lost] = trace.of(Discarded)
    assert f"the itemIdentifier '{identifier}' fails the whole batch: {explained}" in lost.reason


def test_a_mapping_s_wrong_identifier_is_explained_the_other_way_round() -> None:
    trace = Trace()
    mapping = EventSourceMapping(
        "m",
        lambda event: {"batchItemFailures": [{"itemIdentifier": "e1"}]},
        source=BatchSource(parameters=SourceParameters(maximum_retry_attempts=0)),
        reports_failures=True,
        clock=ManualClock(CREATED),
        trace=trace.record,
    )
    assert mapping.process(records(2)).discarded == 2
    assert (
        "that is the eventID, for pipes; an event source mapping takes the sequence number"
        in trace.of(Discarded)[0].reason
    )


def test_a_mapping_of_a_stream_repeats_everything_from_the_first_failed_record_on() -> None:
    calls: list[list[str]] = []

    def function(event: Any) -> Any:
        calls.append([each["eventID"] for each in event["Records"]])
        if len(calls) > 1:
            return None
        failed = event["Records"][1]["dynamodb"]["SequenceNumber"]
        return {"batchItemFailures": [{"itemIdentifier": failed}]}

    mapping = EventSourceMapping("m", function, reports_failures=True, clock=ManualClock(CREATED))
    assert mapping.process(records(4)).delivered == 4
    assert calls == [["e1", "e2", "e3", "e4"], ["e2", "e3", "e4"]]


def test_a_mapping_that_does_not_report_failures_takes_any_response_for_success() -> None:
    response = {"batchItemFailures": [{"itemIdentifier": "e1"}]}
    mapping = EventSourceMapping("m", lambda event: response, clock=ManualClock(CREATED))
    assert mapping.process(records(2)).delivered == 2


def test_the_failure_record_of_a_mapping_names_the_function_and_the_attempts() -> None:
    letters = RecordingTarget()
    mapping = EventSourceMapping(
        "m",
        lambda event: 1 / 0,
        source=BatchSource(parameters=SourceParameters(maximum_retry_attempts=1), dead_letters=letters),
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
        clock=ManualClock(CREATED),
    )
    assert mapping.process(records(2)).dead_lettered == 2
    [letter] = letters.events
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["requestContext"]["approximateInvokeCount"] == 2
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 2


def test_messages_of_a_queue_go_back_to_it_and_are_not_retried_here() -> None:
    messages = [sqs_record(body, message_id=body) for body in ("a", "b")]
    pipe = Pipe(
        "p",
        FunctionTarget(lambda batch: {"batchItemFailures": [{"itemIdentifier": "b"}]}),
        source=BatchSource(SQS_QUEUE),
        clock=ManualClock(CREATED),
    )
    batch = pipe.batch(messages)
    pipe.run(batch)
    assert (batch.result.delivered, batch.result.returned, batch.returned) == (1, 1, [messages[1]])
    assert batch.result.pending == 0


def test_a_body_is_decoded_for_filters_templates_and_paths_but_not_for_the_target() -> None:
    bus, received = RecordingBus(), RecordingTarget()
    order = sqs_record('{"orderSystem": "offline", "orderId": "Order-123"}', message_id="m")
    other = sqs_record('{"orderSystem": "online"}', message_id="n")
    filters = [{"body": {"orderSystem": ["offline"]}}]
    clock = ManualClock(CREATED)
    target = EventBusTarget(bus, source="$.body.orderSystem")
    template = '{"orderId": <$.body.orderId>}'
    Pipe(
        "p", target, source=BatchSource(SQS_QUEUE, filters=filters), target_input_template=template, clock=clock
    ).process([order, other])
    [entry] = bus.entries
    assert (entry["Source"], entry["DetailType"]) == ("offline", "Event from aws:sqs")
    assert entry["Detail"] == '{"orderId":"Order-123"}'
    Pipe("p", FunctionTarget(received), source=BatchSource(SQS_QUEUE), clock=clock).process([order])
    assert received.events == [[order]]


def test_a_record_of_another_source_is_rejected_by_name() -> None:
    pipe = Pipe("p", FunctionTarget(RecordingTarget()), clock=ManualClock(CREATED))
    with pytest.raises(WrongSourceError, match="the record is of 'aws:sqs', and this reads a DynamoDB stream"):
        pipe.process([record(1), sqs_record("x", message_id="m")])


def test_equal_attempts_are_one_step_and_others_are_told_apart() -> None:
    reasons = ["a", "a", "a", "b", "b", "a"]
    trace = Trace()

    def function(batch: Any) -> None:
        if reasons:
            raise RuntimeError(reasons.pop(0))

    Pipe("p", FunctionTarget(function), clock=ManualClock(CREATED), trace=trace.record).process([record(1)])
    steps = trace.of(Retried)
    assert [(step.reason, step.count, step.retry) for step in steps] == [
        ("RuntimeError: a", 3, 3),
        ("RuntimeError: b", 2, 5),
        ("RuntimeError: a", 1, 6),
    ]
    assert (steps[0].since, steps[0].time) == (CREATED, CREATED + 3)


def test_attempts_that_are_assumed_to_fail_take_their_time_and_are_counted() -> None:
    def run(assume_after: int | None) -> tuple[Any, float, list[Retried], int]:
        clock, trace, failing = ManualClock(CREATED), Trace(), RecordingTarget(lambda batch: 1 / 0)
        policy = RetryPolicy(assume_after=assume_after)
        pipe = Pipe("p", FunctionTarget(failing), retry_policy=policy, clock=clock, trace=trace.record)
        result = pipe.process([record(1)])
        return result, clock.now(), trace.of(Retried), len(failing.events)

    every, end, [step], made = run(None)
    assumed, assumed_end, [assumed_step], assumed_made = run(10)
    assert (assumed.retries, assumed.discarded, assumed_end) == (every.retries, every.discarded, end)
    assert (made, assumed_made) == (every.retries, 10)
    assert (step.count, step.assumed) == (assumed_step.count, 0) == (every.retries, 0)
    assert assumed_step.assumed == every.retries - 10


def test_what_a_pipe_puts_on_a_bus_matches_as_its_text_would() -> None:
    values: list[Any] = [
        1,
        1.0,
        1e300,
        -0.0,
        10**18,
        "\u00e9\U0001f600",
        'a\\"b',
        None,
        True,
        [1, [2.5, "x"]],
        {"k": [{"z": 1}]},
    ]
    patterns = [
        {"detail": {"v": [1, "\u00e9\U0001f600"]}},
        {"detail": {"v": [{"numeric": [">", 0.5]}]}},
        {"detail": {"v": [{"exists": False}]}},
        {"detail": {"v": {"k": {"z": [1]}}}},
        {"detail": {"v": ["x", None, True]}},
        {"detail": {"v": [{"anything-but": ["y", "x"]}]}},
    ]
    for value in values:
        bus, trace = _bus_with(patterns)
        enriched = Pipe(
            "p",
            EventBusTarget(bus, source="s"),
            source=BatchSource(parameters=SourceParameters(batch_size=1)),
            enrichment=lambda batch, value=value: [{"v": value}],
            clock=ManualClock(CREATED),
        )
        enriched.process([record(1)])
        by_value = [step.rule for step in trace.of(RuleMatched)]
        bus, trace = _bus_with(patterns)
        bus.put_events([{"Source": "s", "DetailType": "t", "Detail": json.dumps({"v": value})}])
        assert by_value == [step.rule for step in trace.of(RuleMatched)], value


def _bus_with(patterns: list[Any]) -> tuple[EventBus, Trace]:
    trace = Trace()
    bus = EventBus("bus", clock=ManualClock(CREATED), new_id=lambda: "1", trace=trace.record)
    for number, pattern in enumerate(patterns):
        bus.put_rule(Rule(f"r{number}", pattern))
    return bus, trace
