"""A topology holds resources by id, knows who refers to whom, and says what contradicts itself and where."""

from __future__ import annotations

import pytest

from perception_events.topology import (
    EventBus,
    Function,
    InvalidTopologyError,
    Origin,
    Pipe,
    Queue,
    Rule,
    RuleTarget,
    SourceParameters,
    TableStream,
    Topology,
    UnknownResourceError,
    Unresolved,
    unresolved_in,
)

BUS = EventBus("Bus", name="orders", arn="arn:aws:events:us-east-1:123456789012:event-bus/orders")
FUNCTION = Function("Ship", name="ship-order", arn="arn:aws:lambda:us-east-1:123456789012:function:ship-order")
LETTERS = Queue("Letters")
RULE = Rule(
    "ShipRule",
    name="ship",
    bus="Bus",
    event_pattern={"source": ["orders"]},
    targets=(RuleTarget("ship", "Ship", dead_letter_queue="Letters"),),
)


def test_resources_are_found_by_id_arn_and_name() -> None:
    topology = Topology([BUS, FUNCTION, LETTERS, RULE])
    for reference in ("Ship", "arn:aws:lambda:us-east-1:123456789012:function:ship-order", "ship-order"):
        assert topology.get(reference, Function) is FUNCTION
    assert topology.find("ship-order", Queue) is None
    assert topology.of(Rule) == (RULE,)


def test_an_unknown_resource_is_an_error_that_names_those_that_there_are() -> None:
    with pytest.raises(UnknownResourceError, match="no event bus 'Orders' in the topology; known: Bus"):
        Topology([BUS]).get("Orders", EventBus)


def test_links_lead_both_ways_with_the_field_that_holds_them() -> None:
    topology = Topology([BUS, FUNCTION, LETTERS, RULE])
    assert [(link.field, link.to) for link in topology.links_from("ShipRule")] == [
        ("bus", "Bus"),
        ("targets[0].target", "Ship"),
        ("targets[0].dead_letter_queue", "Letters"),
    ]
    assert [(link.holder.id, link.field) for link in topology.links_to("Letters")] == [
        ("ShipRule", "targets[0].dead_letter_queue")
    ]


def test_references_inside_settings_count() -> None:
    stream = TableStream("Stream")
    pipe = Pipe("Pipe", source="Stream", target="Bus", source_parameters=SourceParameters(dead_letter_queue="Letters"))
    topology = Topology([BUS, LETTERS, stream, pipe])
    assert [link.field for link in topology.links_to("Letters")] == ["source_parameters.dead_letter_queue"]


def test_two_resources_of_one_id_are_rejected_with_both_origins() -> None:
    first = Queue("Letters", origin=Origin("a.yaml", 3))
    second = Queue("Letters", origin=Origin("b.yaml", 7))
    with pytest.raises(
        InvalidTopologyError, match=r"b\.yaml:7: Letters: two resources .* \(the first one: a\.yaml:3\)"
    ):
        Topology([first, second])


def test_a_reference_to_nothing_is_rejected_with_its_origin_and_a_near_name() -> None:
    target = RuleTarget("ship", "Shipp", origin=Origin("template.yaml", 12, "Resources.ShipRule"))
    rule = Rule("ShipRule", bus="Bus", targets=(target,))
    with pytest.raises(InvalidTopologyError) as caught:
        Topology([BUS, FUNCTION, rule])
    assert str(caught.value) == (
        "template.yaml:12 (Resources.ShipRule): ShipRule: targets[0].target refers to 'Shipp', "
        "which is not in the topology; did you mean 'Ship'?"
    )


def test_an_unresolved_reference_is_kept_as_what_it_is() -> None:
    unknown = Unresolved("!ImportValue Bus", "it is exported by another stack")
    topology = Topology([Rule("R", bus=unknown)])
    assert [link.to for link in topology.unresolved_links] == [unknown]


def test_equality_leaves_origins_and_order_out() -> None:
    here, there = Origin("a.yaml", 1), Origin("b.yaml", 2)
    one = Topology([EventBus("Bus", origin=here), Queue("Q")])
    other = Topology([Queue("Q"), EventBus("Bus", origin=there)])
    assert one == other
    assert one != Topology([Queue("Q", fifo=True), EventBus("Bus")])


def test_a_resource_of_the_same_id_takes_the_place_of_the_old_one() -> None:
    topology = Topology([BUS, LETTERS]).with_resources(Queue("Letters", fifo=True))
    assert topology.get("Letters", Queue).fifo
    assert len(topology) == 2


def test_unknown_parts_of_a_pattern_are_found() -> None:
    unknown = Unresolved("${var.source}")
    assert list(unresolved_in({"source": [unknown], "detail": {"a": [1, {"prefix": unknown}]}})) == [unknown, unknown]


def test_an_origin_reads_as_a_linter_prints_it() -> None:
    assert str(Origin("t.yaml", 4, "Resources").at("Rule", "Targets", 0)) == "t.yaml:4 (Resources.Rule.Targets[0])"


def test_a_field_has_the_origin_of_its_longest_known_part() -> None:
    batch = Origin("t.yaml", 9, "Resources.P.Properties.SourceParameters.BatchSize")
    targets = Origin("t.yaml", 20, "Resources.R.Properties.Targets")
    origin = Origin("t.yaml", 4, "Resources.P", parts={"source_parameters.batch_size": batch, "targets": targets})
    assert origin.of("source_parameters.batch_size") == batch
    assert origin.of("targets[1].dead_letter_queue") == Origin("t.yaml", 20, f"{targets.path}[1].dead_letter_queue")
    assert origin.of("source_parameters") == Origin("t.yaml", 4, "Resources.P.source_parameters")
    assert origin.of("") == origin
    assert origin == Origin("t.yaml", 4, "Resources.P")
