"""What AWS was recorded to do, beyond patterns and templates: rules, targets, times, replays, other Regions."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from perception_events.buses import BusTarget, EventBus, EventBusError, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.testing import RecordingTarget
from perception_events.trace import Put, Trace

ENTRY = {"Source": "s", "DetailType": "t", "Detail": "{}"}
PATTERN = {"source": ["s"]}
AT = 1_752_538_268.0


def a_bus(name: str = "bus", **settings: Any) -> EventBus:
    ids = itertools.count(1)
    return EventBus(name, clock=ManualClock(AT), new_id=lambda: f"{name}-{next(ids)}", **settings)


def test_of_two_targets_with_one_id_the_later_one_counts() -> None:
    first, second = RecordingTarget(), RecordingTarget()
    bus = a_bus()
    bus.put_rule(Rule("r", PATTERN, targets=(RuleTarget("t", first), RuleTarget("t", second))))
    bus.put_events([ENTRY])
    bus.put_targets("r", [RuleTarget("t", first)])
    bus.put_events([ENTRY])
    assert (len(first.events), len(second.events)) == (1, 1)


def test_a_rule_that_has_targets_cannot_be_removed() -> None:
    bus = a_bus()
    bus.put_rule(Rule("r", PATTERN, targets=(RuleTarget("t", RecordingTarget()),)))
    with pytest.raises(EventBusError, match=r"ValidationException: Rule can't be deleted since it has targets\."):
        bus.remove_rule("r")
    bus.remove_targets("r", ["t"])
    bus.remove_rule("r")
    assert bus.rules == {}
    for change in (bus.remove_rule, lambda name: bus.put_targets(name, []), lambda name: bus.remove_targets(name, [])):
        with pytest.raises(EventBusError, match="ResourceNotFoundException: Rule r does not exist on EventBus bus"):
            change("r")


def test_a_rule_that_is_put_again_keeps_its_targets() -> None:
    received = RecordingTarget()
    bus = a_bus()
    bus.put_rule(Rule("r", {"source": ["other"]}, targets=(RuleTarget("t", received),)))
    bus.put_rule(Rule("r", PATTERN))
    bus.put_events([ENTRY])
    assert len(received.events) == 1


def test_a_sixth_target_is_rejected_in_aws_s_words() -> None:
    bus = a_bus()
    targets = [RuleTarget(str(number), RecordingTarget()) for number in range(6)]
    bus.put_rule(Rule("r", PATTERN, targets=targets[:5]))
    message = "LimitExceededException: The requested resource exceeds the maximum number allowed."
    with pytest.raises(EventBusError, match=message):
        bus.put_targets("r", targets[5:])
    with pytest.raises(EventBusError, match=message):
        Rule("r", PATTERN, targets=targets)


@pytest.mark.parametrize("id", ["!@#$@!#$", "", "a" * 65])
def test_an_id_that_aws_does_not_take_is_rejected(id: str) -> None:
    with pytest.raises(EventBusError, match="ValidationException"):
        RuleTarget(id, RecordingTarget())
    RuleTarget("a" * 64, RecordingTarget())


def test_a_replay_must_end_after_it_starts() -> None:
    bus = a_bus()
    archive = bus.create_archive("kept")
    bus.put_events([ENTRY])
    for end in (AT, AT - 10):
        with pytest.raises(EventBusError, match="EventStartTime must be before EventEndTime"):
            bus.start_replay("again", archive, start=AT, end=end)
    assert bus.start_replay("again", archive, start=AT, end=AT + 1).event_count == 1


@pytest.mark.parametrize(
    ("settings", "keeps"),
    [({}, True), ({"account": "222222222222"}, True), ({"region": "eu-west-1"}, False)],
    ids=["same account", "other account", "other Region"],
)
def test_an_event_keeps_its_id_in_its_region_and_gets_a_new_one_in_another(
    settings: dict[str, Any], keeps: bool
) -> None:
    received = RecordingTarget()
    bus, second = a_bus(), a_bus("second", **settings)
    bus.put_rule(Rule("r", PATTERN, targets=(RuleTarget("on", BusTarget(second)),)))
    second.put_rule(Rule("r", PATTERN, targets=(RuleTarget("t", received),)))
    bus.put_events([ENTRY])
    [event] = received.events
    assert (event["id"] == "bus-1") is keeps
    assert (event["region"], event["account"]) == ("us-east-1", "123456789012")


@pytest.mark.parametrize(
    ("time", "written"),
    [
        ("2022-01-01", "2022-01-01T00:00:00Z"),
        ("01-01-2022T00:00:00Z", "2022-01-01T00:00:00Z"),
        ("2022-01-01 00:00:00Z", "2022-01-01T00:00:00Z"),
        ("2022-01-01T09:00:00+09:00", "2022-01-01T00:00:00Z"),
        ("1640995200", "2022-01-01T00:00:00Z"),
        ("1640995200.75", "2022-01-01T00:00:00Z"),
        (1640995200, "2022-01-01T00:00:00Z"),
        ("Sat, 01 Jan 2022 00:00:00 GMT", "2022-01-01T00:00:00Z"),
        ("12/31/2021", "2021-12-31T00:00:00Z"),
        (datetime(2022, 1, 1, tzinfo=UTC), "2022-01-01T00:00:00Z"),
        (datetime(2022, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))), "2022-01-01T00:00:00Z"),
    ],
)
def test_a_time_in_every_form_that_boto3_sends_is_read(time: Any, written: str) -> None:
    trace = Trace()
    bus = a_bus(trace=trace.record)
    assert bus.put_events([{**ENTRY, "Time": time}])["FailedEntryCount"] == 0
    assert [step.event["time"] for step in trace.of(Put)] == [written]


@pytest.mark.parametrize(
    "time", ["yesterday", "", "1" * 400, 1e300, float("nan"), "13-13-2022", datetime.max.replace(tzinfo=timezone.min)]
)
def test_what_is_not_a_time_rejects_its_entry_and_no_other(time: Any) -> None:
    response = a_bus().put_events([ENTRY, {**ENTRY, "Time": time}, ENTRY])
    assert response["FailedEntryCount"] == 1
    assert response["Entries"][1]["ErrorCode"] == "InvalidArgument"


def test_a_detail_type_of_more_than_128_characters_is_rejected() -> None:
    bus = a_bus()
    response = bus.put_events([{**ENTRY, "DetailType": "x" * 128}, {**ENTRY, "DetailType": "x" * 129}])
    assert [result.get("ErrorCode") for result in response["Entries"]] == [None, "InvalidArgument"]
    assert "129 characters" in response["Entries"][1]["ErrorMessage"]


def test_a_bus_takes_thirty_rules_with_wildcards() -> None:
    bus = a_bus()
    wild = {"source": [{"wildcard": "a*b"}]}
    for number in range(30):
        bus.put_rule(Rule(f"w{number}", wild))
    bus.put_rule(Rule("w7", wild))  # replaces
    bus.put_rule(Rule("plain", PATTERN))
    with pytest.raises(EventBusError, match="LimitExceededException: The bus bus would have 31 wildcard rules"):
        bus.put_rule(Rule("plain", {"source": [{"anything-but": {"wildcard": "a*b"}}]}))
