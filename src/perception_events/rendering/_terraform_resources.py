"""Each CloudFormation resource type as the resources of Terraform's AWS provider, argument by argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from perception_events.json_values import JSONObject, JSONValue

__all__ = ["RESOURCES", "Block", "snake"]

Written: TypeAlias = Iterator[tuple[str, str, JSONObject]]
"""Resource type, name and arguments; arguments that are None are left out."""


class Values(Protocol):
    """What turns values into Terraform's."""

    def value(self, value: JSONValue) -> JSONValue:
        """With expressions in place of intrinsic functions."""
        ...

    def text(self, value: JSONValue) -> str:
        """A JSON document as a string."""
        ...


def snake(logical: str) -> str:
    """`PipeDeadLetterQueue` gives `pipe_dead_letter_queue`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", logical).lower()


@dataclass(frozen=True, slots=True)
class Block:
    """One resource of the CloudFormation template, read property by property."""

    logical: str
    properties: JSONObject
    values: Values

    @property
    def name(self) -> str:
        """Its name in Terraform."""
        return snake(self.logical)

    def __getitem__(self, path: str) -> JSONValue:
        """The value at a dotted path, as Terraform's; None where there is none."""
        return self.values.value(self.raw(path))

    def text(self, path: str) -> str:
        """The JSON document at a dotted path as a string."""
        return self.values.text(self.raw(path))

    def raw(self, path: str) -> JSONValue:
        """The value at a dotted path as it is in the template."""
        found: JSONValue = self.properties
        for step in path.split("."):
            if not isinstance(found, dict) or step not in found:
                return None
            found = found[step]
        return found

    def each(self, path: str) -> Iterator[Block]:
        """The objects of the list at a dotted path."""
        for one in cast("list[JSONObject]", self.raw(path) or []):
            yield Block(self.logical, one, self.values)

    def plain(self, **arguments: str) -> JSONObject:
        """Argument names to dotted paths, read."""
        return {argument: self[path] for argument, path in arguments.items()}

    def block(self, path: str, **arguments: str) -> JSONObject | None:
        """A nested block from the object at `path`, None where there is none."""
        inside = self.raw(path)
        if not isinstance(inside, dict):
            return None
        read = Block(self.logical, inside, self.values).plain(**arguments)
        return {argument: value for argument, value in read.items() if value is not None}


Translate: TypeAlias = Callable[[Block, str], Written]


def _same(**arguments: str) -> Translate:
    """A resource whose arguments are each one property."""

    def translate(block: Block, kind: str) -> Written:
        yield kind, block.name, block.plain(**arguments)

    return translate


def _table(block: Block, kind: str) -> Written:
    keys = {str(key["KeyType"]): key["AttributeName"] for key in block.each("KeySchema")}
    yield (
        kind,
        block.name,
        {
            **block.plain(name="TableName", billing_mode="BillingMode"),
            "hash_key": keys["HASH"],
            "range_key": keys["RANGE"],
            "attribute": [
                a.plain(name="AttributeName", type="AttributeType") for a in block.each("AttributeDefinitions")
            ],
            "stream_enabled": True,
            "stream_view_type": block["StreamSpecification.StreamViewType"],
            "ttl": block.block("TimeToLiveSpecification", attribute_name="AttributeName", enabled="Enabled"),
            "point_in_time_recovery": block.block(
                "PointInTimeRecoverySpecification", enabled="PointInTimeRecoveryEnabled"
            ),
            "lifecycle": {"prevent_destroy": True},
        },
    )


def _queue_policy(block: Block, kind: str) -> Written:
    queues = cast("list[JSONValue]", block["Queues"])
    yield kind, block.name, {"queue_url": queues[0], "policy": block.text("PolicyDocument")}


def _role(block: Block, kind: str) -> Written:
    yield kind, block.name, {"name": block["RoleName"], "assume_role_policy": block.text("AssumeRolePolicyDocument")}
    for policy in block.each("Policies"):
        yield (
            "aws_iam_role_policy",
            block.name,
            {
                "name": policy["PolicyName"],
                "role": f"${{{kind}.{block.name}.id}}",
                "policy": policy.text("PolicyDocument"),
            },
        )


