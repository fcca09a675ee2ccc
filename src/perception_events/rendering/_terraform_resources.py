"""Each CloudFormation resource type as the resources of Terraform's AWS provider, argument by argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from perception_events.rendering._values import Properties

__all__ = ["RESOURCES", "Block", "snake"]

Written: TypeAlias = Iterator[tuple[str, str, Properties]]
"""Resource type, name and arguments; arguments that are None are left out."""


class Values(Protocol):
    """What turns values into Terraform's."""

    def value(self, value: Any) -> Any:
        """With expressions in place of markers."""
        ...

    def text(self, value: Any) -> str:
        """A JSON document as a string."""
        ...


def snake(logical: str) -> str:
    """`PipeDeadLetterQueue` gives `pipe_dead_letter_queue`; characters that Terraform takes in no name give `_`."""
    return re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", logical)).lower()


@dataclass(frozen=True, slots=True)
class Block:
    """One resource of the stack, read property by property."""

    logical: str
    properties: Properties
    values: Values

    @property
    def name(self) -> str:
        """Its name in Terraform."""
        return snake(self.logical)

    def __getitem__(self, path: str) -> Any:
        """The value at a dotted path, as Terraform's; None where there is none."""
        return self.values.value(self.raw(path))

    def text(self, path: str) -> str:
        """The JSON document at a dotted path as a string."""
        return self.values.text(self.raw(path))

    def raw(self, path: str) -> Any:
        """The value at a dotted path as it is in the template."""
        found: Any = self.properties
        for step in path.split("."):
            if not isinstance(found, dict) or step not in found:
                return None
            found = found[step]
        return found

    def each(self, path: str) -> Iterator[Block]:
        """The objects of the list at a dotted path."""
        for one in self.raw(path) or []:
            yield Block(self.logical, one, self.values)

    def plain(self, **arguments: str) -> Properties:
        """Argument names to dotted paths, read."""
        return {argument: self[path] for argument, path in arguments.items()}

    def block(self, path: str, **arguments: str) -> Properties | None:
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
            "range_key": keys.get("RANGE"),
            "attribute": [
                a.plain(name="AttributeName", type="AttributeType") for a in block.each("AttributeDefinitions")
            ],
            "stream_enabled": True if block.raw("StreamSpecification") else None,
            "stream_view_type": block["StreamSpecification.StreamViewType"],
            "ttl": block.block("TimeToLiveSpecification", attribute_name="AttributeName", enabled="Enabled"),
            "point_in_time_recovery": block.block(
                "PointInTimeRecoverySpecification", enabled="PointInTimeRecoveryEnabled"
            ),
            "lifecycle": {"prevent_destroy": True},
        },
    )


def _queue(block: Block, kind: str) -> Written:
    yield (
        kind,
        block.name,
        {
            **block.plain(
                name="QueueName",
                fifo_queue="FifoQueue",
                content_based_deduplication="ContentBasedDeduplication",
                visibility_timeout_seconds="VisibilityTimeout",
                message_retention_seconds="MessageRetentionPeriod",
                sqs_managed_sse_enabled="SqsManagedSseEnabled",
            ),
            "redrive_policy": block.text("RedrivePolicy") if block.raw("RedrivePolicy") else None,
        },
    )


def _queue_policy(block: Block, kind: str) -> Written:
    yield kind, block.name, {"queue_url": block["Queues"][0], "policy": block.text("PolicyDocument")}


def _topic_policy(block: Block, kind: str) -> Written:
    yield kind, block.name, {"arn": block["Topics"][0], "policy": block.text("PolicyDocument")}


