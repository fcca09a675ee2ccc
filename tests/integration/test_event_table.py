"""The event table on moto and on DynamoDB Local, by boto3's resource and by its client: the same answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from perception_events.aws.errors import BackOff
from perception_events.aws.event_table import (
    BatchWriteError,
    EventRow,
    EventStatus,
    EventTable,
    EventTableError,
    ItemExistsError,
    StatusConflictError,
)
from perception_events.clock import ManualClock
from perception_events.sort_keys import InvalidSortKeyError, SortKey
from support.dynamodb_local import DynamoDBLocal, aws_session, create_event_table

pytestmark = pytest.mark.aws_parts

moto = pytest.importorskip("moto", reason="needs the [dev] extra")

SITE = "test_site"
POSE = "2025-07-15#pose#sync001#cam6"
NOW = 1752538268.0


@pytest.fixture(params=["moto", pytest.param("dynamodb_local", marks=pytest.mark.java)])
def table(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty table, as boto3's resource has it."""
    if request.param == "dynamodb_local":
        local: DynamoDBLocal = request.getfixturevalue("dynamodb_local")
        yield local.resource().Table(local.create_event_table())
        return
    with moto.mock_aws():
        create_event_table(aws_session().client("dynamodb"), "events")
        yield aws_session().resource("dynamodb").Table("events")


@pytest.fixture(params=["resource", "client"])
def events(request: pytest.FixtureRequest, table: Any) -> EventTable:
    """The table under test, on a clock of its own."""
    given: dict[str, Any] = {
        "clock": ManualClock(NOW),
        "back_off": BackOff(attempts=3, base=0.0),
        "sleep": lambda _: None,
    }
    if request.param == "resource":
        return EventTable(table, **given)
    client = aws_session().client("dynamodb", endpoint_url=table.meta.client.meta.endpoint_url)
    return EventTable(client, table.table_name, **given)


def raw(table: Any, sort_key: str = POSE) -> Mapping[str, Any]:
    item: Mapping[str, Any] = table.get_item(Key={"site": SITE, "date#event_type": sort_key})["Item"]
    return item


def test_what_is_saved_is_the_original_systems_item(events: EventTable, table: Any) -> None:
    item = events.save(SITE, POSE, EventStatus.COMPLETED)
    assert raw(table) == {
        "site": SITE,
        "date#event_type": POSE,
        "status": "COMPLETED",
        "expires_at": int(NOW) + 86400,
    }
    assert events.get(SITE, POSE) == item == EventRow(SITE, SortKey.parse(POSE), EventStatus.COMPLETED, 1752624668)


def test_values_come_back_as_they_went(events: EventTable) -> None:
    attributes = {
        "frames": Decimal("12.5"),
        "tags": {"a", "b"},
        "blob": b"\x00\xff",
        "by": {"host": ["x", None, True, b"\x01"]},
    }
    events.save(SITE, POSE, EventStatus.COMPLETED, attributes=attributes)
    found = events.get(SITE, POSE)
    assert found is not None
    assert dict(found.attributes) == attributes


def test_a_save_overwrites_only_when_told_to(events: EventTable) -> None:
    first = events.save(SITE, POSE, EventStatus.PROCESSING)
    with pytest.raises(ItemExistsError, match=r"test_site 2025-07-15#pose.* already, as PROCESSING") as caught:
        events.save(SITE, POSE, EventStatus.COMPLETED)
    assert caught.value.current == first
    assert events.save(SITE, POSE, EventStatus.COMPLETED, overwrite=True) == events.get(SITE, POSE)


def test_a_repeated_save_finds_its_own_item(events: EventTable) -> None:
    item = events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"frames": 3})
    assert events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"frames": 3}) == item


def test_times_to_live(events: EventTable, table: Any) -> None:
    seoul = dt.timezone(dt.timedelta(hours=9))
    moment = dt.datetime(2025, 7, 16, 9, 0, 0, tzinfo=seoul)
    events.save(SITE, POSE, EventStatus.COMPLETED, expires_at=moment)
    assert raw(table)["expires_at"] == dt.datetime(2025, 7, 16, 0, 0, 0, tzinfo=dt.UTC).timestamp()
    with pytest.raises(ValueError, match="no time zone"):
        events.save(SITE, POSE, EventStatus.COMPLETED, expires_at=dt.datetime(2025, 7, 16, 9, 0, 0))
    EventTable(table, time_to_live=None).save(SITE, "2025-07-15#reid", EventStatus.COMPLETED)
    assert "expires_at" not in raw(table, "2025-07-15#reid")


def test_expired_items_are_gone_before_dynamodb_removes_them(events: EventTable) -> None:
    events.save(SITE, POSE, EventStatus.COMPLETED, expires_at=int(NOW))
    assert events.get(SITE, POSE) is None
    assert list(events.query(SITE)) == []
    left = events.get(SITE, POSE, include_expired=True)
    assert [left] == list(events.query(SITE, include_expired=True))
    with pytest.raises(ItemExistsError, match="its time is over"):
        events.save(SITE, POSE, EventStatus.COMPLETED)
    assert events.delete(SITE, POSE)
    assert not events.delete(SITE, POSE)


