"""A CloudFormation template, SAM included -> what it declares; nested and neighbouring stacks are linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perception_events.readers._arns import (
    GENERATED,
    ResourceType,
    arn_text,
    made_up_name,
    resource_type,
    stream_arn,
)
from perception_events.readers._declared import Declared
from perception_events.readers._intrinsics import NO_VALUE, Intrinsics
from perception_events.readers._sam import expand_sam
from perception_events.readers._texts import join_texts
from perception_events.topology import Account, LocatedDict, Origin, Text, Unresolved

__all__ = ["Exports", "Stack"]


@dataclass(slots=True)
class Exports:
    """The exports of all stacks that are read together, and who asks whom, to end circles."""

    stacks: list[Stack] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def value(self, name: str) -> Any | None:
        """The value exported as `name`; None where no stack exports it."""
        if name in self.asked:
            return None
        self.asked.append(name)
        try:
            for stack in self.stacks:
                for output in stack.outputs.values():
                    export = _dict(_dict(output).get("Export"))
                    if export and stack.resolve(export.get("Name")) == name:
                        return stack.resolve(output.get("Value"))
            return None
        finally:
            self.asked.pop()


class Stack:
    """One template with its parameters: the logical ids, their names and ARNs, and every value resolved.

    `file`: its path. `template`: its content. `name`: the stack's name. `given`: parameter values. `exports`: those of
    all stacks read together; this one joins them. `nested`: the stacks of its `AWS::CloudFormation::Stack` resources.
    """

    def __init__(
        self,
        file: str,
        template: Mapping[str, Any],
        *,
        account: Account,
        name: str = "stack",
        given: Mapping[str, Any] | None = None,
        exports: Exports | None = None,
    ) -> None:
        self.file = file
        self.name = name
        self.account = account
        self.exports = exports if exports is not None else Exports()
        self.exports.stacks.append(self)
        self.nested: dict[str, Stack] = {}
        self._written = _dict(template.get("Resources"))
        self.raw, self._paths = expand_sam(template)
        self.outputs: dict[str, Any] = _dict(template.get("Outputs"))
        self._intrinsics = Intrinsics(
            file, template, account, name, dict(given or {}), self.attribute, self.exports.value
        )
        self._names: dict[str, Text] = {}
        self._open: list[str] = []
        self._asked: dict[str, list[Text]] = {}

    def resolve(self, value: Any) -> Any:
        """`value` with every function resolved; None for a property that is not set."""
        resolved = self._intrinsics.resolve(value)
        return None if resolved is NO_VALUE else resolved

    def declared(self, prefix: str = "") -> list[Declared]:
        """Every resource, `prefix` before each id; without those whose condition the given parameters make false."""
        found: dict[str, Declared] = {}
        for logical_id, raw in self.raw.items():
            if not isinstance(raw, dict) or not isinstance(raw.get("Type"), str):
                continue
            condition = raw.get("Condition")
            condition = condition if isinstance(condition, str) else None
            intrinsics = self._intrinsics
            if condition and intrinsics.decided(condition) and intrinsics.condition(condition) is False:
                continue
            found[logical_id] = self._declared(logical_id, raw, condition, prefix)
        # An attribute that only AWS knows still says whose attribute it is.
        for logical_id, names in self._asked.items():
            if logical_id in found:
                found[logical_id].other_names += tuple(names)
        return list(found.values())

    def attribute(self, logical_id: str, attribute: str) -> Any | None:
        """What `Ref` (attribute "") or `Fn::GetAtt` returns; None where the template has no such resource."""
        raw = self.raw.get(logical_id)
        if not isinstance(raw, dict):
            base, _, generated = logical_id.partition(".")
            if generated in ("Version", "Alias") and base in self.raw:  # SAM's generated resources
                return join_texts([self._arn(base), f":{generated.lower()}"])
            return None
        type = str(raw.get("Type"))
        known = resource_type(type)
        if attribute.startswith("Outputs."):
            return self._output(logical_id, attribute.removeprefix("Outputs."))
        if type in ("AWS::Lambda::Version", "AWS::Lambda::Alias"):
            return self._qualified(raw, type)
        if attribute == "":
            if known.ref == "url":
                return self._url(logical_id)
            return self._arn(logical_id) if known.ref == "arn" else self.physical_name(logical_id)
        if attribute in ("Arn", "TopicArn") and not _is_custom(type):
            suffix = ":*" if type == "AWS::Logs::LogGroup" else ""
            return join_texts([self._arn(logical_id), suffix])
        if attribute == "StreamArn":
            return stream_arn(self._arn(logical_id))
        if attribute == "QueueUrl":
            return self._url(logical_id)
        if attribute in ("Name", known.name_property) and not _is_custom(type):
            return self.physical_name(logical_id)
        reason = f"the attribute {attribute} of {logical_id} ({type}) is known after the deployment"
        unknown = Unresolved(f"${{{logical_id}.{attribute}}}", reason, self.origin(logical_id))
        if not _is_custom(type):
            self._asked.setdefault(logical_id, []).append(unknown)
        return unknown

    def origin(self, logical_id: str) -> Origin:
        """Where a resource was written."""
        raw = self.raw.get(logical_id)
        line = raw.line if isinstance(raw, LocatedDict) else None
        lines = getattr(self._written, "lines", {})
        return Origin(self.file, lines.get(logical_id, line), self._paths.get(logical_id, f"Resources.{logical_id}"))

    def physical_name(self, logical_id: str) -> Text:
        """The name of a resource: as its property says, or made up."""
        if logical_id in self._names:
            return self._names[logical_id]
        if logical_id in self._open:
            reason = f"the name of {logical_id} refers to itself"
            return Unresolved(f"${{{logical_id}}}", reason, self.origin(logical_id))
        self._open.append(logical_id)
        try:
            name = self._name(logical_id)
        finally:
            self._open.pop()
        self._names[logical_id] = name
        return name

    # --- parts

    def _declared(self, logical_id: str, raw: Mapping[str, Any], condition: str | None, prefix: str) -> Declared:
        type = str(raw["Type"])
        properties = self.resolve(raw.get("Properties"))
        origin = self.origin(logical_id)
        return Declared(
            prefix + logical_id,
            type,
            properties if isinstance(properties, dict) else {},
            Origin(origin.file, origin.line, f"{origin.path}.Properties"),
            self.account,
            name=self.physical_name(logical_id) if type not in _NAMELESS else "",
            arn=self._arn(logical_id) if type not in _NAMELESS and not _is_custom(type) else "",
            condition=condition,
            other_names=(self._url(logical_id),) if type == "AWS::SQS::Queue" else (),
        )

    def _name(self, logical_id: str) -> Text:
        raw = self.raw[logical_id]
        type = str(raw.get("Type"))
        known = resource_type(type)
        properties = _dict(raw.get("Properties"))
        written = self.resolve(properties.get(known.name_property)) if known.name_property else None
        if isinstance(written, str | Unresolved) and written != "":
            return written
        fifo = known.kind.kind in ("queue", "topic") and (properties.get("FifoQueue") or properties.get("FifoTopic"))
        return made_up_name(self.name, logical_id, ".fifo" if fifo in (True, "true") else "")

    def _arn(self, logical_id: str) -> Text:
        raw = self.raw[logical_id]
        known: ResourceType = resource_type(str(raw.get("Type")))
        name = self.physical_name(logical_id)
        if raw.get("Type") == "AWS::Events::Rule":
            bus = self.resolve(_dict(raw.get("Properties")).get("EventBusName"))
            if isinstance(bus, str) and bus.startswith("arn:"):
                bus = bus.rpartition("event-bus/")[2]
            if isinstance(bus, str | Unresolved) and bus not in ("", "default"):
                name = join_texts([bus, "/", name])
        return arn_text(known, name, self.account)

    def _url(self, logical_id: str) -> Text:
        host = f"https://sqs.{self.account.region}.amazonaws.com/{self.account.number}/"
        return join_texts([host, self.physical_name(logical_id)])

    def _qualified(self, raw: Mapping[str, Any], type: str) -> Any:
        properties = _dict(raw.get("Properties"))
        function = self.resolve(properties.get("FunctionName"))
        if not isinstance(function, str | Unresolved):
            return None
        qualifier = self.resolve(properties.get("Name")) if type.endswith("Alias") else "1"
        arn = function if str(function).startswith("arn:") else arn_text(_FUNCTION, function, self.account)
        return join_texts([arn, ":", qualifier or GENERATED])

    def _output(self, logical_id: str, name: str) -> Any:
        child = self.nested.get(logical_id)
        output = _dict(child.outputs.get(name)) if child is not None else {}
        if child is not None and "Value" in output:
            return child.resolve(output["Value"])
        reason = (
            f"the nested stack {logical_id} was not read" if child is None else f"{child.file} has no output {name}"
        )
        unknown = Unresolved(f"${{{logical_id}.Outputs.{name}}}", reason, self.origin(logical_id))
        self._asked.setdefault(logical_id, []).append(unknown)
        return unknown


_FUNCTION = resource_type("AWS::Lambda::Function")
_NAMELESS = {
    "AWS::Lambda::Permission",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::Logs::ResourcePolicy",
}


def _is_custom(type: str) -> bool:
    return type.startswith("Custom::") or not type.startswith("AWS::") or type == "AWS::CloudFormation::CustomResource"


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
