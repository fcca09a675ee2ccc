"""The public test helpers do what they say, and say what is wrong."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from perception_events.classifiers import SegmentClassifier, default_registry
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.models import StreamRecord
from perception_events.pipes import BatchSource, EventBusTarget, FunctionTarget, PartialFailure, Pipe, PipeStep
from perception_events.streams import InvalidItemError, item_size
from perception_events.testing import (
    AsyncFunction,
    FailingTarget,
    FaultPlan,
    PlannedError,
    RecordBuilder,
    RecordingBus,
    RecordingTarget,
    assert_dead_lettered,
    assert_filtered_out,
    assert_routed,
    check_classifier,
    check_pipe_target,
    check_target,
)
from perception_events.testing.strategies import fault_plans, record_batches, sort_keys
from perception_events.topology import SourceParameters
from perception_events.trace import Delivered, Trace

pytest_plugins = ["perception_events.pytest_plugin"]
POSE = "2025-07-15#pose#sync001#cam3"


def test_records_come_in_order_with_plain_values() -> None:
    build = RecordBuilder()
    first = build.insert("a", POSE, status="COMPLETED", n=3, flag=True, nothing=None, many=["x"], raw={"SS": ["y"]})
    second: Any = build.modify("a", POSE, {"status": "PROCESSING"}, status="COMPLETED")
    third: Any = build.expire("a", POSE, status="COMPLETED")
    image: Any = first["dynamodb"]
    assert image["NewImage"] == {
        "date#event_type": {"S": POSE},
        "site": {"S": "a"},
        "status": {"S": "COMPLETED"},
        "n": {"N": "3"},
        "flag": {"BOOL": True},
        "nothing": {"NULL": True},
        "many": {"L": [{"S": "x"}]},
        "raw": {"SS": ["y"]},
    }
    assert second["dynamodb"]["OldImage"]["status"] == {"S": "PROCESSING"}
    assert (third["eventName"], third["userIdentity"]["principalId"]) == ("REMOVE", "dynamodb.amazonaws.com")
    assert "NewImage" not in third["dynamodb"]
    numbers = [int(r["dynamodb"]["SequenceNumber"]) for r in (first, second, third)]  # type: ignore[index, call-overload, arg-type]
    assert numbers == sorted(set(numbers))
    assert len({str(r["eventID"]) for r in (first, second, third)}) == 3


def test_targets_keep_and_fail_as_told() -> None:
    doubling = RecordingTarget(lambda event: event * 2)
    assert doubling.invoke(4) == 8
    assert doubling.events == [4]
    failing = FailingTarget(times=2, response="done")
    for _ in range(2):
        with pytest.raises(RuntimeError):
            failing.invoke(1)
    assert failing.invoke(1) == "done"
    picky = FailingTarget(ValueError("bad"), on=lambda event: event == "bad")
    picky.invoke("good")
    with pytest.raises(ValueError, match="bad"):
        picky.invoke("bad")


def test_assertions_print_the_trace() -> None:
    trace = Trace()
    trace.record(Delivered(0.0, "bus", "1", "pose-rule", "aggregate_pose-dev", {}))
    assert_routed(trace, to=["aggregate_pose-dev"])
    with pytest.raises(AssertionError, match=r"1 event.s. missing at aggregate_recon-dev(?s:.*)pose-rule"):
        assert_routed(trace, to=["aggregate_pose-dev", "aggregate_recon-dev"])
    with pytest.raises(AssertionError, match="too many at aggregate_pose-dev"):
        assert_routed(trace, to=[])
    with pytest.raises(AssertionError, match="e1 was not filtered out"):
        assert_filtered_out(trace, "e1")
    with pytest.raises(AssertionError, match="e1 was not dead-lettered"):
        assert_dead_lettered(trace, "e1")


def test_assertions_hold_on_a_pipe(
    manual_clock: ManualClock, recording_queue: RecordingTarget, event_trace: Trace, record_builder: RecordBuilder
) -> None:
    pipe = Pipe(
        "p",
        FunctionTarget(FailingTarget()),
        source=BatchSource(
            parameters=SourceParameters(maximum_retry_attempts=0),
            filters=[{"eventName": ["INSERT"]}],
            dead_letters=recording_queue,
        ),
        clock=manual_clock,
        trace=event_trace.record,
    )
    removed, inserted = record_builder.remove("a", POSE), record_builder.insert("a", POSE)
    pipe.process([removed, inserted])
    assert_filtered_out(event_trace, str(removed["eventID"]))
    assert_dead_lettered(event_trace, str(inserted["eventID"]), condition="RetryAttemptsExhausted")
    with pytest.raises(AssertionError, match="for RetryAttemptsExhausted, not RecordAgeExceeded"):
        assert_dead_lettered(event_trace, str(inserted["eventID"]), condition="RecordAgeExceeded")
    assert len(recording_queue.events) == 1


class Bad:
    """A classifier that breaks one rule."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.calls = 0

    @property
    def name(self) -> str:
        return "" if self.rule == "name" else "bad"

    def classify(self, sort_key: str, item: Any) -> Any:
        self.calls += 1
        if self.rule == "raises":
            return sort_key.split("#")[1]
        if self.rule == "type":
            return 3
        if self.rule == "moody":
            return f"type{self.calls}"
        if self.rule == "changes" and item:
            item["seen"] = True
        return None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("name", "name is empty"),
        ("raises", "IndexError"),
        ("type", "answered 3"),
        ("moody", "then"),
        ("changes", "changed the item"),
        ("none", "no type for"),
    ],
)
def test_a_bad_classifier_is_told_its_fault(rule: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_classifier(Bad(rule), claims=[POSE] if rule == "none" else [], items=[{"status": {"S": "COMPLETED"}}])


def test_our_classifiers_pass() -> None:
    check_classifier(SegmentClassifier("pose"), claims=[POSE], items=[{"status": {"S": "COMPLETED"}}])


def test_targets_are_checked() -> None:
    check_target(RecordingTarget(), events=[{"a": 1}, [1]])
    check_pipe_target(EventBusTarget(RecordingBus()), values=[{"eventID": f"e{n}"} for n in range(15)])
    with pytest.raises(AssertionError, match="changed the event"):
        check_target(RecordingTarget(lambda event: event.clear()), events=[{"a": 1}])
    with pytest.raises(AssertionError, match="JSON cannot hold"):
        check_target(RecordingTarget(lambda event: {1, 2}), events=[{}])

    class Stranger:
        maximum_batch_size = None

        def send(self, items: object) -> PartialFailure:
            return PartialFailure(("never seen",), "no")

    with pytest.raises(AssertionError, match="never seen"):
        check_pipe_target(Stranger(), values=[{"eventID": "e1"}])


def play(plan: FaultPlan) -> list[str]:
    """What a plan does, step by step."""
    seen: list[str] = []
    target, bus, faults = plan.target(RecordingTarget()), plan.bus(RecordingBus()), plan.step_faults()
    for number in range(30):
        seen.append(str(faults(PipeStep.TARGET)))
        try:
            target.invoke([{"eventID": f"e{number}"}])
            seen.append(str(bus.put_events([{"Detail": f'{{"eventID": "e{number}"}}'}])))
        except Exception as error:
            seen.append(repr(error))
    return seen


@given(fault_plans())
def test_a_plan_repeats_itself(plan: FaultPlan) -> None:
    assert play(plan) == play(plan)


def test_a_plan_names_itself_in_what_it_breaks() -> None:
    with pytest.raises(PlannedError, match="seed=7"):
        FaultPlan(seed=7, failure=1.0).strike(random.Random(0))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(record_batches())
def test_record_batches_are_histories(batch: list[JSONObject]) -> None:
    there: set[JSONValue] = set()
    for record in batch:
        change: Any = record["dynamodb"]
        key = str(change["Keys"])
        assert (record["eventName"] == "INSERT") == (key not in there)
        (there.discard if record["eventName"] == "REMOVE" else there.add)(key)


@given(sort_keys())
def test_sort_keys_have_a_type(sort_key: str) -> None:
    assert default_registry.classify(sort_key) in {
        "pose",
        "recon",
        "preprocessing",
        "reid",
        "postprocessing",
        "unknown",
    }


def test_an_asynchronous_function_has_a_queue_and_a_dead_letter_queue_of_its_own() -> None:
    failing, dead = FailingTarget(on=lambda event: event == "bad"), RecordingTarget()
    function = AsyncFunction(failing, dead_letter_queue=dead)
    for event in ("good", "bad"):
        function.invoke(event)
    assert failing.events == []
    function.run()
    assert failing.events == ["good", "bad", "bad", "bad"]
    assert dead.events == ["bad"]


def test_records_are_built_of_what_dynamodb_can_send() -> None:
    attributes: dict[str, Any] = {
        "text": "x",
        "whole": 3,
        "exact": Decimal("0.10"),
        "binary": b"\x00\xff",
        "none": None,
        "list": [1, {"a": [b"x"]}, {"S": "as it is"}],
        "map": {"a": {"b": Decimal(2)}, "S": 1, "N": 2},
        "set": {"b", "a"},
    }
    record: Any = RecordBuilder().insert("s", "2025-07-15#pose", **attributes)
    image = record["dynamodb"]["NewImage"]
    assert {name: image[name] for name in attributes} == {
        "text": {"S": "x"},
        "whole": {"N": "3"},
        "exact": {"N": "0.1"},
        "binary": {"B": "AP8="},
        "none": {"NULL": True},
        "list": {"L": [{"N": "1"}, {"M": {"a": {"L": [{"B": "eA=="}]}}}, {"S": "as it is"}]},
        "map": {"M": {"a": {"M": {"b": {"N": "2"}}}, "S": {"N": "1"}, "N": {"N": "2"}}},
        "set": {"SS": ["a", "b"]},
    }
    assert StreamRecord.parse(record).to_dict() == record
    assert record["dynamodb"]["SizeBytes"] == item_size(image) + item_size(record["dynamodb"]["Keys"])


@pytest.mark.parametrize(
    "value",
    [
        *(0.5, float("nan"), object(), {"S": 5}, {"N": "many"}, {"N": "1E200"}, [object()], {"a": {1: 2}}, set()),
        *({"SS": []}, {1, "a"}, {"BOOL": "true"}, "\ud800", int("1" * 39), {"x": {"L": "abc"}}),
    ],
    ids=ascii,
)
def test_what_dynamodb_cannot_send_is_not_built(value: Any) -> None:
    build = RecordBuilder()
    with pytest.raises(PerceptionEventsError, match="value"):
        build.insert("s", "2025-07-15#pose", value=value)
    assert build.insert("s", "2025-07-15#pose")["dynamodb"]["SequenceNumber"] == str(10**21 + 1)  # type: ignore[index,call-overload]


def test_a_builder_of_another_kind_of_table_is_told_so() -> None:
    for build in (RecordBuilder(stream_view_type="ALL"), RecordBuilder(time=1752538268000)):
        with pytest.raises(ValueError, match=r"ALL|milliseconds"):
            build.insert("s", "2025-07-15#pose")
    with pytest.raises(InvalidItemError, match="'site' is a key"):
        RecordBuilder().insert("", "2025-07-15#pose")
