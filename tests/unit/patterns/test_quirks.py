"""Patterns on which the engine contradicts itself are named, with a rewrite that both agree on."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.patterns import EventPattern


@pytest.mark.parametrize(
    ("pattern", "code", "path"),
    [
        ({"$or": [{"c": ["x"]}, {"c": ["x", "y"]}]}, "overlapping-or-branches", "c"),
        ({"$or": [{"a": ["x"], "b": ["x"]}, {"a": ["x", "y"], "b": ["x"]}]}, "overlapping-or-branches", "a"),
        ({"a": [{"wildcard": "*x"}, {"equals-ignore-case": "y"}]}, "ignore-case-beside-wildcard", "a"),
        ({"a": [{"wildcard": "*x"}, {"prefix": {"equals-ignore-case": "y"}}]}, "ignore-case-beside-wildcard", "a"),
        (
            {"a": [{"anything-but": {"wildcard": "*x"}}, {"equals-ignore-case": "y"}]},
            "ignore-case-beside-wildcard",
            "a",
        ),
        ({"a": [{"wildcard": "*x"}, {"suffix": "bé"}]}, "suffix-beside-wildcard", "a"),
        ({"a": [{"wildcard": "*x"}, {"anything-but": {"suffix": "é"}}]}, "suffix-beside-wildcard", "a"),
        ({"a": [{"cidr": "16.0.0.0/8"}, 5]}, "address-beside-number", "a"),
        ({"a": [{"cidr": "10.0.0.0/8"}, {"numeric": [">", 1]}]}, "address-beside-number", "a"),
        ({"a": ["x", {"numeric": ["<", 1]}, "y"]}, "string-beside-number", "a"),
    ],
)
def test_a_quirk_is_named_with_both_answers_and_a_rewrite(pattern: dict[str, Any], code: str, path: str) -> None:
    (quirk,) = EventPattern.parse(pattern).quirks
    assert (quirk.code, quirk.path) == (code, path)
    assert quirk.here
    assert quirk.engine
    assert quirk.rewrite.startswith(("write two rules", "let no value stand"))


@pytest.mark.parametrize(
    "pattern",
    [
        {"a": ["x"], "$or": [{"b": ["x"]}, {"c": ["x"]}]},
        {"$or": [{"a": ["x"]}, {"a": ["y"]}]},
        {"$or": [{"a": ["x"], "b": ["x"]}, {"a": ["x"], "b": ["y"]}]},
        {"a": [{"wildcard": "x*"}, {"equals-ignore-case": "y"}]},
        {"a": [{"wildcard": "*x"}, {"suffix": "éa"}]},
        {"a": [{"wildcard": "x*"}, {"suffix": "é"}]},
        {"a": [5, "x"]},
        {"a": [{"cidr": "10.0.0.0/8"}], "b": [5]},
        {"source": ["aws.ec2"], "detail": {"state": ["running", {"anything-but": "stopped"}]}},
    ],
)
def test_ordinary_patterns_have_none(pattern: dict[str, Any]) -> None:
    assert EventPattern.parse(pattern).quirks == ()
