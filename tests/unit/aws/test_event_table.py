"""The event table against a client that throttles, loses answers and leaves items unprocessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from perception_events.aws.errors import BackOff
from perception_events.aws.event_table import BatchWriteError, EventRow, EventStatus, EventTable, EventTableError
from perception_events.clock import ManualClock
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
        [put["PutRequest"]["Item"]["date#event_type"][-1] for put in r["RequestItems"]["events"]]
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


def test_what_is_given_must_be_a_table() -> None:
    with pytest.raises(ValueError, match="needs the table's name"):
        EventTable(object())
    with pytest.raises(ValueError, match="'events', not 'others'"):
        EventTable(Table(), "others")
