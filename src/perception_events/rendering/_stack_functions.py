"""The Lambda functions of a template, each with its role, its log group and its asynchronous queue's settings."""

from __future__ import annotations

from typing import Any

from perception_events.rendering._roles import add_role, allow, logs_of
from perception_events.rendering._sources import rendered_source
from perception_events.rendering._stack import RenderError, Stack, known_number, known_text
from perception_events.rendering._values import Att, Properties, Ref
from perception_events.topology import EventSourceMapping, Function, Unresolved, unresolved_in

__all__ = ["add_function", "code_parameters"]


def add_function(stack: Stack, function: Function) -> None:
    """The function; its log group is made where the topology does not hold one of that name."""
    logical, name = stack.logical(function), known_text(function, "name")
    stem = logical.removesuffix("Function")
    group = stack.log_group_named(f"/aws/lambda/{name}")
    if group is None:
        logs = f"{stem}LogGroup"
        stack.add(
            logs,
            "AWS::Logs::LogGroup",
            {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": known_number(function, "log_retention_days")},
        )
        log_group: Any = Ref(logs)
        statements = [logs_of(Att(logs))]
    else:
        log_group = known_text(group, "name") if group.existing else Ref(stack.logical(group))
        statements = [logs_of(stack.streams_arn(group.id, function))]
    statements += [allow(grant.actions, stack.arn(grant.resource, function)) for grant in function.grants]
    statements += [dict(statement) for statement in function.statements]
    statements += _reads(stack, function)
    for reference in dict.fromkeys((function.on_failure, function.dead_letter_queue)):
        if reference is not None:
            statements.append(allow("sqs:SendMessage", stack.arn(reference, function)))
    role = add_role(stack, f"{stem}Role", name, "lambda.amazonaws.com", statements)
    for part in ("handler", "runtime"):
        if not getattr(function, part):
            raise RenderError(f"{function.id}: a function needs its `{part}`; or set `existing` and its `arn`")
    stack.add(
        logical,
        "AWS::Lambda::Function",
        {
            "FunctionName": name,
            "Runtime": known_text(function, "runtime"),
            "Handler": known_text(function, "handler"),
            "Code": _code(stack, function),
            "Role": role,
            "Timeout": known_number(function, "timeout"),
            "MemorySize": known_number(function, "memory"),
            "Environment": _environment(stack, function),
            "DeadLetterConfig": None
            if function.dead_letter_queue is None
            else {"TargetArn": stack.arn(function.dead_letter_queue, function)},
            "LoggingConfig": {"LogGroup": log_group, "LogFormat": "Text"},
        },
    )
    invoke: Properties = {
        "MaximumEventAgeInSeconds": known_number(function, "event_age"),
        "MaximumRetryAttempts": known_number(function, "retry_attempts"),
        "DestinationConfig": None
        if function.on_failure is None
        else {"OnFailure": {"Destination": stack.arn(function.on_failure, function)}},
    }
    if any(value is not None for value in invoke.values()):
        named: Properties = {"FunctionName": Ref(logical), "Qualifier": "$LATEST"}
        stack.add(f"{stem}InvokeConfig", "AWS::Lambda::EventInvokeConfig", named | invoke)


def _reads(stack: Stack, function: Function) -> list[Properties]:
    """What Lambda needs to read the sources of the function's event source mappings, and to send what is given up."""
    statements: list[Properties] = []
    for link in stack.topology.links_to(function.id):
        mapping = link.holder
        if isinstance(mapping, EventSourceMapping) and link.field == "function":
            source = rendered_source(stack.get(mapping.source, mapping), mapping)
            statements.append(allow(source.read_actions, stack.arn(mapping.source, mapping)))
            if mapping.on_failure is not None:
                statements.append(allow("sqs:SendMessage", stack.arn(mapping.on_failure, mapping)))
    return statements


def _environment(stack: Stack, function: Function) -> Properties | None:
    if not function.environment:
        return None
    for unknown in unresolved_in(function.environment):
        raise RenderError(
            f"{function.id}: `environment` holds {unknown.expression!r}, which is not known; give a value"
        )
    return {"Variables": dict(function.environment)}


def _code(stack: Stack, function: Function) -> Properties:
    """The zip: by the parameters where all functions share one, else as it was declared."""
    shared = len(_zips(stack)) == 1
    bucket = Ref("CodeBucket") if shared or function.code_bucket is None else known_text(function, "code_bucket")
    key = Ref("CodeKey") if shared or function.code_key is None else known_text(function, "code_key")
    return {"S3Bucket": bucket, "S3Key": key}


def _zips(stack: Stack) -> list[tuple[Any, Any]]:
    return list(dict.fromkeys((one.code_bucket, one.code_key) for one in stack.created(Function)))


def code_parameters(stack: Stack) -> Properties:
    """The parameters that name the functions' zip, with what was declared as their default."""
    zips = _zips(stack)
    if not zips:
        return {}
    bucket: Properties = {"Type": "String", "Description": "The bucket that holds the functions' zip"}
    key: Properties = {"Type": "String", "Description": "The zip in the bucket"}
    if len(zips) == 1:
        for parameter, value in zip((bucket, key), zips[0], strict=True):
            if isinstance(value, Unresolved):
                raise RenderError(f"the functions' zip is {value.expression!r}, which is not known; give it a value")
            if value:
                parameter["Default"] = value
    return {"CodeBucket": bucket, "CodeKey": key}
