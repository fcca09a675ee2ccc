"""Stream records: what is in one, and the form that AWS delivers, whoever wrote the record."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from perception_events.json_values import JSONObject, JSONValue
from perception_events.records import (
    UnreadableRecordError,
    creation_time,
    has_change,
    image_of,
    image_with,
    is_ttl_deletion,
    json_record,
    key_of,
    sequence_number,
    wire_record,
)
from perception_events.streams import as_record

KEYS = {"site": {"S": "s"}, "date#event_type": {"S": "2025-07-15#pose#sync001"}}


def record(**change: Any) -> dict[str, Any]:
    return {"eventID": "1", "eventName": "INSERT", "dynamodb": {"Keys": KEYS, "SequenceNumber": "7", **change}}


@pytest.mark.parametrize(
    ("written", "delivered"),
    [
        (1654699573, 1654699573),
        (1654699573.5, 1654699573.5),
        ("1.46480646E9", 1464806460),
        ("2020-04-23T12:00:00+00:00", 1587643200),
        (datetime(2020, 4, 23, 12, tzinfo=UTC), 1587643200),
    ],
)
def test_the_creation_time_is_delivered_in_seconds(written: Any, delivered: float) -> None:
    wire = wire_record(record(ApproximateCreationDateTime=written))
    assert wire["dynamodb"] == {**record()["dynamodb"], "ApproximateCreationDateTime": delivered}
    assert creation_time(wire) == delivered


@pytest.mark.parametrize("unit", [10**3, 10**6, 10**9, 10**21])
def test_another_unit_is_rejected_by_name(unit: int) -> None:
    with pytest.raises(UnreadableRecordError, match=r"dynamodb\.ApproximateCreationDateTime: expected seconds"):
        wire_record(record(ApproximateCreationDateTime=1654699573 * unit))
    assert creation_time(record(ApproximateCreationDateTime=1654699573 * unit)) is None


def test_the_casing_of_get_records_becomes_that_of_a_delivery() -> None:
    deletion = {
        **record(),
        "eventName": "REMOVE",
        "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
    }
    assert is_ttl_deletion(deletion)
    for form in (json_record, wire_record, as_record):
        assert form(deletion)["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_dynamodb_local_s_ttl_deletion_is_a_removal() -> None:
    deletion = {**record(OldImage=KEYS), "eventName": "UNKNOWN_TO_SDK_VERSION"}
    assert json_record(deletion)["eventName"] == "REMOVE"
    assert json_record({**deletion, "dynamodb": {"NewImage": KEYS}})["eventName"] == "UNKNOWN_TO_SDK_VERSION"


def test_a_record_as_aws_delivers_it_is_not_copied() -> None:
    delivered = record(ApproximateCreationDateTime=1654699573)
    assert json_record(delivered) is delivered
    assert json_record(delivered, "arn") == {**delivered, "eventSourceARN": "arn"}


def test_what_a_record_lacks_is_empty() -> None:
    odd_ones: list[dict[str, Any]] = [{}, {"dynamodb": 5}, {"dynamodb": {"NewImage": 5, "SequenceNumber": 7}}]
    for odd in odd_ones:
        assert (sequence_number(odd), creation_time(odd), dict(image_of(odd)), dict(key_of(odd))) == ("", None, {}, {})


def test_the_key_comes_from_an_image_where_a_template_dropped_keys() -> None:
    names = ("site", "date#event_type")
    kept = {"dynamodb": {"NewImage": {**KEYS, "status": {"S": "COMPLETED"}}}}
    assert key_of(kept, names) == KEYS
    assert key_of(kept) == {}
    assert key_of({"dynamodb": {"NewImage": {"site": {"S": "s"}}}}, names) == {}


def nested(levels: int) -> JSONValue:
    value: JSONValue = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("hostile", "says"),
    [
        (record(NewImage={"deep": nested(5_000)}), "nested too deep"),
        (record(NewImage={"odd": {"S": object()}}), "a object is not a JSON value"),
        ([record()], r"the records of a Lambda event are in event\['Records'\]"),
        ("x" * 10_000_000, "is not a stream record"),
        (None, "is not a stream record"),
    ],
)
def test_hostile_input_is_rejected_by_name(hostile: Any, says: str) -> None:
    started = time.thread_time()
    with pytest.raises(UnreadableRecordError, match=says) as caught:
        wire_record(hostile)
    assert len(str(caught.value)) < 300
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"NewImage": {"a": 1}, "Keys": {"a": 2}, "OldImage": {"a": 3}}, ("NewImage", {"a": 1})),
        ({"NewImage": {"b": 1}, "Keys": {"a": 2}, "OldImage": {"a": 3}}, ("Keys", {"a": 2})),
        ({"NewImage": None, "OldImage": {"a": 3}}, ("OldImage", {"a": 3})),
        ({"NewImage": {"b": 1}}, None),
    ],
)
def test_the_newest_image_that_has_the_attribute_is_found(change: JSONObject, found: object) -> None:
    assert image_with({"dynamodb": change}, "a") == found


def test_only_an_object_makes_a_change() -> None:
    assert has_change({"dynamodb": {}})
    assert not has_change({"dynamodb": None})
    assert not has_change({})
