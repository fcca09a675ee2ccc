"""The event table against a client that throttles, loses answers and leaves items unprocessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from perception_events.aws.errors import BackOff
from perception_events.aws.event_table import BatchWriteError, EventRow, EventStatus, EventTable, EventTableError
from perception_events.clock import ManualClock
from perception_events.errors import PerceptionEventsError
from perception_events.sort_keys import SortKey
from support.fake_streams import ClientError

POSE = SortKey.parse("2025-07-15#pose#sync001#cam6")


class Table:
    """Looks like boto3's resource; `meta.client` answers from a script."""

    table_name = "events"

    def __init__(self, *answers: Any) -> None:
        self.meta = self
        self.client = self
        self.answers = list(answers)
        self.requests: list[Mapping[str, Any]] = []

    def _answer(self, **request: Any) -> Any:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    put_item = get_item = batch_write_item = _answer


def events(table: Any, waited: list[float] | None = None) -> EventTable:
    back_off = BackOff(attempts=3, base=1.0, jitter=lambda: 0.99)
    sleep = (waited if waited is not None else []).append
    return EventTable(table, clock=ManualClock(0.0), back_off=back_off, sleep=sleep)


def unprocessed(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave all but the first item."""
    return {"UnprocessedItems": {"events": request["RequestItems"]["events"][1:]}}


def test_throttled_calls_are_repeated_with_growing_waits() -> None:
    waited: list[float] = []
    table = Table(ClientError("ThrottlingException"), ClientError("InternalServerError"), {})
    events(table, waited).save("s", POSE, EventStatus.COMPLETED)
    assert waited == [pytest.approx(0.995), pytest.approx(1.99)]
    assert len(table.requests) == 3


def test_the_last_rejection_is_raised_with_its_code() -> None:
    table = Table(*[ClientError("ProvisionedThroughputExceededException")] * 3)
    with pytest.raises(EventTableError, match="put_item on events failed") as caught:
        events(table).save("s", POSE, EventStatus.COMPLETED)
    assert caught.value.retryable
    assert caught.value.code == "ProvisionedThroughputExceededException"


def test_our_own_mistakes_are_not_wrapped() -> None:
    with pytest.raises(TypeError, match="float"):
        events(Table(TypeError("float types are not supported"))).save("s", POSE, EventStatus.COMPLETED)


def test_what_a_batch_leaves_is_sent_again() -> None:
    items = [EventRow("s", SortKey.parse(f"2025-07-15#pose#{n}"), EventStatus.COMPLETED) for n in range(3)]
    waited: list[float] = []
    table = Table(unprocessed, unprocessed, {})
    assert events(table, waited).save_all(items) == 3
    sent = [
        [put["PutRequest"]["Item"]["date#event_type"]["S"][-1] for put in r["RequestItems"]["events"]]
        for r in table.requests
    ]
    assert sent == [["0", "1", "2"], ["1", "2"], ["2"]]
    assert len(waited) == 2


def test_a_batch_that_is_never_taken_names_what_is_left() -> None:
    items = [EventRow("s", SortKey.parse(f"2025-07-15#pose#{n}"), EventStatus.COMPLETED) for n in range(30)]
    nothing: Mapping[str, Any] = {"UnprocessedItems": {}}

    def all_left(request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"UnprocessedItems": {"events": request["RequestItems"]["events"]}}

    with pytest.raises(BatchWriteError, match=r"5 of 30 items not written") as caught:
        events(Table(nothing, *[all_left] * 3)).save_all(items)
    assert [item.sort_key.text for item in caught.value.unwritten] == [f"2025-07-15#pose#{n}" for n in range(25, 30)]


def rows(count: int, **attributes: Any) -> list[EventRow]:
    keys = (SortKey.parse(f"2025-07-15#pose#{n}") for n in range(count))
    return [EventRow("s", key, EventStatus.COMPLETED, attributes=attributes) for key in keys]


def test_a_batch_goes_on_for_as_long_as_dynamodb_takes_any() -> None:
    def leave_the_last(request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"UnprocessedItems": {"events": request["RequestItems"]["events"][24:]}}

    assert events(Table(*[leave_the_last] * 100)).save_all(rows(200)) == 200


def test_a_row_that_can_never_be_written_does_not_keep_the_others_from_it() -> None:
    def too_large(request: Mapping[str, Any]) -> Mapping[str, Any]:
        keys = [put["PutRequest"]["Item"]["date#event_type"]["S"] for put in request["RequestItems"]["events"]]
        if "2025-07-15#pose#7" in keys:
            raise ClientError("ValidationException")
        return {}

    good = rows(30)
    good[3] = EventRow("s", good[3].sort_key, EventStatus.COMPLETED, attributes={"score": 0.5})
    table = Table(*[too_large] * 40)
    with pytest.raises(
        BatchWriteError, match="2 of 30 items not written: s 2025-07-15#pose#3: score: expected"
    ) as caught:
        events(table).save_all(good)
    assert [row.sort_key.text[-1] for row in caught.value.unwritten] == ["3", "7"]
    assert "ValidationException" in caught.value.reasons["s", "2025-07-15#pose#7"]
    assert not caught.value.retryable
    written = {
        put["PutRequest"]["Item"]["date#event_type"]["S"]
        for request in table.requests
        for put in request["RequestItems"]["events"]
        if len(request["RequestItems"]["events"]) != 25
    }
    assert len(written) == 29
    assert "2025-07-15#pose#3" not in written


@pytest.mark.parametrize("code", ["TransactionConflictException", "TransactionInProgressException", "SlowDown"])
def test_what_may_succeed_later_is_tried_again(code: str) -> None:
    table = Table(ClientError(code), {})
    events(table).save("s", POSE, EventStatus.COMPLETED)
    assert len(table.requests) == 2
    with pytest.raises(EventTableError) as caught:
        events(Table(*[ClientError(code)] * 3)).save("s", POSE, EventStatus.COMPLETED)
    assert (caught.value.code, caught.value.retryable) == (code, True)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: t.save(5, POSE, EventStatus.COMPLETED), "a site is a text"),
        (lambda t: t.save("", POSE, EventStatus.COMPLETED), "a site is a text"),
        (lambda t: t.save("s", 5, EventStatus.COMPLETED), "a sort key is a string"),
        (lambda t: t.save("s", POSE, "DONE"), "a status is one of PROCESSING, COMPLETED, FAILED, not 'DONE'"),
        (lambda t: t.save("s", POSE, None), "a status is one of"),
        (lambda t: t.save("s", POSE, EventStatus.COMPLETED, attributes=[1]), "attributes are a mapping"),
        (lambda t: t.save("s", POSE, EventStatus.COMPLETED, attributes={"a": 0.5}), "a: expected an int or Decimal"),
        (
            lambda t: t.save("s", POSE, EventStatus.COMPLETED, attributes={"a": int("1" * 39)}),
            "a: expected a number of at",
        ),
        (lambda t: t.save("s", POSE, EventStatus.COMPLETED, attributes={"status": "x"}), "must not hold 'status'"),
        (lambda t: t.save("s", POSE, EventStatus.COMPLETED, expires_at=1752538268000), "expires_at: .* milliseconds"),
        (lambda t: t.save("s", POSE, EventStatus.COMPLETED, expires_at="soon"), "expires_at: expected"),
        (lambda t: t.save_all([EventRow("s", POSE, EventStatus.COMPLETED, 1752538268000)]), "s 2025.* milliseconds"),
        (lambda t: t.save_all([{"site": "s"}]), "save_all takes EventRow objects"),
        (lambda t: t.complete("s", "config"), "must start with a date"),
        (lambda t: t.get(5, POSE), "a key is a site and a sort key"),
        (lambda t: t.get("s", None), "a key is a site and a sort key"),
        (lambda t: t.query("s", "2025-07"), "a date is a text YYYY-MM-DD, found '2025-07'"),
        (lambda t: t.query("s", "15.07.2025"), "a date is a text YYYY-MM-DD"),
        (lambda t: t.query("s", 20250715), "a date is a datetime.date or a text"),
        (lambda t: t.query("s", "2025-07-15", 5), "segments of a sort key are texts"),
        (lambda t: t.query("s", None, "pose"), "without a date"),
    ],
)
def test_arguments_of_a_wrong_kind_are_rejected_by_name_before_any_call(call: Any, says: str) -> None:
    table = Table()
    with pytest.raises(PerceptionEventsError, match=says):
        call(events(table))
    assert table.requests == []


def test_what_is_given_must_be_a_table() -> None:
    with pytest.raises(ValueError, match="needs the table's name"):
        EventTable(object())
    with pytest.raises(ValueError, match="'events', not 'others'"):
        EventTable(Table(), "others")
