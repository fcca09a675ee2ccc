"""ARNs both ways: a stable made-up ARN and name for what is declared, and the resource that an ARN stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perception_events.readers._texts import join_texts
from perception_events.topology import (
    ARN_FORMS,
    STREAM_LABEL,
    Account,
    ApiDestination,
    Archive,
    EcsCluster,
    EventBus,
    FirehoseStream,
    Function,
    KinesisStream,
    LogGroup,
    Opaque,
    Pipe,
    Queue,
    Resource,
    Rule,
    Schedule,
    StateMachine,
    Table,
    TableStream,
    Text,
    Topic,
    Unresolved,
    resource_class,
)

__all__ = [
    "GENERATED",
    "ResourceType",
    "arn_key",
    "arn_text",
    "existing_resource",
    "is_arn",
    "made_up_name",
    "resource_type",
    "spelled_name",
    "stream_arn",
]

GENERATED = "GENERATED"
"""Stands where AWS puts random characters; inert in patterns and templates."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What the readers know of a CloudFormation type.

    `kind`: the class of the topology. `name_property`: the property that names it. `ref`: what `Ref` returns: `name`,
    `arn` or `url`. `other_form`: the form of its ARN, where `topology.ARN_FORMS` has none for the class.
    """

    kind: type[Resource]
    name_property: str
    ref: str = "name"
    other_form: str = ""

    @property
    def arn_form(self) -> str:
        """What follows the partition in its ARN."""
        return self.other_form or ARN_FORMS.get(self.kind, "")


_TYPES = {
    "AWS::Events::EventBus": ResourceType(EventBus, "Name"),
    "AWS::Events::Rule": ResourceType(Rule, "Name"),
    "AWS::Events::Archive": ResourceType(Archive, "ArchiveName"),
    "AWS::Events::ApiDestination": ResourceType(ApiDestination, "Name"),
    "AWS::Events::Connection": ResourceType(Opaque, "Name", other_form="events:{region}:{account}:connection/{name}"),
    "AWS::Pipes::Pipe": ResourceType(Pipe, "Name"),
    "AWS::Scheduler::Schedule": ResourceType(Schedule, "Name"),
    "AWS::SQS::Queue": ResourceType(Queue, "QueueName", "url"),
    "AWS::SNS::Topic": ResourceType(Topic, "TopicName", "arn"),
    "AWS::Lambda::Function": ResourceType(Function, "FunctionName"),
    "AWS::Serverless::Function": ResourceType(Function, "FunctionName"),
    "AWS::StepFunctions::StateMachine": ResourceType(StateMachine, "StateMachineName", "arn"),
    "AWS::Serverless::StateMachine": ResourceType(StateMachine, "Name", "arn"),
    "AWS::DynamoDB::Table": ResourceType(Table, "TableName"),
    "AWS::DynamoDB::GlobalTable": ResourceType(Table, "TableName"),
    "AWS::Serverless::SimpleTable": ResourceType(Table, "TableName"),
    "AWS::Kinesis::Stream": ResourceType(KinesisStream, "Name"),
    "AWS::KinesisFirehose::DeliveryStream": ResourceType(FirehoseStream, "DeliveryStreamName"),
    "AWS::Logs::LogGroup": ResourceType(LogGroup, "LogGroupName"),
    "AWS::ECS::Cluster": ResourceType(EcsCluster, "ClusterName"),
    "AWS::S3::Bucket": ResourceType(Opaque, "BucketName", other_form="s3:::{name}"),
    "AWS::IAM::Role": ResourceType(Opaque, "RoleName", other_form="iam::{account}:role/{name}"),
    "AWS::KMS::Key": ResourceType(Opaque, "", other_form="kms:{region}:{account}:key/{name}"),
}


def resource_type(type: str) -> ResourceType:
    """What is known of `type`; for a type not in the table, what its words suggest."""
    known = _TYPES.get(type)
    if known is not None:
        return known
    _, service, kind = [*type.split("::"), "", ""][:3]
    arn = f"{service.lower() or 'custom'}:{{region}}:{{account}}:{kind[:1].lower()}{kind[1:]}/{{name}}"
    return ResourceType(Opaque, f"{kind}Name", other_form=arn)


def made_up_name(stack: str, logical_id: str, suffix: str = "") -> str:
    """The name that CloudFormation would make, with `GENERATED` for its random part."""
    return f"{stack}-{logical_id}-{GENERATED}{suffix}"


def arn_text(kind: ResourceType, name: Text, account: Account) -> Text:
    """The ARN of a resource by its name."""
    before, after = account.around_name(kind.arn_form)
    return join_texts([before, name, after])


def stream_arn(table_arn: Text) -> Text:
    """The ARN of a table's stream; on AWS it ends in the time at which the stream was enabled."""
    return join_texts([table_arn, f"/stream/{STREAM_LABEL}"])


def spelled_name(value: Text) -> str:
    """A text or an unknown one, as a key: one spelling for one expression."""
    return value.expression if isinstance(value, Unresolved) else value


def is_arn(text: str) -> bool:
    """Whether it is an ARN, or an expression that becomes one."""
    return text.startswith("arn:") and len(_parts(text)) >= 6


_PART = re.compile(r"(?:\$\{[^}]*\}|[^:$]|\$(?!\{))*")


def _parts(text: str) -> list[str]:
    """The text split at its first five colons, those inside `${...}` not counted."""
    parts: list[str] = []
    rest = text
    while len(parts) < 5:
        match = _PART.match(rest)
        end = match.end() if match else len(rest)
        if end >= len(rest):
            break
        parts.append(rest[:end])
        rest = rest[end + 1 :]
    return [*parts, rest]


def arn_key(text: str) -> tuple[str, str, str, str] | None:
    """What an ARN names, without what changes: partition, version, alias, stream label, API destination's id.

    Service, region, account, resource; None for a text that is not an ARN.
    """
    parts = _parts(text)
    if len(parts) != 6 or parts[0] != "arn":
        return None
    _, _, service, region, account, resource = parts
    if service in ("lambda", "states") and resource.startswith(("function:", "stateMachine:")):
        resource = ":".join(_split(resource)[:2])
    elif service == "logs":
        resource = ":".join(_split(resource.removesuffix(":*"))[:2])
    elif service == "dynamodb" and "/stream/" in resource:
        resource = resource.partition("/stream/")[0] + "/stream/"
    elif service == "dynamodb" or resource.startswith(("api-destination/", "connection/")):
        resource = "/".join(resource.split("/")[:2])
    return service, region, account, resource


def _split(text: str) -> list[str]:
    found: list[str] = []
    rest = text
    while True:
        match = _PART.match(rest)
        end = match.end() if match else len(rest)
        found.append(rest[:end])
        if end >= len(rest):
            return found
        rest = rest[end + 1 :]


def existing_resource(arn: str, id: str) -> Resource:
    """The resource that `arn` says there is; `Opaque` for a service that events do not pass through."""
    key = arn_key(arn)
    service, _, _, resource = key or ("", "", "", arn)
    if service == "dynamodb":
        table = resource.removeprefix("table/").removesuffix("/stream/")
        kind: type[Resource] = TableStream if resource.endswith("/stream/") else Table
        return kind(id, name=table, arn=arn, existing=True)
    found = resource_class(service, resource)
    if found is None:
        return Opaque(id, name=resource, arn=arn, existing=True, type=service)
    kind, name = found
    if kind in (Queue, Topic):
        return kind(id, name=name, arn=arn, existing=True, fifo=name.endswith(".fifo"))
    return kind(id, name=name, arn=arn, existing=True)