def _metric_filter(block: Block, kind: str) -> Written:
    (metric,) = block.each("MetricTransformations")
    yield (
        kind,
        block.name,
        {
            "name": block.name,
            **block.plain(log_group_name="LogGroupName", pattern="FilterPattern"),
            "metric_transformation": metric.plain(
                name="MetricName", namespace="MetricNamespace", value="MetricValue", unit="Unit"
            ),
        },
    )


def _function(block: Block, kind: str) -> Written:
    yield (
        kind,
        block.name,
        {
            **block.plain(
                function_name="FunctionName",
                role="Role",
                runtime="Runtime",
                handler="Handler",
                s3_bucket="Code.S3Bucket",
                s3_key="Code.S3Key",
                timeout="Timeout",
                memory_size="MemorySize",
            ),
            "environment": block.block("Environment", variables="Variables"),
            "logging_config": block.block("LoggingConfig", log_format="LogFormat", log_group="LogGroup"),
        },
    )


def _invoke_config(block: Block, kind: str) -> Written:
    destination = block.block("DestinationConfig.OnFailure", destination="Destination")
    yield (
        kind,
        block.name,
        {
            **block.plain(
                function_name="FunctionName",
                maximum_event_age_in_seconds="MaximumEventAgeInSeconds",
                maximum_retry_attempts="MaximumRetryAttempts",
            ),
            "destination_config": {"on_failure": destination} if destination else None,
        },
    )


def _rule(block: Block, kind: str) -> Written:
    yield (
        kind,
        block.name,
        {
            **block.plain(name="Name", event_bus_name="EventBusName", state="State"),
            "event_pattern": block.text("EventPattern"),
        },
    )
    for target in block.each("Targets"):
        yield (
            "aws_cloudwatch_event_target",
            f"{block.name}_{snake(str(target['Id']))}".replace("-", "_"),
            {
                "rule": f"${{{kind}.{block.name}.name}}",
                "event_bus_name": block["EventBusName"],
                **target.plain(target_id="Id", arn="Arn"),
                "retry_policy": target.block(
                    "RetryPolicy",
                    maximum_event_age_in_seconds="MaximumEventAgeInSeconds",
                    maximum_retry_attempts="MaximumRetryAttempts",
                ),
                "dead_letter_config": target.block("DeadLetterConfig", arn="Arn"),
            },
        )


def _bus(block: Block, kind: str) -> Written:
    yield kind, block.name, {"name": block["Name"], "dead_letter_config": block.block("DeadLetterConfig", arn="Arn")}


def _pipe(block: Block, kind: str) -> Written:
    stream = block.block(
        "SourceParameters.DynamoDBStreamParameters",
        starting_position="StartingPosition",
        batch_size="BatchSize",
        maximum_batching_window_in_seconds="MaximumBatchingWindowInSeconds",
        maximum_record_age_in_seconds="MaximumRecordAgeInSeconds",
        maximum_retry_attempts="MaximumRetryAttempts",
        parallelization_factor="ParallelizationFactor",
        on_partial_batch_item_failure="OnPartialBatchItemFailure",
    )
    queue = block.block("SourceParameters.DynamoDBStreamParameters.DeadLetterConfig", arn="Arn")
    filters: list[JSONValue] = [
        one.plain(pattern="Pattern") for one in block.each("SourceParameters.FilterCriteria.Filters")
    ]
    entry = block.block(
        "TargetParameters.EventBridgeEventBusParameters",
        source="Source",
        detail_type="DetailType",
        resources="Resources",
        time="Time",
    )
    source: JSONObject = {
        "dynamodb_stream_parameters": {**(stream or {}), **({"dead_letter_config": queue} if queue else {})}
    }
    target: JSONObject = {"eventbridge_event_bus_parameters": entry}
    if block["TargetParameters.InputTemplate"]:
        target["input_template"] = block["TargetParameters.InputTemplate"]
    yield (
        kind,
        block.name,
        {
            **block.plain(name="Name", role_arn="RoleArn", source="Source", enrichment="Enrichment", target="Target"),
            "source_parameters": {"filter_criteria": {"filter": filters}, **source} if filters else source,
            "enrichment_parameters": block.block("EnrichmentParameters", input_template="InputTemplate"),
            "target_parameters": target,
            "log_configuration": {
                "level": block["LogConfiguration.Level"],
                "cloudwatch_logs_log_destination": block.block(
                    "LogConfiguration.CloudwatchLogsLogDestination", log_group_arn="LogGroupArn"
                ),
            },
        },
    )


