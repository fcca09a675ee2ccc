"""ARNs both ways: a stable made-up ARN and name for what is declared, and the resource that an ARN stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perception_events.readers._texts import join_texts
from perception_events.topology import (
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
)

__all__ = [
    "GENERATED",
    "STREAM_LABEL",
    "Account",
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
STREAM_LABEL = "2025-01-01T00:00:00.000"


@dataclass(frozen=True, slots=True)
class Account:
    """Where resources are: the account's number, the region and the partition."""

    number: str = "123456789012"
    region: str = "us-east-1"
    partition: str = "aws"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What the readers know of a CloudFormation type.

    `kind`: the class of the topology. `name_property`: the property that names it. `arn`: its ARN behind the
    partition, with `{r}` region, `{a}` account, `{n}` name. `ref`: what `Ref` returns: `name`, `arn` or `url`.
    """

    kind: type[Resource]
    name_property: str
    arn: str
    ref: str = "name"


_TYPES = {
    "AWS::Events::EventBus": ResourceType(EventBus, "Name", "events:{r}:{a}:event-bus/{n}"),
    "AWS::Events::Rule": ResourceType(Rule, "Name", "events:{r}:{a}:rule/{n}"),
    "AWS::Events::Archive": ResourceType(Archive, "ArchiveName", "events:{r}:{a}:archive/{n}"),
    "AWS::Events::ApiDestination": ResourceType(ApiDestination, "Name", "events:{r}:{a}:api-destination/{n}"),
    "AWS::Events::Connection": ResourceType(Opaque, "Name", "events:{r}:{a}:connection/{n}"),
    "AWS::Pipes::Pipe": ResourceType(Pipe, "Name", "pipes:{r}:{a}:pipe/{n}"),
    "AWS::Scheduler::Schedule": ResourceType(Schedule, "Name", "scheduler:{r}:{a}:schedule/default/{n}"),
    "AWS::SQS::Queue": ResourceType(Queue, "QueueName", "sqs:{r}:{a}:{n}", "url"),
    "AWS::SNS::Topic": ResourceType(Topic, "TopicName", "sns:{r}:{a}:{n}", "arn"),
    "AWS::Lambda::Function": ResourceType(Function, "FunctionName", "lambda:{r}:{a}:function:{n}"),
    "AWS::Serverless::Function": ResourceType(Function, "FunctionName", "lambda:{r}:{a}:function:{n}"),
    "AWS::StepFunctions::StateMachine": ResourceType(
        StateMachine, "StateMachineName", "states:{r}:{a}:stateMachine:{n}", "arn"
    ),
    "AWS::Serverless::StateMachine": ResourceType(StateMachine, "Name", "states:{r}:{a}:stateMachine:{n}", "arn"),
    "AWS::DynamoDB::Table": ResourceType(Table, "TableName", "dynamodb:{r}:{a}:table/{n}"),
    "AWS::DynamoDB::GlobalTable": ResourceType(Table, "TableName", "dynamodb:{r}:{a}:table/{n}"),
    "AWS::Serverless::SimpleTable": ResourceType(Table, "TableName", "dynamodb:{r}:{a}:table/{n}"),
    "AWS::Kinesis::Stream": ResourceType(KinesisStream, "Name", "kinesis:{r}:{a}:stream/{n}"),
    "AWS::KinesisFirehose::DeliveryStream": ResourceType(
        FirehoseStream, "DeliveryStreamName", "firehose:{r}:{a}:deliverystream/{n}"
    ),
    "AWS::Logs::LogGroup": ResourceType(LogGroup, "LogGroupName", "logs:{r}:{a}:log-group:{n}"),
    "AWS::ECS::Cluster": ResourceType(EcsCluster, "ClusterName", "ecs:{r}:{a}:cluster/{n}"),
    "AWS::S3::Bucket": ResourceType(Opaque, "BucketName", "s3:::{n}"),
    "AWS::IAM::Role": ResourceType(Opaque, "RoleName", "iam::{a}:role/{n}"),
    "AWS::KMS::Key": ResourceType(Opaque, "", "kms:{r}:{a}:key/{n}"),
}


def resource_type(type: str) -> ResourceType:
    """What is known of `type`; for a type not in the table, what its words suggest."""
    known = _TYPES.get(type)
    if known is not None:
        return known
    _, service, kind = [*type.split("::"), "", ""][:3]
    arn = f"{service.lower() or 'custom'}:{{r}}:{{a}}:{kind[:1].lower()}{kind[1:]}/{{n}}"
    return ResourceType(Opaque, f"{kind}Name", arn)


def made_up_name(stack: str, logical_id: str, suffix: str = "") -> str:
    """The name that CloudFormation would make, with `GENERATED` for its random part."""
    return f"{stack}-{logical_id}-{GENERATED}{suffix}"


def arn_text(kind: ResourceType, name: Text, account: Account) -> Text:
    """The ARN of a resource by its name."""
    before, _, after = kind.arn.replace("{r}", account.region).replace("{a}", account.number).partition("{n}")
    return join_texts([f"arn:{account.partition}:{before}", name, after])


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


_EXISTING: dict[str, tuple[tuple[str, type[Resource]], ...]] = {
    "events": (
        ("event-bus/", EventBus),
        ("rule/", Rule),
        ("api-destination/", ApiDestination),
        ("archive/", Archive),
    ),
    "lambda": (("function:", Function),),
    "states": (("stateMachine:", StateMachine),),
    "kinesis": (("stream/", KinesisStream),),
    "firehose": (("deliverystream/", FirehoseStream),),
    "logs": (("log-group:", LogGroup),),
    "ecs": (("cluster/", EcsCluster),),
    "pipes": (("pipe/", Pipe),),
    "scheduler": (("schedule/", Schedule),),
    "sqs": (("", Queue),),
    "sns": (("", Topic),),
}


def existing_resource(arn: str, id: str) -> Resource:
    """The resource that `arn` says there is; `Opaque` for a service that events do not pass through."""
    key = arn_key(arn)
    service, _, _, resource = key or ("", "", "", arn)
    if service == "dynamodb":
        table = resource.removeprefix("table/").removesuffix("/stream/")
        kind: type[Resource] = TableStream if resource.endswith("/stream/") else Table
        return kind(id, name=table, arn=arn, existing=True)
    for prefix, kind in _EXISTING.get(service, ()):
        if resource.startswith(prefix):
            name = resource[len(prefix) :]
            if kind in (Queue, Topic):
                return kind(id, name=name, arn=arn, existing=True, fifo=name.endswith(".fifo"))
            return kind(id, name=name, arn=arn, existing=True)
    return Opaque(id, name=resource, arn=arn, existing=True, type=service)
