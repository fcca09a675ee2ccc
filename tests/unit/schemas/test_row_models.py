"""Models of a table's decoded rows: written from its stream records, they read images and write them back alike."""

from __future__ import annotations

import sys
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from perception_events.models import InvalidRecordError, RowModel
from perception_events.schemas import discover, models_source

IMAGE: dict[str, Any] = {
    "tenant": {"S": "t-1"},
    "date#event_type": {"S": "2025-07-15#pose"},
    "total": {"N": "5.50"},
    "big": {"N": "12345678901234567890123456789012345678"},
    "photo": {"B": "eHk="},
    "tags": {"SS": ["a", "b"]},
    "counts": {"NS": ["1", "2.5"]},
    "lines": {"L": [{"M": {"sku": {"S": "s-1"}, "count": {"N": "2"}}}, {"M": {"sku": {"S": "s-2"}}}]},
    "address": {"M": {"street-name": {"S": "x"}, "home": {"BOOL": True}}},
    "note": {"NULL": True},
    "class": {"S": "a"},
    "to_image": {"S": "taken"},
}
OTHER: dict[str, Any] = {**IMAGE, "note": {"S": "x"}, "more": {"S": "y"}}


def records(*images: dict[str, Any], table: str = "orders") -> list[dict[str, Any]]:
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/2025-07-15T00:11:08.000"
    return [
        {
            "eventSource": "aws:dynamodb",
            "eventSourceARN": arn,
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"tenant": image["tenant"]}, "NewImage": image},
        }
        for image in images
    ]


def module(text: str, name: str) -> Any:
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(text, f"{name}.py", "exec"), made.__dict__)
    return made


def test_rows_are_decoded_typed_and_written_back_as_they_were() -> None:
    row = module(models_source(discover(records(IMAGE, OTHER))), "row_models_1").OrdersRow
    assert issubclass(row, RowModel)
    for image in (IMAGE, OTHER):
        read = row.from_image(image)
        assert read.to_image() == image
    assert (read.total, read.photo, read.tags, read.note) == (Decimal("5.50"), b"xy", {"a", "b"}, "x")
    assert read.date_event_type == "2025-07-15#pose"
    assert read.lines[0].sku == "s-1"
    assert read.lines[1].count is None
    assert read.address.street_name == "x"
    assert (read.class_, read.to_image_) == ("a", "taken")


def test_a_value_of_another_type_is_rejected_and_an_attribute_that_was_not_seen_is_kept() -> None:
    row = module(models_source(discover(records(IMAGE))), "row_models_2").OrdersRow
    with pytest.raises(InvalidRecordError, match="total"):
        row.from_image({**IMAGE, "total": {"S": "5.50"}})
    with pytest.raises(InvalidRecordError, match="tenant is missing"):
        row.from_image({name: value for name, value in IMAGE.items() if name != "tenant"})
    further = {**IMAGE, "new": {"L": [{"N": "1"}]}}
    assert row.from_image(further).to_image() == further


def test_tables_whose_names_are_alike_have_classes_of_their_own() -> None:
    both = discover([*records(IMAGE, table="orders"), *records(OTHER, table="Orders")])
    text = models_source(both)
    assert "class OrdersRow(RowModel)" in text
    assert "class OrdersRow2(RowModel)" in text
    assert text == models_source(reversed(list(both)))
