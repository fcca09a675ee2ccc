"""The event table on moto and on DynamoDB Local, by boto3's resource and by its client: the same answers."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from perception_events.aggregation import Aggregator, Join
from perception_events.aws.errors import BackOff
from perception_events.aws.event_table import (
    BatchWriteError,
    EventRow,
    EventStatus,
    EventTable,
    EventTableError,
    InvalidRowError,
    ItemExistsError,
    OtherRow,
    StatusConflictError,
)
from perception_events.aws.join_store import DynamoDBJoinStore
from perception_events.aws.stream_poller import StreamPoller
from perception_events.clock import ManualClock
from perception_events.sort_keys import InvalidSortKeyError, SortKey
from support.dynamodb_local import DynamoDBLocal, aws_session, create_event_table
from support.joins import bus_event

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


# Rows that somebody else has written


FOREIGN: dict[str, dict[str, Any]] = {
    "2025-07-15#pose#done": {"status": {"S": "DONE"}},
    "2025-07-15#pose#null": {"status": {"NULL": True}},
    "2025-07-15#pose#none": {},
    "2025-07-15#pose#number": {"status": {"N": "1"}},
    "config": {"status": {"S": "COMPLETED"}},
}


def write(table: Any, sort_key: str, **attributes: Any) -> None:
    client = aws_session().client("dynamodb", endpoint_url=table.meta.client.meta.endpoint_url)
    item = {"site": {"S": SITE}, "date#event_type": {"S": sort_key}, **attributes}
    client.put_item(TableName=table.table_name, Item=item)


def test_reads_are_total_and_name_what_is_not_an_event(events: EventTable, table: Any) -> None:
    events.save(SITE, POSE, EventStatus.COMPLETED)
    for sort_key, attributes in FOREIGN.items():
        write(table, sort_key, **attributes)
    assert [row.sort_key.text for row in events.query(SITE)] == [POSE]
    page = events.page(SITE, "2025-07-15")
    assert [row.sort_key.text for row in page.items] == [POSE]
    assert sorted(other.sort_key for other in page.others) == sorted(FOREIGN)[:-1]
    others: list[OtherRow] = []
    list(events.query(SITE, on_other=others.append))
    assert {other.sort_key: other.item.get("status") for other in others} == {
        key: attributes.get("status") for key, attributes in FOREIGN.items()
    }
    with pytest.raises(InvalidRowError, match=r"the item 'test_site' '2025-07-15#pose#done' has the status 'DONE'"):
        list(events.query(SITE, strict=True))
    for sort_key in FOREIGN:
        assert events.get(SITE, sort_key) is None
        with pytest.raises(InvalidRowError, match=sort_key):
            events.get(SITE, sort_key, strict=True)


def test_the_joins_of_the_same_table_do_not_hide_its_events(events: EventTable, table: Any) -> None:
    client = aws_session().client("dynamodb", endpoint_url=table.meta.client.meta.endpoint_url)
    store = DynamoDBJoinStore(client, table.table_name)
    join = Join(on="pose", group_by=("site", "date", "sync"), expects=1, trigger=("recon",))
    for expects in (2, 1):
        aggregator = Aggregator([replace(join, expects=expects)], store, clock=ManualClock(NOW))
        aggregator.handle(bus_event(POSE, site=SITE))
        events.save(SITE, POSE, EventStatus.COMPLETED, overwrite=True)
        rows = [row.sort_key.text for row in events.query(SITE, "2025-07-15")]
        assert [key for key in rows if "trigger" not in key] == [POSE]
        assert events.get(SITE, "2025-07-15#join_pose#sync001") is None
    assert rows == [POSE, "2025-07-15#trigger_recon#sync001"]


@pytest.mark.parametrize(
    ("written", "read"),
    [("1752538368", 1752538368), ("1752538368.5", 1752538368), ("1752538268000", 1752538268000)],
)
def test_times_to_live_that_others_wrote_are_read(events: EventTable, table: Any, written: str, read: int) -> None:
    write(table, POSE, status={"S": "COMPLETED"}, expires_at={"N": written})
    (row,) = events.query(SITE)
    assert row.expires_at == read


def test_a_time_to_live_that_is_none_to_dynamodb_is_none_to_us(events: EventTable, table: Any) -> None:
    write(table, POSE, status={"S": "COMPLETED"}, expires_at={"S": "2025-07-15T00:00:00Z"})
    (row,) = events.query(SITE)
    assert (row.expires_at, row.attributes) == (None, {"expires_at": "2025-07-15T00:00:00Z"})
    events.save_all([row])
    assert events.get(SITE, POSE) == row


def test_every_number_that_dynamodb_holds_is_read_and_written(events: EventTable, table: Any) -> None:
    numbers = [Decimal("1E+100"), Decimal("1234567895171680000000000000000000000000"), Decimal("-9.9E+125")]
    numbers += [Decimal("1E-130"), Decimal("9" * 38), Decimal("0.1")]
    events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"numbers": numbers, "set": set(numbers)})
    row = events.get(SITE, POSE)
    assert row is not None
    assert (row.attributes["numbers"], row.attributes["set"]) == (numbers, set(numbers))
    (queried,) = events.query(SITE)
    assert queried == row


# Transitions


def test_a_repeated_save_succeeds_at_any_later_time(table: Any) -> None:
    clock = ManualClock(NOW)
    events = EventTable(table, clock=clock)
    first = events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"frames": 3, "set": {"b", "a"}})
    clock.advance(1.1)
    again = events.save(SITE, POSE, EventStatus.COMPLETED, attributes={"frames": Decimal("3.0"), "set": {"a", "b"}})
    assert again.expires_at == first.expires_at, "what is there stays as it is"
    for other in ({"frames": 4}, {"frames": 3}, {"frames": 3, "set": {"a", "b"}, "more": 1}):
        with pytest.raises(ItemExistsError):
            events.save(SITE, POSE, EventStatus.COMPLETED, attributes=other)
    with pytest.raises(ItemExistsError):
        events.save(SITE, POSE, EventStatus.COMPLETED, attributes=first.attributes, expires_at=int(NOW) + 5)


@pytest.mark.parametrize("before", list(EventStatus))
@pytest.mark.parametrize("write", ["save", "processing", "complete", "fail"])
def test_a_row_that_has_expired_is_gone_for_every_write(table: Any, before: EventStatus, write: str) -> None:
    clock = ManualClock(NOW)
    events = EventTable(table, clock=clock)
    events.save(SITE, POSE, before, expires_at=int(NOW) + 5, attributes={"old": 1})
    clock.advance(5)
    assert events.get(SITE, POSE) is None
    call = getattr(events, write)
    row = call(SITE, POSE, EventStatus.COMPLETED) if write == "save" else call(SITE, POSE)
    assert row.expires_at == int(NOW) + 5 + 86_400
    assert events.get(SITE, POSE) == row


@pytest.mark.java
def test_a_completion_over_an_expired_row_is_an_insert_in_the_stream(dynamodb_local: DynamoDBLocal) -> None:
    name = dynamodb_local.create_event_table()
    events = EventTable(dynamodb_local.client(), name, clock=ManualClock(NOW))
    events.save(SITE, POSE, EventStatus.COMPLETED, expires_at=int(NOW) - 5)
    assert events.complete(SITE, POSE).expires_at == int(NOW) + 86_400
    streams, arn = dynamodb_local.client("dynamodbstreams"), dynamodb_local.stream_arn(name)
    records: list[Any] = []
    StreamPoller(streams, arn).run(records.extend, idle_seconds=0.5)
    assert [record["eventName"] for record in records] == ["INSERT", "REMOVE", "INSERT"]


def test_one_of_many_claims_gets_the_work(events: EventTable) -> None:
    first = events.processing(SITE, POSE, owner="a", attributes={"worker": 1})
    assert (first.status, first.owner, first.lease_until) == (EventStatus.PROCESSING, "a", None)
    for again in (False, True):
        with pytest.raises(StatusConflictError, match=r"is PROCESSING \(claimed by a\) and cannot become") as told:
            events.processing(SITE, POSE, owner="b", again=again)
        assert told.value.current == first
    assert events.processing(SITE, POSE, owner="a").owner == "a", "the same owner may ask again"
    with pytest.raises(StatusConflictError, match="claimed by a"):
        events.processing(SITE, POSE)
    done = events.complete(SITE, POSE, owner="a")
    assert (done.owner, done.lease_until, "claimed_by" in done.attributes) == (None, None, False)


def test_a_claim_whose_lease_is_over_can_be_taken_over(table: Any) -> None:
    clock = ManualClock(NOW)
    events = EventTable(table, clock=clock)
    lease = dt.timedelta(minutes=5)
    assert events.processing(SITE, POSE, owner="a", lease=lease).lease_until == int(NOW) + 300
    clock.advance(299)
    with pytest.raises(StatusConflictError, match=f"claimed by a until {int(NOW) + 300}"):
        events.processing(SITE, POSE, owner="b", lease=lease)
    clock.advance(1)
    assert events.processing(SITE, POSE, owner="b", lease=lease).owner == "b"
    for end in (events.complete, events.fail):
        with pytest.raises(StatusConflictError, match="claimed by b"):
            end(SITE, POSE, owner="a")
    assert events.complete(SITE, POSE, owner="b").status is EventStatus.COMPLETED


@pytest.mark.java
@pytest.mark.parametrize("write", ["processing", "save", "expired"])
def test_of_concurrent_writers_one_is_first_and_the_others_are_told(dynamodb_local: DynamoDBLocal, write: str) -> None:
    name = dynamodb_local.create_event_table()
    rounds = int(os.environ.get("PERCEPTION_EVENTS_CLAIM_ROUNDS", "10"))
    with ThreadPoolExecutor(6) as pool:
        tables = [EventTable(dynamodb_local.client(), name, clock=ManualClock(NOW)) for _ in range(6)]

        def attempt(worker: int, sort_key: str) -> int | None:
            events = tables[worker]
            try:
                if write == "save":
                    events.save(SITE, sort_key, EventStatus.COMPLETED, attributes={"worker": worker})
                else:
                    events.processing(SITE, sort_key, attributes={"worker": worker})
            except (ItemExistsError, StatusConflictError):
                return None
            return worker

        for number in range(rounds):
            sort_key = f"2025-07-15#pose#sync{number:04d}"
            if write == "expired":
                tables[0].save(SITE, sort_key, EventStatus.COMPLETED, expires_at=int(NOW) - 1)
            won = [w for w in pool.map(attempt, range(6), [sort_key] * 6) if w is not None]
            row = tables[0].get(SITE, sort_key)
            assert row is not None
            assert won == [row.attributes["worker"]]


@pytest.mark.java
def test_every_completion_of_concurrent_writers_is_there_in_the_end(dynamodb_local: DynamoDBLocal) -> None:
    """Beside completions, somebody else claims, fails and lets rows expire: no completion is lost."""
    name = dynamodb_local.create_event_table()
    key = "2025-07-15#pose#sync001#cam1"
    for number in range(int(os.environ.get("PERCEPTION_EVENTS_CLAIM_ROUNDS", "10"))):
        site = f"site{number}"
        tables = [EventTable(dynamodb_local.client(), name, clock=ManualClock(NOW)) for _ in range(4)]
        tables[0].save(site, key, EventStatus.COMPLETED, expires_at=int(NOW) - 1)

        def act(worker: int, site: str = site, tables: list[EventTable] = tables) -> None:
            calls = (tables[worker].complete, tables[worker].processing, tables[worker].fail)
            with contextlib.suppress(StatusConflictError):
                calls[worker % 3](site, key)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(act, range(4)))
        row = tables[0].get(site, key)
        assert row is not None
        assert row.status is EventStatus.COMPLETED
