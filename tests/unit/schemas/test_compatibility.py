"""Changes of schemas: whom each breaks, proved by an event."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.patterns import EventPattern
from perception_events.schemas import (
    ANYTHING,
    NOTHING,
    Array,
    Boolean,
    ChangeKind,
    EventSchema,
    Null,
    Number,
    Object,
    Property,
    Reference,
    SchemaChange,
    String,
    Union,
    compare,
    compare_all,
    matching_example,
)


def schema(*members: Property, **more: Any) -> EventSchema:
    return EventSchema.of_detail("shop", "Order Placed", Object(members), **more)


def proved(old: EventSchema, new: EventSchema) -> list[tuple[str, str, bool, bool]]:
    """Kind, path, and who is broken; each event is checked to prove it."""
    found = compare(old, new)
    for change in found:
        if change.new_event is not None:
            assert new.accepts(change.new_event)
            assert not old.accepts(change.new_event)
        if change.old_event is not None:
            assert old.accepts(change.old_event)
            assert not new.accepts(change.old_event)
    return [
        (change.kind.value, change.path, change.breaks_old_consumers, change.breaks_new_consumers) for change in found
    ]


TEXT, WHOLE = String(), Number(integer=True)


@pytest.mark.parametrize(
    ("old", "new", "kind", "old_consumers", "new_consumers"),
    [
        (TEXT, WHOLE, "type-changed", True, True),
        (WHOLE, Number(), "type-changed", True, False),
        (TEXT, Union((TEXT, Null())), "type-changed", True, False),
        (Union((TEXT, Null())), TEXT, "type-changed", False, True),
        (TEXT, ANYTHING, "type-changed", True, False),
        (String(values=("A", "B")), String(values=("B", "C")), "values-changed", True, True),
        (String(values=("A", "B")), String(values=("A", "B", "C")), "values-changed", True, False),
        (TEXT, String(values=("A",)), "values-changed", False, True),
        (String(max_length=5), String(max_length=9), "limits-changed", True, False),
        (Number(minimum=0), Number(minimum=1), "limits-changed", False, True),
        (Boolean(), Boolean((True,)), "values-changed", False, True),
        (Array(TEXT), Array(TEXT, min_items=1), "limits-changed", False, True),
        (Object(additional=TEXT), Object(additional=WHOLE), "type-changed", True, True),
        (Object(additional=NOTHING), Object(), "type-changed", True, False),
    ],
)
def test_a_changed_type_breaks_those_who_expect_the_other(
    old: Any, new: Any, kind: str, old_consumers: bool, new_consumers: bool
) -> None:
    ((found, path, breaks_old, breaks_new),) = proved(schema(Property("a", old)), schema(Property("a", new)))
    assert found == kind
    assert path in ("detail.a", "detail.a.key1")
    assert (breaks_old, breaks_new) == (old_consumers, new_consumers)


def test_fields_that_come_and_go() -> None:
    base = Property("id", TEXT)
    assert proved(schema(base), schema(base, Property("a", TEXT))) == [("field-added", "detail.a", False, True)]
    assert proved(schema(base), schema(base, Property("a", TEXT, False))) == [("field-added", "detail.a", False, False)]
    assert proved(schema(base, Property("a", TEXT)), schema(base)) == [("field-removed", "detail.a", True, False)]
    assert proved(schema(Property("a", TEXT)), schema(Property("a", TEXT, False))) == [
        ("became-optional", "detail.a", True, False)
    ]
    assert proved(schema(Property("a", TEXT, False)), schema(Property("a", TEXT))) == [
        ("became-required", "detail.a", False, True)
    ]


def test_equal_schemas_have_no_changes_and_formats_break_nobody() -> None:
    one = schema(Property("a", String(format="date-time")))
    assert compare(one, one) == []
    assert proved(one, schema(Property("a", TEXT))) == [("limits-changed", "detail.a", False, False)]


def test_changes_deep_in_arrays_and_recursive_schemas_are_found_once() -> None:
    def node(leaf: Any) -> dict[str, Any]:
        members = (Property("children", Array(Reference("Node"))), Property("leaf", leaf))
        return {"Node": Object(members)}

    old = EventSchema.of_detail("shop", "Tree", Reference("Node"), node(TEXT))
    new = EventSchema.of_detail("shop", "Tree", Reference("Node"), node(WHOLE))
    assert proved(old, new) == [("type-changed", "detail.leaf", True, True)]
    items = [schema(Property("items", Array(Object((Property("sku", each),))))) for each in (TEXT, WHOLE)]
    assert proved(*items) == [("type-changed", "detail.items.sku", True, True)]


def test_a_rename_is_recognized() -> None:
    removed = compare(schema(Property("customerId", TEXT)), schema(Property("customer_id", TEXT)))[0]
    assert removed.message == "detail.customerId was removed (renamed to detail.customer_id?)"


def rules(**patterns: Any) -> dict[str, EventPattern]:
    return {name: EventPattern.parse({"detail": detail}) for name, detail in patterns.items()}


def broken(changes: list[SchemaChange]) -> dict[str, str]:
    return {each.rule: each.reason for change in changes for each in change.broken_rules}


def test_rules_that_name_what_changed_are_broken_with_an_event_that_they_miss() -> None:
    old = schema(
        Property("id", WHOLE),
        Property("status", String(values=("A", "B"))),
        Property("state", TEXT),
        Property("n", TEXT),
    )
    new = schema(
        Property("id", Union((WHOLE, TEXT))), Property("status", String(values=("A",))), Property("n", TEXT, False)
    )
    named = rules(
        gone={"state": ["x"]}, value={"status": ["A", "B"]}, id={"id": [5]}, optional={"n": ["x"]},
        absent={"n": [{"exists": False}]}, other={"nothing": ["x"]}, fine={"status": ["A"]},
    )  # fmt: skip
    changes = compare(old, new, named)
    assert broken(changes) == {
        "gone": "it can no longer match: detail.state",
        "value": "detail.status is 'A' in shop@OrderPlaced, so \"B\" never matches",
        "id": "it misses events: detail.id was integer, is string or integer",
        "optional": "it misses events: detail.n became optional",
    }
    for change in changes:
        for each in change.broken_rules:
            if each.event is not None:
                assert new.accepts(each.event)
                assert not named[each.rule].matches(each.event)
        if change.path == "detail.n":
            assert change.broken_rules[0].event is not None


def test_events_that_come_and_go_are_changes_too() -> None:
    one = schema(Property("a", TEXT))
    other = EventSchema.of_detail("shop", "Order Shipped", Object())
    found = compare_all([one], [other], rules(a={"a": ["x"]}))
    assert [(change.kind, change.schema) for change in found] == [
        (ChangeKind.EVENT_REMOVED, "shop@OrderPlaced"),
        (ChangeKind.EVENT_ADDED, "shop@OrderShipped"),
    ]
    assert found[0].is_breaking
    assert broken(found) == {"a": "no more events of shop@OrderPlaced come"}
    assert not found[1].is_breaking


@pytest.mark.parametrize(
    "detail",
    [
        {"status": ["B"], "n": [{"numeric": [">", 3, "<", 4]}]},
        {"items": {"sku": [{"prefix": "cam"}]}},
        {"note": [{"exists": False}]},
        {"$or": [{"status": ["Z"]}, {"flag": [True]}]},
        {"note": [{"wildcard": "a*c"}], "flag": [{"anything-but": "x"}]},
    ],
)
def test_an_event_that_a_pattern_matches_is_found(detail: dict[str, Any]) -> None:
    events = schema(
        Property("status", String(values=("A", "B"))),
        Property("n", Number()),
        Property("items", Array(Object((Property("sku", TEXT),)))),
        Property("note", TEXT, False),
        Property("flag", Boolean()),
    )
    pattern = EventPattern.parse({"source": ["shop"], "detail": detail})
    event = matching_example(pattern, events)
    assert event is not None
    assert events.accepts(event)
    assert pattern.matches(event)


def test_no_event_is_found_where_none_can_match() -> None:
    assert matching_example(EventPattern.parse({"detail": {"a": [5]}}), schema(Property("a", TEXT))) is None
