"""What the parts of a template are put together on: resources by logical id, and how they refer to each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject, JSONValue
from perception_events.pipeline import Pipeline

__all__ = ["ENRICHMENT", "RenderError", "Stack", "att", "logical_id", "ref", "sub"]

ENRICHMENT = "enrichment"
"""What the enrichment function is called in `FunctionSettings.handlers` and the like."""


class RenderError(PerceptionEventsError, ValueError):
    """A declaration that cannot be written down as a template; the message names the place and the fix."""


def ref(logical: str) -> JSONObject:
    """`Ref`: a resource's name or URL, or a parameter's value."""
    return {"Ref": logical}


def att(logical: str, attribute: str = "Arn") -> JSONObject:
    """`Fn::GetAtt`: one attribute of a resource."""
    return {"Fn::GetAtt": [logical, attribute]}


def sub(text: str) -> JSONObject:
    """`Fn::Sub`: a text with `${AWS::Region}` and the like in it."""
    return {"Fn::Sub": text}


def logical_id(*words: str) -> str:
    """`aggregate_pose`, `function` gives `AggregatePoseFunction`."""
    parts = [part for word in words for part in re.split(r"[^A-Za-z0-9]+", word) if part]
    return "".join(part[0].upper() + part[1:] for part in parts)


class Stack:
    """The resources of one pipeline in one environment, in the order in which they were added."""

    def __init__(self, pipeline: Pipeline, env: str) -> None:
        self.pipeline = pipeline
        self.env = env
        self.names = pipeline.names(env)
        self.resources: dict[str, JSONObject] = {}
        self.outputs: dict[str, JSONObject] = {}

    def add(self, logical: str, kind: str, properties: Mapping[str, JSONValue], **extra: JSONValue) -> None:
        """Add one resource; properties that are None are left out.

        Raises:
            RenderError: another resource has this logical id.
        """
        if logical in self.resources:
            raise RenderError(
                f"two parts of the declaration would both be {logical!r} in the template: "
                "their names differ only in characters that a logical id cannot have; rename one"
            )
        kept: JSONObject = {name: value for name, value in properties.items() if value is not None}
        self.resources[logical] = {"Type": kind, **extra, "Properties": kept}

    def of_type(self, *kinds: str) -> dict[str, JSONObject]:
        """The resources of these types added so far."""
        return {logical: one for logical, one in self.resources.items() if one["Type"] in kinds}

    @property
    def stream_arn(self) -> JSONValue:
        """The table's stream."""
        return self.pipeline.table.existing_stream_arn or att("EventTable", "StreamArn")

    @property
    def table_arn(self) -> JSONValue:
        """The event table."""
        stream = self.pipeline.table.existing_stream_arn
        return stream.split("/stream/")[0] if stream else att("EventTable")

    @property
    def table_name(self) -> JSONValue:
        """The event table's name."""
        stream = self.pipeline.table.existing_stream_arn
        return stream.split("/")[1] if stream else ref("EventTable")

    @property
    def physical_table_name(self) -> str:
        """The event table's name as it is on AWS."""
        stream = self.pipeline.table.existing_stream_arn
        return stream.split("/")[1] if stream else self.names.table

    @property
    def bus_name(self) -> JSONValue:
        """The bus by name."""
        return self.pipeline.bus.existing_name or ref("EventBus")

    @property
    def bus_arn(self) -> JSONValue:
        """The bus by ARN."""
        existing = self.pipeline.bus.existing_name
        return self.arn("events", f"event-bus/{existing}") if existing else att("EventBus")

    def arn(self, service: str, rest: str) -> JSONObject:
        """An ARN in this account and Region of something that is not in the template, or refers back to its user."""
        return sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}")

    @property
    def targets(self) -> tuple[str, ...]:
        """The functions that rules invoke, without `-{env}`."""
        return tuple(dict.fromkeys(target for rule in self.pipeline.rule_settings() for target in rule.targets))

    def creates(self, function: str) -> bool:
        """Whether the template makes `function`, or refers to one that is there."""
        return function not in self.pipeline.functions.existing_arns

    def function_name(self, function: str) -> str:
        """The name of `function` on AWS."""
        existing = self.pipeline.functions.existing_arns.get(function)
        if existing:
            return existing.split(":function:")[-1].split(":")[0]
        return self.names.enrichment if function == ENRICHMENT else self.names.function(function)

    def function_arn(self, function: str) -> JSONValue:
        """The ARN of `function`."""
        return self.pipeline.functions.existing_arns.get(function) or att(logical_id(function, "function"))

    def queue_arn(self, queue: str) -> JSONValue:
        """The ARN of a dead-letter queue added with `add_queue`."""
        return att(logical_id(queue, "dead letter queue"))

    def add_queue(self, queue: str, *, senders: Iterable[JSONValue] = ()) -> None:
        """Add a dead-letter queue, and a policy that lets EventBridge send to it for the `senders` (ARNs).

        AWS: a rule's or a bus's dead-letter queue needs a queue policy; a pipe and a function send with their role.
        """
        logical = logical_id(queue, "dead letter queue")
        self.add(
            logical,
            "AWS::SQS::Queue",
            {
                "QueueName": f"{self.pipeline.name}-{queue}-dlq-{self.env}",
                "MessageRetentionPeriod": 1_209_600,
                "SqsManagedSseEnabled": True,
            },
        )
        senders = list(senders)
        if senders:
            self.add(
                logical + "Policy",
                "AWS::SQS::QueuePolicy",
                {
                    "Queues": [ref(logical)],
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "events.amazonaws.com"},
                                "Action": "sqs:SendMessage",
                                "Resource": att(logical),
                                "Condition": {"ArnEquals": {"aws:SourceArn": senders}},
                            }
                        ],
                    },
                },
            )
