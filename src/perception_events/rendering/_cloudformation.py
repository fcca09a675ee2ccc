"""The topology as a stack, and the stack as a CloudFormation template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.rendering._stack import RenderError, Stack, a_kind
from perception_events.rendering._stack_alarms import add_alarms
from perception_events.rendering._stack_bus import add_archive, add_bus, add_discoverer, add_rule
from perception_events.rendering._stack_functions import add_function, code_parameters
from perception_events.rendering._stack_pipe import add_mapping, add_pipe
from perception_events.rendering._stack_stores import (
    add_kinesis_stream,
    add_log_group,
    add_queue,
    add_schedule,
    add_state_machine,
    add_table,
    add_topic,
)
from perception_events.rendering._values import AccountArn, AlarmActions, Att, JSONText, Ref
from perception_events.topology import (
    Archive,
    Discoverer,
    EventBus,
    EventSourceMapping,
    Function,
    KinesisStream,
    LogGroup,
    Pipe,
    Queue,
    Resource,
    Rule,
    Schedule,
    StateMachine,
    Table,
    TableStream,
    Topic,
    Topology,
)

__all__ = ["cloudformation_template", "parameters", "stack_of"]

_ADD: dict[type[Resource], Callable[[Stack, Any], None]] = {
    Archive: add_archive,
    Discoverer: add_discoverer,
    EventBus: add_bus,
    EventSourceMapping: add_mapping,
    Function: add_function,
    KinesisStream: add_kinesis_stream,
    LogGroup: add_log_group,
    Pipe: add_pipe,
    Queue: add_queue,
    Rule: add_rule,
    Schedule: add_schedule,
    StateMachine: add_state_machine,
    Table: add_table,
    TableStream: lambda stack, stream: None,  # a property of its table
    Topic: add_topic,
}


def stack_of(topology: Topology) -> Stack:
    """Every resource that the topology makes, with the roles, policies and alarms that follow from who refers to whom.

    Raises:
        RenderError: a resource is of a kind that is not rendered, holds a value that is not known, or lacks one.
    """
    stack = Stack(topology)
    for resource in topology:
        if resource.existing:
            continue
        if type(resource) not in _ADD:
            raise RenderError(
                f"{resource.id} is {a_kind(resource)}, which render does not write; set `existing` and its `arn`, or "
                "leave it out (permissions follow from who refers to whom)"
            )
        if resource.condition is not None:
            raise RenderError(f"{resource.id} exists under the condition {resource.condition!r}; render writes none")
        _ADD[type(resource)](stack, resource)
    add_alarms(stack)
    return stack


def parameters(stack: Stack) -> JSONObject:
    """The template's parameters: where the functions' zip is, and who gets the alarms."""
    return {
        **code_parameters(stack),
        "AlarmTopicArn": {
            "Type": "String",
            "Description": "The SNS topic that alarms are sent to; none if empty",
            "Default": "",
        },
    }


def cloudformation_template(topology: Topology) -> JSONObject:
    """The whole template; its keys are in one order for one topology.

    Raises:
        RenderError: as `stack_of`; or a text would be replaced by CloudFormation at the deployment.
    """
    stack = stack_of(topology)
    title = f"{topology.name}, rendered" if topology.name else "Rendered"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{title} by perception-events",
        "Parameters": parameters(stack),
        "Conditions": {"HasAlarmTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}},
        "Resources": {
            logical: {"Type": one.type, **one.attributes, "Properties": _properties(one.properties, logical)}
            for logical, one in stack.resources.items()
        },
        "Outputs": {name: {"Value": _written(value, name)} for name, value in stack.outputs.items()},
    }


def _properties(properties: dict[str, Any], logical: str) -> JSONObject:
    written: JSONObject = {}
    for name, value in properties.items():
        try:
            written[name] = _written(value, f"{logical}.{name}")
        except _IntrinsicLookalikeError as error:
            if name != "EventPattern":
                raise RenderError(str(error)) from None
            # CloudFormation takes the pattern as a text too, in which nothing is an intrinsic function.
            written[name] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written


class _IntrinsicLookalikeError(Exception):
    """An object of the user's that CloudFormation would take for an intrinsic function."""


def _written(value: Any, place: str) -> Any:
    """`value` with intrinsic functions in place of markers."""
    match value:
        case str():
            return _inert(value, place)
        case Ref():
            return {"Ref": value.logical}
        case Att():
            return {"Fn::GetAtt": [value.logical, value.attribute]}
        case AccountArn():
            return {"Fn::Sub": _arn(value, place)}
        case JSONText():
            return {"Fn::Sub": json.dumps(_in_text(value.document, place), ensure_ascii=False, separators=(",", ":"))}
        case AlarmActions():
            return {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
        case list() | tuple():
            return [_written(one, place) for one in value]
        case dict():
            if len(value) == 1 and re.fullmatch(r"Ref|Condition|Fn::.*", next(iter(value))):
                raise _IntrinsicLookalikeError(
                    f"{place}: CloudFormation would take the object with the one key {next(iter(value))!r} for an "
                    "intrinsic function; rename the key"
                )
            return {_inert(name, place): _written(one, place) for name, one in value.items()}
    return value


def _inert(text: str, place: str) -> str:
    """`text` where CloudFormation leaves it alone.

    AWS: CloudFormation User Guide, "Get values stored in other services using dynamic references"; nothing escapes one.
    """
    if "{{resolve:" in text:
        raise RenderError(f"{place}: CloudFormation would replace the dynamic reference in {text!r}; change the text")
    return text


def _arn(arn: AccountArn, place: str) -> str:
    rest = _literal(_inert(arn.rest, place))
    return f"arn:${{AWS::Partition}}:{arn.service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"


def _literal(text: str) -> str:
    """`text` inside `Fn::Sub`, where `${!` stands for `${`."""
    return text.replace("${", "${!")


def _in_text(value: Any, place: str) -> Any:
    """The parts of a JSON document that becomes a text in `Fn::Sub`."""
    match value:
        case str():
            return _literal(_inert(value, place))
        case Ref():
            return f"${{{value.logical}}}"
        case Att():
            return f"${{{value.logical}.{value.attribute}}}"
        case AccountArn():
            return _arn(value, place)
        case list() | tuple():
            return [_in_text(one, place) for one in value]
        case dict():
            return {_in_text(name, place): _in_text(one, place) for name, one in value.items()}
    return value