def _schedule(block: Block, kind: str) -> Written:
    yield (
        kind,
        block.name,
        {
            **block.plain(name="Name", schedule_expression="ScheduleExpression", state="State"),
            "flexible_time_window": block.block("FlexibleTimeWindow", mode="Mode"),
            "target": {
                **(block.block("Target", arn="Arn", role_arn="RoleArn", input="Input") or {}),
                "retry_policy": block.block(
                    "Target.RetryPolicy",
                    maximum_event_age_in_seconds="MaximumEventAgeInSeconds",
                    maximum_retry_attempts="MaximumRetryAttempts",
                ),
                "dead_letter_config": block.block("Target.DeadLetterConfig", arn="Arn"),
            },
        },
    )


def _alarm(block: Block, kind: str) -> Written:
    dimensions: JSONObject = {str(one["Name"]): one["Value"] for one in block.each("Dimensions")}
    yield (
        kind,
        block.name,
        {
            **block.plain(
                alarm_name="AlarmName",
                alarm_description="AlarmDescription",
                namespace="Namespace",
                metric_name="MetricName",
                statistic="Statistic",
                period="Period",
                evaluation_periods="EvaluationPeriods",
                threshold="Threshold",
                comparison_operator="ComparisonOperator",
                treat_missing_data="TreatMissingData",
            ),
            "dimensions": dimensions or None,
            "alarm_actions": '${var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]}',
        },
    )


RESOURCES: dict[str, tuple[str, Translate]] = {
    "AWS::CloudWatch::Alarm": ("aws_cloudwatch_metric_alarm", _alarm),
    "AWS::DynamoDB::Table": ("aws_dynamodb_table", _table),
    "AWS::EventSchemas::Discoverer": (
        "aws_schemas_discoverer",
        _same(source_arn="SourceArn", description="Description"),
    ),
    "AWS::Events::Archive": (
        "aws_cloudwatch_event_archive",
        _same(name="ArchiveName", event_source_arn="SourceArn", retention_days="RetentionDays"),
    ),
    "AWS::Events::EventBus": ("aws_cloudwatch_event_bus", _bus),
    "AWS::Events::Rule": ("aws_cloudwatch_event_rule", _rule),
    "AWS::IAM::Role": ("aws_iam_role", _role),
    "AWS::Lambda::EventInvokeConfig": ("aws_lambda_function_event_invoke_config", _invoke_config),
    "AWS::Lambda::Function": ("aws_lambda_function", _function),
    "AWS::Lambda::Permission": (
        "aws_lambda_permission",
        _same(action="Action", function_name="FunctionName", principal="Principal", source_arn="SourceArn"),
    ),
    "AWS::Logs::LogGroup": (
        "aws_cloudwatch_log_group",
        _same(name="LogGroupName", retention_in_days="RetentionInDays"),
    ),
    "AWS::Logs::MetricFilter": ("aws_cloudwatch_log_metric_filter", _metric_filter),
    "AWS::Pipes::Pipe": ("aws_pipes_pipe", _pipe),
    "AWS::SQS::Queue": (
        "aws_sqs_queue",
        _same(
            name="QueueName",
            message_retention_seconds="MessageRetentionPeriod",
            sqs_managed_sse_enabled="SqsManagedSseEnabled",
        ),
    ),
    "AWS::SQS::QueuePolicy": ("aws_sqs_queue_policy", _queue_policy),
    "AWS::Scheduler::Schedule": ("aws_scheduler_schedule", _schedule),
    "AWS::StepFunctions::StateMachine": (
        "aws_sfn_state_machine",
        _same(name="StateMachineName", type="StateMachineType", role_arn="RoleArn", definition="DefinitionString"),
    ),
}
"""The type's name in Terraform, and what writes its arguments."""
