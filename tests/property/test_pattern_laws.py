"""Laws of the pattern language, on generated patterns and events."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perception_events.patterns import EventPattern, InvalidEventError, InvalidEventPatternError, RuleSet
from support.naive_matcher import naive_matches
from support.pattern_cases import make_case, make_pattern, mutate

randoms = st.integers(0, 2**64).map(Random)


def parsed(text: str) -> EventPattern | None:
    try:
        return EventPattern.parse(text)
    except InvalidEventPatternError:
        return None


def event_value(text: str) -> Any:
    """The parsed text; None where it is no JSON, or holds a number that Python makes infinite."""
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except ValueError:
        return None


def _finite(text: str) -> float:
    if not isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def has_odd_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return any(not key or "." in key for key in value) or any(map(has_odd_keys, value.values()))
    return isinstance(value, list) and any(map(has_odd_keys, value))


def has_arrays(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and any(map(has_arrays, value.values())))


def anything(event: Any) -> bool:
    return True


def case(random: Random, suits: Callable[[Any], bool] = anything) -> tuple[EventPattern, dict[str, Any]]:
    """A pattern, and an event that suits."""
    while True:
        text, (event,) = make_case(random, events=1)
        pattern, value = parsed(text), event_value(event)
        if pattern is not None and isinstance(value, dict) and suits(value):
            return pattern, value


def valid_pattern(random: Random) -> EventPattern:
    while True:
        pattern = parsed(make_pattern(random))
        if pattern is not None:
            return pattern


@given(randoms)
def test_the_matcher_equals_the_naive_one(random: Random) -> None:
    pattern, event = case(random, lambda event: not has_odd_keys(event))
    assert pattern.matches(event) == naive_matches(pattern, event)


@given(st.lists(randoms, min_size=2, max_size=6))
def test_a_rule_set_equals_its_rules_one_by_one_in_any_order(seeds: list[Random]) -> None:
    cases = [make_case(random, events=1) for random in seeds]
    rules = {f"rule-{i}": pattern for i, (text, _) in enumerate(cases) if (pattern := parsed(text)) is not None}
    together, backwards = RuleSet(rules), RuleSet(dict(reversed(rules.items())))
    for _, (text,) in cases:
        event = event_value(text)
        if isinstance(event, dict):
            expected = [name for name, pattern in rules.items() if pattern.matches(event)]
            assert together.matching_rules(event) == expected
            assert backwards.matching_rules(event) == expected[::-1]


@given(randoms)
def test_key_order_does_not_matter_without_or(random: Random) -> None:
    while True:
        pattern = valid_pattern(random)
        paths = [path for path, _ in pattern.sub_rules[0].fields]
        if len(pattern.sub_rules) == 1:
            break
    fields = [f"{json.dumps(path)}:[{','.join(map(str, values))}]" for path, values in pattern.sub_rules[0].fields]
    assert len(set(paths)) == len(paths)
    assert EventPattern.parse("{" + ",".join(reversed(fields)) + "}") == pattern


@given(randoms)
def test_adding_a_field_narrows(random: Random) -> None:
    """But for `exists: false` in arrays, whose answer depends on which elements were chosen before."""
    pattern, event = case(random, lambda event: not has_arrays(event))
    for rule in pattern.sub_rules:
        whole = "{" + rule.text + "}"
        for path, _ in rule.fields:
            fewer = ",".join(f"{json.dumps(p)}:[{','.join(map(str, v))}]" for p, v in rule.fields if p != path)
            smaller = parsed("{" + fewer + "}")
            if smaller is not None and EventPattern.parse(whole).matches(event):
                assert smaller.matches(event)


@given(randoms, randoms)
def test_adding_a_value_or_a_branch_widens(random: Random, other: Random) -> None:
    pattern, event = case(random)
    more = valid_pattern(other).canonical
    either = parsed(f'{{"$or": [{pattern.canonical}, {more}]}}')
    if either is not None and pattern.matches(event):
        assert either.matches(event)
    rule = pattern.sub_rules[0]
    wider = ",".join(f'{json.dumps(path)}:[{",".join(map(str, values))},"more"]' for path, values in rule.fields)
    if EventPattern.parse("{" + rule.text + "}").matches(event):
        assert EventPattern.parse("{" + wider + "}").matches(event)


@given(randoms)
def test_printing_and_parsing_are_inverse(random: Random) -> None:
    pattern = valid_pattern(random)
    again = EventPattern.parse(pattern.canonical)
    assert again == pattern
    assert again.canonical == pattern.canonical
    assert hash(again) == hash(pattern)


@given(randoms)
def test_the_printed_pattern_says_the_same(random: Random) -> None:
    pattern, event = case(random)
    assert EventPattern.parse(pattern.canonical).matches(event) == pattern.matches(event)


@given(st.text() | st.binary() | randoms.map(lambda r: mutate(r, make_pattern(r))))
def test_parsing_gives_a_pattern_or_one_kind_of_error(source: str | bytes) -> None:
    try:
        EventPattern.parse(source)
    except InvalidEventPatternError as error:
        rejection = (bool(error.reason), bool(error.code), str(error)[:35])
    else:
        return
    assert rejection == (True, True, "Event pattern is not valid. Reason:")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["a", "b", "detail"]), inner),
)


@given(randoms, st.dictionaries(st.text() | st.sampled_from(["a", "b", "detail"]), json_values))
def test_matching_never_raises_on_json(random: Random, event: dict[str, Any]) -> None:
    pattern = valid_pattern(random)
    answer = pattern.matches(event)
    assert bool(pattern.explain(event)) != answer
    assert pattern.matches_json(json.dumps(event)) == answer


@given(st.text() | st.binary())
def test_reading_an_event_raises_one_kind_of_error(text: str | bytes) -> None:
    with suppress(InvalidEventError):
        EventPattern.parse({"a": [1]}).matches_json(text)
