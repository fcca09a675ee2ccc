"""The stack as Terraform's JSON: markers become expressions, resources those of the provider."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from perception_events.json_values import JSONObject, JSONValue
from perception_events.rendering._cloudformation import parameters, stack_of
from perception_events.rendering._stack import RenderError
from perception_events.rendering._terraform_resources import RESOURCES, Block, snake
from perception_events.rendering._values import AccountArn, AlarmActions, Att, JSONText, Ref
from perception_events.topology import Topology

__all__ = ["Expressions", "terraform_template"]

_PSEUDO = {
    "AWS::AccountId": "data.aws_caller_identity.current.account_id",
    "AWS::Region": "data.aws_region.current.id",
    "AWS::Partition": "data.aws_partition.current.partition",
}
_REFERRED = {  # what `Ref` gives, where it is not the name
    "AWS::SNS::Topic": "arn",
    "AWS::SQS::Queue": "url",
    "AWS::StepFunctions::StateMachine": "arn",
    "AWS::Lambda::Function": "function_name",
}
_ATTRIBUTES = {"Arn": "arn", "StreamArn": "stream_arn", "QueueName": "name"}


class Expressions:
    """Turns a stack's values into Terraform's: markers into `${...}` expressions, everything else into what it says."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self._types = types

    def value(self, value: Any) -> Any:
        """`value` with every marker in it replaced, and every text escaped, names of fields included."""
        match value:
            case str():
                return _escaped(value)
            case Ref():
                return f"${{{self._reference(value.logical)}}}"
            case Att():
                return self._attribute(value)
            case AccountArn():
                partition, region, account = (f"${{{_PSEUDO[f'AWS::{one}']}}}" for one in _ARN_PARTS)
                return f"arn:{partition}:{value.service}:{region}:{account}:{_escaped(value.rest)}"
            case JSONText():
                return self.text(value.document)
            case AlarmActions():
                return '${var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]}'
            case list() | tuple():
                return [self.value(one) for one in value]
            case dict():
                return {_escaped(name): self.value(one) for name, one in value.items()}
        return value

    def text(self, value: Any) -> str:
        """A JSON document as a string, with expressions in it."""
        # Escaped as a whole: an escape may hold quotes, which must not become part of the JSON.
        written: list[str] = []
        plain = ""
        for part, is_marker in _json_parts(value):
            if is_marker:
                written += [_escaped(plain), self.value(part)]
                plain = ""
            else:
                plain += part
        return "".join([*written, _escaped(plain)])

    def address(self, logical: str) -> str:
        """`aws_sqs_queue.pipe_dead_letter_queue`."""
        kind, _ = RESOURCES[self._types[logical]]
        return f"{kind}.{snake(logical)}"

    def _reference(self, logical: str) -> str:
        if logical in _PSEUDO:
            return _PSEUDO[logical]
        if logical not in self._types:
            return f"var.{snake(logical)}"
        return f"{self.address(logical)}.{_REFERRED.get(self._types[logical], 'name')}"

    def _attribute(self, one: Att) -> str:
        expression = f"${{{self.address(one.logical)}.{_ATTRIBUTES[one.attribute]}}}"
        # CloudFormation's ARN of a log group covers its streams, the provider's does not.
        covers = self._types[one.logical] == "AWS::Logs::LogGroup" and one.attribute == "Arn"
        return expression + ":*" if covers else expression


_ARN_PARTS = ("Partition", "Region", "AccountId")


def _escaped(text: str) -> str:
    """`text` as a template that stands for itself.

    `$${` and `%%{` stand for `${` and `%{`. A `$` or `%` before one of these cannot be doubled away: it is
    written as an expression.
    """
    return re.sub(r"([$%]+)\{", _escaped_sign, text)


def _escaped_sign(found: re.Match[str]) -> str:
    signs = found[1]
    last = signs[-1]
    if len(signs) == 1:
        return f"{last}{last}{{"
    # `$$${` would be read as `$${` behind a `$`: an expression keeps the signs apart.
    return '${"' + signs[:-1] + '"}' + f"{last}{last}{{"


def _json_parts(value: Any) -> Iterator[tuple[Any, bool]]:
    """A document as pieces of its JSON text, and the markers (True) between them."""
    if isinstance(value, Ref | Att | AccountArn):
        yield '"', False
        yield value, True
        yield '"', False
    elif isinstance(value, dict):
        for at, (name, one) in enumerate(value.items()):
            yield ("," if at else "{") + json.dumps(name, ensure_ascii=False) + ":", False
            yield from _json_parts(one)
        yield "}" if value else "{}", False
    elif isinstance(value, list | tuple):
        for at, one in enumerate(value):
            yield "," if at else "[", False
            yield from _json_parts(one)
        yield "]" if value else "[]", False
    else:
        yield json.dumps(value, ensure_ascii=False), False


def terraform_template(topology: Topology) -> JSONObject:
    """The topology for the provider `hashicorp/aws`.

    Raises:
        RenderError: as `stack_of`.
    """
    stack = stack_of(topology)
    types = {logical: resource.type for logical, resource in stack.resources.items()}
    expressions = Expressions(types)
    written: dict[str, JSONObject] = {}
    for logical, resource in stack.resources.items():
        kind, translate = RESOURCES[resource.type]
        for its_kind, name, arguments in translate(Block(logical, resource.properties, expressions), kind):
            if name in written.setdefault(its_kind, {}):
                raise RenderError(f"two resources would both be {its_kind}.{name} in Terraform; rename one")
            written[its_kind][name] = {k: v for k, v in arguments.items() if v is not None}
    title = f"{topology.name}, rendered" if topology.name else "Rendered"
    return {
        "//": f"{title} by perception-events",
        "terraform": {
            "required_version": ">= 1.5",
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.100"}},
        },
        "variable": {snake(name): _variable(parameter) for name, parameter in parameters(stack).items()},
        "data": {
            "aws_caller_identity": {"current": {}},
            "aws_partition": {"current": {}},
            "aws_region": {"current": {}},
        },
        "resource": dict(written),
        "output": {snake(name): {"value": expressions.value(value)} for name, value in stack.outputs.items()},
    }


def _variable(parameter: JSONValue) -> JSONObject:
    assert isinstance(parameter, dict)
    variable: JSONObject = {"type": "string", "description": parameter["Description"]}
    if "Default" in parameter:
        variable["default"] = parameter["Default"]
    return variable
