"""Hostile input: deep, long, many, odd. Nothing recurses, nothing explodes, and what is no JSON is named."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from perception_events.patterns import EventPattern, InvalidEventError, InvalidEventPatternError, RuleSet
from perception_events.patterns._event_text import has_long_name


def deep(levels: int, inner: str) -> str:
    return '{"a":' * levels + inner + "}" * levels


def test_a_pattern_and_an_event_a_thousand_deep() -> None:
    text = deep(600, '["x"]')
    pattern = EventPattern.parse(text)
    assert pattern.matches_json(deep(600, '"x"'))
    assert not pattern.matches_json(deep(599, '"x"'))
    assert EventPattern.parse(pattern.canonical) == pattern
    value: Any = "x"
    for _ in range(600):
        value = {"a": value}
    assert pattern.matches(value)


def test_deeper_than_the_engine_reads_is_rejected() -> None:
    with pytest.raises(InvalidEventPatternError, match="the pattern has 6605 characters, at most 4096"):
        EventPattern.parse(deep(1100, '["x"]'))
    nested: Any = ["x"]
    for _ in range(1100):
        nested = {"a": nested}
    with pytest.raises(InvalidEventPatternError, match=r"nesting depth exceeds the maximum allowed \(1000\)"):
        EventPattern.parse(nested)
    with pytest.raises(InvalidEventError, match=r"nesting depth exceeds the maximum allowed \(1000\)"):
        EventPattern.parse({"a": [1]}).matches_json(deep(1001, "1"))


def test_an_event_value_nested_without_end_is_rejected_as_its_text_is() -> None:
    value: Any = "x"
    for _ in range(50_000):
        value = [value]
    with pytest.raises(InvalidEventError, match="nested deeper than 1000"):
        EventPattern.parse({"a": ["x"]}).matches({"a": value})
    assert EventPattern.parse({"b": ["x"]}).matches({"a": value, "b": "x"})  # what no field names is not looked at
    assert not EventPattern.parse({"1": [2]}).matches({1: 2})  # type: ignore[dict-item]


@pytest.mark.parametrize("wildcard", ["*a*a*a*a*b", "*aa*aab", "*ab*ab*abc"])
def test_wildcards_do_not_explode(wildcard: str) -> None:
    pattern = EventPattern.parse({"a": [{"wildcard": wildcard}]}, max_wildcard_complexity=None)
    assert not pattern.matches({"a": "ab" * 500_000 + "c!"})


def test_ignoring_case_does_not_explode() -> None:
    pattern = EventPattern.parse({"a": [{"suffix": {"equals-ignore-case": "ßßßßx"}}]})
    assert not pattern.matches({"a": "s" * 200_000})


def test_or_products_are_bounded() -> None:
    branches = [{"a": [1]}, {"b": [1]}]
    pattern: dict[str, Any] = {f"x{i}": {"$or": branches} for i in range(10)}
    with pytest.raises(InvalidEventPatternError, match="1024 combinations, at most 1000") as caught:
        EventPattern.parse(pattern)
    assert caught.value.code == "TooManyCombinations"
    with pytest.raises(InvalidEventPatternError, match="combinations"):
        EventPattern.parse({f"x{i}": {"$or": branches} for i in range(40)})


def test_fields_in_independent_arrays_do_not_multiply() -> None:
    pattern = EventPattern.parse({name: {"k": ["x"], "l": ["y"]} for name in "abcdef"})
    elements = [{"k": "x"}, {"l": "y"}] * 2_000
    assert not pattern.matches(dict.fromkeys("abcdef", elements))
    assert pattern.matches({name: [*elements, {"k": "x", "l": "y"}] for name in "abcdef"})


def test_numbers_of_ten_thousand_digits() -> None:
    long = "1" * 10_000
    with pytest.raises(InvalidEventPatternError, match="length"):
        EventPattern.parse(f'{{"a": [{"1" * 1001}]}}')
    with pytest.raises(InvalidEventError, match="length"):
        EventPattern.parse({"a": [1]}).matches_json(f'{{"a": {long}}}')
    assert not EventPattern.parse({"a": [{"numeric": [">", 0]}]}).matches({"a": 10**10_000})
    assert EventPattern.parse({"a": [{"anything-but": 1}]}).matches({"a": Decimal(10) ** 5_000})


def test_lone_surrogates() -> None:
    pattern = EventPattern.parse('{"a": ["\\ud800"]}')
    assert pattern.matches({"a": "\ud800"})
    assert EventPattern.parse(pattern.canonical) == pattern
    assert EventPattern.parse({"a": [{"prefix": "\ud800"}]}).matches({"a": "?x"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_what_is_no_json_number_is_rejected(value: Any) -> None:
    with pytest.raises(InvalidEventError, match="not a JSON number"):
        EventPattern.parse({"a": [1]}).matches({"a": value})
    with pytest.raises(InvalidEventPatternError, match="not a JSON number"):
        EventPattern.parse({"a": [value]})


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', '{"a": 01}', "[]", '"x"', "", "{", b"\xff"])
def test_event_texts_that_are_no_json_object(text: Any) -> None:
    with pytest.raises(InvalidEventError):
        EventPattern.parse({"a": [1]}).matches_json(text)


def test_decimals_are_numbers_and_other_values_are_named() -> None:
    pattern = EventPattern.parse({"a": [{"numeric": [">", 1]}]})
    assert pattern.matches({"a": Decimal("1.5")})
    with pytest.raises(TypeError, match="expected a JSON value, found set"):
        pattern.matches({"a": {1}})
    with pytest.raises(TypeError, match=r"the event: expected a mapping .* found list"):
        pattern.matches([1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the pattern: expected JSON text or a mapping, found int 5"):
        EventPattern.parse(5)  # type: ignore[arg-type]
    assert pattern.matches({"a": 2, "b": object()})  # what no field names is not looked at
    assert not EventPattern.parse({"1": [2]}).matches({1: 2})  # type: ignore[dict-item]


def test_many_values() -> None:
    event = {"a": list(range(50_000)), "b": [{"c": i} for i in range(20_000)]}
    rules = RuleSet({"last": {"a": [49_999]}, "nested": {"b": {"c": [19_999]}}, "none": {"a": [-1]}})
    assert rules.matching_rules(event) == ["last", "nested"]
    assert rules.matching_rules_json(json.dumps(event)) == ["last", "nested"]


def test_the_depth_of_event_texts_is_counted_exactly() -> None:
    pattern = EventPattern.parse({"a": [1], "b": ["x"]})
    wide = ",".join(f'"k{n}": [[{{}}]]' for n in range(2000))
    assert pattern.matches_json(f'{{{wide}, "a": 1, "b": "x"}}')
    assert pattern.matches_json('{{"c": {}1{}, "a": 1, "b": "x"}}'.format("[" * 999, "]" * 999))
    with pytest.raises(InvalidEventError, match=r"nesting depth exceeds the maximum allowed \(1000\)"):
        pattern.matches_json('{{"c": {}1{}, "a": 1, "b": "x"}}'.format("[" * 1000, "]" * 1000))


@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("-", ""), ("0.", ""), ("-0.", "e+5"), ("1e", ""), ("1E-", ""), ("-0.", ""), ("0e", "")],
)
def test_a_number_has_a_thousand_digits_at_most_whatever_stands_between_them(before: str, after: str) -> None:
    """As the engine's parser counts: measured on event-ruler 2.1.0."""
    pattern = EventPattern.parse({"b": ["x"]})
    digits = sum(map(str.isdigit, before + after)) - (before in ("0.", "-0.", "0e") and not after)
    filler = "0" if "e" in before.lower() else "1"
    event = '{"a": %s, "b": "x"}'
    assert pattern.matches_json(event % (before + filler * (1000 - digits) + after))
    with pytest.raises(InvalidEventError, match=r"Number value length \(1001\) exceeds"):
        pattern.matches_json(event % (before + filler * (1001 - digits) + after))


