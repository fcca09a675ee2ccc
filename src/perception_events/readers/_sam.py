"""AWS SAM -> plain CloudFormation, as far as events go: what the functions' and state machines' `Events` stand for.

A property that the transform takes over as it is stays as it was written, so functions in it are resolved later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perception_events.topology import LocatedDict, LocatedList

__all__ = ["expand_sam"]

_MAPPINGS = {
    "DynamoDB": ("Stream",),
    "Kinesis": ("Stream",),
    "SQS": ("Queue",),
    "MSK": ("Stream",),
    "MQ": ("Broker",),
    "DocumentDB": ("Cluster",),
    "SelfManagedKafka": (),
}
_TAKEN_OVER = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "StartingPositionTimestamp",
)
_FUNCTION = "AWS::Serverless::Function"
_STATE_MACHINE = "AWS::Serverless::StateMachine"


def expand_sam(template: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The resources of a template, and those that SAM makes of events, by logical id; and where the latter are written.

    AWS: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
    """
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        return {}, {}
    paths: dict[str, str] = {}
    expanded = dict(resources)
    defaults = template.get("Globals") if isinstance(template.get("Globals"), dict) else {}
    for logical_id, resource in resources.items():
        if not isinstance(resource, dict):
            continue
        type = resource.get("Type")
        if type == _FUNCTION:
            resource = _with_defaults(resource, _inside(defaults, "Function"))
        elif type == _STATE_MACHINE:
            resource = _with_defaults(resource, _inside(defaults, "StateMachine"))
        elif type == "AWS::Serverless::Connector":
            expanded.update(_connector(logical_id, resource, resources))
            continue
        else:
            continue
        expanded[logical_id] = resource
        for name, event in _inside(resource, "Properties", "Events").items():
            if isinstance(event, dict) and isinstance(event.get("Type"), str):
                for id, made in _event(logical_id, str(type), f"{logical_id}{name}", event):
                    if isinstance(resource.get("Condition"), str):
                        made["Condition"] = resource["Condition"]
                    if id not in expanded:
                        expanded[id] = made
                        paths[id] = f"Resources.{logical_id}.Properties.Events.{name}"
    return expanded, paths


def _event(owner: str, owner_type: str, id: str, event: dict[str, Any]) -> Iterator[tuple[str, LocatedDict]]:
    """The resources of one event, `id` being the logical id that SAM gives the first."""
    properties = _inside(event, "Properties")
    kind = event["Type"]
    if kind in ("EventBridgeRule", "CloudWatchEvent", "Schedule"):
        yield from _rule(owner, owner_type, id, kind, properties, event)
    elif kind == "ScheduleV2":
        yield from _schedule(owner, id, properties, event)
    elif kind in _MAPPINGS and owner_type == _FUNCTION:
        source = next((properties[name] for name in _MAPPINGS[kind] if name in properties), None)
        mapping = _like(properties, {"FunctionName": _ref(owner)})
        if source is not None:
            mapping["EventSourceArn"] = source
        if kind == "SelfManagedKafka":
            mapping["SelfManagedEventSource"] = properties.get("KafkaBootstrapServers")
        for name in _TAKEN_OVER:
            if name in properties:
                mapping[name] = properties[name]
        yield id, _resource("AWS::Lambda::EventSourceMapping", mapping, event)
    elif kind == "SNS" and owner_type == _FUNCTION:
        topic = properties.get("Topic")
        subscription = {"TopicArn": topic, "Endpoint": _arn(owner), "Protocol": "lambda"}
        yield id, _resource("AWS::SNS::Subscription", _like(properties, subscription), event)
        yield f"{id}Permission", _permission(owner, "sns.amazonaws.com", topic, event)


def _rule(
    owner: str, owner_type: str, id: str, kind: str, properties: dict[str, Any], event: dict[str, Any]
) -> Iterator[tuple[str, LocatedDict]]:
    suffix = "LambdaTarget" if owner_type == _FUNCTION else "StepFunctionsTarget"
    written = _inside(properties, "Target")
    target = _like(properties, {"Arn": _arn(owner), "Id": written.get("Id", f"{id}{suffix}")})
    for name in ("Input", "InputPath", "InputTransformer", "RetryPolicy"):
        if name in properties:
            target[name] = properties[name]
    yield from _dead_letters(target, id, properties, event)
    rule = _like(properties, {"Targets": LocatedList([target], lines=[_line(event)])})
    renamed = {"Pattern": "EventPattern", "EventPattern": "EventPattern", "Schedule": "ScheduleExpression"}
    renamed |= {"EventBusName": "EventBusName", "State": "State", "RuleName": "Name", "Description": "Description"}
    if kind == "Schedule":
        renamed |= {"Name": "Name"}
    for name, cloudformation in renamed.items():
        if name in properties:
            rule[cloudformation] = properties[name]
            if isinstance(properties, LocatedDict) and name in properties.lines:
                rule.lines[cloudformation] = properties.lines[name]
    enabled = properties.get("Enabled")
    if "State" not in rule and enabled is not None:
        rule["State"] = (
            "ENABLED" if enabled in (True, "true") else "DISABLED" if enabled in (False, "false") else enabled
        )
    yield id, _resource("AWS::Events::Rule", rule, event)
    if owner_type == _FUNCTION:
        yield f"{id}Permission", _permission(owner, "events.amazonaws.com", _arn(id), event)