def test_a_malformed_key_is_rejected_before_it_is_written(events: EventTable) -> None:
    with pytest.raises(InvalidSortKeyError):
        events.save(SITE, "pose#2025-07-15", EventStatus.COMPLETED)
    with pytest.raises(ValueError, match="status"):
        events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"status": "x"})


def test_transitions(events: EventTable) -> None:
    assert events.processing(SITE, POSE, attributes={"host": "a"}).status is EventStatus.PROCESSING
    done = events.complete(SITE, POSE, attributes={"frames": 7})
    assert done.status is EventStatus.COMPLETED
    assert dict(done.attributes) == {"host": "a", "frames": 7}
    assert events.complete(SITE, POSE, attributes={"frames": 8}) == done, "a second time changes nothing"
    for rejected in (events.processing, events.fail):
        with pytest.raises(StatusConflictError, match=r"is COMPLETED and cannot become") as caught:
            rejected(SITE, POSE)
        assert caught.value.current == done
    assert events.processing(SITE, POSE, again=True).status is EventStatus.PROCESSING
    assert events.fail(SITE, POSE).status is EventStatus.FAILED
    assert events.processing(SITE, POSE).status is EventStatus.PROCESSING
    assert events.complete(SITE, "2025-07-15#recon#sync001").status is EventStatus.COMPLETED


def test_queries_narrow_by_whole_segments(events: EventTable, table: Any) -> None:
    keys = [
        "2025-07-14#pose#sync001#cam1",
        "2025-07-15#pose#sync001#cam1",
        "2025-07-15#pose#sync001#cam2",
        "2025-07-15#pose#sync0010#cam1",
        "2025-07-15#reid",
        "2025-07-15#reidentified",
    ]
    for key in keys:
        events.save(SITE, key, EventStatus.COMPLETED)
    events.save("another", keys[1], EventStatus.COMPLETED)
    table.put_item(Item={"site": SITE, "date#event_type": "2025-07-15#join_pose#sync001", "opened_at": 1})

    def texts(*narrow: Any, **how: Any) -> list[str]:
        return [item.sort_key.text for item in events.query(SITE, *narrow, **how)]

    assert texts() == keys
    assert texts(newest_first=True) == keys[::-1]
    assert texts("2025-07-15") == texts(dt.date(2025, 7, 15)) == keys[1:]
    assert texts("2025-07-15", "pose") == keys[1:4]
    assert texts("2025-07-15", "pose", "sync001") == keys[1:3]
    assert texts("2025-07-15", "reid") == keys[4:5]
    with pytest.raises(ValueError, match="without a date"):
        texts(None, "pose")
    with pytest.raises(ValueError, match="without an event type"):
        texts("2025-07-15", None, "sync001")


def test_pages_go_on_where_the_last_one_ended(events: EventTable) -> None:
    keys = [f"2025-07-15#pose#sync{n:03}#cam1" for n in range(5)]
    for key in keys:
        events.save(SITE, key, EventStatus.COMPLETED)
    found, start_after, pages = [], None, 0
    while True:
        page = events.page(SITE, "2025-07-15", limit=2, start_after=start_after)
        found += [item.sort_key.text for item in page.items]
        pages += 1
        if page.next is None:
            break
        start_after = page.next
    assert found == keys
    assert pages == 3


def test_queries_read_past_one_megabyte(events: EventTable) -> None:
    blob = "x" * 300_000
    for n in range(5):
        events.save(SITE, f"2025-07-15#pose#sync{n:03}", EventStatus.COMPLETED, attributes={"blob": blob})
    assert events.page(SITE).next is not None
    assert len(list(events.query(SITE))) == 5


def items(count: int) -> list[EventRow]:
    keys = (SortKey.parse(f"2025-07-15#pose#sync{n:03}#cam1") for n in range(count))
    return [EventRow(SITE, key, EventStatus.COMPLETED, attributes={"n": key.segments[1]}) for key in keys]


def test_many_items_are_written_in_requests_that_dynamodb_takes(events: EventTable) -> None:
    assert events.save_all(items(60)) == 60
    found = list(events.query(SITE, "2025-07-15", "pose"))
    assert len(found) == 60
    assert {item.expires_at for item in found} == {int(NOW) + 86400}
    with pytest.raises(ValueError, match=r"two of the items are test_site 2025-07-15#pose#sync001#cam1"):
        events.save_all([*items(2), items(2)[1]])


@pytest.mark.java
def test_no_such_table(dynamodb_local: DynamoDBLocal) -> None:
    elsewhere = EventTable(dynamodb_local.client(), "nowhere")
    with pytest.raises(EventTableError, match=r"get_item on nowhere failed: ResourceNotFoundException") as caught:
        elsewhere.get(SITE, POSE)
    assert (caught.value.code, caught.value.retryable) == ("ResourceNotFoundException", False)
    with pytest.raises(BatchWriteError, match="2 of 2 items not written"):
        elsewhere.save_all(items(2))
