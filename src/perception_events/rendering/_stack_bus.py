"""The buses of a template with archives and schema discovery, and the rules with their targets and rights."""

from __future__ import annotations

from typing import Any

from perception_events.rendering._roles import add_role, allow
from perception_events.rendering._stack import RenderError, Stack, a_kind, known, known_number, known_text
from perception_events.rendering._stack_stores import retry_policy
from perception_events.rendering._values import Att, Properties, Ref
from perception_events.resource_names import logical_id
from perception_events.topology import (
    Archive,
    Discoverer,
    EventBus,
    Function,
    Rule,
    RuleTarget,
    Unresolved,
    unresolved_in,
)

__all__ = ["add_archive", "add_bus", "add_discoverer", "add_rule"]

_BY_ROLE = {
    "event bus": "events:PutEvents",
    "Kinesis stream": "kinesis:PutRecord",
    "state machine": "states:StartExecution",
}
"""What EventBridge does with a role; functions, queues, topics and log groups have policies of their own."""
_BY_POLICY = ("function", "queue", "topic", "log group")


def add_bus(stack: Stack, bus: EventBus) -> None:
    """The bus."""
    logical, queue = stack.logical(bus), bus.dead_letter_queue
    properties: Properties = {
        "Name": known_text(bus, "name"),
        "DeadLetterConfig": None if queue is None else {"Arn": stack.arn(queue, bus)},
    }
    stack.add(logical, "AWS::Events::EventBus", properties)
    stack.outputs[f"{logical}Arn"] = Att(logical)


def add_discoverer(stack: Stack, discoverer: Discoverer) -> None:
    """Schema discovery on a bus."""
    name = known_text(stack.get(discoverer.bus, discoverer), "name")
    stack.add(
        stack.logical(discoverer),
        "AWS::EventSchemas::Discoverer",
        {
            "SourceArn": stack.arn(discoverer.bus, discoverer),
            "Description": f"Schemas of {name}",
            "CrossAccount": False,
        },
    )


def add_archive(stack: Stack, archive: Archive) -> None:
    """The archive of a bus."""
    stack.add(
        stack.logical(archive),
        "AWS::Events::Archive",
        {
            "ArchiveName": known_text(archive, "name"),
            "SourceArn": stack.arn(archive.bus, archive),
            "EventPattern": _pattern(archive),
            "RetentionDays": known_number(archive, "retention_days"),
        },
    )


def add_rule(stack: Stack, rule: Rule) -> None:
    """The rule with its targets, the role for those that need one, and the permissions of functions.

    AWS: EventBridge User Guide, "Using resource-based policies" and "identity-based policies for targets".
    """
    logical = stack.logical(rule)
    role = _targets_role(stack, rule)
    targets = [_target(stack, rule, target, role) for target in rule.targets]
    stack.add(
        logical,
        "AWS::Events::Rule",
        {
            "Name": known_text(rule, "name"),
            "EventBusName": stack.bus_name(rule.bus, rule),
            "EventPattern": _pattern(rule),
            "ScheduleExpression": None if rule.schedule_expression is None else known_text(rule, "schedule_expression"),
            "State": known_text(rule, "state"),
            "Targets": targets or None,
        },
    )
    for target in rule.targets:
        function = stack.get(target.target, rule)
        if isinstance(function, Function):
            name = stack.deployed_arn(function) if function.existing else Ref(stack.logical(function))
            stack.add(
                f"{logical}{logical_id(target.id)}Permission",
                "AWS::Lambda::Permission",
                {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": name,
                    "Principal": "events.amazonaws.com",
                    "SourceArn": Att(logical),
                },
            )


def _targets_role(stack: Stack, rule: Rule) -> Att | None:
    """One role for all targets of the rule that EventBridge reaches with a role; None without any."""
    statements = []
    for target in rule.targets:
        resource = stack.get(target.target, rule)
        if resource.kind in _BY_ROLE:
            if target.role is None:
                statements.append(allow(_BY_ROLE[resource.kind], stack.arn(target.target, rule)))
        elif resource.kind not in _BY_POLICY:
            raise RenderError(
                f"{rule.id}: the target {target.id!r} is {a_kind(resource)}; render writes as targets: "
                f"{', '.join((*_BY_POLICY, *_BY_ROLE))}"
            )
    if not statements:
        return None
    name = f"{known_text(rule, 'name')}-targets"
    return add_role(
        stack,
        f"{stack.logical(rule)}Role",
        name,
        "events.amazonaws.com",
        statements,
        source_arn=stack.deployed_arn(rule),
    )


def _target(stack: Stack, rule: Rule, target: RuleTarget, role: Att | None) -> Properties:
    place = f"{rule.id}, target {target.id!r}"
    for unknown in unresolved_in(target.parameters):
        raise RenderError(f"{place}: a parameter is {unknown.expression!r}, which is not known; give it a value")
    needs_role = stack.get(target.target, rule).kind in _BY_ROLE
    own_role: Any = role if needs_role else None
    if target.role is not None:
        own_role = stack.arn(target.role, rule)
    queue, transformer = target.dead_letter_queue, target.input_transformer
    written: Properties = {
        "Id": target.id,
        "Arn": stack.arn(target.target, rule),
        "RoleArn": own_role,
        "Input": _known_or_none(target.input, f"{place}: `input` is"),
        "InputPath": _known_or_none(target.input_path, f"{place}: `input_path` is"),
        "InputTransformer": None
        if transformer is None
        else {
            "InputPathsMap": {
                name: known(path, f"{place}: the path {name!r} is")
                for name, path in transformer.input_paths_map.items()
            }
            or None,
            "InputTemplate": known(transformer.input_template, f"{place}: `input_template` is"),
        },
        "RetryPolicy": retry_policy(target.retry_policy, rule),
        "DeadLetterConfig": None if queue is None else {"Arn": stack.arn(queue, rule)},
        **target.parameters,
    }
    if transformer is not None and not transformer.input_paths_map:
        del written["InputTransformer"]["InputPathsMap"]
    return {name: value for name, value in written.items() if value is not None}


def _known_or_none(value: Any, what: str) -> Any:
    return None if value is None else known(value, what)


def _pattern(holder: Rule | Archive) -> Any:
    pattern = holder.event_pattern
    if isinstance(pattern, Unresolved):
        return known(pattern, f"{holder.id}: the event pattern is")
    for unknown in unresolved_in(pattern):
        raise RenderError(f"{holder.id}: the event pattern holds {unknown.expression!r}, which is not known")
    return pattern
