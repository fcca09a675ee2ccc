"""The Lambda functions of a template: the enrichment, the rule targets and the sweep, each with its own role."""

from __future__ import annotations

from collections.abc import Mapping

from perception_events.infrastructure._roles import add_role, allow, logs_of
from perception_events.infrastructure._stack import ENRICHMENT, Stack, att, logical_id, ref
from perception_events.json_values import JSONObject, JSONValue

__all__ = ["SWEEP", "add_functions", "functions_with_joins", "table_statements"]

SWEEP = "sweep_joins"
"""The function that looks for joins which are overdue, or complete and not triggered."""

_ITERATOR_AGE_FILTER = "{ $.iterator_age_seconds = * }"


def functions_with_joins(stack: Stack) -> tuple[str, ...]:
    """The rule targets that record the members of joins."""
    joining = dict.fromkeys(target for module in stack.pipeline.modules if module.joins for target in module.targets)
    return tuple(joining)


def table_statements(stack: Stack, function: str) -> list[JSONObject]:
    """What `function` may do with the event table: what the DynamoDB join store calls, or nothing.

    AWS: a transaction needs the rights of its parts (`TransactWriteItems` has no right of its own).
    """
    writes = ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
    if function in functions_with_joins(stack):
        return [allow(writes, stack.table_arn)]
    if function == SWEEP:
        return [allow((*writes, "dynamodb:Query"), stack.table_arn)]
    return []


def add_functions(stack: Stack) -> None:
    """Every function that is not there yet."""
    functions = [ENRICHMENT, *stack.targets]
    if stack.pipeline.joins:
        functions.append(SWEEP)
    created = [function for function in functions if stack.creates(function)]
    if stack.pipeline.functions.dead_letter_queue and any(_is_asynchronous(function) for function in created):
        stack.add_queue("function")
    for function in created:
        _add_function(stack, function)


def _is_asynchronous(function: str) -> bool:
    """The bus only queues an event for a function; the pipe and the state machine wait for the answer."""
    return function not in (ENRICHMENT, SWEEP)


def _add_function(stack: Stack, function: str) -> None:
    settings, name = stack.pipeline.functions, stack.function_name(function)
    logs, role = logical_id(function, "log group"), logical_id(function, "role")
    stack.add(
        logs,
        "AWS::Logs::LogGroup",
        {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": settings.log_retention_days},
    )
    statements = [logs_of(att(logs)), *table_statements(stack, function), *_own_statements(stack, function)]
    catches = settings.dead_letter_queue and _is_asynchronous(function)
    if catches:
        statements.append(allow("sqs:SendMessage", stack.queue_arn("function")))
    add_role(stack, role, name, "lambda.amazonaws.com", statements)
    variables = environment(stack, function)
    stack.add(
        logical_id(function, "function"),
        "AWS::Lambda::Function",
        {
            "FunctionName": name,
            "Runtime": settings.runtime,
            "Handler": settings.handlers.get(function, f"handlers.{function}"),
            "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
            "Role": att(role),
            "Timeout": settings.timeout,
            "MemorySize": settings.memory,
            "Environment": {"Variables": dict(variables)} if variables else None,
            "LoggingConfig": {"LogGroup": ref(logs), "LogFormat": "Text"},
        },
    )
    if _is_asynchronous(function):
        invoke: JSONObject = {
            "FunctionName": ref(logical_id(function, "function")),
            "Qualifier": "$LATEST",
            "MaximumEventAgeInSeconds": settings.event_age,
            "MaximumRetryAttempts": settings.retry_attempts,
        }
        if catches:
            invoke["DestinationConfig"] = {"OnFailure": {"Destination": stack.queue_arn("function")}}
        stack.add(logical_id(function, "invoke config"), "AWS::Lambda::EventInvokeConfig", invoke)
    if function == ENRICHMENT:
        _add_iterator_age(stack, logs)


def environment(stack: Stack, function: str) -> Mapping[str, JSONValue]:
    """The environment variables of `function`: the table's name where it uses the table."""
    uses_table = bool(table_statements(stack, function))
    return {"PERCEPTION_EVENTS_TABLE": stack.table_name} if uses_table else {}


def _own_statements(stack: Stack, function: str) -> list[JSONObject]:
    return []


def _add_iterator_age(stack: Stack, logs: str) -> None:
    """Read the age of records out of the enrichment's log: Pipes publishes no such metric.

    AWS: EventBridge User Guide, Pipes monitoring, lists the metrics; none is an iterator's age.
    """
    stack.add(
        "IteratorAgeMetric",
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": ref(logs),
            "FilterPattern": _ITERATOR_AGE_FILTER,
            "MetricTransformations": [
                {
                    "MetricNamespace": "PerceptionEvents",
                    "MetricName": f"IteratorAge-{stack.names.pipe}",
                    "MetricValue": "$.iterator_age_seconds",
                    "Unit": "Seconds",
                }
            ],
        },
    )
