"""What a change of rules does to recorded events, and that it says what the difference of patterns says."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perception_events.patterns.analysis import difference
from perception_events.topology import EventBus, Function, InputTransformer, Rule, RuleTarget, Topology
from perception_events.traffic import ChangeKind, ComparePlan, CompareReport, compare, compare_report, read_blocks

EVENT = {"source": "shop", "detail-type": "Order", "time": "2025-07-15T00:11:08Z", "detail": {"a": 1, "b": 2}}


def topology(*rules: tuple[str, object, RuleTarget]) -> Topology:
    return Topology(
        [
            EventBus(id="bus", name="main"),
            Function(id="f", name="handle"),
            Function(id="g", name="log"),
            *(
                Rule(id=name, name=name, bus="bus", event_pattern=pattern, targets=(target,))  # type: ignore[arg-type]
                for name, pattern, target in rules
            ),
        ]
    )


def rule(name: str = "rule", pattern: object = None, to: str = "f", **settings: Any) -> tuple[str, object, RuleTarget]:
    return name, pattern or {"source": ["shop"]}, RuleTarget("t", to, **settings)


def differences(old: Topology, new: Topology, *events: object) -> CompareReport:
    return compare(old, new, read_blocks(["\n".join(map(json.dumps, events or [EVENT]))]))


def transformer(template: str) -> InputTransformer:
    return InputTransformer({"a": "$.detail.a", "b": "$.detail.b"}, template)


def test_the_same_system_by_other_rules_does_not_differ() -> None:
    old = topology(rule("one"))
    new = topology(rule("two", {"source": [{"prefix": "shop"}]}))
    assert differences(old, new).changed == 0
    split = topology(rule("x", {"source": ["shop"], "detail": {"a": [1]}}))
    assert differences(old, split).changed == 0
    twice = topology(rule("one"), rule("two", {"detail-type": ["Order"]}))
    (change,) = differences(old, twice).changes
    assert (change.kind, len(change.samples[0].old), len(change.samples[0].new)) == (ChangeKind.GAINED, 1, 2)


def test_targets_that_gain_and_lose_events_are_shown_by_cause_with_samples() -> None:
    old = topology(rule(to="f"))
    new = topology(rule(to="g"))
    report = differences(old, new, EVENT, EVENT, {**EVENT, "source": "till"})
    assert (report.events, report.changed) == (3, 2)
    assert [(c.target, c.kind, c.old_rules, c.new_rules, c.events) for c in report.changes] == [
        ("function handle", ChangeKind.LOST, ("rule",), (), 2),
        ("function log", ChangeKind.GAINED, (), ("rule",), 2),
    ]
    assert [one.sample.line for one in report.changes[0].samples] == [1, 2]
    assert "function handle: lost, 2 events (rule -> no rule)" in str(report)


def test_inputs_are_rendered_and_compared_as_values() -> None:
    old = topology(rule(input_transformer=transformer('{"x": <a>, "y": <b>}')))
    reordered = topology(rule(input_transformer=transformer('{"y":<b>,"x":<a>}')))
    assert differences(old, reordered).changed == 0
    swapped = topology(rule(input_transformer=transformer('{"x": <b>, "y": <a>}')))
    (change,) = differences(old, swapped).changes
    assert change.kind is ChangeKind.INPUT
    assert (change.samples[0].old, change.samples[0].new) == (('{"x": 1, "y": 2}',), ('{"x": 2, "y": 1}',))
    path, constant = topology(rule(input_path="$.detail")), topology(rule(input='{"b": 2, "a": 1}'))
    assert differences(path, constant).changed == 0
    missing = topology(rule(input_path="$.nothing"))
    (change,) = differences(path, missing).changes
    assert change.samples[0].new == ("! nothing is at InputPath $.nothing",)


def test_the_report_does_not_depend_on_the_parts() -> None:
    plan = ComparePlan(topology(rule()), topology(rule(to="g"), rule("more", {"detail": {"a": [1]}})))
    parts = list(read_blocks([json.dumps({**EVENT, "id": str(number)}) for number in range(5)]))
    total = plan.count([])
    for part in reversed(parts):
        total.merge(plan.count([part]))
    assert compare_report(plan, total).to_json() == compare_report(plan, plan.count(parts)).to_json()


def test_lines_of_every_kind_are_compared_alike_one_by_one_and_in_blocks() -> None:
    """What is not one plain event a line is read by itself, and counts as if it were."""
    old = topology(rule(pattern={"detail": {"a": [1]}}), rule("same", {"source": ["shop"]}, to="g"))
    new = topology(rule(pattern={"detail": {"a": [2]}}), rule("same", {"source": ["shop"]}, to="g"))
    lines = [
        json.dumps(EVENT),
        json.dumps({**EVENT, "detail": {"a": 3}}),
        json.dumps({**EVENT, "detail": {"a": 2, "note": "a \\ and \u00e9"}}),
        json.dumps([EVENT, EVENT]),
        '{"source": "shop", "detail-type": "Order", "detail": {"a": 1, "a": 2}}',
        '{"detail": {"a": 3}}',
        '{"source": 7, "detail-type": "Order", "detail": {}}',
        "broken",
        json.dumps({**EVENT, "detail": {"a": [{"b": 1}]}}),
    ]
    together = compare(old, new, read_blocks(["\n".join(lines)]))
    alone = [compare(old, new, read_blocks([line])) for line in lines if line != "broken"]
    assert (together.inputs.lines, together.inputs.unreadable) == (9, 3)
    assert together.events == sum(one.events for one in alone) == 7
    assert together.changed == sum(one.changed for one in alone) == 4  # a repeated field has both values, old and new


VALUES = st.lists(
    st.sampled_from(["a", "ab", 1, {"prefix": "a"}, {"suffix": "b"}, {"anything-but": ["a"]}, {"exists": False}]),
    min_size=1,
    max_size=3,
    unique_by=json.dumps,
)
PATTERNS = st.dictionaries(st.sampled_from(["x", "y"]), VALUES, min_size=1)
LEAVES = st.sampled_from(["a", "ab", "b", 1, 2])


@given(PATTERNS, PATTERNS, st.lists(st.dictionaries(st.sampled_from(["x", "y"]), LEAVES), max_size=5))
def test_traffic_agrees_with_the_difference_of_patterns(
    before: dict[str, Any], after: dict[str, Any], details: list[dict[str, Any]]
) -> None:
    old, new = ({"source": ["shop"], "detail-type": ["Order"], "detail": detail} for detail in (before, after))
    answer = difference([old], [new])
    systems = topology(rule(pattern=old)), topology(rule(pattern=new))
    seen = {c.kind for c in differences(*systems, *({**EVENT, "detail": one} for one in details)).changes if details}
    for kind, change in ((ChangeKind.GAINED, answer.gained), (ChangeKind.LOST, answer.lost)):
        if change.verdict is False:
            assert kind not in seen
        for witness in change.witnesses:
            assert [c.kind for c in differences(*systems, witness).changes] == [kind]
