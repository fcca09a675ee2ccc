"""A rule set answers as its rules one by one, in every shape of rules that is measured, while rules come and go.

`PERCEPTION_EVENTS_SHAPE_RULES` sets how many rules a shape has here.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
from random import Random
from typing import Any

import pytest

from benchmarks.shapes import SHAPES
from perception_events.patterns import EventPattern, RuleSet

RULES = int(os.environ.get("PERCEPTION_EVENTS_SHAPE_RULES", "60"))
EVENTS = 6


def one_by_one(rules: dict[str, EventPattern], event: dict[str, Any]) -> list[str]:
    return [name for name, pattern in rules.items() if pattern.matches(event)]


def patterns_of(name: str) -> dict[str, EventPattern]:
    return {f"rule-{i}": EventPattern.parse(p) for i, p in enumerate(SHAPES[name].rules(RULES))}


@pytest.mark.parametrize("name", SHAPES)
def test_a_rule_set_answers_as_its_rules_one_by_one_while_rules_come_and_go(name: str) -> None:
    random = Random(name)
    rules = patterns_of(name)
    events = SHAPES[name].events(EVENTS, 1, RULES)
    rule_set = RuleSet()
    present: dict[str, EventPattern] = {}
    names = list(rules)
    random.shuffle(names)
    for step, rule in enumerate(names + random.sample(names, len(names) // 2)):
        if rule in present:
            rule_set.remove(rule)
            del present[rule]
        else:
            rule_set.add(rule, rules[rule])
            present[rule] = rules[rule]
        if step in (0, 1, 5, 8, 17) or step % 40 == 0:
            event = random.choice(events)
            assert rule_set.matching_rules(event) == one_by_one(present, event), (step, event)
    for event in events:
        expected = one_by_one(present, event)
        assert rule_set.matching_rules(event) == expected
        assert rule_set.matching_rules_json(json.dumps(event)) == expected
    for rule in list(present):
        rule_set.remove(rule)
    assert [rule_set.matching_rules(event) for event in events] == [[]] * EVENTS
    rule_set.add("again", rules[names[0]])
    assert [rule_set.matching_rules(e) for e in events] == [["again"] * rules[names[0]].matches(e) for e in events]


def test_the_shapes_have_matches_and_misses() -> None:
    """Otherwise the comparison above would compare nothing."""
    silent = set()
    for name, shape in SHAPES.items():
        rule_set = RuleSet({f"rule-{i}": pattern for i, pattern in enumerate(shape.rules(RULES))})
        counts = [len(rule_set.matching_rules(event)) for event in shape.events(60, 2, RULES)]
        if not any(counts):
            silent.add(name)
    assert silent == {"threshold"}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda rules: pickle.loads(pickle.dumps(rules))])
def test_a_copy_of_a_rule_set_answers_alike_and_changes_alone(copied: Any) -> None:
    rules = patterns_of("tenants")
    rule_set = RuleSet(rules)
    rule_set.remove("rule-3")
    again = copied(rule_set)
    for event in SHAPES["tenants"].events(EVENTS, 1, RULES):
        assert again.matching_rules(event) == rule_set.matching_rules(event)
    again.add("rule-3", rules["rule-3"])
    again.remove("rule-4")
    assert "rule-3" not in rule_set
    assert "rule-4" in rule_set
    assert again.dialect is rule_set.dialect
