"""Terraform's resource types -> CloudFormation's: names, ARNs, attributes and properties of both are one thing.

From here on a Terraform resource goes the way of a CloudFormation resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from perception_events.readers._arns import GENERATED, arn_text, resource_type, stream_arn
from perception_events.readers._intrinsics import json_text
from perception_events.readers._patterns import read_pattern_text
from perception_events.readers._problems import DocumentError
from perception_events.readers._texts import as_text, join_texts
from perception_events.topology import STREAM_LABEL, Account, LocatedDict, LocatedList, Text, Unresolved

__all__ = ["TYPES", "TerraformType", "known_attribute", "policy_text", "properties_of", "resource_name", "rule_target"]


@dataclass(frozen=True, slots=True)
class TerraformType:
    """`cloudformation`: the same type there. `name`: the argument that names it. `id`: what `.id` is."""

    cloudformation: str
    name: str = "name"
    id: str = "name"


TYPES = {
    "aws_cloudwatch_event_bus": TerraformType("AWS::Events::EventBus"),
    "aws_cloudwatch_event_rule": TerraformType("AWS::Events::Rule"),
    "aws_cloudwatch_event_target": TerraformType("", ""),
    "aws_cloudwatch_event_archive": TerraformType("AWS::Events::Archive"),
    "aws_cloudwatch_event_connection": TerraformType("AWS::Events::Connection"),
    "aws_cloudwatch_event_api_destination": TerraformType("AWS::Events::ApiDestination"),
    "aws_cloudwatch_event_bus_policy": TerraformType("AWS::Events::EventBusPolicy", ""),
    "aws_cloudwatch_event_permission": TerraformType("AWS::Events::EventBusPolicy", ""),
    "aws_pipes_pipe": TerraformType("AWS::Pipes::Pipe"),
    "awscc_pipes_pipe": TerraformType("AWS::Pipes::Pipe"),
    "awscc_events_rule": TerraformType("AWS::Events::Rule"),
    "awscc_events_event_bus": TerraformType("AWS::Events::EventBus"),
    "aws_scheduler_schedule": TerraformType("AWS::Scheduler::Schedule"),
    "aws_schemas_discoverer": TerraformType("AWS::EventSchemas::Discoverer", ""),
    "aws_sqs_queue": TerraformType("AWS::SQS::Queue", id="url"),
    "aws_sqs_queue_policy": TerraformType("AWS::SQS::QueuePolicy", ""),
    "aws_sns_topic": TerraformType("AWS::SNS::Topic", id="arn"),
    "aws_sns_topic_policy": TerraformType("AWS::SNS::TopicPolicy", ""),
    "aws_lambda_function": TerraformType("AWS::Lambda::Function", "function_name"),
    "aws_lambda_alias": TerraformType("AWS::Lambda::Alias"),
    "aws_lambda_permission": TerraformType("AWS::Lambda::Permission", ""),
    "aws_lambda_event_source_mapping": TerraformType("AWS::Lambda::EventSourceMapping", ""),
    "aws_lambda_function_event_invoke_config": TerraformType("AWS::Lambda::EventInvokeConfig", ""),
    "aws_sfn_state_machine": TerraformType("AWS::StepFunctions::StateMachine", id="arn"),
    "aws_dynamodb_table": TerraformType("AWS::DynamoDB::Table"),
    "aws_kinesis_stream": TerraformType("AWS::Kinesis::Stream"),
    "aws_kinesis_firehose_delivery_stream": TerraformType("AWS::KinesisFirehose::DeliveryStream", id="arn"),
    "aws_cloudwatch_log_group": TerraformType("AWS::Logs::LogGroup"),
    "aws_cloudwatch_log_resource_policy": TerraformType("AWS::Logs::ResourcePolicy", ""),
    "aws_ecs_cluster": TerraformType("AWS::ECS::Cluster", id="arn"),
    "aws_s3_bucket": TerraformType("AWS::S3::Bucket", "bucket"),
    "aws_iam_role": TerraformType("AWS::IAM::Role"),
    "aws_kms_key": TerraformType("AWS::KMS::Key", ""),
}
_ARN_ATTRIBUTES = ("arn", "qualified_arn", "invoke_arn")


def resource_name(type: str, label: str, values: Mapping[str, Any]) -> Text:
    """The name of a resource: its argument, its prefix with a made-up end, or made up."""
    known = TYPES.get(type, TerraformType(type))
    name = values.get(known.name) if known.name else None
    if isinstance(name, str | Unresolved) and name != "":
        return name
    prefix = values.get("bucket_prefix" if known.name == "bucket" else "name_prefix")
    if isinstance(prefix, str | Unresolved) and prefix != "":
        return join_texts([prefix, GENERATED])
    suffix = ".fifo" if values.get("fifo_queue") is True or values.get("fifo_topic") is True else ""
    return f"terraform-{label}-{GENERATED}{suffix}"


def known_attribute(type: str, attribute: str, name: Text, values: Mapping[str, Any], account: Account) -> Any | None:
    """An attribute that AWS sets and that can be made up; None for any other."""
    known = TYPES.get(type)
    if known is None:
        if attribute == "arn" and type.startswith("aws_"):
            service, _, kind = type.removeprefix("aws_").partition("_")
            return join_texts([account.arn(service, f"{kind or service}/"), name])
        return None
    arn = _arn(known, name, values, account)
    if attribute == "id":
        attribute = known.id
    if attribute in _ARN_ATTRIBUTES and known.cloudformation:
        return arn
    if attribute in ("name", known.name):
        return name
    if attribute == "url" and type == "aws_sqs_queue":
        return join_texts([f"https://sqs.{account.region}.amazonaws.com/{account.number}/", name])
    if attribute == "stream_label":
        return STREAM_LABEL
    if attribute == "stream_arn":
        return stream_arn(arn)
    return None


def _arn(known: TerraformType, name: Text, values: Mapping[str, Any], account: Account) -> Text:
    if known.cloudformation == "AWS::Events::Rule":
        bus = values.get("event_bus_name")
        if isinstance(bus, str) and bus.startswith("arn:"):
            bus = bus.rpartition("event-bus/")[2]
        if isinstance(bus, str | Unresolved) and bus not in ("", "default"):
            name = join_texts([bus, "/", name])
    return arn_text(resource_type(known.cloudformation), name, account)


def properties_of(type: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The properties by CloudFormation's names; blocks are lists of one object in Terraform's values."""
    make = _PROPERTIES.get(type)
    return _clean(make(values) if make is not None else LocatedDict(_pascal_keys(values)))


