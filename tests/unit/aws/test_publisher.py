"""The publisher against a bus that fails in every way which `PutEvents` allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.aws.errors import BackOff
from perception_events.aws.publisher import (
    MAXIMUM_ENTRIES,
    MAXIMUM_SIZE,
    EventPublisher,
    InvalidEntriesError,
    PublishError,
    entry_size,
)


class ClientError(Exception):
    """Shaped like botocore's."""

    def __init__(self, code: str, status: int = 400) -> None:
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        super().__init__(code)


class ScriptedBus:
    """Answers entry by entry from `faults`: detail text -> the codes to give before it is taken."""

    def __init__(self, faults: Mapping[str, Sequence[str]] | None = None, raises: Sequence[Exception] = ()) -> None:
        self.faults = {detail: list(codes) for detail, codes in (faults or {}).items()}
        self.raises = list(raises)
        self.requests: list[list[dict[str, Any]]] = []

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        entries = request["Entries"]
        self.requests.append(entries)
        if self.raises:
            raise self.raises.pop(0)
        answers = []
        for entry in entries:
            codes = self.faults.get(entry["Detail"])
            if codes:
                answers.append({"ErrorCode": codes.pop(0), "ErrorMessage": "no"})
            else:
                answers.append({"EventId": "id-" + entry["Detail"]})
        return {"FailedEntryCount": sum("ErrorCode" in a for a in answers), "Entries": answers}


def entry(detail: str) -> dict[str, Any]:
    return {"Source": "s", "DetailType": "d", "Detail": detail}


def publisher(bus: Any, slept: list[float] | None = None, **options: Any) -> EventPublisher:
    waits: list[float] = [] if slept is None else slept
    back_off = BackOff(attempts=options.pop("attempts", 4), base=1.0, jitter=lambda: 1.0)
    return EventPublisher(bus, back_off=back_off, sleep=waits.append, **options)


def test_sends_in_chunks_of_ten_and_keeps_the_order() -> None:
    bus = ScriptedBus()
    result = publisher(bus).publish([entry(str(n)) for n in range(23)])
    assert [len(request) for request in bus.requests] == [10, 10, 3]
    assert result.event_ids == tuple(f"id-{n}" for n in range(23))


def test_cuts_by_size() -> None:
    bus = ScriptedBus()
    big = "x" * (MAXIMUM_SIZE // 2 - 2)
    publisher(bus).publish([entry(big), entry(big), entry("y")])
    assert [len(request) for request in bus.requests] == [2, 1]


def test_retries_only_the_failed_entries_with_back_off() -> None:
    bus = ScriptedBus({"1": ["InternalFailure", "ThrottlingException"]})
    slept: list[float] = []
    result = publisher(bus, slept).publish([entry("0"), entry("1"), entry("2")])
    assert [[e["Detail"] for e in request] for request in bus.requests] == [["0", "1", "2"], ["1"], ["1"]]
    assert slept == [1.0, 2.0]
    assert result.event_ids == ("id-0", "id-1", "id-2")
    assert [r.attempts for r in result.entries] == [1, 3, 1]


@pytest.mark.parametrize("code", ["MalformedDetail", "InvalidArgument", "AccessDeniedException", "RedactionFailure"])
def test_does_not_retry_what_cannot_succeed_and_says_so(code: str) -> None:
    bus = ScriptedBus({"bad": [code] * 9})
    with pytest.raises(PublishError, match=code) as caught:
        publisher(bus).publish([entry("good"), entry("bad")])
    assert len(bus.requests) == 1
    assert [r.entry["Detail"] for r in caught.value.failed] == ["bad"]
    assert caught.value.result.event_ids == ("id-good",)


def test_gives_up_after_the_last_attempt() -> None:
    bus = ScriptedBus({"x": ["InternalFailure"] * 9})
    with pytest.raises(PublishError, match="after 4 attempts"):
        publisher(bus).publish([entry("x")])
    assert len(bus.requests) == 4


def test_a_throttled_request_is_sent_again_as_a_whole() -> None:
    bus = ScriptedBus(raises=[ClientError("ThrottlingException"), ClientError("Odd", 503)])
    assert publisher(bus).publish([entry("a"), entry("b")]).event_ids == ("id-a", "id-b")
    assert len(bus.requests) == 3


def test_a_rejected_request_fails_its_entries_only() -> None:
    bus = ScriptedBus(raises=[ClientError("AccessDeniedException")])
    with pytest.raises(PublishError) as caught:
        publisher(bus).publish([entry(str(n)) for n in range(12)])
    assert len(bus.requests) == 2
    assert [r.error_code for r in caught.value.failed] == ["AccessDeniedException"] * 10
    assert caught.value.result.event_ids == ("id-10", "id-11")
    assert (caught.value.code, caught.value.retryable) == ("AccessDeniedException", False)


def test_a_request_that_one_entry_spoils_is_sent_entry_by_entry() -> None:
    class Picky(ScriptedBus):
        def put_events(self, **request: Any) -> Mapping[str, Any]:
            if any(entry["Detail"] == "3" for entry in request["Entries"]):
                self.requests.append(request["Entries"])
                raise ClientError("ValidationException")
            return super().put_events(**request)

    bus = Picky()
    with pytest.raises(PublishError, match=r"1 of 10 entries .*: entry 3 \(ValidationException") as caught:
        publisher(bus).publish([entry(str(n)) for n in range(10)])
    assert len(caught.value.result.event_ids) == 9
    assert len(bus.requests) == 11


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"Detail": {"a": 1}}, "Detail is dict {'a': 1}, not text; json.dumps makes the text of it"),
        ({"Detail": None}, "Detail is NoneType None, not text"),
        ({"Source": None}, "Source is NoneType None, not text"),
        ({"DetailType": 5}, "DetailType is int 5, not text"),
        ({"Time": "yesterday"}, "Time: expected"),
        ({"Time": 1752538268000}, "milliseconds"),
        ({"Resources": "arn"}, "Resources is 'arn', not a list of texts"),
        ({"Resources": [5]}, "Resources is .5., not a list of texts"),
        ({"Unknown": 1}, "an entry has no field 'Unknown'"),
        ({"Detail": "\ud800"}, "Detail holds a lone surrogate"),
        ({5: 5}, "an entry has no field 5"),
    ],
)
def test_a_malformed_entry_fails_alone_and_is_the_one_that_is_named(fields: dict[Any, Any], says: str) -> None:
    bus = ScriptedBus()
    entries = [entry(str(n)) for n in range(10)]
    entries[3] = {**entries[3], **fields}
    with pytest.raises(PublishError, match=rf"1 of 10 entries did not reach the bus: entry 3 \(InvalidEntry: .*{says}"):
        publisher(bus).publish(entries)
    assert [len(request) for request in bus.requests] == [9]


