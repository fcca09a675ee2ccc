"""The in-memory table leaves the records that a real one does."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.clock import ManualClock
from perception_events.json_values import JSONObject
from perception_events.streams import (
    InMemoryTable,
    InvalidItemError,
    StreamViewType,
    TrimmedDataError,
    UnknownShardError,
)
from perception_events.streams._items import normalised
from perception_events.streams._sizes import item_size

START = 1_752_538_268.7
DAY = 86_400


def item(sort_key: str = "2025-07-15#pose#sync001#cam3", site: str = "haemoro_1x2", **more: str) -> JSONObject:
    return {"site": {"S": site}, "date#event_type": {"S": sort_key}, **{n: {"S": v} for n, v in more.items()}}


def key(sort_key: str = "2025-07-15#pose#sync001#cam3", site: str = "haemoro_1x2") -> JSONObject:
    return item(sort_key, site)


def table(clock: ManualClock | None = None, **settings: object) -> InMemoryTable:
    return InMemoryTable("PerceptionPipelineEvents-dev", clock=clock or ManualClock(START), **settings)  # type: ignore[arg-type]


def change(record: JSONObject) -> JSONObject:
    found = record["dynamodb"]
    assert isinstance(found, dict)
    return found


def test_an_insert_is_the_record_of_the_sample() -> None:
    events = table(stream_view_type=StreamViewType.NEW_IMAGE)
    events.put_item(item(status="COMPLETED") | {"expires_at": {"N": "1752624667"}})
    [record] = events.stream.records()
    assert record["eventName"] == "INSERT"
    assert isinstance(record["eventID"], str)
    assert len(record["eventID"]) == 32
    sequence_number = change(record)["SequenceNumber"]
    assert isinstance(sequence_number, str)
    assert 21 <= len(sequence_number) <= 40
    assert change(record) == {
        "ApproximateCreationDateTime": 1752538268,
        "Keys": key(),
        "NewImage": item(status="COMPLETED") | {"expires_at": {"N": "1752624667"}},
        "SequenceNumber": sequence_number,
        "SizeBytes": 147,  # as in the sample record of a real stream
        "StreamViewType": "NEW_IMAGE",
    }


@pytest.mark.parametrize(
    ("view", "insert", "modify", "remove"),
    [
        ("KEYS_ONLY", set(), set(), set()),
        ("NEW_IMAGE", {"NewImage"}, {"NewImage"}, set()),
        ("OLD_IMAGE", set(), {"OldImage"}, {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage"}, {"NewImage", "OldImage"}, {"OldImage"}),
    ],
)
def test_view_types(view: str, insert: set[str], modify: set[str], remove: set[str]) -> None:
    events = table(stream_view_type=view)
    events.put_item(item(status="PROCESSING"))
    events.update_item(key(), {"status": {"S": "COMPLETED"}})
    events.delete_item(key())
    records = list(events.stream.records())
    assert [r["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert [set(change(r)) & {"NewImage", "OldImage"} for r in records] == [insert, modify, remove]


def test_a_write_that_changes_nothing_leaves_no_record() -> None:
    events = table()
    events.put_item(item() | {"n": {"N": "1.50"}, "s": {"SS": ["b", "a"]}})
    events.put_item(item() | {"n": {"N": "1.5"}, "s": {"SS": ["a", "b"]}})
    events.update_item(key(), {"n": {"N": "15e-1"}, "gone": None})
    events.delete_item(key("2025-07-15#reid"))
    assert len(list(events.stream.records())) == 1


def test_an_expired_item_stays_until_it_is_swept_and_goes_with_the_service_s_identity() -> None:
    clock = ManualClock(START)
    events = table(clock)
    events.put_item(item(status="COMPLETED") | {"expires_at": {"N": str(int(START) + 60)}})
    events.put_item(item("2025-07-15#reid") | {"expires_at": {"N": "1"}})  # more than five years ago: ignored
    clock.advance(3600)
    assert events.get_item(key()) is not None
    assert events.expire() == 1
    assert events.get_item(key()) is None
    removed = list(events.stream.records())[-1]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert "OldImage" in change(removed)


@pytest.mark.parametrize(
    ("number", "size"),
    [("0", 1), ("1.5", 3), ("-0.001", 3), ("100", 2), ("1E+20", 2), ("1752624667", 6), ("1" * 38, 20)],
)
def test_a_number_counts_a_byte_for_two_digits(number: str, size: int) -> None:
    """As DynamoDB Local counts."""
    assert item_size({"n": {"N": normalised({"n": {"N": number}})["n"]["N"]}}) == 1 + size  # type: ignore[index, call-overload]


def test_records_are_trimmed_after_24_hours() -> None:
    clock = ManualClock(START)
    events = table(clock)
    [shard] = events.stream.shards()
    events.put_item(item(status="PROCESSING"))
    first = events.stream.latest(shard.shard_id)
    clock.advance(DAY / 2)
    events.put_item(item(status="COMPLETED"))
    events.put_item(item(status="FAILED"))
    clock.advance(DAY / 2 + 1)
    assert [r["eventName"] for r in events.stream.records()] == ["MODIFY", "MODIFY"]
    assert len(events.stream.read(shard.shard_id, after=first).records) == 2
    clock.advance(DAY)
    assert events.stream.read(shard.shard_id, after=None).records == ()
    with pytest.raises(TrimmedDataError, match="older than 24 hours"):
        events.stream.read(shard.shard_id, after=first)


def test_a_closed_shard_ends_and_its_children_follow() -> None:
    events = table()
    [shard] = events.stream.shards()
    for site in ("a", "b", "c", "d"):
        events.put_item(item(site=site, status="PROCESSING"))
    children = events.stream.split_shard(shard.shard_id)
    for site in ("a", "b", "c", "d"):
        events.put_item(item(site=site, status="COMPLETED"))
    assert [s.shard_id for s in events.stream.shards()] == [shard.shard_id, *children]
    assert [s.parent_shard_id for s in events.stream.shards()] == [None, shard.shard_id, shard.shard_id]
    page = events.stream.read(shard.shard_id, after=None, limit=3)
    assert (len(page.records), page.is_end) == (3, False)
    page = events.stream.read(shard.shard_id, after=str(change(page.records[-1])["SequenceNumber"]))
    assert (len(page.records), page.is_end) == (1, True)
    in_children = [r for c in children for r in events.stream.read(c, after=None).records]
    assert len(in_children) == 4
    with pytest.raises(UnknownShardError, match="closed already"):
        events.stream.split_shard(shard.shard_id)
    with pytest.raises(UnknownShardError, match="no shard"):
        events.stream.read("shardId-x", after=None)


def test_records_are_the_reader_s_own_only_as_copies_of_the_item() -> None:
    events = table()
    events.put_item(item(status="PROCESSING"))
    [record] = events.stream.records()
    image = change(record)["NewImage"]
    assert isinstance(image, dict)
    image["status"] = {"S": "spoiled"}
    found = events.get_item(key())
    assert found is not None
    assert found["status"] == {"S": "PROCESSING"}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"site": {"S": "x"}}, "date#event_type"),
        (item() | {"site": {"S": ""}}, "site"),
        (item() | {"status": "COMPLETED"}, "status"),
        (item() | {"status": {"T": "COMPLETED"}}, "status"),
        (item() | {"n": {"N": "one"}}, "cannot be converted into a number"),
        (item() | {"n": {"N": "1" * 39}}, "38 digits"),
        (item() | {"s": {"SS": []}}, "may not be empty"),
        (item() | {"m": {"M": {"l": {"L": [{"S": 1}]}}}}, r"m\.l\[0\]"),
        (item() | {"n": {"N": "1E126"}}, "n: Number overflow"),
        (item() | {"n": {"N": "1E-131"}}, "n: Number underflow"),
        (item() | {"s": {"SS": ["a", "a"]}}, "s: .* contains duplicates"),
        (item() | {"s": {"NS": ["1", "1.0"]}}, "s: .* contains duplicates"),
        (item() | {"b": {"B": "not base64!"}}, "b: B is not base64 text"),
        (item() | {"m": {"M": {"": {"S": "x"}}}}, "m: Empty attribute name"),
        (item() | {"big": {"S": "x" * 409_600}}, "Item size has exceeded"),
        (item() | {"site": {"N": "1"}}, "Type mismatch for key site expected: S actual: N"),
        (item() | {"site": {"S": "x" * 2049}}, "must be under 2048 bytes"),
        (item() | {"n": 5}, "n is 5"),
        (item() | {5: {"S": "x"}}, "name is text, not 5"),
        ([], "an item is an object"),
    ],
)
def test_bad_items_are_rejected_with_their_place(bad: Any, said: str) -> None:
    events = table()
    with pytest.raises(InvalidItemError, match=said):
        events.put_item(bad)
    assert (events.items(), list(events.stream.records())) == ((), []), "nothing is stored"


def test_a_key_cannot_be_updated() -> None:
    with pytest.raises(InvalidItemError, match="part of the key"):
        table().update_item(key(), {"site": {"S": "elsewhere"}})


Write = tuple[str, str, int]
WRITES = st.lists(st.tuples(st.sampled_from(["put", "delete", "split"]), st.sampled_from("abcdef"), st.integers(0, 3)))


@given(WRITES, st.integers(1, 4))
def test_order_per_key_and_exactly_once(writes: list[Write], shards: int) -> None:
    """Read parents before children, the records of each key rebuild the table, and none is missing or double."""
    events = table(shards=shards)
    for kind, site, value in writes:
        if kind == "put":
            events.put_item(item(site=site, value=str(value)))
        elif kind == "delete":
            events.delete_item(key(site=site))
        else:
            open_shards = [s for s in events.stream.shards() if not s.is_closed]
            events.stream.split_shard(open_shards[value % len(open_shards)].shard_id)
    rebuilt: dict[str, JSONObject] = {}
    seen: list[str] = []
    last: defaultdict[str, int] = defaultdict(int)
    for shard in events.stream.shards():
        for record in events.stream.read(shard.shard_id, after=None).records:
            parts = change(record)
            where, number = str(parts["Keys"]), int(str(parts["SequenceNumber"]))
            assert number > last[where]
            last[where] = number
            seen.append(str(record["eventID"]))
            image = parts.get("NewImage")
            if isinstance(image, dict):
                rebuilt[where] = image
            else:
                del rebuilt[where]
    assert len(seen) == len(set(seen)) == len(list(events.stream.records()))
    assert sorted(map(str, rebuilt.values())) == sorted(map(str, events.items()))