def _pascal(name: str) -> str:
    special = _SPECIAL.get(name)
    return special or "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_SPECIAL = {
    "dynamodb_stream_parameters": "DynamoDBStreamParameters",
    "dynamo_db_stream_parameters": "DynamoDBStreamParameters",
    "eventbridge_event_bus_parameters": "EventBridgeEventBusParameters",
    "event_bridge_event_bus_parameters": "EventBridgeEventBusParameters",
    "cloudwatch_logs_parameters": "CloudWatchLogsParameters",
    "cloudwatch_logs_log_destination": "CloudwatchLogsLogDestination",
    "sagemaker_pipeline_parameters": "SageMakerPipelineParameters",
    "activemq_broker_parameters": "ActiveMQBrokerParameters",
    "rabbitmq_broker_parameters": "RabbitMQBrokerParameters",
    "managed_streaming_kafka_parameters": "ManagedStreamingKafkaParameters",
    "filter": "Filters",
}


def _pascal_keys(value: Any) -> Any:
    """Keys of a block in CloudFormation's spelling; a block, which is a list of one object, as that object."""
    if isinstance(value, dict):
        renamed = LocatedDict(line=getattr(value, "line", None))
        lines = getattr(value, "lines", {})
        for key, one in value.items():
            name = _pascal(key)
            renamed[name] = _pascal_keys(one) if name == "Filters" else _pascal_block(one)
            if key in lines:
                renamed.lines[name] = lines[key]
        return renamed
    if isinstance(value, list):
        return LocatedList([_pascal_keys(one) for one in value], lines=getattr(value, "lines", None))
    return value


