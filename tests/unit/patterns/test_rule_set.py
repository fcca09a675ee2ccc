"""Rule sets: rejections by name, changes while other threads match, and rules that read events differently."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from benchmarks.workloads import city_lots, exact_rules, mixed_rules, rules_over_elements, texts, with_elements
from perception_events.json_values import InvalidJSONValueError
from perception_events.patterns import (
    DuplicateRuleError,
    EventPattern,
    InvalidEventPatternError,
    RuleSet,
    UnknownRuleError,
)


def test_rejections_name_the_rule() -> None:
    rules = RuleSet({"a": {"x": [1]}})
    with pytest.raises(DuplicateRuleError, match="'a' is there already"):
        rules.add("a", {"x": [2]})
    with pytest.raises(UnknownRuleError, match="no rule is called 'b'"):
        rules.remove("b")
    with pytest.raises(InvalidEventPatternError) as caught:
        RuleSet({"good": {"x": [1]}, "bad": {"x": 1}})
    assert caught.value.__notes__ == ["in rule 'bad'"]
    assert (list(rules), len(rules), "a" in rules, rules["a"]) == (["a"], 1, True, EventPattern.parse({"x": [1]}))


def test_a_rule_added_again_comes_last() -> None:
    rules = RuleSet({"a": {"x": ["y"]}, "b": {"x": ["y"]}})
    rules.remove("a")
    rules.add("a", {"x": ["y"]})
    assert rules.matching_rules({"x": "y"}) == ["b", "a"]


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        ({"a": ["10.0.0.1"]}, {"a": "10.0.0.01"}),
        ({"a": [300]}, {"a": 3.0e2}),
        ({"a": ["x", {"exists": False}]}, {}),
        ({"": {"a": ["x"]}}, {"a": "x"}),
        ({"a.": ["x"]}, {"a.": "x"}),
        ({"$or": [{"a": ["x"]}, {"b": [{"prefix": "y"}]}]}, {"b": "yz"}),
        ({"a": ["x", "x"]}, {"a": ["x", "y", "x"]}),
        ({"a": [None], "b": [True]}, {"a": None, "b": True}),
    ],
)
def test_a_rule_in_a_set_answers_as_alone(pattern: Any, event: Any) -> None:
    crowd = {f"other {index}": {"a": [f"{index}"]} for index in range(50)}
    assert EventPattern.parse(pattern).matches(event)
    assert RuleSet({**crowd, "rule": pattern}).matching_rules(event) == ["rule"]


def test_removing_the_last_rule_of_a_field_leaves_the_others() -> None:
    rules = RuleSet({"a": {"x": {"y": ["1"]}}, "b": {"x": {"y": ["1"], "z": ["2"]}}})
    rules.remove("b")
    assert rules.matching_rules({"x": {"y": "1", "z": "2"}}) == ["a"]
    rules.remove("a")
    assert rules.matching_rules({"x": {"y": "1"}}) == []


def test_a_rule_that_comes_while_an_event_is_matched_does_not_take_fields_for_absent() -> None:
    rules = RuleSet({"first": {"name": ["x"]}})

    class Key(str):
        """Equal to a name as any string; asked for the first time, a rule comes."""

        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            if "second" not in rules:
                rules.add("second", {"name": ["x"], "other": [{"exists": False}]})
            return str.__eq__(self, other)

    event = {"other": 1, Key("name"): "x"}
    assert rules.matching_rules(event) == ["first"]
    assert "second" in rules
    assert rules.matching_rules({"name": "x"}) == ["first", "second"]


def test_rules_come_and_go_while_threads_match() -> None:
    rules = RuleSet({"always": {"x": ["y"]}, "prefix": {"x": [{"prefix": "y"}]}})
    stop, failures = threading.Event(), []

    def match() -> None:
        while not stop.is_set():
            found = rules.matching_rules({"x": "y", "n": 5})
            if not {"always", "prefix"} <= set(found):
                failures.append(found)

    threads = [threading.Thread(target=match) for _ in range(4)]
    for thread in threads:
        thread.start()
    for index in range(2000):
        rules.add(f"rule {index}", {"x": ["y"], "n": [index]})
        if index % 2:
            rules.remove(f"rule {index}")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(rules) == 1002


def test_texts_of_every_length_are_found_and_are_gone_when_removed() -> None:
    text = "abcdefghijklmnopqrstuvwxyz0123456789"
    rules = {f"prefix-{n}": {"a": [{"prefix": text[:n]}]} for n in range(1, len(text) + 1)}
    rules |= {f"suffix-{n}": {"a": [{"suffix": text[-n:]}]} for n in range(1, len(text) + 1)}
    rules |= {f"wildcard-{n}": {"a": [{"wildcard": f"{text[:n]}*{text[n:]}"}]} for n in range(len(text) + 1)}
    rule_set = RuleSet(rules)
    assert rule_set.matching_rules({"a": text}) == list(rules)
    assert rule_set.matching_rules({"a": text[:20]}) == [f"prefix-{n}" for n in range(1, 21)]
    for name in [name for name in rules if name != "suffix-5"]:
        rule_set.remove(name)
    assert rule_set.matching_rules({"a": text}) == ["suffix-5"]
    rule_set.remove("suffix-5")
    rule_set.add("again", {"a": [{"prefix": text[:7]}]})
    assert rule_set.matching_rules({"a": text}) == ["again"]


def test_the_measured_rules_answer_as_each_of_them_alone() -> None:
    # Short prefixes, so that rules match: each kind of rule has some.
    rules = mixed_rules(600, affix=(2, 3)) | exact_rules(100)
    events = city_lots(60, seed=2) + [{**lot, "lots": [lot]} for lot in city_lots(60)]
    alone = {name: EventPattern.parse(pattern) for name, pattern in rules.items()}
    rule_set = RuleSet(rules)
    expected = [[name for name, pattern in alone.items() if pattern.matches(event)] for event in events]
    assert [rule_set.matching_rules(event) for event in events] == expected
    assert [rule_set.matching_rules_json(text) for text in texts(events)] == expected
    assert {name.partition("-")[0] for names in expected for name in names} == {"mixed", "exact"}


def test_the_measured_arrays_answer_as_each_rule_alone() -> None:
    rules = rules_over_elements(200)
    event = with_elements(40, seed=5)
    event["detail"]["lots"] += with_elements(200, seed=5)["detail"]["lots"]
    alone = [name for name, pattern in rules.items() if EventPattern.parse(pattern).matches(event)]
    assert alone
    assert RuleSet(rules).matching_rules(event) == alone


@pytest.mark.parametrize("first", ["a", "b"])
def test_two_fields_in_two_arrays_are_found_in_whatever_order_the_event_has_them(first: str) -> None:
    """The index reads the path that it needs, then all of them: an array has another number in each reading."""
    fields = {"a": [{"d": "other"}, {"d": "x"}], "b": [{"c": "x"}]}
    event = {name: fields[name] for name in sorted(fields, reverse=first == "b")}
    rules = RuleSet({"both": {"a": {"d": ["x"]}, "b": {"c": ["x"]}}, "none": {"a": {"d": ["y"]}, "b": {"c": ["x"]}}})
    assert rules.matching_rules(event) == rules.matching_rules_json(json.dumps(event)) == ["both"]


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_small_sets_answer_alike_before_and_after_they_have_seen_many_events(count: int) -> None:
    rules = dict([*mixed_rules(40, affix=(1, 2)).items()][:count])
    events = city_lots(200, seed=2) + [{**lot, "lots": [lot]} for lot in city_lots(100)]
    alone = {name: EventPattern.parse(pattern) for name, pattern in rules.items()}
    rule_set = RuleSet(rules)
    expected = [[name for name, pattern in alone.items() if pattern.matches(event)] for event in events]
    for _ in range(2):
        assert [rule_set.matching_rules(event) for event in events] == expected


def test_a_small_set_that_has_seen_many_events_changes_at_once() -> None:
    rules = RuleSet({"a": {"x": ["y"]}})
    for _ in range(1000):
        assert rules.matching_rules({"x": "y"}) == ["a"]
    rules.add("b", {"x": ["y"], "$or": [{"p": [1]}, {"q": [1]}]})
    assert rules.matching_rules({"x": "y", "q": 1}) == ["a", "b"]
    for number in range(10):
        rules.add(f"c{number}", {"x": [number]})
    assert rules.matching_rules({"x": 3}) == ["c3"]
    for number in range(10):
        rules.remove(f"c{number}")
    rules.remove("b")
    assert rules.matching_rules({"x": "y"}) == ["a"]
    rules.remove("a")
    assert rules.matching_rules({"x": "y"}) == []
    with pytest.raises(InvalidJSONValueError):
        rules.matching_rules(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("seen", [0, 1000])
def test_a_small_set_rejects_what_is_not_an_event_however_many_it_has_seen(seen: int) -> None:
    rules = RuleSet({"a": {"x": ["y"]}})
    for _ in range(seen):
        rules.matching_rules({"x": "y"})
    odd: tuple[Any, ...] = (3, [], None, {"x": object()})
    for wrong in odd:
        with pytest.raises(InvalidJSONValueError):
            rules.matching_rules(wrong)