def _schedule(
    owner: str, id: str, properties: dict[str, Any], event: dict[str, Any]
) -> Iterator[tuple[str, LocatedDict]]:
    target = _like(properties, {"Arn": _arn(owner)})
    for name in ("Input", "RetryPolicy"):
        if name in properties:
            target[name] = properties[name]
    yield from _dead_letters(target, id, properties, event)
    schedule = _like(properties, {"Target": target, "Name": properties.get("Name", id)})
    for name in ("ScheduleExpression", "State", "FlexibleTimeWindow", "Description"):
        if name in properties:
            schedule[name] = properties[name]
    yield id, _resource("AWS::Scheduler::Schedule", schedule, event)


def _dead_letters(
    target: LocatedDict, id: str, properties: dict[str, Any], event: dict[str, Any]
) -> Iterator[tuple[str, LocatedDict]]:
    """Give `target` its dead-letter queue; a queue that SAM makes is yielded."""
    queue = properties.get("DeadLetterConfig")
    if isinstance(queue, dict) and "Arn" in queue:
        target["DeadLetterConfig"] = {"Arn": queue["Arn"]}
    elif isinstance(queue, dict):
        queue_id = queue.get("QueueLogicalId")
        queue_id = queue_id if isinstance(queue_id, str) else f"{id}Queue"
        target["DeadLetterConfig"] = {"Arn": _arn(queue_id)}
        yield queue_id, _resource("AWS::SQS::Queue", LocatedDict(), event)
        if event["Type"] != "ScheduleV2":
            yield f"{id}QueuePolicy", _send_policy("AWS::SQS::QueuePolicy", queue_id, id, event)


def _send_policy(kind: str, to: str, rule: str, event: dict[str, Any]) -> LocatedDict:
    """The policy by which a rule may send to a queue or a topic."""
    action, holder = {
        "AWS::SQS::QueuePolicy": ("sqs:SendMessage", "Queues"),
        "AWS::SNS::TopicPolicy": ("sns:Publish", "Topics"),
    }[kind]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": action,
        "Resource": _arn(to),
        "Condition": {"ArnEquals": {"aws:SourceArn": _arn(rule)}},
    }
    return _resource(kind, LocatedDict({"PolicyDocument": {"Statement": [statement]}, holder: [_ref(to)]}), event)


def _permission(owner: str, principal: str, source: Any, event: dict[str, Any]) -> LocatedDict:
    properties = LocatedDict(
        {"Action": "lambda:InvokeFunction", "FunctionName": _ref(owner), "Principal": principal, "SourceArn": source}
    )
    return _resource("AWS::Lambda::Permission", properties, event)


def _connector(id: str, resource: dict[str, Any], resources: Mapping[str, Any]) -> Iterator[tuple[str, LocatedDict]]:
    """The policy by which a rule may send to the connector's destination; other connectors grant roles only."""
    source = _inside(resource, "Properties", "Source").get("Id")
    destinations = _inside(resource, "Properties").get("Destination")
    for number, destination in enumerate(destinations if isinstance(destinations, list) else [destinations]):
        target = destination.get("Id") if isinstance(destination, dict) else None
        from_type, to_type = (_inside(resources, str(one)).get("Type") for one in (source, target))
        if from_type != "AWS::Events::Rule":
            continue
        made = f"{id}Policy" if number == 0 else f"{id}Policy{number}"
        if to_type in (_FUNCTION, "AWS::Lambda::Function"):
            yield made, _permission(str(target), "events.amazonaws.com", _arn(str(source)), resource)
            continue
        kind = {"AWS::SQS::Queue": "AWS::SQS::QueuePolicy", "AWS::SNS::Topic": "AWS::SNS::TopicPolicy"}.get(
            str(to_type)
        )
        if kind is not None:
            yield made, _send_policy(kind, str(target), str(source), resource)


def _with_defaults(resource: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The resource with what `Globals` says where it says nothing itself."""
    if not defaults:
        return resource
    properties = _inside(resource, "Properties")
    merged = _merged(defaults, properties)
    copy = LocatedDict(resource, line=getattr(resource, "line", None), lines=getattr(resource, "lines", None))
    copy["Properties"] = LocatedDict(
        merged, line=getattr(properties, "line", None), lines=getattr(properties, "lines", None)
    )
    return copy


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **own}
    for name, value in defaults.items():
        if isinstance(value, dict) and isinstance(own.get(name), dict):
            merged[name] = _merged(value, own[name])
        elif isinstance(value, list) and isinstance(own.get(name), list):
            merged[name] = [*value, *own[name]]
    return merged


def _resource(type: str, properties: LocatedDict, event: Mapping[str, Any]) -> LocatedDict:
    line = _line(event)
    return LocatedDict({"Type": type, "Properties": properties}, line=line, lines={})


def _line(event: Mapping[str, Any]) -> int:
    return getattr(event, "line", None) or 1


def _like(properties: Mapping[str, Any], content: Mapping[str, Any]) -> LocatedDict:
    """`content` on the lines of `properties`."""
    lines = getattr(properties, "lines", None)
    return LocatedDict(content, line=getattr(properties, "line", None), lines=dict(lines) if lines else {})


def _ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _inside(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
