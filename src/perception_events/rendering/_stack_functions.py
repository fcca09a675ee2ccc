"""The Lambda functions of a template: the enrichment and the rule targets, each with its own role."""

from __future__ import annotations

from perception_events.json_values import JSONObject
from perception_events.rendering._roles import add_role, allow, logs_of
from perception_events.rendering._stack import ENRICHMENT, Stack, att, logical_id, ref

__all__ = ["add_functions"]

_ITERATOR_AGE_FILTER = "{ $.iterator_age_seconds = * }"


def _table_statements(stack: Stack, function: str) -> list[JSONObject]:
    """What the DynamoDB join store calls for the joins of the modules whose events `function` gets.

    A manifest that comes in late is looked up against the groups of its day, which takes a query.

    AWS: a transaction needs the rights of its parts (`TransactWriteItems` has no right of its own).
    """
    joins = stack.pipeline.joins_of(function)
    if not joins:
        return []
    actions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    if any(join.manifest for join in joins):
        actions.append("dynamodb:Query")
    return [allow(sorted(actions), stack.table_arn)]


def add_functions(stack: Stack) -> None:
    """Every function that is not there yet."""
    created = [function for function in (ENRICHMENT, *stack.targets) if stack.creates(function)]
    if stack.pipeline.functions.dead_letter_queue and any(_is_asynchronous(function) for function in created):
        stack.add_queue("function")
    for function in created:
        _add_function(stack, function)


def _is_asynchronous(function: str) -> bool:
    """The bus only queues an event for a function; the pipe waits for the answer."""
    return function != ENRICHMENT


def _add_function(stack: Stack, function: str) -> None:
    settings, name = stack.pipeline.functions, stack.function_name(function)
    logs, role = logical_id(function, "log group"), logical_id(function, "role")
    stack.add(
        logs,
        "AWS::Logs::LogGroup",
        {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": settings.log_retention_days},
    )
    joining = _table_statements(stack, function)
    statements = [logs_of(att(logs)), *joining, *settings.statements.get(function, ())]
    catches = settings.dead_letter_queue and _is_asynchronous(function)
    if catches:
        statements.append(allow("sqs:SendMessage", stack.queue_arn("function")))
    add_role(stack, role, name, "lambda.amazonaws.com", statements)
    variables: JSONObject = {"PERCEPTION_EVENTS_ENV": stack.env}
    if joining:
        variables["PERCEPTION_EVENTS_TABLE"] = stack.table_name
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
            "Environment": {"Variables": variables},
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
