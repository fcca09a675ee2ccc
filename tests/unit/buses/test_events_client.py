"""boto3's call on buses in memory: each entry finds its bus, and what AWS answers is answered."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from perception_events.aws.publisher import EventPublisher
from perception_events.buses import EventBus, EventBusError, InMemoryEventsClient, Rule, RuleTarget
from perception_events.clock import ManualClock
from perception_events.testing import RecordingTarget

ENTRY: dict[str, Any] = {"Source": "s", "DetailType": "t", "Detail": "{}"}


class ThreeBuses:
    """The default bus and two more, each with a rule for everything."""

    def __init__(self) -> None:
        clock, ids = ManualClock(1_752_538_268), itertools.count(1)
        self.received = {name: RecordingTarget() for name in ("default", "dev", "prod")}
        self.buses = {name: EventBus(name, clock=clock, new_id=lambda: f"id-{next(ids)}") for name in self.received}
        for name, target in self.received.items():
            self.buses[name].put_rule(Rule("all", {"source": ["s"]}, targets=(RuleTarget("t", target),)))
        self.client = InMemoryEventsClient(*self.buses.values())

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(target.events) for name, target in self.received.items()}


def test_entries_of_one_request_go_to_their_buses_by_name_or_arn() -> None:
    account = ThreeBuses()
    arn = account.buses["prod"].arn
    names = ["default", "dev", arn, "pord", "dev"]
    answer = account.client.put_events(Entries=[{**ENTRY, "EventBusName": name} for name in names] + [ENTRY])
    assert answer["FailedEntryCount"] == 0
    assert len({entry["EventId"] for entry in answer["Entries"]}) == 6  # that of the bus that is not there, too
    assert account.counts == {"default": 2, "dev": 2, "prod": 1}


def test_a_name_of_none_is_no_name() -> None:
    account = ThreeBuses()
    client = InMemoryEventsClient(account.buses["dev"], account.buses["default"])
    client.put_events(Entries=[{**ENTRY, "EventBusName": None}])
    assert account.counts == {"default": 1, "dev": 0, "prod": 0}


def test_without_a_default_bus_an_entry_without_a_name_vanishes() -> None:
    account = ThreeBuses()
    client = InMemoryEventsClient(account.buses["dev"])
    assert "EventId" in client.put_events(Entries=[ENTRY])["Entries"][0]
    assert account.counts == {"default": 0, "dev": 0, "prod": 0}


def test_a_bad_entry_is_rejected_alone_wherever_it_was_to_go() -> None:
    account = ThreeBuses()
    entries = [{**ENTRY, "EventBusName": name, "Detail": "x"} for name in ("dev", "nowhere")]
    answer = account.client.put_events(Entries=[*entries, ENTRY])
    assert answer["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["MalformedDetail", "MalformedDetail", None]


@pytest.mark.parametrize(
    "request_",
    [
        {"Entries": [ENTRY] * 11},
        {"Entries": []},
        {},
        {"Entries": None},
        {"Entries": ENTRY},
        {"Entries": [ENTRY], "X": 1},
    ],
)
def test_a_request_is_rejected_with_a_response_as_boto3_s_errors_have(request_: dict[str, Any]) -> None:
    account = ThreeBuses()
    with pytest.raises(EventBusError) as caught:
        account.client.put_events(**request_)
    assert caught.value.response["Error"]["Code"] == caught.value.code
    assert account.counts["default"] == 0


def test_the_publisher_works_on_it() -> None:
    account = ThreeBuses()
    assert len(EventPublisher(account.client, "prod").publish([ENTRY] * 25).event_ids) == 25
    assert account.counts == {"default": 0, "dev": 0, "prod": 25}


def test_buses_are_given_once() -> None:
    bus = ThreeBuses().buses["dev"]
    with pytest.raises(ValueError, match="two buses have one ARN"):
        InMemoryEventsClient(bus, bus)
    with pytest.raises(ValueError, match="at least one"):
        InMemoryEventsClient()