def _kinesis_stream(block: Block, kind: str) -> Written:
    mode = block.block("StreamModeDetails", stream_mode="StreamMode")
    yield kind, block.name, {"name": block["Name"], "stream_mode_details": mode}


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
            "dead_letter_config": block.block("DeadLetterConfig", target_arn="TargetArn"),
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
            **block.plain(
                name="Name",
                event_bus_name="EventBusName",
                state="State",
                schedule_expression="ScheduleExpression",
            ),
            "event_pattern": block.text("EventPattern") if block.raw("EventPattern") is not None else None,
        },
    )
    for target in block.each("Targets"):
        yield (
            "aws_cloudwatch_event_target",
            f"{block.name}_{snake(str(target.raw('Id')))}",
            {
                "rule": f"${{{kind}.{block.name}.name}}",
                "event_bus_name": block["EventBusName"],
                **target.plain(target_id="Id", arn="Arn", role_arn="RoleArn", input="Input", input_path="InputPath"),
                "input_transformer": target.block(
                    "InputTransformer", input_paths="InputPathsMap", input_template="InputTemplate"
                ),
                "retry_policy": target.block(
                    "RetryPolicy",
                    maximum_event_age_in_seconds="MaximumEventAgeInSeconds",
                    maximum_retry_attempts="MaximumRetryAttempts",
                ),
                "dead_letter_config": target.block("DeadLetterConfig", arn="Arn"),
                "sqs_target": target.block("SqsParameters", message_group_id="MessageGroupId"),
                "kinesis_target": target.block("KinesisParameters", partition_key_path="PartitionKeyPath"),
            },
        )


def _archive(block: Block, kind: str) -> Written:
    yield (
        kind,
        block.name,
        {
            **block.plain(name="ArchiveName", event_source_arn="SourceArn", retention_days="RetentionDays"),
            "event_pattern": block.text("EventPattern") if block.raw("EventPattern") is not None else None,
        },
    )


def _bus(block: Block, kind: str) -> Written:
    yield kind, block.name, {"name": block["Name"], "dead_letter_config": block.block("DeadLetterConfig", arn="Arn")}


_GROUPS = {
    "CloudWatchLogsParameters": "cloudwatch_logs_parameters",
    "DynamoDBStreamParameters": "dynamodb_stream_parameters",
    "EventBridgeEventBusParameters": "eventbridge_event_bus_parameters",
}
"""Groups of a pipe's parameters whose names are not the words in lower case."""


def _group(block: Block, path: str) -> Properties:
    """The parameters of a source or a target: each group as a block of the same words."""
    written: Properties = {}
    for name, value in (block.raw(path) or {}).items():
        if name == "FilterCriteria":
            filters = [one.plain(pattern="Pattern") for one in block.each(f"{path}.FilterCriteria.Filters")]
            written["filter_criteria"] = {"filter": filters}
        elif name == "InputTemplate":
            written["input_template"] = block.values.value(value)
        else:
            inside = {snake(key): _words(one, block.values) for key, one in value.items()}
            written[_GROUPS.get(name, snake(name))] = inside
    return written


def _words(value: Any, values: Values) -> Any:
    """A nested object with its keys as words in lower case; `DeadLetterConfig` is the one there is."""
    if isinstance(value, dict):
        return {snake(key): values.value(one) for key, one in value.items()}
    return values.value(value)


def _pipe(block: Block, kind: str) -> Written:
    log_group = block.block("LogConfiguration.CloudwatchLogsLogDestination", log_group_arn="LogGroupArn")
    yield (
        kind,
        block.name,
        {
            **block.plain(
                name="Name",
                desired_state="DesiredState",
                role_arn="RoleArn",
                source="Source",
                enrichment="Enrichment",
                target="Target",
            ),
            "source_parameters": _group(block, "SourceParameters") or None,
            "enrichment_parameters": _group(block, "EnrichmentParameters") or None,
            "target_parameters": _group(block, "TargetParameters") or None,
            "log_configuration": {
                "level": block["LogConfiguration.Level"],
                **({"cloudwatch_logs_log_destination": log_group} if log_group else {}),
            }
            if block.raw("LogConfiguration")
            else None,
        },
    )


def _mapping(block: Block, kind: str) -> Written:
    filters = [one.plain(pattern="Pattern") for one in block.each("FilterCriteria.Filters")]
    destination = block.block("DestinationConfig.OnFailure", destination_arn="Destination")
    yield (
        kind,
        block.name,
        {
            **block.plain(
                event_source_arn="EventSourceArn",
                function_name="FunctionName",
                enabled="Enabled",
                batch_size="BatchSize",
                maximum_batching_window_in_seconds="MaximumBatchingWindowInSeconds",
                starting_position="StartingPosition",
                starting_position_timestamp="StartingPositionTimestamp",
                maximum_record_age_in_seconds="MaximumRecordAgeInSeconds",
                maximum_retry_attempts="MaximumRetryAttempts",
                parallelization_factor="ParallelizationFactor",
                bisect_batch_on_function_error="BisectBatchOnFunctionError",
                function_response_types="FunctionResponseTypes",
            ),
            "filter_criteria": {"filter": filters} if filters else None,
            "destination_config": {"on_failure": destination} if destination else None,
        },
    )


