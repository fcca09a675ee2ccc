"""The bus: which entries it rejects and how, what targets get, and what becomes of deliveries that fail."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from perception_events.buses import (
    BusTarget,
    EventBus,
    EventBusError,
    RetryPolicy,
    Rule,
    RuleState,
    RuleTarget,
    SelfFeedingRuleError,
    TargetError,
)
from perception_events.clock import ManualClock
from perception_events.input_transforms import InputTransformer
from perception_events.json_values import JSONValue
from perception_events.trace import DeadLettered, Delivered, Discarded, Put, Retried, RuleMatched, Trace

ENTRY = {"Source": "s", "DetailType": "t", "Detail": '{"kind": "pose", "n": 1.0}'}
AT = 1752538268.0


class FlakyTarget:
    """A target that keeps what it gets and fails as often as told."""

    def __init__(self, *failures: Exception) -> None:
        self.events: list[Any] = []
        self.failures = list(failures)

    def invoke(self, event: JSONValue) -> JSONValue:
        if self.failures:
            raise self.failures.pop(0)
        self.events.append(event)
        return None


def a_bus(name: str = "bus", **settings: Any) -> tuple[EventBus, Trace]:
    trace, ids = Trace(), itertools.count(1)
    return EventBus(
        name, clock=ManualClock(AT), new_id=lambda: f"id-{next(ids)}", trace=trace.record, **settings
    ), trace


def rule(*targets: RuleTarget, name: str = "rule", pattern: Any = None, **settings: Any) -> Rule:
    return Rule(name, pattern or {"source": ["s"]}, targets=targets, **settings)


def a_target(target: Any, **settings: Any) -> RuleTarget:
    return RuleTarget("t", target, **settings)


def test_an_event_reaches_the_target_in_its_envelope() -> None:
    bus, trace = a_bus()
    seen = FlakyTarget()
    bus.put_rule(rule(RuleTarget("one", seen)))
    answer = bus.put_events([ENTRY])
    assert answer == {"FailedEntryCount": 0, "Entries": [{"EventId": "id-1"}]}
    assert seen.events == [
        {
            "version": "0",
            "id": "id-1",
            "detail-type": "t",
            "source": "s",
            "account": "123456789012",
            "time": "2025-07-15T00:11:08Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {"kind": "pose", "n": 1.0},
        }
    ]
    assert list(seen.events[0]) == [
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    ]
    assert [type(step).__name__ for step in trace] == ["Put", "RuleMatched", "Delivered"]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Source": ""}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"DetailType": None}, "InvalidArgument", "Parameter DetailType is not valid."),
        ({"Detail": ""}, "InvalidArgument", "Parameter Detail is not valid."),
        ({"Detail": "text"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[1]"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '"{}"'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a": }'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a": NaN}'}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "aws.ec2"}, "NotAuthorizedForSourceException", "begins with 'aws.'"),
        ({"Time": "yesterday"}, "InvalidArgument", "Parameter Time is not valid"),
    ],
)
def test_a_bad_entry_is_rejected_alone(change: dict[str, Any], code: str, message: str) -> None:
    bus, _ = a_bus()
    answer = bus.put_events([ENTRY, {**ENTRY, **change}, ENTRY])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][1]["ErrorCode"] == code
    assert message in answer["Entries"][1]["ErrorMessage"]
    assert "EventId" in answer["Entries"][0]
    assert "EventId" in answer["Entries"][2]


@pytest.mark.parametrize("entries", [[], [ENTRY] * 11, [{**ENTRY, "Detail": json.dumps({"x": "y" * 1024 * 1024})}]])
def test_a_request_out_of_bounds_is_rejected_whole(entries: list[Any]) -> None:
    with pytest.raises(EventBusError, match="ValidationException"):
        a_bus()[0].put_events(entries)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {**ENTRY, "Detail": {"kind": "pose"}},
            r"Entries\[1\].Detail is dict, not str; json.dumps makes the text of it",
        ),
        ({**ENTRY, "Resources": "arn:aws:s3:::b"}, r"Entries\[1\].Resources is str, not list or tuple"),
        ({**ENTRY, "detail-type": "t"}, r"Entries\[1\] has a parameter 'detail-type'; known: Time, Source"),
        ([ENTRY], r"Entries\[1\] is list, not a mapping"),
    ],
)
def test_what_boto3_rejects_before_it_asks_is_rejected_with_the_place(entry: Any, said: str) -> None:
    bus, trace = a_bus()
    with pytest.raises(EventBusError, match=said) as caught:
        bus.put_events([ENTRY, entry])
    assert caught.value.code == "ParamValidation"
    assert not len(trace)


def test_an_entry_for_a_bus_that_is_not_there_vanishes() -> None:
    bus, trace = a_bus()
    assert "EventId" in bus.put_events([{**ENTRY, "EventBusName": "other"}])["Entries"][0]
    assert not len(trace)


def test_rules_see_the_text_of_the_detail() -> None:
    bus, trace = a_bus()
    bus.put_rule(rule(pattern={"detail": {"big": [9007199254740993]}}))
    bus.put_events(
        [{**ENTRY, "Detail": '{"big": 9007199254740993}'}, {**ENTRY, "Detail": '{"big": 9007199254740993.0}'}]
    )
    assert [step.event_id for step in trace.of(RuleMatched)] == ["id-1"]


def test_disabled_rules_do_not_match_and_replaced_rules_are_gone() -> None:
    bus, trace = a_bus()
    bus.put_rule(rule(state=RuleState.DISABLED))
    bus.put_events([ENTRY])
    assert trace.of(RuleMatched) == []
    bus.put_rule(rule())
    bus.put_events([ENTRY])
    bus.put_rule(rule(pattern={"source": ["other"]}))
    bus.put_events([ENTRY])
    assert len(trace.of(RuleMatched)) == 1
    bus.remove_rule("rule")
    with pytest.raises(EventBusError, match="Rule rule does not exist on EventBus bus"):
        bus.remove_rule("rule")


def test_a_rule_takes_five_targets() -> None:
    with pytest.raises(EventBusError, match="LimitExceededException"):
        rule(*(RuleTarget(str(n), FlakyTarget()) for n in range(6)))


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: a_target(7), "target t: a int is not a target: give a function of one argument, or an object with"),
        (lambda: a_target(FlakyTarget), "target t: the class FlakyTarget is not a target: give an instance"),
        (lambda: a_target(FlakyTarget(), dead_letter_queue=[]), "target t: a list is not a target"),
        (lambda: RuleTarget("a b", FlakyTarget()), "Value 'a b' at 'targets.1.member.id' failed to satisfy constraint"),
        (
            lambda: RuleTarget("t", FlakyTarget(), input_path="$." + "a" * 255),
            "InputPath of target t has 257",
        ),
        (lambda: rule(name="a" * 65), "must be 1 to 64"),
        (lambda: a_target(FlakyTarget(), input="x" * 8191), "Input of target t has 8193 characters; 0 to 8192"),
        (lambda: RetryPolicy(maximum_retry_attempts=186), "maximum_retry_attempts=186: 0 to 185"),
        (lambda: RetryPolicy(maximum_event_age=59), "maximum_event_age=59: 60 to 86400"),
        (lambda: rule(state="disabled"), "the state 'disabled' is none of ENABLED, DISABLED"),
        (lambda: a_bus("my bus"), "the bus name 'my bus' must be 1 to 256"),
        (lambda: a_bus()[0].create_archive("a", retention_days=-1), "retention_days=-1 of archive a"),
    ],
)
def test_what_cannot_work_is_rejected_where_it_is_declared(declare: Any, said: str) -> None:
    with pytest.raises(EventBusError, match=said):
        declare()


def test_a_bus_takes_three_hundred_rules() -> None:
    bus, _ = a_bus()
    for number in range(300):
        bus.put_rule(rule(name=f"r{number}"))
    bus.put_rule(rule(name="r7"))  # replaces
    with pytest.raises(EventBusError, match="LimitExceededException: The bus bus would have 301 rules"):
        bus.put_rule(rule(name="one-more"))


def test_a_state_may_be_its_name_and_targets_a_list() -> None:
    given = Rule("r", {"source": ["s"]}, targets=[RuleTarget("t", FlakyTarget())], state="DISABLED")
    assert (given.state, len(given.targets)) == (RuleState.DISABLED, 1)


def test_inputs() -> None:
    bus, _ = a_bus()
    targets = {name: FlakyTarget() for name in ("constant", "path", "transformed")}
    bus.put_rule(
        rule(
            RuleTarget("constant", targets["constant"], input={"a": 1}),
            RuleTarget("path", targets["path"], input_path="$.detail.kind"),
            RuleTarget(
                "transformed",
                targets["transformed"],
                input_transformer=InputTransformer.parse(
                    '{"k": <k>, "rule": <aws.events.rule-name>}', {"k": "$.detail.kind"}
                ),
            ),
        )
    )
    bus.put_events([ENTRY])
    assert [target.events for target in targets.values()] == [[{"a": 1}], ["pose"], [{"k": "pose", "rule": "rule"}]]
    with pytest.raises(EventBusError, match="Only one of Input, InputPath, or InputTransformer"):
        RuleTarget("x", FlakyTarget(), input={}, input_path="$.detail")


def test_a_failing_target_is_tried_again_and_the_others_are_not_touched() -> None:
    bus, trace = a_bus()
    flaky, other = FlakyTarget(ValueError("once"), ValueError("twice")), FlakyTarget()
    bus.put_rule(rule(RuleTarget("flaky", flaky), RuleTarget("other", other)))
    assert bus.put_events([ENTRY])["FailedEntryCount"] == 0
    assert (len(flaky.events), len(other.events)) == (1, 1)
    assert [(step.reason, step.retry, step.count) for step in trace.of(Retried)] == [
        ("ValueError: once", 1, 1),
        ("ValueError: twice", 2, 1),
    ]
    assert [step.target for step in trace.of(Delivered)] == ["flaky", "other"]
    assert bus.now() == AT


def attributes(queue: FlakyTarget) -> dict[str, str]:
    (message,) = queue.events
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def test_a_delivery_given_up_leaves_a_dead_letter_in_the_form_of_aws() -> None:
    bus, trace = a_bus()
    queue = FlakyTarget()
    policy = RetryPolicy(maximum_retry_attempts=2)
    failing = FlakyTarget(*[ValueError("broken")] * 9)
    bus.put_rule(rule(RuleTarget("one", failing, retry_policy=policy, dead_letter_queue=queue, arn="arn:one")))
    bus.put_events([ENTRY])
    assert attributes(queue) == {
        "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/bus/rule",
        "TARGET_ARN": "arn:one",
        "ERROR_CODE": "ERROR_FROM_TARGET",
        "ERROR_MESSAGE": "ValueError: broken",
        "RETRY_ATTEMPTS": "2",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    assert json.loads(queue.events[0]["Body"])["id"] == "id-1"
    assert trace.of(DeadLettered)[0].condition == "MaximumRetryAttempts"


def test_a_dead_letter_queue_that_fails_loses_the_event_aloud_and_nothing_else() -> None:
    bus, trace = a_bus()
    broken = TargetError("no such function", code="NO_RESOURCE")
    other = FlakyTarget()
    bus.put_rule(
        rule(
            RuleTarget("gone", FlakyTarget(broken, broken), dead_letter_queue=FlakyTarget(OSError("queue is down"))),
            RuleTarget("other", other),
        )
    )
    assert bus.put_events([ENTRY, ENTRY])["FailedEntryCount"] == 0
    assert len(other.events) == 2
    [lost], [kept] = trace.of(Discarded), trace.of(DeadLettered)
    assert "lost, its dead-letter queue failed: OSError: queue is down" in lost.reason
    assert kept.message["MessageAttributes"]


def test_the_event_age_ends_retries_too() -> None:
    bus, _ = a_bus()
    queue = FlakyTarget()
    failing = FlakyTarget(*[ValueError("broken")] * 999)
    target = RuleTarget("one", failing, retry_policy=RetryPolicy(maximum_event_age=60), dead_letter_queue=queue)
    bus.put_rule(rule(target))
    bus.put_events([ENTRY])
    assert attributes(queue)["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"


def test_what_retrying_cannot_fix_is_not_retried() -> None:
    bus, trace = a_bus()
    queue = FlakyTarget()
    gone = FlakyTarget(TargetError("no such function", code="NO_RESOURCE"))
    bus.put_rule(rule(RuleTarget("one", gone, dead_letter_queue=queue)))
    bus.put_events([ENTRY])
    assert attributes(queue)["ERROR_CODE"] == "NO_RESOURCE"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes(queue)
    assert trace.of(Retried) == []


def test_an_input_that_is_not_json_is_not_lost_in_silence() -> None:
    bus, trace = a_bus()
    broken = InputTransformer.parse('{"d": "<d>"}', {"d": "$.detail"})
    bus.put_rule(rule(RuleTarget("one", FlakyTarget(), input_transformer=broken)))
    bus.put_events([ENTRY])
    (given_up,) = trace.of(Discarded)
    assert given_up.condition == "INVALID_JSON"
    assert "AWS would not deliver it" in given_up.reason


def test_nothing_at_an_input_path_is_a_dead_letter() -> None:
    bus, trace = a_bus()
    bus.put_rule(rule(a_target(FlakyTarget(), input_path="$.detail.nowhere")))
    bus.put_events([ENTRY])
    (given_up,) = trace.of(Discarded)
    assert (given_up.condition, "nothing is at InputPath $.detail.nowhere" in given_up.reason) == ("INVALID_JSON", True)


@pytest.mark.parametrize(
    "change",
    [{"input": {"a": 1}}, {"input_path": "$.detail"}, {"input_transformer": InputTransformer.parse('{"a": 1}')}],
)
def test_a_bus_takes_no_modified_input(change: dict[str, Any]) -> None:
    with pytest.raises(EventBusError, match="Modifying the input for target t is not supported"):
        a_target(BusTarget(a_bus("second")[0]), **change)


@pytest.mark.parametrize(
    ("time", "stands"),
    [
        ("2025-07-15", "2025-07-15T00:00:00Z"),
        ("2025-07-15 01:02:03.999", "2025-07-15T01:02:03Z"),
        ("2025-07-15T09:00:00+09:00", "2025-07-15T00:00:00Z"),
        (1752538268.9, "2025-07-15T00:11:08Z"),
        (datetime(2025, 7, 15, 9, tzinfo=timezone(timedelta(hours=9))), "2025-07-15T00:00:00Z"),
        (datetime(2025, 7, 15), "2025-07-15T00:00:00Z"),
    ],
)
def test_the_time_of_an_entry_is_utc_in_whole_seconds(time: Any, stands: str) -> None:
    bus, trace = a_bus()
    bus.put_events([{**ENTRY, "Time": time}])
    assert trace.of(Put)[0].event["time"] == stands


class PuttingTarget:
    """A target that puts an event on a bus."""

    def __init__(self, bus: EventBus, entry: dict[str, Any]) -> None:
        self.bus = bus
        self.entry = entry

    def invoke(self, event: JSONValue) -> JSONValue:
        self.bus.put_events([self.entry])
        return None


def test_a_rule_that_feeds_itself_is_named() -> None:
    bus, _ = a_bus()
    bus.put_rule(rule(RuleTarget("one", PuttingTarget(bus, ENTRY)), name="loop"))
    with pytest.raises(SelfFeedingRuleError, match="rule 'loop' of bus 'bus' feeds itself"):
        bus.put_events([ENTRY])


def test_two_rules_that_feed_each_other_are_named_with_the_way() -> None:
    bus, _ = a_bus()
    bus.put_rule(
        rule(RuleTarget("one", PuttingTarget(bus, {**ENTRY, "Source": "b"})), name="a", pattern={"source": ["s"]})
    )
    bus.put_rule(rule(RuleTarget("one", PuttingTarget(bus, ENTRY)), name="b", pattern={"source": ["b"]}))
    with pytest.raises(SelfFeedingRuleError, match="way: bus/a -> bus/b -> bus/a"):
        bus.put_events([ENTRY])


def test_bus_to_bus_is_one_hop() -> None:
    (first, _), (second, second_trace), (third, _) = a_bus("first"), a_bus("second"), a_bus("third")
    seen = FlakyTarget()
    first.put_rule(rule(RuleTarget("on", BusTarget(second))))
    second.put_rule(rule(RuleTarget("on", BusTarget(third)), RuleTarget("here", seen)))
    third.put_rule(rule(RuleTarget("there", FlakyTarget(AssertionError("no third bus")))))
    first.put_events([ENTRY])
    assert [event["id"] for event in seen.events] == ["id-1"]
    assert [step.condition for step in second_trace.of(Discarded)] == ["THIRD_ACCOUNT_HOP_DETECTED"]


def test_archive_and_replay() -> None:
    bus, _ = a_bus()
    other, _ = a_bus("other")
    archive = bus.create_archive("kept", event_pattern={"detail": {"kind": ["pose"]}})
    seen, unnamed = FlakyTarget(), FlakyTarget()
    bus.put_rule(rule(RuleTarget("one", seen)))
    bus.put_rule(rule(RuleTarget("one", unnamed), name="unnamed"))
    bus.put_events([ENTRY, {**ENTRY, "Detail": "{}"}])
    replay = bus.start_replay("again", archive, start=AT - 60, end=AT + 60, rules=["rule"])
    assert (replay.event_count, len(archive.events), len(unnamed.events)) == (1, 1, 2)
    assert list(seen.events[-1])[6:] == ["region", "replay-name", "resources", "detail"]
    assert seen.events[-1]["replay-name"] == "again"
    assert seen.events[-1]["id"] == "id-1"
    with pytest.raises(EventBusError, match="Cross event bus replay is not permitted"):
        other.start_replay("again", archive, start=0, end=1)


def test_a_scheduler_takes_deliveries_over() -> None:
    pending: list[Any] = []
    bus, trace = a_bus(deliver=pending.append)
    bus.put_rule(rule(RuleTarget("one", FlakyTarget(ValueError("once")))))
    bus.put_events([ENTRY])
    assert trace.of(Delivered) == []
    assert list(pending[0]()) == [0.0, 1.0]
    assert len(trace.of(Delivered)) == 1