def test_the_length_of_numbers_in_event_texts_is_counted_exactly() -> None:
    pattern = EventPattern.parse({"b": ["x"]})
    for before in (0, 500, 999):
        event = '{"c": "%s", "a": %s, "b": "x"}'
        assert pattern.matches_json(event % ("1" * 3000 + " " * before, "1" * 1000))
        with pytest.raises(InvalidEventError, match=r"Number value length \(1001\) exceeds"):
            pattern.matches_json(event % (" " * before, "1" * 1001))


def _shared(depth: int) -> dict[str, Any]:
    pattern: dict[str, Any] = {"a": ["x"]}
    for _ in range(depth):
        pattern = {"$or": [pattern, pattern]}
    return pattern


def _deep(depth: int) -> dict[str, Any]:
    event: dict[str, Any] = {"a": "y"}
    for _ in range(depth):
        event = {"a": event}
    return event


LIMIT = 20
"""Seconds of a processor, far above what is needed on a busy machine and far below what quadratic time takes."""
EXACT = EventPattern.parse({"a": ["x"]})
IGNORES_CASE = EventPattern.parse({"a": [{"suffix": {"equals-ignore-case": "XYZ"}}]})


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: EXACT.matches_json('{"a": "' + "1" * 3_000_000 + '"}'), id="a string of digits"),
        pytest.param(lambda: EXACT.matches_json('{"a": ' + "1" * 1_000_000 + "}"), id="a number of a million digits"),
        pytest.param(lambda: EXACT.matches({"a": 10**1_000_000}), id="an int of a million digits"),
        pytest.param(lambda: EventPattern.parse({"a": [10**1_000_000]}), id="the same in a pattern"),
        pytest.param(lambda: EventPattern.parse(_shared(30)), id="a mapping shared in $or"),
        pytest.param(lambda: EventPattern.parse({"a": [{"prefix": "x"}] * 1_000_000}), id="a list of a million"),
        pytest.param(lambda: IGNORES_CASE.matches({"a": "x" * 3_000_000}), id="ignoring case in a long string"),
        pytest.param(lambda: EXACT.explain(_deep(5000)), id="an explanation of a deep event"),
        pytest.param(lambda: EventPattern.parse({"a": [{"x" * 100_000: 1}]}), id="a long name of an operator"),
    ],
)
def test_hostile_input_is_answered_or_rejected_in_bounded_time(ask: Callable[[], object]) -> None:
    started = time.process_time()
    with suppress(InvalidEventError, InvalidEventPatternError):
        ask()
    assert time.process_time() - started < LIMIT


