"""The names that other work relies on, and an example of each operator."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError, RuleSet

EXAMPLES: list[tuple[Any, Any, Any]] = [
    (["x"], "x", "y"),
    ([1], 1.0, "1"),
    ([None], None, "null"),
    ([True], True, "true"),
    ([{"prefix": "ab"}], "abc", "xab"),
    ([{"prefix": {"equals-ignore-case": "AB"}}], "abc", "xab"),
    ([{"suffix": "bc"}], "abc", "bcd"),
    ([{"suffix": {"equals-ignore-case": "BC"}}], "abc", "bcd"),
    ([{"equals-ignore-case": "ABC"}], "aBc", "abcd"),
    ([{"wildcard": "a*c"}], "abbc", "abb"),
    ([{"anything-but": ["x", "y"]}], "z", "x"),
    ([{"anything-but": {"prefix": "x"}}], "z", "xy"),
    ([{"numeric": [">", 0, "<=", 5]}], 5, 0),
    ([{"exists": True}], None, []),
    ([{"cidr": "10.0.0.0/8"}], "10.1.2.3", "11.1.2.3"),
]


@pytest.mark.parametrize(("values", "matching", "other"), EXAMPLES, ids=lambda v: str(v)[:30])
def test_each_operator(values: Any, matching: Any, other: Any) -> None:
    pattern = EventPattern.parse({"detail": {"a": values}})
    assert pattern.matches({"detail": {"a": matching}})
    assert not pattern.matches({"detail": {"a": other}})
    assert EventPattern.parse(pattern.canonical) == pattern


def test_rules_are_named_in_order_of_addition() -> None:
    rules = RuleSet({"b": {"a": [1]}, "a": {"a": [{"exists": True}]}, "c": {"a": [2]}})
    assert rules.matching_rules({"a": 1}) == ["b", "a"]
    rules.add("d", '{"a": [1]}')
    rules.remove("b")
    assert rules.matching_rules_json('{"a": 1}') == ["a", "d"]


def test_an_operator_that_pipes_do_not_take_is_rejected_by_name() -> None:
    EventPattern.parse({"a": [{"wildcard": "x*"}]})
    with pytest.raises(InvalidEventPatternError, match="does not take the operator wildcard") as caught:
        EventPattern.parse({"a": [{"wildcard": "x*"}]}, dialect=Dialect.PIPE)
    assert (caught.value.code, caught.value.pointer) == ("UnsupportedOperator", "/a/0")


def test_a_rejection_points_at_the_place() -> None:
    with pytest.raises(InvalidEventPatternError) as caught:
        EventPattern.parse('{\n  "detail": {"a": "x"}\n}')
    error = caught.value
    assert (error.reason, error.pointer, error.line, error.column) == (
        '"a" must be an object or an array',
        "/detail/a",
        2,
        19,
    )
    assert str(error).splitlines()[1:] == [
        '    "detail": {"a": "x"}',
        "                    ^",
        '  hint: a value must be in an array: {"a": ["x"]}',
    ]


def test_a_mismatch_says_field_expected_and_found() -> None:
    (mismatch,) = EventPattern.parse({"detail": {"a": ["x", "y"]}}).explain({"detail": {"a": "z"}})
    assert (mismatch.path, mismatch.expected, mismatch.found) == ("detail.a", '["x","y"]', '"z"')
