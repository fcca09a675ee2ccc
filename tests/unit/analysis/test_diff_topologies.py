"""`diff_topologies`: what counts as a difference, what does not, and what each difference is shown by."""

from __future__ import annotations

import json
from typing import Any

from perception_events.analysis import TopologyDiff, diff_json, diff_markdown, diff_text, diff_topologies
from perception_events.patterns import EventPattern
from perception_events.topology import (
    Archive,
    EventBus,
    EventSourceMapping,
    Filter,
    Function,
    InputTransformer,
    Pipe,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    Table,
    TableStream,
    Topology,
    Unresolved,
)

PARTS = (
    EventBus("Bus", name="orders"),
    Function("Ship", name="ship"),
    Queue("Queue", name="queue"),
    Table("Table", name="rows"),
    TableStream("Stream", table="Table"),
)
PAID: Any = {"source": ["orders"], "detail": {"state": ["PAID"]}}
SENT: Any = {"source": ["orders"], "detail": {"state": ["SENT"]}}


def rule(name: str, pattern: Any, target: str = "Ship", **more: Any) -> Rule:
    return Rule(name, name=name, bus="Bus", event_pattern=pattern, targets=(RuleTarget("a", target, **more),))


def diff(old: list[Resource], new: list[Resource]) -> TopologyDiff:
    return diff_topologies(Topology([*PARTS, *old]), Topology([*PARTS, *new]))


def test_renamed_moved_reordered_and_rewritten_rules_are_no_difference() -> None:
    old: list[Resource] = [rule("Paid", PAID), rule("Sent", SENT)]
    assert not diff(old, [rule("S", SENT), rule("P", PAID)]).changes
    rewritten = {"detail": {"state": [{"wildcard": "PAID"}]}, "source": [{"anything-but": {"prefix": ""}}, "orders"]}
    assert not diff(old, [rule("Sent", SENT), rule("Paid", rewritten)]).changes
    assert diff(old, old).unchanged == 1


def test_an_id_may_change_and_a_name_may_not() -> None:
    one, other = Function("A", name="worker"), Function("B", name="worker")
    assert not diff([one, rule("Paid", PAID, "A")], [other, rule("Paid", PAID, "B")]).changes
    renamed = diff([one, rule("Paid", PAID, "A")], [Function("A", name="x"), rule("Paid", PAID, "A")])
    assert [(part.receiver, part.gained.verdict, part.lost.verdict) for part in renamed.receivers] == [
        ("function worker", False, True),
        ("function x", True, False),
    ]


def test_a_name_that_aws_makes_up_is_no_name() -> None:
    one, other = (Function("A", name=name, made_up_name=True) for name in ("stack-one-A", "stack-two-A"))
    assert not diff([one, rule("Paid", PAID, "A")], [other, rule("Paid", PAID, "A")]).changes


def test_what_is_newly_received_and_no_longer_received_is_a_pattern_with_events() -> None:
    wide = {"source": ["orders"], "detail": {"total": [{"numeric": [">", 10]}]}}
    narrow = {"source": ["orders"], "detail": {"total": [{"numeric": [">", 100]}]}}
    (found,) = diff([rule("Big", narrow)], [rule("Big", wide)]).receivers
    assert (found.gained.verdict, found.lost.verdict, found.inputs) == (True, False, ())
    assert str(found.gained.pattern) == '{"detail":{"total":[{"numeric":[">",10,"<=",100]}]},"source":["orders"]}'
    (event,) = found.gained.witnesses
    assert EventPattern.parse(wide).matches(event)
    assert not EventPattern.parse(narrow).matches(event)
    (back,) = diff([rule("Big", wide)], [rule("Big", narrow)]).receivers
    assert (back.gained.verdict, back.lost.pattern) == (False, found.gained.pattern)


def test_a_changed_transformer_is_shown_by_what_is_received_before_and_after() -> None:
    old, new = (
        InputTransformer({"total": "$.detail.total", "id": "$.id"}, f'{{"{name}": <total>, "id": <id>}}')
        for name in ("total", "amount")
    )
    result = diff([rule("Paid", PAID, input_transformer=old)], [rule("Paid", PAID, input_transformer=new)])
    ((item,),) = [one.inputs for one in result.receivers]
    assert EventPattern.parse(PAID).matches(item.event)
    (before,), (after,) = item.before, item.after
    assert json.loads(before)["total"] == json.loads(after)["amount"] == "sample"
    assert json.loads(before)["id"] == json.loads(after)["id"] != ""


def test_a_transformer_written_otherwise_is_not_called_equal_without_a_proof() -> None:
    old, new = (InputTransformer({name: "$.detail.total"}, f'{{"total": <{name}>}}') for name in ("a", "b"))
    result = diff([rule("Paid", PAID, input_transformer=old)], [rule("Paid", PAID, input_transformer=new)])
    assert result.receivers == ()
    assert [one.version for one in result.undecided] == ["both"]
    assert "the events tried show no difference" in diff_text(result)


