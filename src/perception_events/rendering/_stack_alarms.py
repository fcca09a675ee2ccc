"""The alarms of a template: dead letters, a stream that is read too late, and invocations that fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perception_events.rendering._stack import Stack, known_text
from perception_events.rendering._values import AlarmActions, Att, Ref
from perception_events.topology import EventSourceMapping, Function, Pipe, Queue, Rule, StateMachine

__all__ = ["add_alarms"]

_MINUTES = 60
_OLDEST = 3_600_000
"""An iterator age in milliseconds: an hour behind leaves 23 of the stream's 24 hours to fix what is wrong."""
_PIPE_METRICS = (
    ("ExecutionFailed", "The pipe's executions fail: a shard stands still until a retry succeeds or gives up."),
    ("ExecutionPartiallyFailed", "The target took only a part of a batch."),
    ("ExecutionTimeout", "Enrichment and target together took longer than five minutes."),
)


def add_alarms(stack: Stack) -> None:
    """One alarm for each dead-letter queue, pipe, rule, function and state machine, and for late readers of streams."""
    dimensions: Mapping[str, Any]
    for queue in stack.created(Queue):
        if any(_holds_dead_letters(link.field) for link in stack.topology.links_to(queue.id)):
            logical = stack.logical(queue)
            dimensions = {"QueueName": Att(logical, "QueueName")}
            metric = "ApproximateNumberOfMessagesVisible"
            words = "There are dead letters to look at."
            _add(stack, logical, "AWS/SQS", metric, dimensions, "Maximum", description=words)
    for pipe in stack.created(Pipe):
        named = {"PipeName": known_text(pipe, "name")}
        for metric, words in _PIPE_METRICS:
            logical = f"{stack.logical(pipe)}{metric}"
            _add(stack, logical, "AWS/EventBridge/Pipes", metric, named, description=words)
    for rule in stack.created(Rule):
        bus = known_text(stack.get(rule.bus, rule), "name")
        dimensions = {"EventBusName": bus, "RuleName": known_text(rule, "name")}
        words = "The rule could not invoke a target, and retrying did not help."
        _add(stack, f"{stack.logical(rule)}Failed", "AWS/Events", "FailedInvocations", dimensions, description=words)
    for function in stack.created(Function):
        logical = stack.logical(function)
        dimensions = {"FunctionName": Ref(logical)}
        _add(stack, f"{logical}Errors", "AWS/Lambda", "Errors", dimensions, description="The function raises.")
        if _reads_a_stream(stack, function):
            words = "The function reads records that are an hour old."
            age = f"{logical}IteratorAge"
            _add(stack, age, "AWS/Lambda", "IteratorAge", dimensions, "Maximum", threshold=_OLDEST, description=words)
    for machine in stack.created(StateMachine):
        logical = stack.logical(machine)
        dimensions = {"StateMachineArn": Ref(logical)}
        words = "Executions of the state machine fail."
        _add(stack, f"{logical}Failed", "AWS/States", "ExecutionsFailed", dimensions, description=words)


def _holds_dead_letters(field: str) -> bool:
    return field.split(".")[-1] in ("dead_letter_queue", "on_failure")


def _reads_a_stream(stack: Stack, function: Function) -> bool:
    mappings = (m for m in stack.created(EventSourceMapping) if m.function == function.id)
    return any(not isinstance(stack.get(mapping.source, mapping), Queue) for mapping in mappings)


def _add(
    stack: Stack,
    logical: str,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, Any],
    statistic: str = "Sum",
    *,
    threshold: int = 1,
    description: str,
) -> None:
    stack.add(
        f"{logical}Alarm",
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": "-".join(filter(None, (stack.topology.name, logical))),
            "AlarmDescription": description,
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Statistic": statistic,
            "Period": 5 * _MINUTES,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": AlarmActions(),
        },
    )
