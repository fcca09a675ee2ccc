"""The models: AWS's shapes go in and come out as they were; what is wrong is named with its path."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from perception_events.item_names import ItemNames
from perception_events.json_values import InvalidJSONValueError
from perception_events.models import (
    EventBridgeEvent,
    EventItem,
    EventName,
    EventStatus,
    InvalidRecordError,
    PutEventsRequestEntry,
    StreamRecord,
    StreamViewType,
    read_records,
)
from perception_events.sort_keys import KeyFormat

RECORDS = Path(__file__).resolve().parents[3] / "docs" / "examples" / "perception_pipeline" / "records.jsonl"
RECORD: dict[str, Any] = json.loads(RECORDS.read_text(encoding="utf-8").splitlines()[0])

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "52461f27-a0bd-8365-8d47-866f429e6f57",
    "detail-type": "Event from aws:dynamodb",
    "source": "Pipe perception-pipeline-pipe-dev",
    "account": "123456789012",
    "time": "2025-07-15T00:11:08Z",
    "region": "ap-northeast-2",
    "resources": [],
    "detail": RECORD | {"PerceptionPipelineEventType": "pose"},
}


def test_every_recorded_record_comes_out_as_it_went_in() -> None:
    for line in RECORDS.read_text(encoding="utf-8").splitlines():
        assert StreamRecord.parse(json.loads(line)).to_dict() == json.loads(line)


def test_a_record_has_python_names_and_values() -> None:
    record = StreamRecord.parse(RECORD)
    assert record.event_name is EventName.INSERT
    assert record.dynamodb.stream_view_type is StreamViewType.NEW_IMAGE
    assert record.dynamodb.approximate_creation_date_time == datetime(2025, 7, 15, 0, 11, 8, tzinfo=UTC)
    assert record.dynamodb.new_values is not None
    assert record.dynamodb.new_values["status"] == "COMPLETED"
    assert record.dynamodb.old_values is None


@pytest.mark.parametrize("at", [1752538268, 1752538268.25, datetime(2025, 7, 15, 0, 11, 8, tzinfo=UTC)])
def test_times_as_the_wire_and_as_boto3_has_them(at: Any) -> None:
    record = StreamRecord.parse({"dynamodb": {"ApproximateCreationDateTime": at}})
    written = record.to_dict()["dynamodb"]["ApproximateCreationDateTime"]
    assert written == (at if not isinstance(at, datetime) else 1752538268)
    assert type(written) is (int if not isinstance(at, float) else float)


@pytest.mark.parametrize(
    "identity",
    [
        {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
    ],
)
def test_deletions_by_ttl_in_both_casings(identity: dict[str, str]) -> None:
    record = StreamRecord.parse({"eventName": "REMOVE", "userIdentity": identity, "dynamodb": {}})
    assert record.is_ttl_deletion
    assert not StreamRecord.parse({"eventName": "REMOVE", "dynamodb": {}}).is_ttl_deletion


def test_unknown_fields_survive() -> None:
    odd = {**RECORD, "new": {"field": [1, None]}, "dynamodb": {**RECORD["dynamodb"], "Later": "x"}}
    assert StreamRecord.parse(odd).to_dict() == odd


def test_an_image_that_is_null_is_no_image() -> None:
    assert StreamRecord.parse({"dynamodb": {"NewImage": None}}).dynamodb.new_image is None


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "dynamodb is missing"),
        ({"dynamodb": {"NewImage": {"a": {"S": 5}}}}, "dynamodb.NewImage.a: expected text under S, found int 5"),
        ({"dynamodb": {"NewImage": 5}}, "dynamodb.NewImage: expected a valid dictionary, found int 5"),
        ({"eventName": "PUT", "dynamodb": {}}, "eventName: expected 'INSERT', 'MODIFY' or 'REMOVE', found str 'PUT'"),
        ({"dynamodb": {"ApproximateCreationDateTime": "now"}}, "expected seconds since the epoch or a time such as"),
        ("text", "found str 'text'"),
    ],
)
def test_a_bad_record_says_what_and_where(record: Any, message: str) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        StreamRecord.parse(record)
    assert message in str(caught.value)


def test_records_of_a_pipe_of_a_mapping_and_alone() -> None:
    for event in ([RECORD, RECORD], {"Records": [RECORD, RECORD]}):
        assert [record.event_id for record in read_records(event)] == [RECORD["eventID"]] * 2
    assert len(read_records(RECORD)) == 1
    with pytest.raises(InvalidRecordError, match=r"Records\[1\].dynamodb is missing"):
        read_records([RECORD, {}])


def test_an_event_with_a_typed_detail() -> None:
    event = EventBridgeEvent[StreamRecord].parse({**EVENT, "replay-name": "again"})
    assert event.detail.event_id == RECORD["eventID"]
    assert (event.detail_type, event.replay_name) == ("Event from aws:dynamodb", "again")
    assert event.to_dict() == {**EVENT, "replay-name": "again"}


def test_an_event_with_a_plain_detail() -> None:
    event: EventBridgeEvent[dict[str, Any]] = EventBridgeEvent[dict[str, Any]].parse(EVENT)
    assert event.detail["PerceptionPipelineEventType"] == "pose"
    assert event.to_dict() == EVENT


@pytest.mark.parametrize("text", ["2025-07-15T02:11:08.75+02:00", "2025-07-15T00:11:08.750Z", "2025-07-15T00:11:08Z"])
def test_event_times_that_were_read_are_written_as_they_were(text: str) -> None:
    event = EventBridgeEvent.parse({**EVENT, "time": text})
    assert event.time.utcoffset() == timedelta(0)
    assert event.time.replace(microsecond=0) == datetime(2025, 7, 15, 0, 11, 8, tzinfo=UTC)
    for same in (event, copy.deepcopy(event), pickle.loads(pickle.dumps(event)), type(event).parse(event.to_dict())):
        assert same.time == event.time
        assert same.to_dict()["time"] == text
        assert json.loads(same.model_dump_json(by_alias=True))["time"] == text


def test_event_times_of_a_program_are_written_in_whole_seconds() -> None:
    at = datetime(2025, 7, 15, 0, 11, 8, 750_000, tzinfo=UTC)
    assert EventBridgeEvent.parse({**EVENT, "time": at}).to_dict()["time"] == "2025-07-15T00:11:08Z"
    read = EventBridgeEvent.parse({**EVENT, "time": "2025-07-15T00:11:08.750Z"})
    later = read.model_copy(update={"time": read.time + timedelta(seconds=1)})
    assert later.to_dict()["time"] == "2025-07-15T00:11:09Z"
    assert EventBridgeEvent.model_json_schema()["properties"]["time"]["format"] == "date-time"


def test_entries() -> None:
    class Done(BaseModel):
        site: str

    entry = PutEventsRequestEntry.of(Done(site="a"), source="s", detail_type="t", event_bus_name="bus")
    assert entry.to_dict() == {"Source": "s", "DetailType": "t", "Detail": '{"site":"a"}', "EventBusName": "bus"}
    with pytest.raises(InvalidRecordError, match="Detail is missing"):
        PutEventsRequestEntry.parse({"Source": "s", "DetailType": "t"})


def test_event_items() -> None:
    item = EventItem.of("test_site", "2025-07-15#pose#sync001#cam6", EventStatus.COMPLETED, now=1752538267.9)
    assert item.to_image() == {
        "site": {"S": "test_site"},
        "date#event_type": {"S": "2025-07-15#pose#sync001#cam6"},
        "status": {"S": "COMPLETED"},
        "expires_at": {"N": "1752624667"},
    }
    assert EventItem.from_image(item.to_image()) == item
    assert item.key.part("camera") == "cam6"
    assert item.expires == datetime(2025, 7, 16, 0, 11, 7, tzinfo=UTC)
    with pytest.raises(InvalidRecordError, match="must start with a date"):
        EventItem.parse({"site": "a", "date#event_type": "pose", "status": "COMPLETED"})
    with pytest.raises(InvalidRecordError, match="expected 'PROCESSING', 'COMPLETED' or 'FAILED', found str 'DONE'"):
        EventItem.parse({"site": "a", "date#event_type": "2025-07-15#pose", "status": "DONE"})


def test_times_of_other_shapes_are_read_or_rejected_by_name() -> None:
    def read(at: Any) -> Any:
        return StreamRecord.parse({"dynamodb": {"ApproximateCreationDateTime": at}}).to_dict()

    assert read("2020-04-23T12:00:00+00:00") == {"dynamodb": {"ApproximateCreationDateTime": 1587643200}}
    assert read("1.46480646E9") == {"dynamodb": {"ApproximateCreationDateTime": 1464806460}}
    with pytest.raises(InvalidRecordError, match=r"expected seconds .* milliseconds: 1654699573\.622 s, found int"):
        read(1654699573622)
    for at in (1e30, float("inf")):
        with pytest.raises(InvalidRecordError, match=r"dynamodb\.ApproximateCreationDateTime: expected"):
            read(at)


def test_binary_is_base64_on_the_wire_whoever_read_it() -> None:
    image = {"a": {"B": b"abcd"}, "b": {"BS": [b"\x00\xff"]}, "c": {"M": {"d": {"B": b"\xff"}}}}
    record = StreamRecord.parse({"dynamodb": {"NewImage": image}})
    written = {"a": {"B": "YWJjZA=="}, "b": {"BS": ["AP8="]}, "c": {"M": {"d": {"B": "/w=="}}}}
    assert record.to_dict() == {"dynamodb": {"NewImage": written}}
    assert record.dynamodb.new_values == {"a": b"abcd", "b": {b"\x00\xff"}, "c": {"d": b"\xff"}}
    assert StreamRecord.parse(record.to_dict()) == record


def test_details_of_items_are_json() -> None:
    image = {
        "site": {"S": "s"},
        "date#event_type": {"S": "2025-07-15#pose"},
        "status": {"S": "COMPLETED"},
        "bin": {"B": "/wE="},
        "frames": {"N": "120"},
        "score": {"N": "0.25"},
        "cameras": {"SS": ["b", "a"]},
        "deep": {"M": {"none": {"NULL": True}, "numbers": {"NS": ["2", "1"]}}},
    }
    item = EventItem.from_image(image)
    record = StreamRecord.parse({"dynamodb": {"NewImage": image}})
    for detail in (item, record.dynamodb.new_values):
        assert detail is not None
        entry = PutEventsRequestEntry.of(detail, source="s", detail_type="t")
        assert json.loads(entry.detail) == {
            "site": "s",
            "date#event_type": "2025-07-15#pose",
            "status": "COMPLETED",
            "bin": "/wE=",
            "frames": 120,
            "score": 0.25,
            "cameras": ["a", "b"],
            "deep": {"none": None, "numbers": [1, 2]},
        }


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        (
            {"a": [{"b": Decimal("0.12345678901234567890123")}]},
            r"a\[0\]\.b: expected a number that a JSON double holds",
        ),
        ({"a": Decimal("NaN")}, "a: expected a finite number"),
        ({"a": float("inf")}, "a: expected a finite number"),
        ({"a": object()}, "a: expected a JSON value"),
        ({"a": {1: 2}}, "a: expected names that are strings, found int 1"),
        (None, "detail: expected a model or a mapping, found NoneType None"),
        ("text", "detail: expected a model or a mapping, found str 'text'"),
    ],
)
def test_what_a_detail_cannot_hold_is_named_with_its_path(detail: Any, says: str) -> None:
    with pytest.raises(InvalidJSONValueError, match=says):
        PutEventsRequestEntry.of(detail, source="s", detail_type="t")


def test_an_item_keeps_what_is_null_and_what_no_field_is_for() -> None:
    class Noted(EventItem):
        note: str | None = None
        other: str | None = None
        score: float = 0.0

    image = {
        "site": {"S": "s"},
        "date#event_type": {"S": "2025-07-15#pose"},
        "status": {"S": "COMPLETED"},
        "note": {"NULL": True},
        "extra": {"NULL": True},
        "score": {"N": "0.5"},
    }
    assert Noted.from_image(image).to_image() == image
    assert EventItem.from_image(image).to_image() == image


def test_a_time_to_live_in_milliseconds_is_rejected() -> None:
    image = {"site": {"S": "s"}, "date#event_type": {"S": "2025-07-15#pose"}, "status": {"S": "COMPLETED"}}
    assert EventItem.from_image({**image, "expires_at": {"N": "1752538268"}}).expires_at == 1752538268
    with pytest.raises(InvalidRecordError, match="expires_at: expected seconds since the epoch, and this is millisec"):
        EventItem.from_image({**image, "expires_at": {"N": "1752538268000"}})


def test_a_ttl_deletion_of_dynamodb_local_is_read() -> None:
    identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    deletion = {"eventName": "UNKNOWN_TO_SDK_VERSION", "userIdentity": identity, "dynamodb": {"Keys": {}}}
    assert StreamRecord.parse(deletion).is_ttl_deletion


SHOP_NAMES = ItemNames(
    partition_key="tenant_id",
    sort_key="created#kind#order_id",
    status_attribute="state",
    ttl_attribute="forget_at",
    done=("DONE", "SHIPPED"),
    key_format=KeyFormat("created", dated=False),
)
SHOP_IMAGE = {
    "tenant_id": {"S": "acme"},
    "created#kind#order_id": {"S": "2026-02-03T10:11:12Z#order#A17"},
    "state": {"S": "DONE"},
    "forget_at": {"N": "1752538268"},
    "total": {"N": "129.9"},
}


class OrderItem(EventItem, names=SHOP_NAMES):
    total: float


class PricedItem(OrderItem):
    currency: str = "EUR"


def test_an_item_of_a_table_of_other_names() -> None:
    item = OrderItem.from_image(SHOP_IMAGE)
    assert (item.site, item.key.prefix, item.key.event_type) == ("acme", "2026-02-03T10:11:12Z", "order")
    assert (item.status, item.expires_at, item.total) == (EventStatus.COMPLETED, 1752538268, 129.9)
    assert item.to_image() == SHOP_IMAGE
    assert OrderItem.parse(item.to_dict()) == item
    assert OrderItem.from_image({**SHOP_IMAGE, "state": {"S": "SHIPPED"}}).status is EventStatus.COMPLETED
    assert EventItem.names == ItemNames()


def test_a_class_derived_from_such_an_item_has_its_names() -> None:
    item = PricedItem.from_image(SHOP_IMAGE)
    assert (item.site, item.currency) == ("acme", "EUR")
    assert item.to_image() == {**SHOP_IMAGE, "currency": {"S": "EUR"}}


@pytest.mark.parametrize("state", ["COMPLETED", "done", ""])
def test_a_status_that_the_table_does_not_have_is_rejected_with_its_words(state: str) -> None:
    with pytest.raises(InvalidRecordError, match=r"state: expected 'PROCESSING', 'DONE', 'SHIPPED' or 'FAILED', found"):
        OrderItem.from_image({**SHOP_IMAGE, "state": {"S": state}})