@pytest.mark.parametrize("odd", [None, 5, "entry", {}, object()])
def test_what_is_not_an_entry_fails_alone(odd: Any) -> None:
    response = publisher(ScriptedBus()).put_events([entry("a"), odd, entry("b")])
    assert response["FailedEntryCount"] == 1
    assert response["Entries"][1]["ErrorCode"] == "InvalidEntry"


@pytest.mark.parametrize("odd", [None, 5, "entries", {"Source": "s"}])
def test_what_is_not_a_list_of_entries_is_rejected(odd: Any) -> None:
    with pytest.raises(InvalidEntriesError, match="entries are a list of entries, not"):
        publisher(ScriptedBus()).publish(odd)


def test_fields_that_are_none_are_left_out_and_times_are_read() -> None:
    bus = ScriptedBus()
    given = {**entry("a"), "Time": "2025-07-15T00:11:08Z", "TraceHeader": None, "Resources": None}
    publisher(bus).publish([given])
    assert bus.requests == [[{**entry("a"), "Time": 1752538268.0}]]


def test_a_global_endpoint_is_named_in_each_request() -> None:
    requests: list[Mapping[str, Any]] = []

    class Client:
        def put_events(self, **request: Any) -> Mapping[str, Any]:
            requests.append(request)
            return {"Entries": [{"EventId": "1"}]}

    EventPublisher(Client(), "bus", endpoint_id="abc.xyz").publish([entry("a")])
    assert requests[0]["EndpointId"] == "abc.xyz"


def test_an_entry_that_no_request_holds_is_reported_and_never_sent() -> None:
    bus = ScriptedBus()
    answer = publisher(bus).put_events([entry("x" * MAXIMUM_SIZE), entry("ok")])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "EntryTooLarge"
    assert answer["Entries"][1] == {"EventId": "id-ok"}
    assert len(bus.requests) == 1


def test_an_answer_that_is_too_short_is_a_failure() -> None:
    class Short:
        def put_events(self, **request: Any) -> Mapping[str, Any]:
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    answer = publisher(Short()).put_events([entry("a"), entry("b")])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][1]["ErrorCode"] == "MissingFromAnswer"


def test_names_the_bus_where_the_entry_does_not() -> None:
    bus = ScriptedBus()
    publisher(bus, bus_name="mine").publish([entry("a"), {**entry("b"), "EventBusName": "other"}])
    assert [e["EventBusName"] for e in bus.requests[0]] == ["mine", "other"]


def test_nothing_to_send_sends_nothing() -> None:
    bus = ScriptedBus()
    assert publisher(bus).publish([]).entries == ()
    assert bus.requests == []


def test_entry_size_counts_bytes() -> None:
    assert entry_size({"Source": "a", "DetailType": "é", "Detail": "{}", "Resources": ["r", "rr"], "Time": 1}) == 22


@given(
    st.lists(st.tuples(st.integers(0, MAXIMUM_SIZE), st.integers(0, 5)), max_size=25),
)
def test_every_entry_is_accounted_for_and_every_request_is_within_the_limits(plan: list[tuple[int, int]]) -> None:
    details = [f"{n}:".ljust(size, "x") for n, (size, _) in enumerate(plan)]
    bus = ScriptedBus({detail: ["InternalFailure"] * faults for detail, (_, faults) in zip(details, plan, strict=True)})
    answer = publisher(bus, attempts=4).put_events([entry(detail) for detail in details])
    for request in bus.requests:
        assert 1 <= len(request) <= MAXIMUM_ENTRIES
        assert sum(entry_size(e) for e in request) <= MAXIMUM_SIZE
    for detail, (_, faults), outcome in zip(details, plan, answer["Entries"], strict=True):
        fits = entry_size(entry(detail)) <= MAXIMUM_SIZE
        assert outcome.get("EventId") == ("id-" + detail if fits and faults < 4 else None)
