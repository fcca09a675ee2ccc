"""The alarms of a template: dead letters, a stream that is read too late, and invocations that fail."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.json_values import JSONValue
from perception_events.rendering._stack import ENRICHMENT, Stack, att, logical_id

__all__ = ["add_alarms"]

_MINUTES = 60
_OLDEST = 3600
"""An iterator age in seconds: an hour behind leaves 23 of the stream's 24 hours to fix what is wrong."""


def add_alarms(stack: Stack) -> None:
    """One alarm for each queue, the pipe, the age of what it reads, each rule, each function and the fallback."""
    for logical in list(stack.of_type("AWS::SQS::Queue")):
        _add(
            stack,
            logical,
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": att(logical, "QueueName")},
            "Maximum",
            description="There are dead letters to look at.",
        )
    for metric, words in (
        ("ExecutionFailed", "The pipe's executions fail: a shard stands still until a retry succeeds or gives up."),
        ("ExecutionPartiallyFailed", "The bus took only a part of a batch."),
        ("ExecutionTimeout", "Enrichment and target together took longer than five minutes."),
    ):
        _add(stack, f"Pipe{metric}", "AWS/EventBridge/Pipes", metric, {"PipeName": stack.names.pipe}, description=words)
    if stack.creates(ENRICHMENT):
        _add(
            stack,
            "IteratorAge",
            "PerceptionEvents",
            f"IteratorAge-{stack.names.pipe}",
            {},
            "Maximum",
            threshold=_OLDEST,
            description="The pipe reads records that are an hour old.",
        )
    for logical, resource in stack.of_type("AWS::Events::Rule").items():
        properties = resource["Properties"]
        assert isinstance(properties, dict)
        dimensions = {"EventBusName": stack.names.bus, "RuleName": properties["Name"]}
        if stack.pipeline.bus.existing_name:
            dimensions["EventBusName"] = stack.pipeline.bus.existing_name
        _add(
            stack,
            f"{logical}Failed",
            "AWS/Events",
            "FailedInvocations",
            dimensions,
            description="The rule could not invoke a target, and retrying did not help.",
        )
    for logical in list(stack.of_type("AWS::Lambda::Function")):
        _add(
            stack,
            f"{logical}Errors",
            "AWS/Lambda",
            "Errors",
            {"FunctionName": {"Ref": logical}},
            description="The function raises.",
        )
    if "Fallback" in stack.resources:
        _add(
            stack,
            "FallbackFailed",
            "AWS/States",
            "ExecutionsFailed",
            {"StateMachineArn": {"Ref": "Fallback"}},
            description="The sweep of the joins fails.",
        )


def _add(
    stack: Stack,
    logical: str,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, JSONValue],
    statistic: str = "Sum",
    *,
    threshold: int = 1,
    description: str,
) -> None:
    listed: list[JSONValue] = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    stack.add(
        logical_id(logical, "alarm"),
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": f"{stack.pipeline.name}-{logical}-{stack.env}",
            "AlarmDescription": description,
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": listed or None,
            "Statistic": statistic,
            "Period": 5 * _MINUTES,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]},
        },
    )
