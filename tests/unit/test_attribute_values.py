"""Attribute values: nothing is lost on the way to Python and back, and mistakes are named with their path."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perception_events.attribute_values import InvalidAttributeValueError, from_python, image_to_python, to_python

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10)
texts = st.text(max_size=8)
scalars = st.none() | st.booleans() | texts | numbers | st.binary(max_size=8)
sets = st.sets(texts, min_size=1) | st.sets(numbers, min_size=1) | st.sets(st.binary(max_size=4), min_size=1)
values = st.recursive(
    scalars | sets, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


@given(values)
def test_python_values_survive_the_way_there_and_back(value: Any) -> None:
    assert to_python(from_python(value)) == value
    assert to_python(from_python(value, raw_binary=True)) == value


@given(values)
def test_boto3_reads_the_same(value: Any) -> None:
    types = pytest.importorskip("boto3.dynamodb.types", reason="boto3 is not installed")
    wire = from_python(value, raw_binary=True)
    assert _plain(types.TypeDeserializer().deserialize(wire)) == to_python(wire)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, set):
        return {_plain(member) for member in value}
    return bytes(value) if type(value).__name__ == "Binary" else value


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ({"N": "1.50"}, Decimal("1.50")),
        ({"N": "99999999999999999999999999999999999999"}, Decimal("99999999999999999999999999999999999999")),
        ({"N": "1E+125"}, Decimal("1E+125")),
        ({"B": "AAE="}, b"\x00\x01"),
        ({"B": b"\x00\x01"}, b"\x00\x01"),
        ({"BS": ["AAE="]}, {b"\x00\x01"}),
        ({"NS": ["1", "2.0"]}, {Decimal(1), Decimal(2)}),
        ({"M": {"a": {"L": [{"NULL": True}, {"BOOL": False}]}}}, {"a": [None, False]}),
    ],
)
def test_each_type(wire: Any, value: Any) -> None:
    assert to_python(wire) == value


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"S": 5}, "a: expected text under S, found int 5"),
        ({"N": 5}, "a: expected a number as text under N, found int 5"),
        ({"N": "x"}, "a: expected a decimal number under N, found str 'x'"),
        ({"N": "NaN"}, "a: expected a decimal number under N, found str 'NaN'"),
        ({"N": "1E+126"}, "a: expected a number of a magnitude from 1E-130 to 9.9E+125 under N"),
        ({"N": "1_000"}, "a: expected a decimal number under N"),
        ({"N": "1" * 41}, "a: expected a number of at most 38 significant digits under N"),
        ({"B": "*"}, "a: expected base64 text under B, found str '*'"),
        ({"SS": []}, "a: expected a list of at least one member under SS"),
        ({"NULL": False}, "a: expected true under NULL"),
        ({"BOOL": "true"}, "a: expected true or false under BOOL"),
        ({"X": 1}, "a: expected an object with one of S, N, B,"),
        ({"S": "a", "N": "1"}, "a: expected an object with one of"),
        ("text", "a: expected an object with one of"),
        ({"L": [{"M": {"b": {"S": None}}}]}, "a[0].b: expected text under S, found NoneType None"),
    ],
)
def test_mistakes_are_named(wire: Any, message: str) -> None:
    with pytest.raises(InvalidAttributeValueError) as caught:
        image_to_python({"a": wire})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("value", [1.5, {1, "a"}, set(), object(), Decimal("NaN"), 10**40 + 1, Decimal("1E200")])
def test_what_dynamodb_cannot_hold_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidAttributeValueError, match="expected"):
        from_python(value)
