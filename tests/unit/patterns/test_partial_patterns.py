"""Patterns with unknown parts: what surely matches, what may match, and what does not whatever the parts are."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from perception_events.patterns import EventPattern, InvalidEventPatternError, PartialPattern
from perception_events.topology import Unresolved

X, Y = Unresolved("!Ref X"), Unresolved("!Ref Y")


@pytest.mark.parametrize(
    ("pattern", "event", "verdict"),
    [
        ({"a": ["x"], "b": [X]}, {"a": "x", "b": "1"}, None),
        ({"a": ["x"], "b": [X]}, {"a": "y", "b": "1"}, False),
        ({"a": ["x", X]}, {"a": "x"}, True),
        ({"a": ["x", X]}, {"a": "y"}, None),
        ({"a": [{"prefix": X}]}, {"a": "y"}, None),
        ({"a": [{"prefix": X}]}, {"b": "y"}, False),
        ({"a": [{"exists": X}]}, {"b": "y"}, None),
        ({"a": [X]}, {"b": "y"}, None),
        ({"a": [{"anything-but": ["p", X]}]}, {"a": "p"}, False),
        ({"a": [{"anything-but": ["p", X]}]}, {"a": "q"}, None),
        ({"a": {"b": X}}, {"a": {"b": 1}}, None),
        ({"a": {"b": X, "c": [1]}}, {"a": {"b": 1, "c": 2}}, False),
        ({"$or": [{"a": ["x"]}, {"b": [X]}]}, {"a": "x"}, True),
        ({"$or": [{"a": ["x"]}, {"b": [X]}]}, {"a": "y"}, None),
        ({"$or": [{"a": ["x"]}, {"a": ["y"], "b": [X]}]}, {"a": "z"}, False),
        ({"$or": [{"a": [X]}, {"b": [Y]}]}, {}, None),
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": ["x"]}, {"a": "y"}, False),
        (X, {}, None),
    ],
)
def test_the_verdict_is_known_where_no_unknown_value_could_change_it(pattern: Any, event: Any, verdict: Any) -> None:
    assert PartialPattern.parse(pattern).verdict(event) is verdict


def test_a_verdict_is_what_every_value_of_the_unknown_parts_gives() -> None:
    leaves: list[Any] = ["p", "q", 1, {"exists": False}, {"prefix": "p"}]
    events: list[Any] = [{"a": a, "b": b} for a in ("p", "q", 1) for b in ("p", "r")] + [{"a": "p"}, {"b": "p"}, {}]
    shapes = [
        lambda x, y: {"a": [x], "b": ["p", y]},
        lambda x, y: {"a": ["q", x], "b": [{"exists": True}]},
        lambda x, y: {"$or": [{"a": [x]}, {"b": [y]}]},
        lambda x, y: {"$or": [{"a": ["q"]}, {"a": ["p"], "b": [x]}]},
    ]
    for shape, event in itertools.product(shapes, events):
        verdict = PartialPattern.parse(shape(X, Y)).verdict(event)
        every = {EventPattern.parse(shape(x, y)).matches(event) for x in leaves for y in leaves}
        assert verdict is None or every == {verdict}


def test_the_expressions_that_decide_are_named_once_and_in_order() -> None:
    assert PartialPattern.parse({"a": [Y, X], "b": [X]}).depends_on == ("!Ref Y", "!Ref X")
    assert PartialPattern.parse({"a": [1]}).depends_on == ()


def test_what_is_known_of_a_pattern_is_still_checked() -> None:
    with pytest.raises(InvalidEventPatternError):
        PartialPattern.parse({"a": [X], "b": []})


def test_an_event_that_cannot_match_is_explained_by_the_known_parts() -> None:
    [mismatch] = PartialPattern.parse({"a": ["x"], "b": [X]}).explain({"a": "y", "b": "z"})
    assert (mismatch.path, mismatch.found) == ("a", '"y"')
