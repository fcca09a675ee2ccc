"""The CloudFormation template as Terraform's JSON: references become expressions, resources those of the provider."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import cast

from perception_events.json_values import JSONObject, JSONValue
from perception_events.rendering._stack import RenderError
from perception_events.rendering._terraform_resources import RESOURCES, Block, snake

__all__ = ["Expressions", "terraform_template"]

_PSEUDO = {
    "AWS::AccountId": "data.aws_caller_identity.current.account_id",
    "AWS::Region": "data.aws_region.current.id",
    "AWS::Partition": "data.aws_partition.current.partition",
}
_REFERRED = {  # what `Ref` gives, where it is not the name
    "AWS::SQS::Queue": "url",
    "AWS::StepFunctions::StateMachine": "arn",
    "AWS::Lambda::Function": "function_name",
}
_ATTRIBUTES = {"Arn": "arn", "StreamArn": "stream_arn", "QueueName": "name"}


class Expressions:
    """Turns CloudFormation's values into Terraform's: intrinsic functions into `${...}` expressions."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self._types = types

    def value(self, value: JSONValue) -> JSONValue:
        """`value` with every intrinsic function in it replaced."""
        if isinstance(value, str):
            return _escaped(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": str(logical)}:
                return f"${{{self._reference(logical)}}}"
            case {"Fn::GetAtt": [str(logical), str(attribute)]}:
                return self._attribute(logical, attribute)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([\w:]+)\}", lambda found: f"${{{self._reference(found[1])}}}", text)
        return {name: self.value(one) for name, one in value.items()}

    def text(self, value: JSONValue) -> str:
        """A JSON document as a string, with expressions in it."""
        return json.dumps(self.value(value), ensure_ascii=False, separators=(",", ":"))

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

    def _attribute(self, logical: str, attribute: str) -> str:
        expression = f"${{{self.address(logical)}.{_ATTRIBUTES[attribute]}}}"
        # CloudFormation's ARN of a log group covers its streams, the provider's does not.
        covers = self._types[logical] == "AWS::Logs::LogGroup" and attribute == "Arn"
        return expression + ":*" if covers else expression


def _escaped(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def terraform_template(template: JSONObject) -> JSONObject:
    """`template` for the provider `hashicorp/aws`.

    Raises:
        RenderError: there is a resource type that this knows no counterpart of.
    """
    resources = cast("dict[str, JSONObject]", template["Resources"])
    types = {logical: str(resource["Type"]) for logical, resource in resources.items()}
    expressions = Expressions(types)
    written: dict[str, JSONObject] = {}
    for logical, resource in resources.items():
        if types[logical] not in RESOURCES:
            raise RenderError(f"{logical}: Terraform's counterpart of {types[logical]} is not known")
        kind, translate = RESOURCES[types[logical]]
        block = Block(logical, cast(JSONObject, resource["Properties"]), expressions)
        for its_kind, name, arguments in translate(block, kind):
            written.setdefault(its_kind, {})[name] = {k: v for k, v in arguments.items() if v is not None}
    outputs = cast("dict[str, JSONObject]", template["Outputs"])
    return {
        "//": template["Description"],
        "terraform": {
            "required_version": ">= 1.5",
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.100"}},
        },
        "variable": {snake(name): _variable(name, cast(JSONObject, p)) for name, p in _parameters(template).items()},
        "data": {
            "aws_caller_identity": {"current": {}},
            "aws_partition": {"current": {}},
            "aws_region": {"current": {}},
        },
        "resource": dict(written),
        "output": {snake(name): {"value": expressions.value(output["Value"])} for name, output in outputs.items()},
    }


def _parameters(template: JSONObject) -> JSONObject:
    return cast(JSONObject, template["Parameters"])


def _variable(name: str, parameter: JSONObject) -> JSONObject:
    variable: JSONObject = {"type": "string", "description": parameter["Description"]}
    if "Default" in parameter:
        variable["default"] = parameter["Default"]
    return variable
