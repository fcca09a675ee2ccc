"""Joins that group by attributes of the items, or by parts of their keys alone: in memory, with sweep and reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from perception_events.aggregation import (
    Aggregator,
    FallbackPolicy,
    InMemoryJoinStore,
    InvalidJoinError,
    InvalidMemberEventError,
    ItemAttribute,
    Join,
    JoinKey,
    JoinOutcome,
    Manifest,
    check_joins,
    join_item,
    join_state,
    outbox_item,
)
from perception_events.clock import ManualClock
from perception_events.item_names import ItemNames
from perception_events.json_values import JSONObject
from perception_events.sort_keys import KeyFormat

NAMES = ItemNames()
CUSTOMER = ItemAttribute("customer")
BY_CUSTOMER = Join(
    on="parcel",
    group_by=(CUSTOMER,),
    expects={"north#p1", "south#p1"},
    trigger=("invoice",),
    deadline=timedelta(hours=1),
    policy=FallbackPolicy.TRIGGER,
)
PARTS = {"parcel": ("parcel",), "label": ("parcel",)}


def parcel(
    number: str = "p1",
    *,
    site: str = "north",
    at: int | None = 1,
    status: str = "COMPLETED",
    before: dict[str, Any] | None = None,
    **attributes: Any,
) -> JSONObject:
    keys: JSONObject = {"site": {"S": site}, "date#event_type": {"S": f"2025-07-15#parcel#{number}"}}
    change: JSONObject = {"NewImage": {**keys, "status": {"S": status}, **attributes}}
    if before is not None:
        change["OldImage"] = {**keys, "status": {"S": "COMPLETED"}, **before}
    if at is not None:
        change["SequenceNumber"] = str(at)
    return {"detail": {"eventName": "INSERT" if before is None else "MODIFY", "dynamodb": change}}


def aggregator(*joins: Join, store: InMemoryJoinStore | None = None, clock: ManualClock | None = None) -> Aggregator:
    return Aggregator(joins, store or InMemoryJoinStore(), clock=clock or ManualClock(), parts=PARTS)


def test_items_of_several_partitions_with_one_attribute_are_a_group() -> None:
    store = InMemoryJoinStore()
    joins = aggregator(BY_CUSTOMER, store=store)
    (first,) = joins.handle(parcel(customer={"S": "C17"}))
    assert first.key == JoinKey("parcel", "-", "-", ("C17",))
    assert first.missing == {"south#p1"}
    joins.handle(parcel(site="south", customer={"S": "C18"}))
    assert not store.outbox
    (last,) = joins.handle(parcel(site="south", customer={"S": "C17"}, at=2))
    assert last.outcome is JoinOutcome.TRIGGERED
    (item,) = store.outbox
    assert (item.site, item.sort_key) == ("-", "-#trigger_invoice#C17")
    assert item.attributes["group"] == {"customer": "C17"}
    assert outbox_item(item)["group"] == {"M": {"customer": {"S": "C17"}}}


@pytest.mark.parametrize(
    ("attribute", "value", "text"),
    [
        (CUSTOMER, {"S": "C17"}, "C17"),
        (CUSTOMER, {"N": "130.0"}, "130"),
        (CUSTOMER, {"N": "1.3E+2"}, "130"),
        (CUSTOMER, {"N": "-0.0"}, "0"),
        (CUSTOMER, {"N": "12345678901234567890123456789012345678"}, "12345678901234567890123456789012345678"),
        (CUSTOMER, {"BOOL": True}, "true"),
        (ItemAttribute("customer", "id"), {"M": {"id": {"S": "x"}}}, "x"),
    ],
)
def test_texts_numbers_booleans_and_what_lies_in_maps_are_values_of_groups(
    attribute: ItemAttribute, value: Any, text: str
) -> None:
    join = Join(on="parcel", group_by=("site", attribute), expects=2, trigger=("invoice",))
    (result,) = aggregator(join).handle(parcel(customer=value))
    assert (result.key.site, result.key.parts) == ("north", (text,))


@pytest.mark.parametrize(
    ("attribute", "image", "says"),
    [
        (CUSTOMER, {}, "groups by 'customer'; item north 2025-07-15#parcel#p1: the item has no 'customer'; it has: "),
        (CUSTOMER, {"customer": {"S": ""}}, "'customer' is empty; a group needs a text"),
        (CUSTOMER, {"customer": {"L": []}}, "'customer' is of the type L; a group needs a text"),
        (CUSTOMER, {"customer": {"NULL": True}}, "'customer' is of the type NULL"),
        (CUSTOMER, {"customer": {"N": "seven"}}, "customer.*a decimal number"),
        (CUSTOMER, {"customer": "C17"}, "customer"),
        (ItemAttribute("customer", "id"), {"customer": {"S": "C17"}}, "the item has no 'customer.id'"),
        (CUSTOMER, {"customer": {"S": "c" * 1020}}, "could never be triggered: the sort key .* has 10"),
    ],
)
def test_an_item_without_a_usable_value_is_rejected_with_the_reason(
    attribute: ItemAttribute, image: Any, says: str
) -> None:
    join = Join(on="parcel", group_by=("site", attribute), expects=2, trigger=("invoice",))
    with pytest.raises(InvalidMemberEventError, match=says):
        aggregator(join).handle(parcel(**image))


@pytest.mark.parametrize("value", ["a#b", "a%23b", "a%2523b", "50%", "#", "%", "a#b%23c"])
def test_a_value_may_hold_the_separator_of_keys(value: str) -> None:
    store = InMemoryJoinStore()
    join = Join(on="parcel", group_by=("site", CUSTOMER, "parcel"), expects=1, trigger=("invoice",))
    (result,) = aggregator(join, store=store).handle(parcel(customer={"S": value}))
    assert result.key.parts == (value, "p1")
    assert store.outbox[0].sort_key.count("#") == 3
    assert store.outbox[0].attributes["group"] == {"customer": value}
    assert join_state(join_item(result.state, NAMES), NAMES) == result.state


def test_no_two_values_share_a_key() -> None:
    values = ["a#b", "a%23b", "a%2523b", "a%25b", "a%b", "a%2%3b", "ab"]
    assert len({JoinKey("j", "s", "d", (value,)).sort_key for value in values}) == len(values)


def test_a_group_may_be_a_part_of_the_key_alone() -> None:
    join = Join(on=("parcel", "label"), group_by=("parcel",), expects=2, trigger=("invoice",), name="both")
    (result,) = aggregator(join).handle(parcel("p7"))
    assert (result.key, set(result.state.members)) == (JoinKey("both", "-", "-", ("p7",)), {"parcel#north"})


def test_an_item_that_moves_to_another_group_leaves_its_former_one() -> None:
    store = InMemoryJoinStore()
    joins = aggregator(BY_CUSTOMER, store=store)
    joins.handle(parcel(customer={"S": "C17"}))
    moved = parcel(customer={"S": "C18"}, before={"customer": {"S": "C17"}}, at=2)
    left, came = joins.handle(moved)
    assert (left.key.parts, left.outcome) == (("C17",), JoinOutcome.WITHDRAWN)
    assert (came.key.parts, came.outcome) == (("C18",), JoinOutcome.RECORDED)
    joins.handle(parcel(site="south", customer={"S": "C17"}))
    assert not store.outbox
    assert [result.outcome for result in joins.handle(moved)] == [JoinOutcome.UNCHANGED] * 2
    assert joins.handle(parcel(customer={"S": "C17"}))[0].outcome is JoinOutcome.UNCHANGED, "an older event, late"
    joins.handle(parcel(site="south", customer={"S": "C18"}, at=2))
    assert [item.attributes["group"] for item in store.outbox] == [{"customer": "C18"}]


def test_what_never_counted_leaves_no_group_behind() -> None:
    store = InMemoryJoinStore()
    before = {"customer": {"S": "C17"}, "status": {"S": "PROCESSING"}}
    (result,) = aggregator(BY_CUSTOMER, store=store).handle(parcel(customer={"S": "C18"}, before=before, at=2))
    assert [state.key.parts for state in store.open_states()] == [("C18",)]
    assert result.outcome is JoinOutcome.RECORDED


def test_a_removal_without_its_old_image_says_what_is_needed() -> None:
    joins = aggregator(BY_CUSTOMER)
    joins.handle(parcel(customer={"S": "C17"}))
    keys: JSONObject = {"site": {"S": "north"}, "date#event_type": {"S": "2025-07-15#parcel#p1"}}
    removal: JSONObject = {"eventName": "REMOVE", "dynamodb": {"Keys": keys, "SequenceNumber": "5"}}
    with pytest.raises(InvalidMemberEventError, match="must carry its OldImage"):
        joins.handle(removal)
    assert joins.handle({**removal, "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}) == []
    whole: JSONObject = {"Keys": keys, "OldImage": {**keys, "customer": {"S": "C17"}}, "SequenceNumber": "5"}
    assert joins.handle({**removal, "dynamodb": whole})[0].outcome is JoinOutcome.WITHDRAWN


def test_the_sweep_finds_groups_that_no_key_names() -> None:
    store, clock = InMemoryJoinStore(), ManualClock()
    joins = aggregator(BY_CUSTOMER, store=store, clock=clock)
    for customer in ("C17", "C18", "C#19"):
        joins.handle(parcel(customer={"S": customer}))
    assert joins.sweep() == []
    clock.advance(3601)
    assert sorted(result.key.parts for result in joins.sweep()) == [("C#19",), ("C17",), ("C18",)]
    assert {item.attributes["reason"] for item in store.outbox} == {"DEADLINE"}


def test_reports_say_how_groups_stand_open_or_all_of_the_join() -> None:
    joins = aggregator(BY_CUSTOMER)
    joins.handle(parcel(customer={"S": "C17"}))
    joins.handle(parcel(customer={"S": "C18"}))
    joins.handle(parcel(site="south", customer={"S": "C18"}))
    assert [report.state.key.parts for report in joins.reports()] == [("C17",)]
    reports = [report.to_dict() for report in joins.reports(site="-", date="-")]
    assert [(r["site"], r["date"], r["group"], r["status"]) for r in reports] == [
        ("-", "-", ["C17"], "OPEN"),
        ("-", "-", ["C18"], "TRIGGERED"),
    ]


def test_a_manifest_may_be_one_for_each_value() -> None:
    manifest = Manifest("packing_list", group_by=(CUSTOMER,))
    join = Join(on="parcel", group_by=(CUSTOMER,), expects=manifest, trigger=("invoice",))
    store = InMemoryJoinStore()
    joins = Aggregator([join], store, clock=ManualClock(), parts=PARTS)
    joins.handle(parcel(customer={"S": "C#17"}))
    store.put_manifest("-", "-#packing_list#C%2317", {"north#p1"})
    keys: JSONObject = {"site": {"S": "-"}, "date#event_type": {"S": "-#packing_list#C%2317"}}
    image: JSONObject = {**keys, "status": {"S": "COMPLETED"}}
    (result,) = joins.handle({"eventName": "INSERT", "dynamodb": {"NewImage": image, "SequenceNumber": "1"}})
    assert result.outcome is JoinOutcome.TRIGGERED


def test_a_manifest_of_a_partition_is_none_of_a_join_across_partitions() -> None:
    manifest = Manifest("packing_list", group_by=(CUSTOMER,))
    join = Join(on="parcel", group_by=(CUSTOMER,), expects=manifest, trigger=("invoice",))
    joins = aggregator(join)
    keys: JSONObject = {"site": {"S": "north"}, "date#event_type": {"S": "2025-07-15#packing_list#C17"}}
    assert joins.handle({"eventName": "INSERT", "dynamodb": {"NewImage": {**keys, "status": {"S": "COMPLETED"}}}}) == []


def test_a_rerun_triggers_the_group_of_an_attribute_again() -> None:
    store = InMemoryJoinStore()
    joins = aggregator(BY_CUSTOMER, store=store)
    for site in ("north", "south"):
        joins.handle(parcel(site=site, customer={"S": "C17"}))
    joins.rerun(JoinKey("parcel", "-", "-", ("C17",)), keep_members=True)
    assert [item.sort_key for item in store.outbox] == ["-#trigger_invoice#C17", "-#trigger_invoice#C17#run2"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ItemAttribute(), "named by texts that are not empty"),
        (lambda: ItemAttribute("customer", ""), "named by texts that are not empty"),
        (lambda: ItemAttribute(3), "named by texts"),  # type: ignore[arg-type]
        (lambda: Join("parcel", ("site", 3), trigger=("x",)), "a tuple of texts and ItemAttributes"),  # type: ignore[arg-type]
        (lambda: Join("parcel", ("parcel", ItemAttribute("parcel")), trigger=("x",)), "each once"),
        (
            lambda: Join("parcel", (CUSTOMER,), expects=Manifest("m"), trigger=("x",)),
            "the manifest's group_by=.* must name parts of the join's own",
        ),
    ],
)
def test_a_grouping_that_is_none_is_rejected(make: Any, says: str) -> None:
    with pytest.raises(InvalidJoinError, match=says):
        make()


def test_a_name_that_is_no_part_of_the_key_is_rejected_with_the_way_to_an_attribute() -> None:
    join = Join("parcel", ("site", "customer"), expects=1, trigger=("label",))
    with pytest.raises(InvalidJoinError, match=r"an attribute of the items write ItemAttribute\('customer'\)"):
        check_joins([join], {"parcel": ("parcel",), "label": ()}, ["parcel"])


def test_expected_members_of_groups_across_partitions_begin_with_the_partition() -> None:
    join = Join("parcel", (CUSTOMER,), expects={"p1"}, trigger=("label",))
    with pytest.raises(InvalidJoinError, match="members of 'parcel' are called <site>#<parcel>, and 'p1' is expected"):
        check_joins([join], {"parcel": ("parcel",), "label": ()}, ["parcel"])
    check_joins([BY_CUSTOMER], {"parcel": ("parcel",), "invoice": ()}, ["parcel"])


def test_keys_without_a_prefix_group_by_attributes_too() -> None:
    names = ItemNames("tenant", "sk", key_format=KeyFormat(None))
    store = InMemoryJoinStore()
    join = Join("order", ("tenant", CUSTOMER), expects=1, trigger=("invoice",))
    image: JSONObject = {
        "tenant": {"S": "acme"},
        "sk": {"S": "order#A17"},
        "status": {"S": "COMPLETED"},
        "customer": {"S": "C"},
    }
    joins = Aggregator([join], store, clock=ManualClock(), names=names)
    joins.handle({"eventName": "INSERT", "dynamodb": {"NewImage": image}})
    assert [(item.site, item.sort_key) for item in store.outbox] == [("acme", "trigger_invoice#C")]
