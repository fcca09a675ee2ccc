"""How many rules an event finds, whatever the shape and the order of adding; and changes while other threads match."""

from __future__ import annotations

import threading
from random import Random
from typing import Any

import pytest

from benchmarks.shapes import SHAPES
from perception_events.patterns import EventPattern, RuleSet

RULES = 200
"""Few enough to be quick, and enough that a set which is gone through shows."""
FOUND_IN_VAIN = {"some": 12.0, "few": 4.0, "address": 6.0, "boxes": 1.5 * RULES**0.5, "arrays": 25.0}


def patterns_of(name: str) -> list[EventPattern]:
    return [EventPattern.parse(pattern) for pattern in SHAPES[name].rules(RULES)]


def found_and_matching(patterns: list[EventPattern], events: list[dict[str, Any]]) -> tuple[float, float]:
    rules = RuleSet({f"rule-{place}": pattern for place, pattern in enumerate(patterns)})
    found = sum(map(rules.candidates, events)) / len(events)
    return found, sum(len(rules.matching_rules(event)) for event in events) / len(events)


@pytest.mark.parametrize(
    "name", [name for name, shape in SHAPES.items() if shape.group in FOUND_IN_VAIN and not name.startswith("100")]
)
def test_an_event_finds_few_rules_beside_those_that_match_in_any_order_of_adding(name: str) -> None:
    patterns, events = patterns_of(name), SHAPES[name].events(15, 3, RULES)
    shuffled = Random(name).sample(patterns, len(patterns))
    costs = []
    for order in (patterns, shuffled):
        found, matching = found_and_matching(order, events)
        assert found - matching <= FOUND_IN_VAIN[SHAPES[name].group]
        costs.append(found)
    # A list of fewer than eight is never split: each element of an array may find one.
    assert max(costs) <= 2.0 * min(costs) + (30.0 if SHAPES[name].group == "arrays" else 4.0)


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.group == "output"])
def test_rules_that_match_are_found_once_for_each_of_their_keys(name: str) -> None:
    found, matching = found_and_matching(patterns_of(name), SHAPES[name].events(10, 3, RULES))
    assert 0 < found <= 1.5 * matching + 10


def test_rules_that_say_the_same_are_tested_once() -> None:
    rules = RuleSet({f"rule-{n}": {"a": [{"wildcard": "*x*y*"}], "b": [{"exists": False}]} for n in range(100)})
    assert rules.candidates({"a": "-x-y-"}) == 1
    assert len(rules.matching_rules({"a": "-x-y-"})) == 100
    for n in range(99):
        rules.remove(f"rule-{n}")
    assert rules.matching_rules({"a": "-x-y-"}) == ["rule-99"]


def test_a_rule_named_twice_by_its_own_branches_is_returned_once() -> None:
    rules = RuleSet({"rule": {"$or": [{"a": [{"anything-but": ["x"]}]}, {"a": [{"anything-but": ["x", "y"]}]}]}})
    assert rules.matching_rules({"a": "y"}) == ["rule"]
    assert rules.matching_rules({"a": "z"}) == ["rule"]
    assert rules.matching_rules({"a": "x"}) == []
    rules.remove("rule")
    assert rules.matching_rules({"a": "z"}) == []


@pytest.mark.parametrize("name", ["tenants", "narrow range", "pair", "anything but", "mixed", "10 objects, joint"])
def test_rules_come_and_go_while_threads_match(name: str) -> None:
    """What is there all the time is found all the time, what never matches never is, while lists are split."""
    patterns = patterns_of(name)
    events = SHAPES[name].events(10, 4, RULES)
    stay = {f"stay-{place}": pattern for place, pattern in enumerate(patterns[::4])}
    rules = RuleSet(stay)
    expected = [{rule for rule, pattern in stay.items() if pattern.matches(event)} for event in events]
    possible = [{place for place, pattern in enumerate(patterns) if pattern.matches(event)} for event in events]
    stop, failures = threading.Event(), []

    def match() -> None:
        while not stop.is_set():
            for event, always, ever in zip(events, expected, possible, strict=True):
                found = rules.matching_rules(event)
                come = {int(rule.removeprefix("come-")) for rule in found if rule.startswith("come-")}
                if not always <= set(found) or not come <= ever or len(set(found)) < len(found):
                    failures.append(found)

    threads = [threading.Thread(target=match) for _ in range(3)]
    for thread in threads:
        thread.start()
    random = Random(name)
    order = random.sample(range(RULES), RULES)
    for place in order:
        rules.add(f"come-{place}", patterns[place])
    for place in order:
        rules.remove(f"come-{place}")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [set(rules.matching_rules(event)) for event in events] == expected
