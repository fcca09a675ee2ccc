"""Mistakes put into patterns, and which of them samples and tests notice."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from perception_events.patterns import EventPattern, RuleSet
from perception_events.patterns.analysis import difference, equivalent, example, mutants, near_misses, try_mutants
from support.pattern_pairs import make_pair

PAID = {"source": ["orders"], "detail": {"status": ["PAID"]}}
EVENT = {"source": "orders", "detail": {"status": "PAID"}}


def changes(pattern: dict[str, Any]) -> dict[str, EventPattern]:
    return {f"{mutant.path}: {mutant.change}": mutant.pattern for mutant in mutants(pattern)}


@pytest.mark.parametrize(
    ("pattern", "change", "expected"),
    [
        (PAID, "detail.status: in other case", {"source": ["orders"], "detail": {"status": ["paid"]}}),
        (PAID, "detail.status: one level up", {"source": ["orders"], "status": ["PAID"]}),
        (PAID, "detail.status: named Status", {"source": ["orders"], "detail": {"Status": ["PAID"]}}),
        (PAID, "source: one level down, in detail", {"detail": {"source": ["orders"], "status": ["PAID"]}}),
        (PAID, "source: field left out", {"detail": {"status": ["PAID"]}}),
        ({"a": ["x", "y"]}, 'a: without "x"', {"a": ["y"]}),
        ({"a": ["1"]}, "a: a text became a number", {"a": [1]}),
        ({"a": [1]}, "a: a number became a text", {"a": ["1"]}),
        ({"a": [True]}, "a: true became false", {"a": [False]}),
        ({"a": [None]}, "a: null became missing", {"a": [{"exists": False}]}),
        ({"a": [{"prefix": "x"}]}, "a: prefix became suffix", {"a": [{"suffix": "x"}]}),
        ({"a": [{"wildcard": "x*y"}]}, "a: without the * at 1", {"a": [{"wildcard": "xy"}]}),
        ({"a": [{"anything-but": ["x", "y"]}]}, "a: without x", {"a": [{"anything-but": ["y"]}]}),
        ({"a": [{"numeric": [">", 5]}]}, 'a: ">" became ">="', {"a": [{"numeric": [">=", 5]}]}),
        ({"a": [{"numeric": [">", 5, "<", 9]}]}, "a: 9 became 10", {"a": [{"numeric": [">", 5, "<", 10]}]}),
        ({"a": [{"exists": True}]}, "a: exists became false", {"a": [{"exists": False}]}),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, "a: /8 became /9", {"a": [{"cidr": "10.0.0.0/9"}]}),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, ": branch 0 of $or left out", {"b": [2]}),
        ({"$or": [{"a": [1]}, {"b": [2]}]}, ": $or became and", {"a": [1], "b": [2]}),
    ],
    ids=str,
)
def test_mistakes_that_people_make_are_among_the_mutants(pattern: Any, change: str, expected: Any) -> None:
    assert changes(pattern)[change] == EventPattern.parse(expected)


def test_a_mutant_that_matches_the_same_events_is_left_out() -> None:
    assert 'a: without "x"' not in changes({"a": ["x", {"prefix": "x"}]})
    assert len({mutant.pattern for mutant in mutants(PAID)}) == len(mutants(PAID))


def test_the_witness_of_a_mutant_tells_it_from_the_original() -> None:
    random = Random(4)
    shown = 0
    for _ in range(8):
        original, _other = make_pair(random)
        for mutant in mutants(original):
            assert equivalent(original, mutant.pattern).verdict is not True
            if mutant.witness_json is not None:
                shown += 1
                assert original.matches_json(mutant.witness_json) is not mutant.pattern.matches_json(
                    mutant.witness_json
                )
    assert shown > 50


def test_what_no_sample_event_notices_survives_and_its_witness_is_the_missing_test() -> None:
    report = try_mutants({"paid": PAID}, [EVENT, {"source": "orders", "detail": {"status": "SENT"}}])
    assert [(survivor.mutant.path, survivor.mutant.change) for survivor in report.survivors] == [
        ("source", "equal became prefix"),
        ("source", "field left out"),
        ("detail.status", "equal became prefix"),
    ]
    assert report.tried == report.noticed + 3
    missing = [survivor.mutant.witness for survivor in report.survivors]
    again = try_mutants(RuleSet({"paid": PAID}), [EVENT, *(event for event in missing if event is not None)])
    assert [survivor.mutant.change for survivor in again.survivors] == []


def test_tests_of_ones_own_can_notice_mutants() -> None:
    rules: dict[str, dict[str, Any]] = {"paid": PAID, "all": {"source": ["orders"]}}

    def fails(changed: dict[str, EventPattern]) -> bool:
        assert set(changed) == {"paid", "all"}
        return [name for name, pattern in changed.items() if pattern.matches(EVENT)] != ["paid", "all"]

    with_tests, without = try_mutants(rules, notices=fails), try_mutants(rules)
    assert without.noticed == 0
    assert 0 < with_tests.noticed < with_tests.tried == without.tried
    assert with_tests.survivors == try_mutants(rules, [EVENT]).survivors


def test_a_deeply_nested_pattern_is_no_special_case() -> None:
    text = '{"a":' * 400 + "[1]" + "}" * 400
    assert len(mutants(text[: 5 * 60] + "[1]" + "}" * 60)) > 60
    assert EventPattern.parse(text).matches(example(text))
    assert near_misses(text)
    assert difference([text], []).lost.pattern == EventPattern.parse(text)