UNITS = 50_000
"""How many UTF-16 units of a name the engine's reader takes."""


@pytest.mark.parametrize(
    ("name", "most"),
    [
        *((each, UNITS) for each in ("n", "\\u0041", "é", "\\n", '\\"', "\\\\")),
        *((each, UNITS // 2) for each in ("\U0001f600", "\\ud83d\\ude00")),
    ],
)
@pytest.mark.parametrize("where", ["{%s}", '{"a": "x", %s}', '{"a": ["x"], "b": {"c": [1, {%s}]}}'])
def test_a_name_is_as_long_as_the_engine_s_reader_takes_it(name: str, most: int, where: str) -> None:
    pattern = EventPattern.parse({"a": [{"exists": True}]})
    rules = RuleSet({"rule": pattern})
    for number, taken in ((most, True), (most + 1, False)):
        event = where % f'"{name * number}" : 1'
        for text in (event, event.encode()):
            for match in (pattern.matches_json, rules.matching_rules_json):
                if taken:
                    assert bool(match(text)) is ('"a"' in event)
                else:
                    units = UNITS + UNITS // most
                    with pytest.raises(InvalidEventError, match=f"Name length .{units}. exceeds"):
                        match(text)


def test_a_long_text_that_is_no_name_is_taken() -> None:
    pattern = EventPattern.parse({"a": ["x"]})
    for long in ("y" * 200_000, '\\"' * 100_000, ": " * 100_000, '\\": ' * 60_000, "\\\\" * 100_000):
        assert pattern.matches_json(f'{{"b": "{long}", "a": "x", "c": ["{long}"]}}')
        name = long.replace('"', "")
        assert pattern.matches_json(f'{{"a": "x"}} {{"{name}": 1}}'), "after the event all is ignored"
    assert pattern.matches_json('{"a": "x", "b": [' + "1, " * 100_000 + "1]}")
    assert pattern.matches_json('{"a": "x",' + " " * 100_000 + '"b": 1}')


def test_names_of_a_pattern_given_as_a_mapping_are_counted_too() -> None:
    with pytest.raises(InvalidEventPatternError, match=r"Name length \(50001\)|has 50"):
        EventPattern.parse({"n" * (UNITS + 1): ["x"]})


def test_no_long_name_is_overlooked() -> None:
    random = Random(7)
    for _ in range(3000):
        texts = ["".join(random.choices('":\\\n aé', k=random.choice([0, 1, 2, 5, 9]))) for _ in range(6)]
        event = json.dumps({texts[0]: texts[1], texts[2]: {texts[3]: [1, texts[4], {texts[5]: 1}]}}, ensure_ascii=False)
        names = [json.dumps(name, ensure_ascii=False)[1:-1] for name in (texts[0], texts[2], texts[3], texts[5])]
        if any(f'"{name}":' in event and len(name) > 6 for name in names):
            assert has_long_name(event, 6), event
