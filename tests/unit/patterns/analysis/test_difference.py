"""What a change of patterns does to the events that a target receives."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from perception_events.patterns import EventPattern
from perception_events.patterns.analysis import difference
from support.pattern_pairs import SMALL_EVENTS, make_small_pattern, shown

ORDERS = {"source": ["orders"], "detail": {"state": ["PAID", "SENT"]}}


@pytest.mark.parametrize(
    ("old", "new", "gained", "lost"),
    [
        ({"a": ["x"]}, {"a": ["x", "y"]}, {"a": ["y"]}, None),
        (ORDERS, {"source": ["orders"]}, "rest", None),
        (
            {"a": [{"numeric": [">", 5, "<", 10]}]},
            {"a": [{"numeric": [">=", 5]}]},
            {"a": [{"numeric": ["=", 5]}, {"numeric": [">=", 10]}]},
            None,
        ),
        (
            {"a": [{"exists": True}]},
            {"a": [{"prefix": "x"}]},
            None,
            {"a": [{"anything-but": {"prefix": "x"}}]},
        ),
        ({"a": [{"anything-but": "x"}]}, {"a": [{"anything-but": ["x", "y"]}]}, None, {"a": ["y"]}),
        ({"a": [{"anything-but": "x"}]}, {"a": ["y"]}, None, {"a": [{"anything-but": ["x", "y"]}]}),
        ({"a": [1]}, {"b": [1]}, {"a": [{"anything-but": 1}, {"exists": False}], "b": [1]}, "rest"),
    ],
    ids=str,
)
def test_what_changes_is_written_as_a_pattern(old: Any, new: Any, gained: Any, lost: Any) -> None:
    found = difference([old], [new])
    assert found.verdict is True
    for change, expected in ((found.gained, gained), (found.lost, lost)):
        assert change.verdict is (expected is not None)
        assert (change.pattern is None) is (expected is None)
        if expected not in (None, "rest"):
            assert change.pattern == EventPattern.parse(expected)


def test_the_written_pattern_has_just_the_events_that_changed() -> None:
    random = Random(9)
    written = 0
    for _ in range(40):
        old = [make_small_pattern(random) for _ in range(random.choice([1, 2]))]
        new = [make_small_pattern(random) for _ in range(random.choice([1, 2]))]
        found = difference(old, new)
        before = [any(pattern.matches(event) for pattern in old) for event in SMALL_EVENTS]
        after = [any(pattern.matches(event) for pattern in new) for event in SMALL_EVENTS]
        for change, more, less in ((found.gained, after, before), (found.lost, before, after)):
            expected = [one and not other for one, other in zip(more, less, strict=True)]
            assert change.verdict is True or not any(expected), shown(*old, *new)
            for witness in change.witnesses:
                sides = [any(pattern.matches(witness) for pattern in side) for side in (old, new)]
                assert sides == [change is found.lost, change is found.gained], shown(*old, *new)
            if change.pattern is not None:
                written += 1
                assert [change.pattern.matches(event) for event in SMALL_EVENTS] == expected, shown(*old, *new)
    assert written > 10


def test_the_same_events_from_other_rules_are_no_difference() -> None:
    found = difference([{"a": ["x"]}, {"a": ["y"]}], [{"$or": [{"a": ["y"]}, {"a": ["x"]}]}])
    assert found.verdict is False
    assert found.gained.witnesses == found.lost.witnesses == ()


def test_a_rule_that_comes_or_goes_changes_all_it_matches() -> None:
    assert difference([], [ORDERS]).gained.pattern == EventPattern.parse(ORDERS)
    gone = difference([ORDERS], [])
    assert gone.lost.pattern == EventPattern.parse(ORDERS)
    assert gone.lost.witnesses == ({"source": "orders", "detail": {"state": "PAID"}},)
    assert difference([], []).verdict is False


def test_where_no_pattern_can_be_written_there_are_witnesses() -> None:
    found = difference([{"a": [{"prefix": "x"}]}], [{"a": [{"prefix": "xy"}]}])
    assert (found.lost.verdict, found.lost.pattern, found.lost.witnesses) == (True, None, ({"a": "x"},))


def test_a_difference_that_costs_too_much_is_unknown() -> None:
    old, new = {"a": [{"wildcard": "*ab*cd*"}]}, {"a": [{"wildcard": "*a*b*c*d*"}]}
    assert difference([old], [new]).lost.verdict is False
    found = difference([old], [new], steps=10)
    assert (found.verdict, found.lost.verdict, found.lost.reason) == (None, None, "the answer would cost too much")
