"""A rule set on events with arrays of objects, within and beside each other, against its rules one by one."""

from __future__ import annotations

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perception_events.patterns import EventPattern, InvalidEventPatternError, RuleSet

NAMES = ("a", "b", "c", "d")
SCALARS = ("x", "y", 1, 2, True, None)
ODD: tuple[Any, ...] = ([], {}, [[1]], [[{"a": "x"}]], [1, {"a": "x"}])
"""What is seldom where an object, a scalar or an array is expected."""
Names = dict[str, Any]
"""A tree of names: None where fields are."""


class Generator:
    """Patterns and events over one tree of names, in which some names are of arrays."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = self._names(0)
        self._arrays: set[int] = set()
        self._choose_arrays(self.names)

    def rules(self, count: int) -> dict[str, EventPattern]:
        rules = {}
        for number in range(count):
            pattern = self._pattern(self.names)
            if len(pattern) > 1 and self.random.random() < 0.15:
                pattern = {"$or": [{name: value} for name, value in pattern.items()]}
            with suppress(InvalidEventPatternError):  # an empty object
                rules[f"rule-{number}"] = EventPattern.parse(pattern)
        return rules

    def event(self) -> dict[str, Any]:
        return self._object(self.names)

    def _names(self, depth: int) -> Names:
        nested = depth < 3
        return {
            name: self._names(depth + 1) if nested and self.random.random() < 0.55 else None
            for name in self.random.sample(NAMES, self.random.randint(1, 3))
        }

    def _choose_arrays(self, names: Names) -> None:
        for inner in names.values():
            if inner is not None:
                if self.random.random() < 0.5:
                    self._arrays.add(id(inner))
                self._choose_arrays(inner)

    def _object(self, names: Names) -> dict[str, Any]:
        made = {name: self._value(inner) for name, inner in names.items() if self.random.random() < 0.85}
        if self.random.random() < 0.03:
            made[f"{self.random.choice(NAMES)}.{self.random.choice(NAMES)}"] = self.random.choice(SCALARS)
        return made

    def _value(self, names: Names | None) -> Any:
        random = self.random
        if random.random() < 0.03:
            return random.choice(ODD)
        if names is None:
            return random.choice(SCALARS) if random.random() < 0.8 else random.choices(SCALARS, k=random.randint(0, 3))
        if (id(names) in self._arrays) != (random.random() < 0.03):
            return [self._object(names) for _ in range(random.randint(0, 4))]
        return self._object(names)

    def _pattern(self, names: Names) -> dict[str, Any]:
        pattern: dict[str, Any] = {}
        for name, inner in names.items():
            if self.random.random() < 0.6:
                pattern[name] = self._test() if inner is None else self._pattern(inner) or self._test()
        return pattern

    def _test(self) -> list[Any]:
        tests = ({"prefix": "x"}, {"exists": False}, {"exists": True}, {"anything-but": ["x"]}, {"numeric": [">", 1]})
        return [self.random.choice(tests if self.random.random() < 0.4 else SCALARS)]


@given(st.integers(0, 2**64), st.sampled_from((1, 3, 12, 40)))
@example(1, 12)
def test_a_rule_set_equals_its_rules_one_by_one_on_arrays_of_objects(seed: int, count: int) -> None:
    generator = Generator(Random(seed))
    rules = generator.rules(count)
    together = RuleSet(rules)
    for gone in list(rules)[::5]:
        together.remove(gone)
        del rules[gone]
    for _ in range(4):
        event = generator.event()
        expected = [name for name, pattern in rules.items() if pattern.matches(event)]
        assert together.matching_rules(event) == expected, event
        assert together.matching_rules_json(json.dumps(event)) == expected, event


ABSENT_IN_AN_ELEMENT_WITHOUT_THE_ARRAY = {"a": {"b": {"c": [{"exists": False}]}, "d": ["x"]}}


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        (ABSENT_IN_AN_ELEMENT_WITHOUT_THE_ARRAY, {"a": [{"b": [{"c": 1}], "d": "y"}, {"b": [], "d": "x"}]}),
        ({"a": {"b": ["x"], "c": ["y"]}}, {"a": [{"b": "x", "c": "x"}, {"b": "y", "c": "y"}]}),
        ({"a": {"b": ["x"], "c": {"d": [1]}}}, {"a": [{"b": "x", "c": [{"d": 2}]}, {"b": "y", "c": [{"d": 1}]}]}),
        ({"a": {"b": ["x"], "c": {"d": [1]}}}, {"a": [{"b": "y"}, {"b": "x", "c": [{"d": 2}, {"d": 1}]}]}),
        ({"a": {"b": ["x"], "c": ["y"]}}, {"a": {"b": "x"}, "a.c": "y"}),
        ({"a": {"b": ["x"], "c": ["y"]}}, {"a": [{"b": "x"}], "a.c": "y"}),
        ({"a": {"b": ["x"]}, "c": {"d": [1]}}, {"a": [{"b": "y"}, {"b": "x"}], "c": [{"d": 2}, {"d": 1}]}),
        ({"a": {"b": ["x"]}}, {"a": [[{"b": "x"}]]}),
        ({"a": ["x"]}, {"a": ["x", {"b": 1}]}),
    ],
)
def test_named_cases_of_arrays_are_decided_in_a_set_as_alone(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    alone = EventPattern.parse(pattern)
    others: dict[str, Any] = {f"other-{number}": {"a": {"b": [f"{number}"], "d": [number]}} for number in range(20)}
    alone_and_among_others: tuple[dict[str, Any], ...] = ({"rule": alone}, {**others, "rule": alone})
    for rules in alone_and_among_others:
        expected = ["rule"] if alone.matches(event) else []
        assert RuleSet(rules).matching_rules(event) == expected
        assert RuleSet(rules).matching_rules_json(json.dumps(event)) == expected
