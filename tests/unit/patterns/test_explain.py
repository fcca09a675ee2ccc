"""What `explain` says: the field at fault, what is there, and what to do about it."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.patterns import EventPattern, MismatchKind, RuleSet

ENVELOPE = {"id": "1", "source": "shop", "detail-type": "order", "detail": {"status": "open", "total": 12}}
IMAGE = {"dynamodb": {"NewImage": {"status": {"S": "COMPLETED"}, "cameras": {"L": [{"S": "cam1"}]}}}}


@pytest.mark.parametrize(
    ("pattern", "event", "path", "kind", "words"),
    [
        pytest.param(
            {"dynamodb": {"NewImage": {"status": ["COMPLETED"]}}},
            IMAGE,
            "dynamodb.NewImage.status",
            "not-a-leaf",
            'found {"S":"COMPLETED"}, an object; a pattern compares leaves only: '
            "go down to `dynamodb.NewImage.status.S`",
            id="an object where a leaf is expected is shown with the way down",
        ),
        pytest.param(
            {"dynamodb": {"NewImage": {"cameras": {"L": [{"exists": True}]}}}},
            IMAGE,
            "dynamodb.NewImage.cameras.L",
            "not-a-leaf",
            'found [{"S":"cam1"}], an array of objects; a pattern compares leaves only: go down to',
            id="exists sees leaves, not a list of objects",
        ),
        pytest.param(
            {"detail": {"total": [{"numeric": [">", 20]}]}},
            ENVELOPE,
            "detail.total",
            "value",
            "found 12; send a value that passes, or change the condition",
            id="a number outside a condition is shown with the condition to change",
        ),
        pytest.param(
            {"detail": {"a": {"b": ["x"]}}},
            {"detail": {"a": '{"b":"x"}'}},
            "detail.a.b",
            "missing",
            'found "{\\"b\\":\\"x\\"}" at `detail.a`, a string; EventBridge does not look into JSON text',
            id="JSON text is shown as text",
        ),
        pytest.param({"Source": ["shop"]}, ENVELOPE, "Source", "missing", "the event has `source`: correct the name"),
        pytest.param(
            {"detailType": ["order"]},
            ENVELOPE,
            "detailType",
            "missing",
            "the event has `detail-type`: correct the name",
        ),
        pytest.param(
            {"status": ["open"]}, ENVELOPE, "status", "missing", "the event has `detail.status`: correct the path"
        ),
        pytest.param(
            {"detail": {"order": {"status": ["open"]}}},
            ENVELOPE,
            "detail.order.status",
            "missing",
            "the event has `detail.status`: correct the path",
            id="one level too deep",
        ),
        pytest.param(
            {"detail": {"state": ["open"]}},
            ENVELOPE,
            "detail.state",
            "missing",
            "`detail` has only status, total; correct the path, or send the field",
            id="no such field",
        ),
        pytest.param(
            {"detail": {"status": ["OPEN"]}},
            ENVELOPE,
            "detail.status",
            "value",
            'they differ in case only: write "open", or {"equals-ignore-case": "OPEN"}',
            id="another case",
        ),
        pytest.param(
            {"detail": {"total": ["12"]}},
            ENVELOPE,
            "detail.total",
            "value",
            "the event has 12 without quotes: write 12 without quotes",
            id="a number against a string",
        ),
        pytest.param({"a": [12]}, {"a": "12"}, "a", "value", 'the pattern a number: write "12" with quotes'),
        pytest.param({"a": [{"numeric": [">", 1]}]}, {"a": "12"}, "a", "value", "numeric compares numbers only"),
        pytest.param({"a": [True]}, {"a": "true"}, "a", "value", 'the event has a string: write "true" with quotes'),
        pytest.param({"a": ["true"]}, {"a": True}, "a", "value", "the event has true without quotes"),
        pytest.param({"a": ["x"]}, {"a": "x "}, "a", "value", 'differ in blanks at an end: the event has "x "'),
        pytest.param(
            {"a": ['{ "wildcard": "x*" }']},
            {"a": "xy"},
            "a",
            "value",
            'an operator is written inside a string: write {"wildcard": "x*"} without quotes around it',
            id="an operator inside a string",
        ),
        pytest.param({"a": ["x*"]}, {"a": "xy"}, "a", "value", 'no wildcards: write {"wildcard": "x*"}'),
        pytest.param({"a": ["x"]}, {"a": "xy"}, "a", "value", '{"prefix": "x"} matches it'),
        pytest.param({"a": ["y"]}, {"a": "xy"}, "a", "value", '{"suffix": "y"} matches it'),
        pytest.param({"a": [{"prefix": "X"}]}, {"a": "xy"}, "a", "value", "it differs in case only"),
        pytest.param({"a": [{"wildcard": "X*"}]}, {"a": "xy"}, "a", "value", "a wildcard always compares case"),
        pytest.param({"a": [{"exists": False}]}, {"a": 1}, "a", "present", "the pattern wants the field absent"),
        pytest.param({"a.": ["x"]}, {"a": {"": "x"}}, "a.", "not-a-leaf", 'found "x", which the engine does not see'),
        pytest.param({"a": ["x"]}, {"a": []}, "a", "not-a-leaf", "an empty array has no leaf"),
        pytest.param({"a": ["x"]}, {"a": {}}, "a", "not-a-leaf", "it holds no leaf"),
        pytest.param({"a": {"b": ["x"]}}, {"a": 3}, "a.b", "missing", "nothing lies below `a`; compare `a` itself"),
        pytest.param({"a": ["x"]}, {}, "a", "missing", "the event is empty; send the field"),
        pytest.param({"a": ["x", "y"]}, {"a": "z"}, "a", "value", 'add "z" to the list if it is meant too'),
    ],
)
def test_the_fix_names_what_was_meant(
    pattern: dict[str, Any], event: dict[str, Any], path: str, kind: str, words: str
) -> None:
    (mismatch,) = EventPattern.parse(pattern).explain(event)
    assert (mismatch.path, mismatch.kind) == (path, kind)
    assert words in str(mismatch)
    assert str(mismatch).startswith(f"{path}: expected {mismatch.expected}, found {mismatch.found}")


def test_array_consistency_names_only_the_fields_of_that_array_and_the_elements() -> None:
    pattern = EventPattern.parse({"source": ["shop"], "detail": {"items": {"sku": ["a"], "size": ["L"], "tag": ["t"]}}})
    event = {
        "source": "shop",
        "detail": {"items": [{"sku": "a", "size": "S", "tag": "t"}, {"sku": "b", "size": "L", "tag": "t"}]},
    }
    (mismatch,) = pattern.explain(event)
    assert mismatch.kind is MismatchKind.DIFFERENT_ELEMENTS
    assert mismatch.path == "detail.items.size, detail.items.sku"
    assert mismatch.found == "detail.items.size in element 1; detail.items.sku in element 0"


def test_all_nearest_branches_of_or_are_explained_not_the_first_alone() -> None:
    pattern = EventPattern.parse({"$or": [{"a": ["x"]}, {"b": ["y"]}, {"c": ["z"], "d": ["z"]}]})
    mismatches = pattern.explain({"a": 1, "b": 2})
    assert [(m.alternative, m.path) for m in mismatches] == [(0, "a"), (1, "b")]


def test_of_many_branches_that_miss_once_the_one_with_a_slip_comes_first() -> None:
    pattern = EventPattern.parse({"$or": [{f"field{n}": [f"value {n}"]} for n in range(6)]})
    for event, path in (
        ({"field4": "VALUE 4"}, "field4"),
        ({"field5": {"S": "value 5"}}, "field5"),
        ({"Field-3": "value 3"}, "field3"),
        ({"field2": "other"}, "field2"),
    ):
        mismatches = pattern.explain(event)
        assert mismatches[0].path == path, [*map(str, mismatches)]
        assert [m.alternative for m in mismatches] == [0, 1, 2]


def test_of_branches_that_miss_once_the_one_that_holds_elsewhere_comes_first() -> None:
    pattern = EventPattern.parse({"$or": [{"vip": [True]}, {"state": ["PAID"], "total": [{"numeric": [">", 100]}]}]})
    assert [m.path for m in pattern.explain({"state": "PAID", "total": 50, "vip": False})] == ["total", "vip"]


def test_a_text_is_explained_as_the_engine_reads_it() -> None:
    pattern = EventPattern.parse('{"a": [1.0]}')
    (mismatch,) = pattern.explain_json('{"a": {"b": 9007199254740993}} trailing')
    assert mismatch.found == '{"b":9007199254740993}, an object'
    assert pattern.explain_json('{"a": 1}') == []


def test_a_mismatch_is_a_json_object_too() -> None:
    (mismatch,) = EventPattern.parse({"a": ["x"]}).explain({"b": 1})
    assert mismatch.to_dict() == {
        "path": "a",
        "kind": "missing",
        "expected": '["x"]',
        "found": "nothing",
        "fix": "the event has only b; correct the path, or send the field",
        "alternative": 0,
    }


def test_a_rule_set_explains_the_nearest_rules_first() -> None:
    rules = RuleSet()
    rules.add("refunds", {"source": ["bank"], "detail": {"status": ["refund"]}})
    rules.add("open orders", {"source": ["shop"], "detail": {"status": ["closed"], "total": [12]}})
    rules.add("one field", {"detail": {"status": ["closed"]}})
    rules.add("matches", {"source": ["shop"]})
    explained = rules.explain(ENVELOPE)
    assert [each.rule for each in explained] == ["open orders", "one field", "refunds"]
    assert [m.path for m in explained[0].mismatches] == ["detail.status"]
    assert [each.rule for each in rules.explain(ENVELOPE, limit=1)] == ["open orders"]


def test_a_rule_with_a_slip_was_meant_more_likely_than_one_of_which_nothing_holds() -> None:
    rules = RuleSet()
    rules.add("another source", {"source": ["bank"]})
    rules.add("no such field", {"region": ["eu"]})
    rules.add("two fields", {"source": ["shop"], "detail": {"state": ["PAID"], "carrier": ["x"]}})
    rules.add("one field", {"source": ["shop"], "detail": {"state": ["PAID"]}})
    rules.add("other case", {"source": ["Shop"]})
    explained = rules.explain({"source": "shop", "detail": {"state": "OPEN"}})
    assert [each.rule for each in explained] == [
        *("other case", "one field", "two fields", "another source", "no such field")
    ]


def test_a_hostile_event_is_explained_at_once() -> None:
    event: dict[str, Any] = {"wide": {str(n): n for n in range(20_000)}}
    deep: Any = 1
    for _ in range(900):
        deep = {"d": deep}
    (mismatch,) = EventPattern.parse({"detail": {"x": ["y"]}}).explain({**event, "deep": deep})
    assert mismatch.kind is MismatchKind.MISSING