def _schedule(block: Block, kind: str) -> Written:
    yield (
        kind,
        block.name,
        {
            **block.plain(name="Name", schedule_expression="ScheduleExpression", state="State"),
            "flexible_time_window": block.block(
                "FlexibleTimeWindow", mode="Mode", maximum_window_in_minutes="MaximumWindowInMinutes"
            ),
            "target": _set(
                {
                    **block.plain(arn="Target.Arn", role_arn="Target.RoleArn", input="Target.Input"),
                    "retry_policy": block.block(
                        "Target.RetryPolicy",
                        maximum_event_age_in_seconds="MaximumEventAgeInSeconds",
                        maximum_retry_attempts="MaximumRetryAttempts",
                    ),
                    "dead_letter_config": block.block("Target.DeadLetterConfig", arn="Arn"),
                }
            ),
        },
    )


def _set(arguments: Properties) -> Properties:
    return {name: value for name, value in arguments.items() if value is not None}


def _alarm(block: Block, kind: str) -> Written:
    dimensions: Properties = {str(one["Name"]): one["Value"] for one in block.each("Dimensions")}
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
            "alarm_actions": block["AlarmActions"],
        },
    )


RESOURCES: dict[str, tuple[str, Translate]] = {
    "AWS::CloudWatch::Alarm": ("aws_cloudwatch_metric_alarm", _alarm),
    "AWS::DynamoDB::Table": ("aws_dynamodb_table", _table),
    "AWS::EventSchemas::Discoverer": (
        "aws_schemas_discoverer",
        _same(source_arn="SourceArn", description="Description"),
    ),
    "AWS::Events::Archive": ("aws_cloudwatch_event_archive", _archive),
    "AWS::Events::EventBus": ("aws_cloudwatch_event_bus", _bus),
    "AWS::Events::Rule": ("aws_cloudwatch_event_rule", _rule),
    "AWS::IAM::Role": ("aws_iam_role", _role),
    "AWS::Kinesis::Stream": ("aws_kinesis_stream", _kinesis_stream),
    "AWS::Lambda::EventInvokeConfig": ("aws_lambda_function_event_invoke_config", _invoke_config),
    "AWS::Lambda::EventSourceMapping": ("aws_lambda_event_source_mapping", _mapping),
    "AWS::Lambda::Function": ("aws_lambda_function", _function),
    "AWS::Lambda::Permission": (
        "aws_lambda_permission",
        _same(action="Action", function_name="FunctionName", principal="Principal", source_arn="SourceArn"),
    ),
    "AWS::Logs::LogGroup": (
        "aws_cloudwatch_log_group",
        _same(name="LogGroupName", retention_in_days="RetentionInDays"),
    ),
    "AWS::Logs::ResourcePolicy": (
        "aws_cloudwatch_log_resource_policy",
        _same(policy_name="PolicyName", policy_document="PolicyDocument"),
    ),
    "AWS::Pipes::Pipe": ("aws_pipes_pipe", _pipe),
    "AWS::SNS::Topic": ("aws_sns_topic", _same(name="TopicName", fifo_topic="FifoTopic")),
    "AWS::SNS::TopicPolicy": ("aws_sns_topic_policy", _topic_policy),
    "AWS::SQS::Queue": ("aws_sqs_queue", _queue),
    "AWS::SQS::QueuePolicy": ("aws_sqs_queue_policy", _queue_policy),
    "AWS::Scheduler::Schedule": ("aws_scheduler_schedule", _schedule),
    "AWS::StepFunctions::StateMachine": (
        "aws_sfn_state_machine",
        _same(name="StateMachineName", type="StateMachineType", role_arn="RoleArn", definition="DefinitionString"),
    ),
}
"""The type's name in Terraform, and what writes its arguments."""
