"""Questions about patterns: the operators one by one, the engine's accidents, absence, arrays and cost."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from itertools import combinations, count
from typing import Any

import pytest

from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import (
    Answer,
    _event_search,
    disjoint,
    equivalent,
    implies,
    overlap,
    satisfiable,
    uncovered,
)


def field(*values: Any) -> dict[str, Any]:
    return {"a": list(values)}


OVERLAPPING = [
    (field("x", "y"), field("y", "z")),
    (field({"prefix": "ab"}), field({"suffix": "ba"})),
    (field({"wildcard": "a*b*c"}), field({"wildcard": "*x*bbc"})),
    (field({"equals-ignore-case": "AbC"}), field({"prefix": "aB"})),
    (field({"anything-but": ["x"]}), field({"anything-but": {"prefix": "y"}})),
    (field({"numeric": [">", 5]}), field({"numeric": ["<", 5.0000001]})),
    (field({"numeric": ["=", 300]}), field("x", 3.0e2)),
    (field({"cidr": "10.0.0.0/8"}), field({"cidr": "10.2.0.0/16"})),
    (field({"cidr": "10.0.0.0/8"}), field({"prefix": "10.2."})),
    (field({"cidr": "10.0.0.0/8"}), field({"suffix": "5.05"})),
    (field({"cidr": "::/0"}), field({"wildcard": "*::*7"})),
    (field({"exists": False}), {"b": ["x"]}),
    (field({"exists": False}, "x"), field("x")),
    (field(None), field({"anything-but": {"suffix": "x"}})),
    ({"a": {"b": ["x"]}}, {"a.b": [{"prefix": "x"}]}),
    ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": [3], "b": [2]}),
]
DISJOINT = [
    (field("x"), field("y")),
    (field("1"), field(1)),
    (field("true"), field(True)),
    (field({"prefix": "abc"}), field({"prefix": "abd"})),
    (field({"suffix": "abc"}), field({"suffix": "b"})),
    (field({"wildcard": "a*b"}), field({"wildcard": "*ba"})),
    (field({"wildcard": "*x*"}), field({"anything-but": {"wildcard": "*x*"}}, {"numeric": [">", 0]})),
    (field({"equals-ignore-case": "abc"}), field({"suffix": "d"})),
    (field({"numeric": [">", 5]}), field({"numeric": ["<=", 5]})),
    (field({"numeric": ["=", 1]}), field({"anything-but": [1, 2]})),
    (field({"cidr": "10.0.0.0/8"}), field({"cidr": "11.0.0.0/8"})),
    (field({"cidr": "10.0.0.0/8"}), field({"prefix": "fe"})),
    (field({"cidr": "0.0.0.0/1"}), field({"suffix": "x"})),
    (field({"exists": False}), field("x")),
    (field({"exists": False}), {"a": {"b": [1]}, "c": [1]} | field(None)),
    ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": [3], "b": [3]}),
]


@pytest.mark.parametrize(("first", "second"), OVERLAPPING, ids=str)
def test_patterns_that_share_an_event_are_shown_one(first: dict[str, Any], second: dict[str, Any]) -> None:
    for one, other in ((first, second), (second, first)):
        answer = overlap(one, other)
        assert answer.verdict is True
        assert answer.witness is not None
        assert EventPattern.parse(one).matches(answer.witness)
        assert EventPattern.parse(other).matches(answer.witness)
        assert disjoint(one, other) == Answer(False, answer.witness, answer.witness_json, answer.reason)


@pytest.mark.parametrize(("first", "second"), DISJOINT, ids=str)
def test_patterns_that_share_no_event_are_disjoint(first: dict[str, Any], second: dict[str, Any]) -> None:
    for one, other in ((first, second), (second, first)):
        assert overlap(one, other) == Answer(False)
        assert disjoint(one, other) == Answer(True)


INCLUDED = [
    (field("x"), field("x", "y")),
    (field("xy"), field({"prefix": "x"})),
    (field({"prefix": "abc"}), field({"prefix": "ab"})),
    (field({"prefix": "ab"}), field({"wildcard": "a*"})),
    (field({"wildcard": "ab*cd"}), field({"prefix": {"equals-ignore-case": "AB"}})),
    (field({"suffix": "x"}), field({"anything-but": {"suffix": "y"}})),
    (field({"numeric": [">", 1, "<", 2]}), field({"numeric": [">=", 1]})),
    (field(1.0), field({"numeric": ["=", 1]})),
    (field({"cidr": "10.2.0.0/16"}), field({"cidr": "10.0.0.0/8"})),
    (field("10.0.0.5"), field({"cidr": "10.0.0.0/24"})),
    (field({"exists": True}), field({"exists": True}, {"exists": False})),
    (field("x") | {"b": [1]}, field("x")),
    (field("x", "y"), {"$or": [field("x"), field("y")]}),
    (field({"exists": True}), {"$or": [field({"prefix": "x"}), field({"anything-but": {"prefix": "x"}})]}),
]


@pytest.mark.parametrize(("narrow", "wide"), INCLUDED, ids=str)
def test_the_narrower_pattern_implies_the_wider(narrow: dict[str, Any], wide: dict[str, Any]) -> None:
    assert implies(narrow, wide) == Answer(True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (field({"prefix": "ab"}), field({"prefix": "abc"})),
        (field({"wildcard": "a*b"}), field({"prefix": "ab"})),
        (field({"numeric": [">=", 1]}), field({"numeric": [">", 1]})),
        (field({"numeric": [">", 5e-1]}), field({"numeric": [">", 0.5000000000000001]})),
        (field({"exists": True}), field({"anything-but": ["x"]})),
        (field({"equals-ignore-case": "x"}), field("x", "y")),
        (field("x"), field("x") | {"b": [{"exists": True}]}),
        (field("10.0.0.1"), field({"exactly": "10.0.0.1"})),
        (field({"cidr": "10.0.0.0/8"}), field({"prefix": "10."})),
        ({"$or": [field("x"), {"b": ["y"]}]}, field("x")),
    ],
    ids=str,
)
def test_a_failed_implication_shows_a_counterexample(first: dict[str, Any], second: dict[str, Any]) -> None:
    answer = implies(first, second)
    assert answer.verdict is False
    assert answer.witness_json is not None
    assert EventPattern.parse(first).matches_json(answer.witness_json)
    assert not EventPattern.parse(second).matches_json(answer.witness_json)


def test_equivalence_says_which_pattern_alone_matches_the_witness() -> None:
    assert equivalent(field(1, 2), {"$or": [field(2), field(1.0)]}) == Answer(True)
    assert equivalent(field("x", "y"), field("y")).reason == "only the first matches it"
    assert equivalent(field("y"), field("x", "y")).reason == "only the second matches it"


def test_two_values_of_one_field_hold_at_once_only_where_arrays_are_asked_for() -> None:
    assert overlap(field("x"), field(1)).verdict is False
    answer = overlap(field("x"), field(1), arrays=True)
    assert answer.witness == {"a": ["x", 1]}
    assert answer.reason == "a field holds several values at once"
    assert overlap(field("x"), field({"exists": False}), arrays=True).verdict is False


def test_a_field_is_a_value_or_an_object_unless_arrays_are_asked_for() -> None:
    both = {"a": [1], "a.b": [2]}
    assert satisfiable(both).verdict is False
    assert satisfiable(both, arrays=True).witness == {"a": [1, {"b": 2}]}
    assert implies({"a": {"b": [1]}}, field({"exists": False})).verdict is True


def test_numbers_are_told_apart_as_the_engine_tells_them_apart() -> None:
    assert equivalent('{"a": [1]}', '{"a": [1.0]}').verdict is True
    assert overlap('{"a": [9007199254740993]}', '{"a": [9007199254740993.0]}').verdict is False
    assert overlap('{"a": [1e309]}', '{"a": [{"numeric": [">", 0]}]}').verdict is False
    others = '{"a": [{"numeric": [">", 1]}, {"numeric": ["<", 1]}, {"prefix": ""}, true, false, null]}'
    assert implies('{"a": [{"anything-but": [1]}]}', others).witness == {"a": 9007199254740993}


def test_a_number_that_no_python_value_spells_is_in_the_text_of_the_witness() -> None:
    answer = satisfiable('{"a": [1e309]}')
    assert answer.witness_json == '{"a": 1e309}'
    assert answer.witness == {"a": Decimal("1e309")}


def test_accidents_of_the_engine_count() -> None:
    assert overlap(field({"prefix": 'x"'}), field("x")).witness == {"a": "x"}
    assert overlap(field({"cidr": "10.0.0.0/8"}), field("a05::1")).witness == {"a": "a05::1"}
    assert overlap(field({"cidr": "16.0.0.0/8"}), field(105)).witness == {"a": 105}
    assert overlap(field({"cidr": "16.0.0.0/8"}), field(5)).verdict is False
    assert overlap(field({"cidr": "16.0.0.0/8"}), field({"cidr": "52.0.0.0/8"})).verdict is False
    assert overlap(field({"cidr": "16.0.0.0/8"}), field({"numeric": [">", 5.1, "<", 5.2]})).verdict is False
    assert overlap(field({"cidr": "16.0.0.0/8"}), field({"numeric": [">", 1.02e9, "<", 1.03e9]})).verdict is True
    assert overlap(field({"cidr": "30.16.0.0/16"}), field({"numeric": [">", 5, "<", 15]})).verdict is False
    assert (
        overlap(field({"cidr": "30.0.0.0/20"}), field({"numeric": [">", 5, "<", 15]})).witness_json == '{"a": 1E0001}'
    )
    assert overlap(field({"equals-ignore-case": "\U0001f600"}), field("\U0001f600")).verdict is False
    assert overlap(field({"equals-ignore-case": "ß"}), field("SS")).witness == {"a": "SS"}
    assert overlap(field({"prefix": "?"}), field("\ud800")).witness == {"a": "\ud800"}


def test_a_path_with_an_empty_name_is_unknown_unless_an_event_shows_the_answer() -> None:
    assert overlap({"a.": [1]}, {"a.": [1, 2]}).verdict is True
    answer = overlap({"a.": [1]}, {"a.": [2]})
    assert answer.verdict is None
    assert "empty name" in answer.reason


def test_what_none_of_several_patterns_takes_is_shown() -> None:
    every = {"type": [{"exists": True}]}
    known: list[dict[str, Any]] = [{"type": ["pose", "reid"]}, {"type": [{"prefix": "re"}]}]
    answer = uncovered(every, known)
    assert answer.verdict is True
    assert answer.witness is not None
    assert not any(EventPattern.parse(pattern).matches(answer.witness) for pattern in known)
    assert uncovered({"type": ["pose", "recon"]}, known) == Answer(False)
    assert uncovered(every, []).verdict is True


def test_what_many_patterns_leave_out_is_found() -> None:
    """More of them than Python's stack is deep."""
    many = [{"a": [f"v{number}"]} for number in range(1200)]
    assert uncovered({"a": [{"prefix": "v"}]}, many).verdict is True
    some = [f"v{number}" for number in range(150)]
    assert uncovered({"a": some}, many).verdict is False
    assert uncovered({"a": [*some, "other"]}, many).witness == {"a": "other"}


