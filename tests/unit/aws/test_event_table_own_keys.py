"""The event table over tables of other keys and statuses, on moto."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from perception_events.aws.event_items import InvalidRowError
from perception_events.aws.event_table import EventStatus, EventTable, StatusConflictError
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from perception_events.sort_keys import KeyFormat

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed; it comes with the [dev] extra")
moto = pytest.importorskip("moto", reason="moto is not installed; it comes with the [dev] extra")
pytestmark = [pytest.mark.aws_parts, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

FORMATS = {"timed": KeyFormat("created", dated=False), "bare": KeyFormat(None)}
KEYS = {"timed": "2026-02-03T10:11:12Z#order#A17", "bare": "order#A17"}


@pytest.fixture
def resource(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        found = boto3.resource("dynamodb", region_name="eu-west-1")
        keys = ("tenant_id", "HASH"), ("sk", "RANGE")
        yield found.create_table(
            TableName="Orders",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )


def table(resource: Any, format: str) -> EventTable:
    names = ItemNames(
        "tenant_id", "sk", "expires_at", "state", ("PAID", "SENT"), ("NEW",), ("LOST",), key_format=FORMATS[format]
    )
    return EventTable(resource, names=names, clock=ManualClock(0.0))


@pytest.mark.parametrize("format", FORMATS)
def test_rows_are_claimed_completed_and_found_in_the_tables_own_words(resource: Any, format: str) -> None:
    events, key = table(resource, format), KEYS[format]
    events.processing("acme", key)
    raw = resource.get_item(Key={"tenant_id": "acme", "sk": key})["Item"]
    assert raw["state"] == "NEW"
    done = events.complete("acme", key, attributes={"total": 5})
    assert (done.status, done.sort_key.event_type) == (EventStatus.COMPLETED, "order")
    assert resource.get_item(Key={"tenant_id": "acme", "sk": key})["Item"]["state"] == "PAID"
    found = events.query("acme", *(("2026-02-03T10:11:12Z",) if format == "timed" else (None,)), "order")
    assert [row.sort_key.part("order_id") or row.sort_key.segments[-1] for row in found] == ["A17"]


def test_another_word_for_done_is_done_too(resource: Any) -> None:
    events = table(resource, "bare")
    resource.put_item(Item={"tenant_id": "acme", "sk": "order#A18", "state": "SENT"})
    with pytest.raises(StatusConflictError):
        events.processing("acme", "order#A18")
    assert events.processing("acme", "order#A18", again=True).status is EventStatus.PROCESSING


def test_a_day_is_no_part_of_keys_that_begin_with_the_event_type(resource: Any) -> None:
    with pytest.raises(InvalidRowError, match="begin with the event type"):
        list(table(resource, "bare").query("acme", "2026-02-03"))


def test_a_status_of_none_of_the_words_is_not_a_row(resource: Any) -> None:
    resource.put_item(Item={"tenant_id": "acme", "sk": "order#A19", "state": "COMPLETED"})
    with pytest.raises(InvalidRowError, match="the status 'COMPLETED', which is not one of NEW, PAID, SENT, LOST"):
        list(table(resource, "bare").query("acme", strict=True))