def test_a_second_delivery_of_the_same_event_is_a_difference() -> None:
    result = diff([rule("Paid", PAID)], [rule("Paid", PAID), rule("Again", PAID)])
    (found,) = result.receivers
    assert (found.gained.verdict, found.lost.verdict) == (False, False)
    assert [(len(item.before), len(item.after)) for item in found.inputs] == [(1, 2)]


def test_a_rule_that_is_switched_off_takes_its_events_away() -> None:
    off = Rule("Paid", bus="Bus", event_pattern=PAID, state="DISABLED", targets=(RuleTarget("a", "Ship"),))
    (found,) = diff([rule("Paid", PAID)], [off]).receivers
    assert (found.lost.verdict, str(found.lost.pattern)) == (
        True,
        '{"detail":{"state":["PAID"]},"source":["orders"]}',
    )


def test_rules_that_no_event_can_match_make_no_difference() -> None:
    assert not diff([], [rule("Never", {"source": ["orders"], "time": [5]})]).changes


def test_filters_of_pipes_and_mappings_and_patterns_of_archives_count() -> None:
    insert: Any = {"eventName": ["INSERT"]}
    both: Any = {"eventName": ["INSERT", "MODIFY"]}

    def system(pattern: Any) -> list[Resource]:
        return [
            Pipe("Pipe", source="Stream", target="Bus", filters=(Filter(pattern),)),
            EventSourceMapping("Mapping", source="Queue", function="Ship", filters=(Filter(pattern),)),
            Archive("Archive", name="kept", bus="Bus", event_pattern={"source": [pattern["eventName"][-1]]}),
        ]

    result = diff(system(insert), system(both))
    assert [(one.receiver, one.source) for one in result.receivers] == [
        ("archive kept", "event bus orders"),
        ("event bus orders", "DynamoDB stream of table rows"),
        ("function ship", "queue queue"),
    ]
    assert str(result.receivers[1].gained.pattern) == '{"eventName":["MODIFY"]}'
    # Two filters that say the same together as one did.
    halves = Pipe("Pipe", source="Stream", target="Bus", filters=(Filter(insert), Filter({"eventName": ["MODIFY"]})))
    assert not diff([system(both)[0]], [halves]).changes


def test_a_reader_without_filters_takes_everything() -> None:
    insert: Any = {"eventName": ["INSERT"]}
    every = Pipe("Pipe", source="Stream", target="Bus")
    some = Pipe("Pipe", source="Stream", target="Bus", filters=(Filter(insert),))
    (found,) = diff([some], [every]).receivers
    assert (found.gained.verdict, found.lost.verdict) == (True, False)
    assert not diff([every], [every]).changes


def test_the_template_of_a_pipe_is_shown_by_a_record() -> None:
    def pipe(template: str) -> Pipe:
        return Pipe("Pipe", source="Stream", target="Bus", target_input_template=template)

    (found,) = diff([pipe('{"a": <$.eventID>}')], [pipe('{"b": <$.eventID>}')]).receivers
    assert [(item.before, item.after) for item in found.inputs] == [(('{"a": "x"}',), ('{"b": "x"}',))]


def test_what_is_not_known_is_not_decided_unless_it_is_the_same_in_both() -> None:
    unknown = {"source": [Unresolved("${Source}")]}
    same = diff([rule("Paid", unknown)], [rule("Renamed", unknown)])
    assert (same.changes, same.undecided) == (False, ())
    other = diff([rule("Paid", unknown)], [rule("Paid", PAID)])
    assert [(one.version, one.holder) for one in other.undecided] == [("old", "Paid")]
    assert (len(other.receivers), other.unchanged) == (0, 0)
    assert "${Source}" in other.undecided[0].reason


def test_the_reports_say_the_same() -> None:
    result = diff([rule("Paid", PAID)], [rule("Paid", SENT)])
    assert diff_text(result).splitlines() == [
        "function ship, from event bus orders (Paid)",
        '  newly receives {"detail":{"state":["SENT"]},"source":["orders"]}',
        '    event {"detail": {"state": "SENT"}, "source": "orders"}',
        '  no longer receives {"detail":{"state":["PAID"]},"source":["orders"]}',
        '    event {"detail": {"state": "PAID"}, "source": "orders"}',
        "",
        "1 receiver changed, 0 as before",
    ]
    read = json.loads(diff_json(result))
    assert read["receivers"][0]["gained"]["events"] == ['{"detail": {"state": "SENT"}, "source": "orders"}']
    markdown = diff_markdown(result)
    assert markdown.startswith("### Events: 1 receiver changed, 0 as before\n\n#### `function ship` from")
    assert '```json\n{"detail": {"state": "SENT"}, "source": "orders"}\n```' in markdown


def test_names_cannot_break_out_of_the_markdown() -> None:
    evil = Function("Evil", name="a`b\n```")
    pattern = {"source": ["```\n# title"]}
    markdown = diff_markdown(diff([], [evil, rule("R", pattern, "Evil")]))
    assert "\n# title" not in markdown
    assert "````json" in markdown