EXPLOSIVE = [
    (
        field({"wildcard": "*a" + "*b?" * 40}),
        field({"wildcard": "*" + "c*" * 60}, {"anything-but": {"wildcard": ["*" + "ab*" * 30, "*a" * 50]}}),
    ),
    (
        {"$or": [{f"f{n}": [{"wildcard": f"*{n}*{n + 1}*"}], f"g{n}": ["x"]} for n in range(30)]},
        {"$or": [{f"f{n}": [{"anything-but": {"wildcard": f"*{n}*"}}], f"g{n}": ["y"]} for n in range(30)]},
    ),
    ({"$or": [{f"f{n}": [n], f"g{n}": [n]} for n in range(150)]}, {"$or": [{f"f{n}": [n + 1]} for n in range(150)]}),
    (field(*({"wildcard": f"*{n}*{n + 7}*"} for n in range(130))), field({"wildcard": "z*q"})),
]


@pytest.mark.parametrize("question", [overlap, implies, equivalent], ids=lambda question: question.__name__)
@pytest.mark.parametrize(("first", "second"), EXPLOSIVE, ids=range(len(EXPLOSIVE)))
def test_patterns_that_explode_end_within_a_second(question: Any, first: Any, second: Any) -> None:
    one, other = (
        EventPattern.parse(json.dumps(p, separators=(",", ":")), max_wildcard_complexity=None) for p in (first, second)
    )
    before = time.process_time()
    answer = question(one, other)
    assert time.process_time() - before < 2, answer  # a second, on a machine that has something else to do
    if answer.verdict is None:
        assert answer.reason == "the answer would cost too much"


