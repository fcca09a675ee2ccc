"""Plain events: the quick way and the general way answer alike where one ends and the other begins."""

from __future__ import annotations

import pickle
from enum import IntEnum
from typing import Any

import pytest

from perception_events.patterns import EventPattern, RuleSet


class Grade(IntEnum):
    """A number that is no plain int."""

    FIRST = 1


class Text(str):
    """A string that is no plain str."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ({"a": {"b": ["x"]}}, {"a.b": "x"}),
        ({"a": {"b": ["x"]}}, {"a": {"b": "y"}, "a.b": "x"}),
        ({"a": {"b": {"c": ["x"]}}}, {"a": {"b.c": "x"}}),
        ({"a": {"b": {"c": ["x"]}}}, {"a.b": {"c": "x"}}),
        ({"a": ["x"]}, {"a": ["y", "x"]}),
        ({"a": ["x"]}, {"a": ("y", "x")}),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "x"}]}),
        ({"a": {"b": [{"exists": False}], "c": [{"exists": False}]}}, {"a": "x"}),
        ({"a": {"b": [{"exists": False}]}}, {}),
        ({"a": [{"exists": False}]}, {"a": {"b": "x"}}),
        ({"a": [1]}, {"a": Grade.FIRST}),
        ({"a": ["x"]}, {"a": Text("x")}),
        ({"a": [{"prefix": 'x"'}]}, {"a": "x"}),
        ({"a": [{"suffix": "?"}]}, {"a": "x\ud800"}),
        ({"a": [{"numeric": ["<", 0]}], "b": [None]}, {"a": -0.5, "b": None}),
        ({"a": ["10.0.0.1"]}, {"a": "10.0.0.01"}),
        ({".".join("abcdefghijklm"): ["x"]}, {"a.b.c.d.e.f": {"g.h.i.j.k.l": {"m": "x"}}}),
        ({f"f{n}": ["x"] for n in range(40)}, {f"f{n}": "x" for n in range(40)}),
        ({"a": [{"wildcard": "*b*cd"}], "b": [{"anything-but": ["x"]}]}, {"a": "abcd", "b": True}),
    ],
)
def test_matches(pattern: Any, event: Any) -> None:
    parsed = EventPattern.parse(pattern)
    assert parsed.matches(event)
    assert parsed.matches(event)  # by the function that the first time has left
    assert RuleSet({"rule": pattern}).matching_rules(event) == ["rule"]


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ({"a": {"b": ["x"]}}, {"a": "x", "b": "x"}),
        ({"a": {"b": ["x"], "c": ["y"]}}, {"a": [{"b": "x"}, {"c": "y"}]}),
        ({"a": [{"wildcard": "*bc*cd"}]}, {"a": "abcd"}),
        ({"a": [{"wildcard": "a*a"}]}, {"a": "a"}),
        ({"a": [{"prefix": "x"}]}, {"a": {"b": "x"}}),
        ({"a": [{"exists": False}], "b": ["x"]}, {"a": None, "b": "x"}),
    ],
)
def test_does_not_match(pattern: Any, event: Any) -> None:
    parsed = EventPattern.parse(pattern)
    assert not parsed.matches(event)
    assert not parsed.matches(event)
    assert RuleSet({"rule": pattern}).matching_rules(event) == []


def test_a_pattern_that_has_matched_can_be_pickled() -> None:
    pattern = EventPattern.parse({"a": ["x"]})
    assert pattern.matches({"a": "x"})
    again = pickle.loads(pickle.dumps(pattern))
    assert again == pattern
    assert again.matches({"a": "x"})
