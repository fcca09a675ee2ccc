"""Reviews of rule lists: what is reported, what is quiet by design, and what each finding shows."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from perception_events.patterns import Dialect, EventPattern, RuleSet
from perception_events.patterns.analysis import (
    FindingKind,
    ReviewedRule,
    RuleFinding,
    Shadow,
    implies,
    overlap,
    review,
    shadowed,
    unreachable,
)
from support.pattern_pairs import make_small_pattern, shown

STATUS = {"source": ["app"], "detail": {"status": ["DONE", "FAILED"]}}
FAILED = {"source": ["app"], "detail": {"status": ["FAILED"]}}
NAMED = {"source": ["app"], "detail": {"name": [{"prefix": "in/"}]}}
ALL_OF_APP = {"source": ["app"]}


def rule(name: str, pattern: dict[str, Any], *targets: str, unknown: bool = False) -> ReviewedRule:
    return ReviewedRule(name, EventPattern.parse(pattern), None if unknown else targets)


def said(*rules: ReviewedRule, overlaps: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.kind.value, finding.rules) for finding in review(rules, overlaps=overlaps).findings]


def only(*rules: ReviewedRule, overlaps: bool = False) -> RuleFinding:
    (finding,) = review(rules, overlaps=overlaps).findings
    return finding


def test_a_target_that_receives_an_event_twice_is_reported_with_the_event() -> None:
    found = only(rule("narrow", FAILED, "f"), rule("wide", STATUS, "f", "g"))
    assert (found.kind, found.rules, found.shared_targets) == (FindingKind.INCLUDED, ("narrow", "wide"), ("f",))
    assert found.message == "all events of narrow match wide as well: f receives them twice"
    assert found.witness == {"source": "app", "detail": {"status": "FAILED"}}
    assert found.counterexample == {"source": "app", "detail": {"status": "DONE"}}
    crossing = only(rule("a", FAILED, "f"), rule("b", NAMED, "f"))
    assert (crossing.kind, crossing.witness) == (
        FindingKind.OVERLAP,
        {"source": "app", "detail": {"status": "FAILED", "name": "in/"}},
    )


def test_fan_out_and_observers_are_quiet_unless_all_overlaps_are_asked_for() -> None:
    rules = [
        rule("first", STATUS, "f"),
        rule("second", STATUS, "g"),
        rule("narrow", FAILED, "h"),
        rule("archive", ALL_OF_APP, "log"),
    ]
    assert said(*rules) == []
    assert said(*rules, overlaps=True) == [
        ("equal", ("first", "second")),
        ("included", ("first", "archive")),
        ("included", ("second", "archive")),
        ("included", ("narrow", "first")),
        ("included", ("narrow", "second")),
        ("included", ("narrow", "archive")),
    ]


def test_an_observer_that_shares_a_target_is_no_longer_quiet() -> None:
    assert said(rule("narrow", FAILED, "f"), rule("all", ALL_OF_APP, "f")) == [("included", ("narrow", "all"))]


def test_without_known_targets_equal_and_included_rules_are_reported_once_a_rule() -> None:
    rules = [
        rule("a", STATUS, unknown=True),
        rule("b", {"source": ["app"], "detail.status": ["FAILED", "DONE"]}, unknown=True),
        rule("c", FAILED, unknown=True),
        rule("d", NAMED, unknown=True),
        rule("e", ALL_OF_APP, unknown=True),
    ]
    findings = review(rules).findings
    assert [(finding.kind.value, finding.rules) for finding in findings] == [
        ("equal", ("a", "b")),
        ("included", ("c", "a")),
    ]
    assert findings[1].message == "all events of c match a as well, and 1 other rule"


def test_rules_of_different_text_that_match_the_same_are_equal() -> None:
    either = {"$or": [{"a": [1]}, {"a": [2]}]}
    assert said(rule("a", either, "f"), rule("b", {"a": [2, 1.0]}, "f")) == [("equal", ("a", "b"))]
    assert said(rule("a", either, "f"), rule("b", {"a": [2, 1.0]}, "g")) == []


def test_what_can_never_match_is_reported_with_its_reason() -> None:
    never = {"a": {"b": [1]}, "a.b.c": [2]}
    assert only(rule("r", never)).message == (
        'no event matches r, unless a field holds several values, as in {"a": {"b": [1, {"c": 2}]}}'
    )
    on_a_bus = only(rule("r", {"account": [123456789012], "detail-type": ["x"]}))
    assert on_a_bus.kind is FindingKind.NEVER
    assert on_a_bus.message == "no event of a bus matches r: account is a string in every event"
    pipe = ReviewedRule("r", EventPattern.parse({"account": [123456789012]}, dialect=Dialect.PIPE))
    assert review([pipe]).findings == ()


def test_what_every_event_matches_is_reported() -> None:
    always = {"$or": [{"source": [{"prefix": "aws."}]}, {"source": [{"anything-but": {"prefix": "aws."}}]}]}
    found = only(rule("all", always, "f"), rule("some", FAILED, "g"))
    assert (found.kind, found.rules) == (FindingKind.ALWAYS, ("all",))
    assert found.witness is not None
    assert EventPattern.parse(always).matches(found.witness)


def test_what_could_not_be_decided_is_listed() -> None:
    odd = review([rule("a", {"a.": [1]}, "f"), rule("b", {"a.": [2]}, "f")])
    assert odd.findings == ()
    assert [names for names, _ in odd.undecided] == [("a", "b")]


def test_two_rules_of_one_name_are_rejected() -> None:
    with pytest.raises(ValueError, match="two rules are called 'a'"):
        review([rule("a", FAILED), rule("a", STATUS)])


@pytest.mark.parametrize("overlaps", [False, True])
def test_a_review_says_what_asking_about_each_pair_says(overlaps: bool) -> None:
    """With one target for all, every relation of two rules is reported, in whatever way the pairs were found."""
    random = Random(6)
    patterns = {f"r{number}": make_small_pattern(random) for number in range(25)}
    alive = {name: pattern for name, pattern in patterns.items() if name not in unreachable(patterns)}
    expected = set()
    names = list(alive)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            first, second = alive[one], alive[other]
            if overlap(first, second).verdict is False:
                continue
            there, back = implies(first, second).verdict, implies(second, first).verdict
            if there and back:
                expected.add(("equal", (one, other)))
            elif there or back:
                expected.add(("included", (one, other) if there else (other, one)))
            else:
                expected.add(("overlap", (one, other)))
    found = set()
    for finding in review(
        [ReviewedRule(name, pattern, ("f",)) for name, pattern in patterns.items()], overlaps=overlaps
    ).findings:
        if len(finding.rules) == 1:
            assert finding.kind is FindingKind.NEVER
            continue
        assert finding.witness is not None
        assert all(patterns[name].matches(finding.witness) for name in finding.rules), shown(*patterns.values())
        pairs = [(a, b) for n, a in enumerate(finding.rules) for b in finding.rules[n + 1 :]]
        found |= {(finding.kind.value, pair) for pair in pairs}
    assert found == expected
    assert {kind for kind, _ in expected} == {"equal", "included", "overlap"}


def test_unreachable_names_the_rules_that_no_event_matches() -> None:
    rules: dict[str, dict[str, Any]] = {
        "ok": {"a": [1]},
        "never": {"a": [1], "a.b": [2]},
        "odd": {"a": [{"exists": False}]},
    }
    assert unreachable(rules) == ["never"]
    assert unreachable(RuleSet(rules)) == ["never"]
    assert unreachable(rules, arrays=True) == []


def test_a_shadowed_rule_is_named_with_the_fewest_others_that_cover_it() -> None:
    rules = {"xy": {"a": ["x", "y"]}, "x": {"a": ["x"]}, "y": {"a": ["y"]}, "z": {"a": ["z"]}}
    assert shadowed(rules) == [Shadow("xy", ("x", "y")), Shadow("x", ("xy",)), Shadow("y", ("xy",))]


def test_in_order_only_earlier_rules_shadow() -> None:
    rules = {"x": {"a": ["x"]}, "y": {"a": ["y"]}, "xy": {"a": ["x", "y"]}, "xyz": {"a": ["x", "y", "z"]}}
    assert shadowed(rules, in_order=True) == [Shadow("xy", ("x", "y"))]
