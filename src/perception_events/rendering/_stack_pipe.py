"""The first half of a template: the event table with its stream, and the pipe that reads it."""

from __future__ import annotations

from perception_events.checks._check_filter import compact
from perception_events.json_values import JSONObject, JSONValue
from perception_events.rendering._roles import READ_STREAM, add_role, allow
from perception_events.rendering._stack import ENRICHMENT, Stack, att, ref

__all__ = ["add_pipe", "add_table"]


def add_table(stack: Stack) -> None:
    """The event table, unless the declaration refers to one by its stream."""
    table = stack.pipeline.table
    if table.existing_stream_arn:
        return
    stack.add(
        "EventTable",
        "AWS::DynamoDB::Table",
        {
            "TableName": stack.names.table,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": table.partition_key, "AttributeType": "S"},
                {"AttributeName": table.sort_key, "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": table.partition_key, "KeyType": "HASH"},
                {"AttributeName": table.sort_key, "KeyType": "RANGE"},
            ],
            "StreamSpecification": {"StreamViewType": table.stream_view_type},
            "TimeToLiveSpecification": {"AttributeName": table.ttl_attribute, "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
    )
    stack.outputs["TableName"] = {"Value": ref("EventTable")}
    stack.outputs["StreamArn"] = {"Value": att("EventTable", "StreamArn")}


def add_pipe(stack: Stack) -> None:
    """The pipe, its role, its log group and its dead-letter queue."""
    pipe, name = stack.pipeline.pipe, stack.names.pipe
    statements = [
        allow(READ_STREAM, stack.stream_arn),
        allow("lambda:InvokeFunction", stack.function_arn(ENRICHMENT)),
        allow("events:PutEvents", stack.bus_arn),
    ]
    if pipe.dead_letter_queue:
        stack.add_queue("pipe")
        statements.append(allow("sqs:SendMessage", stack.queue_arn("pipe")))
    add_role(stack, "PipeRole", name, "pipes.amazonaws.com", statements, source_arn=stack.arn("pipes", f"pipe/{name}"))
    stack.add(
        "PipeLogGroup",
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": f"/aws/vendedlogs/pipes/{name}",
            "RetentionInDays": stack.pipeline.functions.log_retention_days,
        },
    )
    target_parameters: JSONObject = {"EventBridgeEventBusParameters": _entry_fields(stack)}
    if pipe.target_input_template:
        target_parameters["InputTemplate"] = pipe.target_input_template
    stack.add(
        "Pipe",
        "AWS::Pipes::Pipe",
        {
            "Name": name,
            "RoleArn": att("PipeRole"),
            "Source": stack.stream_arn,
            "SourceParameters": _source_parameters(stack),
            "Enrichment": stack.function_arn(ENRICHMENT),
            "EnrichmentParameters": (
                {"InputTemplate": pipe.enrichment_input_template} if pipe.enrichment_input_template else None
            ),
            "Target": stack.bus_arn,
            "TargetParameters": target_parameters,
            "LogConfiguration": {
                "Level": "ERROR",
                "CloudwatchLogsLogDestination": {"LogGroupArn": att("PipeLogGroup")},
            },
        },
    )
    stack.outputs["PipeArn"] = {"Value": att("Pipe")}


def _source_parameters(stack: Stack) -> JSONObject:
    pipe = stack.pipeline.pipe
    stream: JSONObject = {"StartingPosition": pipe.starting_position}
    if pipe.batch_size is not None:
        stream["BatchSize"] = pipe.batch_size
    stream |= {
        "MaximumBatchingWindowInSeconds": pipe.maximum_batching_window,
        "MaximumRecordAgeInSeconds": pipe.maximum_record_age,
        "MaximumRetryAttempts": pipe.maximum_retry_attempts,
        "ParallelizationFactor": pipe.parallelization_factor,
    }
    if pipe.on_partial_batch_item_failure:
        stream["OnPartialBatchItemFailure"] = pipe.on_partial_batch_item_failure
    if pipe.dead_letter_queue:
        stream["DeadLetterConfig"] = {"Arn": stack.queue_arn("pipe")}
    filters: list[JSONValue] = [{"Pattern": compact(pattern)} for pattern in pipe.filter_criteria]
    parameters: JSONObject = {"DynamoDBStreamParameters": stream}
    return {"FilterCriteria": {"Filters": filters}, **parameters} if filters else parameters


def _entry_fields(stack: Stack) -> JSONObject:
    """What the pipe puts beside the detail. The defaults of AWS are written out, so that rules can rely on them."""
    pipe = stack.pipeline.pipe
    fields: JSONObject = {
        "Source": pipe.source or f"Pipe {stack.names.pipe}",
        "DetailType": pipe.detail_type or "Event from aws:dynamodb",
    }
    if pipe.resources:
        fields["Resources"] = list(pipe.resources)
    if pipe.time:
        fields["Time"] = pipe.time
    return fields
