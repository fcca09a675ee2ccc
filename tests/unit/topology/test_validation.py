"""What AWS rejects in a topology whatever happens in it: the resource, the reason, and where it was written."""

from __future__ import annotations

from typing import Any

import pytest

from perception_events.topology import (
    EcsCluster,
    EventBus,
    Function,
    InputTransformer,
    InvalidTopologyError,
    KinesisStream,
    Opaque,
    Origin,
    Pipe,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    StateMachine,
    Topology,
    Unresolved,
    topology_errors,
    validate,
)

SOURCE = Queue("Source")
BUS = EventBus("Bus")
JOBS = Opaque("J", type="AWS::Batch::JobQueue")
ORIGIN = Origin("template.yaml", 7, "Resources.R")


def errors(*resources: Resource) -> list[str]:
    return [error.reason for error in topology_errors(Topology([SOURCE, BUS, *resources]))]


def rule_to(target: Resource, **settings: Any) -> list[str]:
    rule_target = RuleTarget("t", target.id, **settings)
    return errors(target, Rule("R", bus="Bus", event_pattern={"a": [1]}, targets=(rule_target,)))


def pipe_to(target: Resource, group: str | None = None, **parameters: Any) -> list[str]:
    given = {} if group is None else {group: parameters}
    return errors(target, Pipe("P", source="Source", target=target.id, target_parameters=given))


FIFO = Queue("Fifo", fifo=True, content_based_deduplication=True)


def test_a_fifo_queue_needs_a_message_group() -> None:
    assert "SqsParameters" in rule_to(FIFO)[0]
    assert rule_to(FIFO, parameters={"SqsParameters": {"MessageGroupId": "g"}}) == []
    assert "SqsQueueParameters" in pipe_to(FIFO)[0]
    assert pipe_to(FIFO, "SqsQueueParameters", MessageGroupId="$.body.id") == []
    assert rule_to(Queue("Standard")) == pipe_to(Queue("Standard")) == []


def test_a_fifo_queue_without_content_based_deduplication_needs_an_id_which_rules_cannot_give() -> None:
    plain = Queue("Fifo", fifo=True)
    [reason] = rule_to(plain, parameters={"SqsParameters": {"MessageGroupId": "g"}})
    assert "content-based deduplication" in reason
    [reason] = pipe_to(plain, "SqsQueueParameters", MessageGroupId="g")
    assert "MessageDeduplicationId" in reason
    assert pipe_to(plain, "SqsQueueParameters", MessageGroupId="g", MessageDeduplicationId="$.messageId") == []


@pytest.mark.parametrize(
    ("target", "group", "given", "missing"),
    [
        (EcsCluster("C"), "EcsParameters", {"TaskDefinitionArn": "arn"}, "EcsParameters.TaskDefinitionArn"),
        (
            JOBS,
            "BatchParameters",
            {"JobDefinition": "d"},
            "BatchParameters.JobName",
        ),
        (KinesisStream("K"), "KinesisParameters", {"PartitionKeyPath": "$.id"}, ""),
    ],
)
def test_a_rule_s_target_kind_without_a_parameter_that_it_requires_is_an_error(
    target: Resource, group: str, given: dict[str, Any], missing: str
) -> None:
    without = rule_to(target)
    assert missing in "".join(without)
    assert bool(without) is bool(missing)  # a rule takes the event's id where Kinesis has no path
    complete = {**given, "JobName": "n"}
    assert rule_to(target, parameters={group: complete}) == []
    assert rule_to(target, parameters={group: {}}) != []


def test_a_pipe_to_kinesis_needs_a_partition_key() -> None:
    assert "KinesisStreamParameters.PartitionKey" in pipe_to(KinesisStream("K"))[0]
    assert pipe_to(KinesisStream("K"), "KinesisStreamParameters", PartitionKey="$.messageId") == []


@pytest.mark.parametrize(
    "change", [{"input": "{}"}, {"input_path": "$.detail"}, {"input_transformer": InputTransformer({}, "{}")}]
)
def test_the_input_of_another_bus_cannot_be_modified(change: dict[str, Any]) -> None:
    [reason] = rule_to(EventBus("Other"), **change)
    assert "modifying the input is not supported" in reason
    assert rule_to(EventBus("Other")) == []


def test_a_standard_workflow_is_not_an_enrichment() -> None:
    function = Function("F")

    def pipe(enrichment: Resource) -> list[str]:
        return errors(function, enrichment, Pipe("P", source="Source", enrichment=enrichment.id, target="F"))

    assert "only an Express one" in pipe(StateMachine("S"))[0]
    assert pipe(StateMachine("S", type="EXPRESS")) == []
    assert pipe(StateMachine("S", type=Unresolved("!Ref Type"))) == []


def forward(source: str, target: str) -> Rule:
    return Rule(f"{source}To{target}", bus=source, event_pattern={"a": [1]}, targets=(RuleTarget("t", target),))


def test_a_circle_of_buses_is_named_once_with_its_way() -> None:
    a, b, c = EventBus("A"), EventBus("B"), EventBus("C")
    [reason] = errors(a, b, c, forward("A", "B"), forward("B", "C"), forward("C", "A"))
    assert "A -> B -> C -> A" in reason
    assert errors(a, b, c, forward("A", "B"), forward("B", "C"), forward("A", "C")) == []
    [reason] = errors(a, forward("A", "A"))
    assert "A -> A" in reason


def test_the_error_names_the_resource_and_where_it_was_written() -> None:
    target = RuleTarget("t", "Fifo")
    rule = Rule("R", bus="Bus", event_pattern={"a": [1]}, targets=(target,), origin=ORIGIN)
    with pytest.raises(InvalidTopologyError, match=r"template.yaml:7 \(Resources.R.targets\[0\]\): R: ") as caught:
        validate(Topology([BUS, FIFO, rule]))
    assert caught.value.resource == "R"


def test_what_is_not_known_is_passed_over() -> None:
    unknown = Unresolved("!Ref X")
    assert rule_to(FIFO, parameters={"SqsParameters": unknown}) == []
    assert rule_to(FIFO, parameters={"SqsParameters": {"MessageGroupId": unknown}}) == []
    assert errors(Rule("R", bus="Bus", event_pattern=unknown, targets=(RuleTarget("t", unknown),))) == []