def test_a_question_without_steps_left_does_no_more_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 combinations on both sides: each of the first was compared with all of the second before it gave up."""
    blocks, wider = (
        {f"o{n}": {"$or": [{"x": [{"cidr": f"10.{block}.0.0/{bits}"}]} for block in range(10)]} for n in range(3)}
        for bits in (17, 16)
    )
    comparisons = count()
    compare = _event_search._matches

    def counted(*args: Any) -> bool:
        next(comparisons)
        return compare(*args)

    monkeypatch.setattr(_event_search, "_matches", counted)
    assert implies(blocks, wider, steps=1000).verdict is None
    assert next(comparisons) <= 2000  # half a million before


def test_a_search_that_has_to_try_everything_is_unknown() -> None:
    """Seven pigeons, six holes: that two share one is true, and no short search shows it."""
    nests = {pigeon: [str(hole) for hole in range(6)] for pigeon in "abcdefg"}
    shared = [{one: [str(hole)], two: [str(hole)]} for hole in range(6) for one, two in combinations("abcdefg", 2)]
    answer = implies(nests, {"$or": shared})
    assert (answer.verdict, answer.reason) == (None, "the answer would cost too much")


def test_a_long_list_of_excluded_texts_is_decided() -> None:
    first, second = ([f"v{n + start}" for n in range(500)] for start in (0, 1))
    answer = implies(field({"anything-but": first}), field({"anything-but": second}))
    assert answer.witness == {"a": "v500"}


def test_an_answer_is_unknown_when_its_steps_are_used_up() -> None:
    first, second = field({"wildcard": "*ab*cd*ef"}), field({"anything-but": {"wildcard": ["*ab*cd*", "*x*y*"]}})
    assert overlap(first, second).verdict is False
    answer = overlap(first, second, steps=20)
    assert (answer.verdict, answer.reason) == (None, "the answer would cost too much")


def test_an_answer_is_no_truth_value_by_itself() -> None:
    with pytest.raises(TypeError, match="compare its verdict"):
        bool(overlap(field("x"), field("y")))


@pytest.mark.parametrize("question", [overlap, implies, equivalent, disjoint], ids=lambda question: question.__name__)
def test_an_invalid_pattern_is_reported_as_parse_reports_it(question: Any) -> None:
    with pytest.raises(InvalidEventPatternError, match="must be an object or an array"):
        question({"a": "x"}, field("x"))
    with pytest.raises(InvalidEventPatternError, match="Empty arrays are not allowed"):
        question(field("x"), '{"a": []}')