def _pascal_block(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return _pascal_keys(value[0])
    return None if value == [] else _pascal_keys(value)


def _clean(value: dict[str, Any]) -> dict[str, Any]:
    """Without what is not set."""
    lines = getattr(value, "lines", {})
    return LocatedDict(
        {key: one for key, one in value.items() if one is not None}, line=getattr(value, "line", None), lines=lines
    )


def block(value: Any) -> Any:
    """The first block of a list; an object as it is."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _part(values: Mapping[str, Any], *path: str) -> Any:
    value: Any = values
    for step in path:
        value = block(value)
        if isinstance(value, Unresolved):
            return value
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _located(values: Mapping[str, Any], names: Mapping[str, str]) -> LocatedDict:
    lines = getattr(values, "lines", {})
    found = LocatedDict(line=getattr(values, "line", None))
    for theirs, ours in names.items():
        if values.get(theirs) is not None:
            found[ours] = values[theirs]
            if theirs in lines:
                found.lines[ours] = lines[theirs]
    return found


def _rule(values: Mapping[str, Any]) -> LocatedDict:
    rule = _located(
        values,
        {
            "event_bus_name": "EventBusName",
            "event_pattern": "EventPattern",
            "schedule_expression": "ScheduleExpression",
            "state": "State",
        },
    )
    if "State" not in rule and values.get("is_enabled") is False:
        rule["State"] = "DISABLED"
    return rule


def rule_target(values: Mapping[str, Any]) -> LocatedDict:
    """`aws_cloudwatch_event_target` as one element of a rule's `Targets`."""
    target = _located(
        values,
        {"target_id": "Id", "arn": "Arn", "input": "Input", "input_path": "InputPath", "role_arn": "RoleArn"},
    )
    transformer = block(values.get("input_transformer"))
    if isinstance(transformer, dict):
        target["InputTransformer"] = _located(
            transformer, {"input_paths": "InputPathsMap", "input_template": "InputTemplate"}
        )
    retry = block(values.get("retry_policy"))
    if isinstance(retry, dict):
        target["RetryPolicy"] = _located(
            retry,
            {
                "maximum_event_age_in_seconds": "MaximumEventAgeInSeconds",
                "maximum_retry_attempts": "MaximumRetryAttempts",
            },
        )
    queue = _part(values, "dead_letter_config", "arn")
    if queue is not None:
        target["DeadLetterConfig"] = {"Arn": queue}
    for theirs, ours in _TARGET_BLOCKS.items():
        one = block(values.get(theirs))
        if isinstance(one, dict):
            target[ours] = _clean(_pascal_keys(one))
    return target


_TARGET_BLOCKS = {
    "sqs_target": "SqsParameters",
    "kinesis_target": "KinesisParameters",
    "ecs_target": "EcsParameters",
    "batch_target": "BatchParameters",
    "http_target": "HttpParameters",
    "run_command_targets": "RunCommandParameters",
    "redshift_target": "RedshiftDataParameters",
    "appsync_target": "AppSyncParameters",
    "sagemaker_pipeline_target": "SageMakerPipelineParameters",
}


def _archive(values: Mapping[str, Any]) -> LocatedDict:
    return _located(
        values,
        {"event_source_arn": "SourceArn", "event_pattern": "EventPattern", "retention_days": "RetentionDays"},
    )


def _pipe(values: Mapping[str, Any]) -> LocatedDict:
    pipe: LocatedDict = _pascal_keys(values)
    source = pipe.get("SourceParameters")
    if isinstance(source, dict):
        filters = source.get("FilterCriteria")
        if isinstance(filters, dict) and isinstance(filters.get("Filters"), dict):
            filters["Filters"] = [filters["Filters"]]
        pipe["SourceParameters"] = _clean({key: one for key, one in source.items() if one is not None})
    for name in ("TargetParameters", "EnrichmentParameters"):
        if isinstance(pipe.get(name), dict):
            pipe[name] = _clean(pipe[name])
            for group, inside in pipe[name].items():
                if isinstance(inside, dict):  # a state has an empty text for what is not set
                    pipe[name][group] = _clean({key: one for key, one in inside.items() if one != ""})
    return pipe


def _mapping(values: Mapping[str, Any]) -> LocatedDict:
    mapping = _located(
        values,
        {
            "event_source_arn": "EventSourceArn",
            "function_name": "FunctionName",
            "batch_size": "BatchSize",
            "maximum_batching_window_in_seconds": "MaximumBatchingWindowInSeconds",
            "starting_position": "StartingPosition",
            "starting_position_timestamp": "StartingPositionTimestamp",
            "parallelization_factor": "ParallelizationFactor",
            "maximum_retry_attempts": "MaximumRetryAttempts",
            "maximum_record_age_in_seconds": "MaximumRecordAgeInSeconds",
            "bisect_batch_on_function_error": "BisectBatchOnFunctionError",
            "function_response_types": "FunctionResponseTypes",
            "enabled": "Enabled",
            "self_managed_event_source": "SelfManagedEventSource",
        },
    )
    if mapping.get("SelfManagedEventSource") == []:
        del mapping["SelfManagedEventSource"]
    filters = _part(values, "filter_criteria", "filter")
    if isinstance(filters, dict):
        filters = [filters]
    if filters:
        mapping["FilterCriteria"] = {"Filters": _pascal_keys(filters)}
    failed = _part(values, "destination_config", "on_failure", "destination_arn")
    if failed is not None:
        mapping["DestinationConfig"] = {"OnFailure": {"Destination": failed}}
    return mapping


def _schedule(values: Mapping[str, Any]) -> LocatedDict:
    schedule = _located(
        values, {"schedule_expression": "ScheduleExpression", "state": "State", "description": "Description"}
    )
    schedule["FlexibleTimeWindow"] = _pascal_keys(block(values.get("flexible_time_window")))
    target = block(values.get("target"))
    if isinstance(target, dict):
        schedule["Target"] = rule_target(target)
    return schedule


def _queue(values: Mapping[str, Any]) -> LocatedDict:
    queue = _located(
        values,
        {
            "fifo_queue": "FifoQueue",
            "content_based_deduplication": "ContentBasedDeduplication",
            "visibility_timeout_seconds": "VisibilityTimeout",
            "message_retention_seconds": "MessageRetentionPeriod",
        },
    )
    queue["RedrivePolicy"] = _json(values.get("redrive_policy"))
    return queue


def _table(values: Mapping[str, Any]) -> LocatedDict:
    table = LocatedDict(line=getattr(values, "line", None))
    keys = [("HASH", values.get("hash_key")), ("RANGE", values.get("range_key"))]
    table["KeySchema"] = [{"KeyType": type, "AttributeName": name} for type, name in keys if name is not None]
    attributes = values.get("attribute")
    table["AttributeDefinitions"] = [
        {"AttributeName": one.get("name"), "AttributeType": one.get("type")}
        for one in (attributes if isinstance(attributes, list) else [])
        if isinstance(one, dict)
    ]
    if values.get("stream_enabled") is True or values.get("stream_view_type"):
        table["StreamSpecification"] = {"StreamViewType": values.get("stream_view_type")}
    ttl = _part(values, "ttl", "attribute_name")
    if ttl:
        table["TimeToLiveSpecification"] = {"AttributeName": ttl}
    return table


def _function(values: Mapping[str, Any]) -> LocatedDict:
    function = _located(
        values, {"handler": "Handler", "runtime": "Runtime", "timeout": "Timeout", "memory_size": "MemorySize"}
    )
    function["Environment"] = {"Variables": _part(values, "environment", "variables")}
    function["Code"] = {"S3Bucket": values.get("s3_bucket"), "S3Key": values.get("s3_key")}
    function["DeadLetterConfig"] = {"TargetArn": _part(values, "dead_letter_config", "target_arn")}
    return function


def _invoke_config(values: Mapping[str, Any]) -> LocatedDict:
    config = _located(
        values,
        {
            "function_name": "FunctionName",
            "maximum_retry_attempts": "MaximumRetryAttempts",
            "maximum_event_age_in_seconds": "MaximumEventAgeInSeconds",
        },
    )
    failed = _part(values, "destination_config", "on_failure", "destination")
    config["DestinationConfig"] = {"OnFailure": {"Destination": failed}}
    return config


def _bus_permission(values: Mapping[str, Any]) -> LocatedDict:
    if values.get("policy") is not None:
        document = _json(values["policy"])
        statements = document.get("Statement") if isinstance(document, dict) else None
        statement = statements[0] if isinstance(statements, list) and statements else statements
    else:
        statement = {
            "Effect": "Allow",
            "Principal": values.get("principal"),
            "Action": values.get("action") or "events:PutEvents",
        }
    return LocatedDict({"EventBusName": values.get("event_bus_name"), "Statement": statement})


def _json(value: Any) -> Any:
    """JSON text as its value; with unknown parts, as far as it is known."""
    if isinstance(value, str | Unresolved):
        try:
            return read_pattern_text(value)
        except DocumentError:
            return None
    return value


def _named(names: Mapping[str, str]) -> Callable[[Mapping[str, Any]], LocatedDict]:
    return lambda values: _located(values, names)


def _policy(holder: str, ours: str) -> Callable[[Mapping[str, Any]], LocatedDict]:
    return lambda values: LocatedDict({ours: [values.get(holder)], "PolicyDocument": _json(values.get("policy"))})


_PROPERTIES: dict[str, Callable[[Mapping[str, Any]], LocatedDict]] = {
    "aws_cloudwatch_event_rule": _rule,
    "aws_cloudwatch_event_archive": _archive,
    "aws_cloudwatch_event_api_destination": _named(
        {"invocation_endpoint": "InvocationEndpoint", "http_method": "HttpMethod", "connection_arn": "ConnectionArn"}
    ),
    "aws_cloudwatch_event_bus_policy": _bus_permission,
    "aws_cloudwatch_event_permission": _bus_permission,
    "aws_pipes_pipe": _pipe,
    "awscc_pipes_pipe": _pipe,
    "aws_scheduler_schedule": _schedule,
    "aws_schemas_discoverer": _named({"source_arn": "SourceArn"}),
    "aws_sqs_queue": _queue,
    "aws_sqs_queue_policy": _policy("queue_url", "Queues"),
    "aws_sns_topic": _named({"fifo_topic": "FifoTopic"}),
    "aws_sns_topic_policy": _policy("arn", "Topics"),
    "aws_lambda_function": _function,
    "aws_lambda_alias": _named({"function_name": "FunctionName", "name": "Name"}),
    "aws_lambda_permission": _named(
        {
            "function_name": "FunctionName",
            "action": "Action",
            "principal": "Principal",
            "source_arn": "SourceArn",
        }
    ),
    "aws_lambda_event_source_mapping": _mapping,
    "aws_lambda_function_event_invoke_config": _invoke_config,
    "aws_sfn_state_machine": _named({"type": "StateMachineType", "definition": "DefinitionString"}),
    "aws_dynamodb_table": _table,
    "aws_kinesis_stream": _named({}),
    "aws_kinesis_firehose_delivery_stream": _named({}),
    "aws_cloudwatch_log_group": _named({"retention_in_days": "RetentionInDays"}),
    "aws_cloudwatch_log_resource_policy": lambda values: LocatedDict({"PolicyDocument": values.get("policy_document")}),
    "aws_ecs_cluster": _named({}),
}


def policy_text(values: Mapping[str, Any]) -> Any:
    """The JSON text of an `aws_iam_policy_document`."""
    statements = []
    for one in _blocks(values.get("statement")):
        statement: dict[str, Any] = {"Effect": one.get("effect") or "Allow"}
        for theirs, ours in (("actions", "Action"), ("resources", "Resource")):
            if one.get(theirs) is not None:
                statement[ours] = one[theirs]
        principals = _blocks(one.get("principals"))
        if principals:
            statement["Principal"] = {as_text(p.get("type")): p.get("identifiers") for p in principals}
        for test in _blocks(one.get("condition")):
            operator = statement.setdefault("Condition", {}).setdefault(as_text(test.get("test")), {})
            operator[as_text(test.get("variable"))] = test.get("values")
        statements.append(statement)
    return json_text({"Version": "2012-10-17", "Statement": statements})


def _blocks(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
