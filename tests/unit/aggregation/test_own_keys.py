"""Joins over tables of other keys: grouped by what the keys hold, with or without what stands before the event type."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import (
    Aggregator,
    InMemoryJoinStore,
    InvalidJoinError,
    Join,
    JoinOutcome,
    Manifest,
    fallback_state_machine,
)
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from perception_events.sort_keys import InvalidSortKeyError, KeyFormat, SortKey

TIMED = KeyFormat("created", dated=False)
BARE = KeyFormat(None)
PARTS = {"order": ("order_id",), "payment": ("order_id",)}
PER_ORDER = Join(
    ("order", "payment"), ("tenant_id", "order_id"), trigger=("shipping",), deadline=timedelta(hours=1), name="ready"
)


def names(key_format: KeyFormat, sort_key: str) -> ItemNames:
    return ItemNames("tenant_id", sort_key, "expires_at", "state", ("PAID", "SETTLED"), key_format=key_format)


def change(table: ItemNames, sort_key: str, state: str, number: int = 1) -> Any:
    keys = {table.partition_key: {"S": "acme"}, table.sort_key: {"S": sort_key}}
    image = {"NewImage": {**keys, "state": {"S": state}}, "SequenceNumber": str(number)}
    return {"detail": {"eventName": "INSERT", "dynamodb": image}}


@pytest.mark.parametrize(
    ("key_format", "order", "payment", "trigger"),
    [
        (
            TIMED,
            "2026-02-03T10:11:12Z#order#A17",
            "2026-02-03T10:15:00Z#payment#A17",
            "-#trigger_shipping#A17",
        ),
        (BARE, "order#A17", "payment#A17", "trigger_shipping#A17"),
    ],
)
def test_items_of_one_order_meet_whatever_stands_before_their_event_types(
    key_format: KeyFormat, order: str, payment: str, trigger: str
) -> None:
    table = names(key_format, "sk")
    store = InMemoryJoinStore()
    aggregator = Aggregator([PER_ORDER], store, clock=ManualClock(), parts=PARTS, names=table)
    assert aggregator.handle(change(table, order, "NEW"))[0].outcome is JoinOutcome.WITHDRAWN
    assert aggregator.handle(change(table, order, "PAID", 2))[0].outcome is JoinOutcome.RECORDED
    assert aggregator.handle(change(table, payment, "SETTLED"))[0].outcome is JoinOutcome.TRIGGERED
    assert [item.sort_key for item in store.outbox] == [trigger]


def test_a_group_may_be_of_one_prefix_too() -> None:
    join = Join("order", ("tenant_id", "created", "order_id"), expects=1, trigger=("shipping",))
    key, member = join.locate(
        "acme", SortKey.parse("T1#order#A17", names=PARTS, key_format=TIMED), names=names(TIMED, "sk")
    )
    assert (key.date, key.parts, member) == ("T1", ("A17",), "order")
    assert key.sort_key == "T1#join_order#A17"


def test_a_manifest_is_found_under_the_groups_own_prefix() -> None:
    manifest = Manifest("lines", group_by=("tenant_id", "order_id"))
    join = Join("order", ("tenant_id", "order_id"), expects=manifest, trigger=("shipping",))
    for key_format, text in ((TIMED, "-#lines#A17"), (BARE, "lines#A17")):
        sort_key = "T1#order#A17" if key_format is TIMED else "order#A17"
        parsed = SortKey.parse(sort_key, names=PARTS, key_format=key_format)
        key, _ = join.locate("acme", parsed, names=names(key_format, "sk"))
        assert manifest.sort_key(join, key) == text


@pytest.mark.parametrize(
    ("join", "says"),
    [
        (
            Join("order", ("order_id", "tenant_id"), trigger=("x",)),
            "must begin with 'tenant_id' and 'created', as far as it names them",
        ),
        (
            Join("order", ("tenant_id", "order_id", "created"), trigger=("x",)),
            "must begin with 'tenant_id' and 'created'",
        ),
        (
            Join(
                "order",
                ("tenant_id", "created", "order_id"),
                expects=Manifest("m", group_by=("tenant_id", "order_id")),
                trigger=("x",),
            ),
            "must both name the prefix 'created', or neither",
        ),
    ],
)
def test_a_grouping_that_the_keys_do_not_allow_is_rejected(join: Join, says: str) -> None:
    with pytest.raises(InvalidJoinError, match=says):
        Aggregator([join], InMemoryJoinStore(), clock=ManualClock(), parts=PARTS, names=names(TIMED, "sk"))


def test_site_and_date_stand_for_the_keys_of_every_dated_table() -> None:
    Aggregator([Join("order", trigger=("x",))], InMemoryJoinStore(), clock=ManualClock(), names=names(TIMED, "sk"))
    with pytest.raises(InvalidJoinError, match="names 'date', and nothing stands before the event type"):
        Aggregator([Join("order", trigger=("x",))], InMemoryJoinStore(), clock=ManualClock(), names=names(BARE, "sk"))


def test_the_workflow_writes_the_same_keys() -> None:
    for key_format, form in (
        (TIMED, "States.Format('{}#trigger_shipping{}', $.date.S, $.suffix.S)"),
        (BARE, "States.Format('trigger_shipping{}', $.suffix.S)"),
    ):
        text = json.dumps(fallback_state_machine([PER_ORDER], "Orders", names=names(key_format, "sk")))
        assert json.dumps(form)[1:-1] in text
        assert '"state": {"S": "PAID"}' in text
        assert '"status": {"S": "COMPLETED"}' not in text


@pytest.mark.parametrize(
    ("text", "key_format", "says"),
    [
        ("#order#A17", TIMED, "the created is empty"),
        ("T1", TIMED, "ends after the created; expected 'created#event_type"),
        ("T1#order#", TIMED, "segment 3 is empty"),
        ("#A17", BARE, "the event type is empty"),
    ],
)
def test_keys_of_another_format_say_what_is_wrong(text: str, key_format: KeyFormat, says: str) -> None:
    with pytest.raises(InvalidSortKeyError, match=says):
        SortKey.parse(text, key_format=key_format)


def test_keys_of_another_format_have_parts() -> None:
    timed = SortKey.parse("2026-02-03T10:11:12Z#order#A17", names=PARTS, key_format=TIMED)
    assert (timed.prefix, timed.event_type, timed.part("order_id"), timed.date) == (
        "2026-02-03T10:11:12Z",
        "order",
        "A17",
        None,
    )
    bare = SortKey.parse("order#A17", names=PARTS, key_format=BARE)
    assert (bare.prefix, bare.event_type, bare.part("order_id")) == ("", "order", "A17")
