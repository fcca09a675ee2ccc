"""Examples are valid, repeatable, and say when there can be none."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.schemas import (
    NOTHING,
    Array,
    EventSchema,
    NoExampleError,
    Null,
    Number,
    Object,
    Property,
    Reference,
    String,
    Union,
    aws_catalogue,
    example,
)


def schema(detail: Any, definitions: Any = None) -> EventSchema:
    return EventSchema.of_detail("shop", "Order Placed", detail, definitions)


def test_every_event_of_the_catalogue_has_examples() -> None:
    for each in aws_catalogue().values():
        assert each.accepts(example(each, seed=1))


def test_the_same_seed_makes_the_same_event_and_another_seed_another() -> None:
    each = aws_catalogue()["aws.s3", "Object Created"]
    assert example(each, seed=5) == example(each, seed=5) != example(each, seed=6)


def test_optional_fields_can_be_left_out_or_all_be_made() -> None:
    each = schema(Object((Property("a", String()), Property("b", String(), required=False))))
    assert example(each, optional=0)["detail"].keys() == {"a"}  # type: ignore[union-attr]
    assert example(each, optional=1)["detail"].keys() == {"a", "b"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "detail",
    [
        String(pattern=r"^[A-Z]{3}-\d{2,4}$"),
        String(pattern=r"^(cam|sensor)[^a-z]\w+ ?$"),
        String(min_length=20, max_length=21),
        String(format="date-time"),
        Number(minimum=5, exclusive_minimum=True, maximum=6),
        Number(integer=True, maximum=-7, multiple_of=7),
        Number(multiple_of=0.1),
        Array(Number(values=(1, 2)), min_items=3, max_items=3),
        Union((Null(), Object((Property("x", Array(NOTHING)),)))),
        Object(additional=String()),
    ],
)
def test_constraints_are_met(detail: Any) -> None:
    for seed in range(10):
        each = schema(detail)
        assert each.accepts(example(each, seed=seed))


def test_recursive_schemas_end() -> None:
    node = Object((Property("children", Array(Reference("Node"))), Property("next", Reference("Node"), False)))
    each = schema(Reference("Node"), {"Node": node})
    for seed in range(20):
        assert each.accepts(example(each, seed=seed, optional=1))


@pytest.mark.parametrize("detail", [NOTHING, String(pattern=r"(?!)"), Reference("Node"), Array(NOTHING, min_items=1)])
def test_where_no_example_can_be_made_it_says_of_what(detail: Any) -> None:
    endless = Object((Property("next", Reference("Node")),))
    with pytest.raises(NoExampleError, match="detail"):
        example(schema(detail, {"Node": endless}))
