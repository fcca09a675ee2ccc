"""What a pipe does when an enrichment, a target or the network fails: retries, halves, ages, dead letters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from perception_events.clock import ManualClock
from perception_events.errors import UnretriableError
from perception_events.json_values import JSONValue
from perception_events.pipes import (
    BatchSource,
    EventBusTarget,
    FunctionTarget,
    Pipe,
    PipeInternalError,
    PipeResult,
    RetryPolicy,
    dead_letter_records,
)
from perception_events.streams import InMemoryTable, TrimmedDataError
from perception_events.topology import SourceParameters
from perception_events.trace import DeadLettered, Discarded, Retried, Trace
from support.pipe_parts import CREATED, Function, RecordingBus, pipe_settings, record, records

DAY = 86_400
BISECT = "AUTOMATIC_BISECT"


class PipeFixture:
    """A pipe with a dead-letter queue, a clock and a trace."""

    def __init__(self, target: Any, *, queue: bool = True, **settings: Any) -> None:
        self.clock = ManualClock(CREATED)
        self.queue = Function()
        self.trace = Trace()
        self.pipe = Pipe(
            "perception",
            target,
            clock=self.clock,
            trace=self.trace.record,
            **pipe_settings(dead_letters=self.queue if queue else None, **settings),
        )

    def process(self, given: Any) -> PipeResult:
        return self.pipe.process(given)

    @property
    def messages(self) -> list[Any]:
        return list(self.queue.calls)


def ids(call: Any) -> list[str]:
    return [item["eventID"] for item in call]


def fails_on(*bad: str, error: type[Exception] = RuntimeError) -> Callable[[Any], JSONValue]:
    """An answer that raises while the batch holds one of `bad`."""

    def answer(event: Any) -> JSONValue:
        found = [each for each in ids(event) if each in bad]
        if found:
            raise error(f"cannot take {found}")
        return None

    return answer


def times(count: int, error: Exception) -> Callable[[JSONValue], JSONValue]:
    """An answer that raises `count` times, then gives the event back."""
    left = [count]

    def answer(event: JSONValue) -> JSONValue:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return event

    return answer


def test_a_retry_goes_through_the_whole_pipe_again() -> None:
    enrichment, target = Function(), Function(times(2, RuntimeError("busy")))
    line = PipeFixture(FunctionTarget(target), enrichment=enrichment, maximum_retry_attempts=5)
    result = line.process(records(2))
    assert len(enrichment.calls) == len(target.calls) == 3
    assert (result.delivered, result.retries, result.invocations) == (2, 2, 3)
    [step] = line.trace.of(Retried)  # equal failures in a row are one step
    assert (step.retry, step.count, step.since, step.time) == (2, 2, CREATED, CREATED + 1)
    assert line.clock.now() - CREATED == 1 + 2  # it backed off


def test_the_first_attempt_is_no_retry() -> None:
    target = Function(fails_on("e1"))
    line = PipeFixture(FunctionTarget(target), maximum_retry_attempts=1)
    result = line.process([record(1)])
    assert len(target.calls) == 2
    assert (result.dead_lettered, result.retries) == (1, 1)


def test_the_dead_letter_has_the_form_of_aws_and_not_the_record() -> None:
    line = PipeFixture(FunctionTarget(Function(fails_on("e1"))), maximum_retry_attempts=0, batch_size=3)
    line.process(records(3, created=CREATED - 20))
    assert line.messages == [
        {
            "context": {
                "partnerResourceArn": "arn:aws:pipes:us-east-1:123456789012:pipe/perception",
                "condition": "RetryAttemptsExhausted",
            },
            "version": "1.0",
            "timestamp": "2025-07-15T00:11:08.000Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000000000000000000-00000000",
                "startSequenceNumber": "1000000000000000000001",
                "endSequenceNumber": "1000000000000000000003",
                "approximateArrivalOfFirstRecord": "2025-07-15T00:10:48Z",
                "approximateArrivalOfLastRecord": "2025-07-15T00:10:48Z",
                "batchSize": 3,
                "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2025-07-15T00:00:00.000",
            },
        }
    ]
    [step] = line.trace.of(DeadLettered)
    assert step.event_ids == ("e1", "e2", "e3")
    assert step.reason == "RuntimeError: cannot take ['e1']"


def test_with_the_defaults_a_poison_record_blocks_its_shard_for_a_day() -> None:
    target = Function(fails_on("e2"))
    line = PipeFixture(FunctionTarget(target), batch_size=1, queue=False)
    result = line.process(records(3))
    assert line.clock.now() - CREATED > DAY
    # What lay behind the poison has expired with it, unseen.
    assert (result.delivered, result.discarded) == (1, 2)
    assert result.retries > 1000


def test_without_a_queue_what_is_given_up_is_counted_as_discarded_and_traced() -> None:
    line = PipeFixture(FunctionTarget(Function(fails_on("e1"))), maximum_retry_attempts=0, queue=False)
    result = line.process([record(1)])
    assert (result.discarded, result.dead_lettered, result.pending) == (1, 0, 0)
    [step] = line.trace.of(Discarded)
    assert (step.condition, line.trace.of(DeadLettered)) == ("RetryAttemptsExhausted", [])


def test_internal_errors_are_not_counted() -> None:
    target = Function(times(50, PipeInternalError("connection reset")))
    line = PipeFixture(FunctionTarget(target), maximum_retry_attempts=0)
    result = line.process([record(1)])
    assert (result.delivered, len(target.calls)) == (1, 51)
    assert {step.kind for step in line.trace.of(Retried)} == {"internal"}


def test_internal_errors_end_when_the_record_expires() -> None:
    line = PipeFixture(FunctionTarget(Function(fails_on("e1", error=PipeInternalError))), maximum_retry_attempts=0)
    result = line.process([record(1)])
    assert result.dead_lettered == 1
    assert line.messages[0]["context"]["condition"] == "RecordAgeExceeded"
    assert DAY < line.clock.now() - CREATED < DAY + 120


def test_records_above_the_maximum_age_are_given_up_without_an_attempt() -> None:
    target = Function()
    line = PipeFixture(FunctionTarget(target), maximum_record_age=60)
    result = line.process([record(1, created=CREATED - 61), record(2, created=CREATED - 59)])
    assert [ids(call) for call in target.calls] == [["e2"]]
    assert (result.delivered, result.dead_lettered) == (1, 1)
    assert line.messages[0]["context"]["condition"] == "RecordAgeExceeded"
    assert line.messages[0]["DDBStreamBatchInfo"]["startSequenceNumber"] == "1000000000000000000001"


def test_the_maximum_age_ends_retries() -> None:
    line = PipeFixture(FunctionTarget(Function(fails_on("e1"))), maximum_record_age=100)
    assert line.process([record(1)]).dead_lettered == 1
    assert 100 < line.clock.now() - CREATED < 200


def test_bisecting_delivers_all_but_the_poison_in_order() -> None:
    target = Function(fails_on("e5"))
    line = PipeFixture(
        FunctionTarget(target), batch_size=8, maximum_retry_attempts=2, on_partial_batch_item_failure=BISECT
    )
    result = line.process(records(8))
    delivered = [each for call in target.calls for each in ids(call) if "e5" not in ids(call)]
    assert delivered == ["e1", "e2", "e3", "e4", "e6", "e7", "e8"]
    assert (result.delivered, result.dead_lettered) == (7, 1)
    assert line.messages[0]["DDBStreamBatchInfo"]["batchSize"] == 1
    assert sum("e5" in ids(call) for call in target.calls) == 4 + 2  # 8, 4, 2, 1 records, then two retries


def test_without_bisecting_the_whole_batch_goes_with_the_poison() -> None:
    line = PipeFixture(FunctionTarget(Function(fails_on("e5"))), batch_size=8, maximum_retry_attempts=1)
    assert line.process(records(8)).dead_lettered == 8
    assert line.messages[0]["DDBStreamBatchInfo"]["batchSize"] == 8


def test_only_the_rejected_entries_of_a_bus_are_retried() -> None:
    rejections = {"e2": 1, "e4": 2}

    def rejects(entry: Any) -> bool:
        event_id = json.loads(entry["Detail"])["eventID"]
        rejections[event_id] = rejections.get(event_id, 0) - 1
        return rejections[event_id] >= 0

    bus, enrichment = RecordingBus(rejects), Function()
    result = PipeFixture(EventBusTarget(bus), batch_size=10, enrichment=enrichment).process(records(5))
    assert [[json.loads(e["Detail"])["eventID"] for e in call] for call in bus.calls] == [
        ["e1", "e2", "e3", "e4", "e5"],
        ["e2", "e4"],
        ["e4"],
    ]
    assert [ids(call) for call in enrichment.calls] == [["e1", "e2", "e3", "e4", "e5"], ["e2", "e4"], ["e4"]]
    assert (result.delivered, result.retries) == (5, 2)


def test_items_without_event_id_defeat_the_partial_retry() -> None:
    rejections = [True]

    def rejects(entry: Any) -> bool:
        return bool("cam2" in entry["Detail"] and rejections and rejections.pop())

    bus = RecordingBus(rejects)
    template = '{"dynamodb": {"Keys": <$.dynamodb.Keys>}}'
    PipeFixture(EventBusTarget(bus), batch_size=10, target_input_template=template).process(records(3))
    assert [len(call) for call in bus.calls] == [3, 3]  # the two that were taken are put again


def test_a_function_names_what_failed_by_event_id() -> None:
    answers: list[JSONValue] = [{"batchItemFailures": [{"itemIdentifier": "e2"}]}, None]
    target = Function(lambda _: answers.pop(0))
    result = PipeFixture(FunctionTarget(target)).process(records(3))
    assert [ids(call) for call in target.calls] == [["e1", "e2", "e3"], ["e2"]]
    assert result.delivered == 3


@pytest.mark.parametrize(
    "answer",
    [None, {}, "ok", [], {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": [{"itemIdentifier": "e1"}]}],
)
def test_answers_that_are_success(answer: JSONValue) -> None:
    target = Function(lambda _: answer)
    assert PipeFixture(FunctionTarget(target), maximum_retry_attempts=0).process(records(2)).delivered == 2


@pytest.mark.parametrize(
    "failures",
    [
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"itemidentifier": "e1"}],
        ["e1"],
        [{"itemIdentifier": "e1"}, {"itemIdentifier": "not of this batch"}],
        [{"itemIdentifier": "1000000000000000000001"}],  # the sequence number is what event source mappings take
        "e1",
    ],
)
def test_answers_that_fail_the_whole_batch(failures: JSONValue) -> None:
    target = Function(lambda _: {"batchItemFailures": failures})
    assert PipeFixture(FunctionTarget(target), maximum_retry_attempts=0).process(records(2)).dead_lettered == 2


def test_batch_item_failures_of_an_enrichment_are_only_an_item() -> None:
    target = Function()
    answer: JSONValue = {"batchItemFailures": [{"itemIdentifier": "e1"}]}
    result = PipeFixture(FunctionTarget(target), enrichment=Function(lambda _: answer)).process(records(2))
    assert target.calls == [[answer]]
    assert result.delivered == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the enrichment returned null; .*does the handler return"),
        (True, "the enrichment returned true"),
        (3, "the enrichment returned 3"),
        ({1, 2}, "what JSON cannot hold"),
        ([float("nan")], "what JSON cannot hold"),
        (["x" * (6 * 1024 * 1024)], "6,291,460 bytes; the limit is 6,291,456"),
        ([{}] * 11, "11 items and the target takes 10; it was not invoked"),
    ],
    ids=["null", "true", "3", "set", "nan", "over 6 MB", "11 items"],
)
def test_answers_of_an_enrichment_that_fail_the_batch(answer: Any, said: str) -> None:
    bus = RecordingBus()
    line = PipeFixture(
        EventBusTarget(bus), batch_size=1, maximum_retry_attempts=0, enrichment=Function(lambda _: answer)
    )
    assert line.process([record(1)]).dead_lettered == 1
    assert bus.calls == []
    [step] = line.trace.of(DeadLettered)
    assert re.search(said, step.reason)


def test_a_path_that_leads_nowhere_fails_the_batch_by_name() -> None:
    line = PipeFixture(EventBusTarget(RecordingBus(), detail_type="$.kind"), batch_size=1, maximum_retry_attempts=0)
    assert line.process([record(1)]).dead_lettered == 1
    assert "detail_type: the item has nothing at $.kind" in line.trace.of(DeadLettered)[0].reason


def test_a_queue_that_fails_is_asked_again() -> None:
    line = PipeFixture(FunctionTarget(Function(fails_on("e1"))), maximum_retry_attempts=0)
    line.queue._answer = times(3, RuntimeError("no queue"))
    assert line.process([record(1)]).dead_lettered == 1
    assert len(line.messages) == 4


def test_old_recordings_are_not_expired_when_they_are_first_seen() -> None:
    target = Function()
    line = PipeFixture(FunctionTarget(target))
    line.clock.advance(400 * DAY)
    assert line.process(records(2)).delivered == 2


def test_a_clock_that_cannot_be_advanced_is_run_ahead_of() -> None:
    class FixedClock:
        def now(self) -> float:
            return float(CREATED)

    pipe = Pipe("perception", FunctionTarget(Function(fails_on("e1"))), clock=FixedClock())
    assert pipe.process([record(1)]).discarded == 1
    assert pipe.now() > CREATED + DAY


def test_waiting_can_be_the_caller_s() -> None:
    waited: list[float] = []

    class OwnClock(ManualClock):
        def advance(self, seconds: float) -> None:
            waited.append(seconds)

    pipe = Pipe(
        "perception",
        FunctionTarget(Function(times(3, RuntimeError("busy")))),
        clock=OwnClock(CREATED),
        retry_policy=RetryPolicy(lambda retry: retry * 10.0),
    )
    assert pipe.process([record(1)]).delivered == 1
    assert waited == [10, 20, 30]


def test_a_flaw_in_the_design_is_not_retried() -> None:
    class FlawError(UnretriableError):
        pass

    with pytest.raises(FlawError):
        PipeFixture(FunctionTarget(Function(fails_on("e1", error=FlawError)))).process([record(1)])


def test_the_records_of_a_dead_letter_can_be_read_for_a_day() -> None:
    clock = ManualClock(CREATED)
    table = InMemoryTable("T", clock=clock)
    for number in range(4):
        table.put_item({"site": {"S": "a"}, "date#event_type": {"S": "d"}, "n": {"N": str(number)}})
    given = list(table.stream.records())
    [shard] = table.stream.shards()
    queue = Function()
    pipe = Pipe(
        "p",
        FunctionTarget(Function(lambda _: 1 / 0)),
        source=BatchSource(parameters=SourceParameters(batch_size=2, maximum_retry_attempts=0), dead_letters=queue),
        clock=clock,
    )
    pipe.process(given, shard_id=shard.shard_id)
    messages: Any = queue.calls
    assert [dead_letter_records(table.stream, message) for message in messages] == [tuple(given[:2]), tuple(given[2:])]
    clock.advance(DAY + 1)
    with pytest.raises(TrimmedDataError):
        dead_letter_records(table.stream, messages[0])
