"""The resources that events come from, pass through and end at: tables, streams, queues, functions and the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

from perception_events.topology._values import Number, Origin, PartialJSON, Reference, Text

__all__ = [
    "ApiDestination",
    "EcsCluster",
    "FirehoseStream",
    "Function",
    "Grant",
    "KinesisStream",
    "LogGroup",
    "Opaque",
    "Queue",
    "Resource",
    "StateMachine",
    "Table",
    "TableStream",
    "Topic",
]


@dataclass(frozen=True, slots=True)
class Resource:
    """Anything that a topology holds.

    `id`: the name by which other resources refer to it; unique in the topology (a logical id, a Terraform address).
    `name`: its name on AWS. `arn`: its ARN; a reader makes a stable one up where it is only known after deployment.
    `origin`: where it was written. `condition`: the condition under which it exists, as it was written.
    `existing`: it is there already and is not made by this template or declaration.
    `made_up_name`: AWS will make the name; `name` stands in for it.
    """

    kind: ClassVar[str] = "resource"
    """What messages and diagrams call it, in AWS's words."""

    id: str
    _: KW_ONLY
    name: Text = ""
    arn: Text = ""
    origin: Origin | None = None
    condition: str | None = None
    existing: bool = False
    made_up_name: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Table(Resource):
    """A DynamoDB table.

    `partition_key`, `sort_key`: attribute names. `attribute_types`: `S`, `N` or `B` by attribute name, for keys.
    `ttl_attribute`: the attribute of Time to Live. The stream is a resource of its own, a `TableStream`.
    """

    kind: ClassVar[str] = "table"

    partition_key: Text = ""
    sort_key: Text | None = None
    attribute_types: Mapping[str, Text] = field(default_factory=dict)
    ttl_attribute: Text | None = None


@dataclass(frozen=True, slots=True)
class TableStream(Resource):
    """The stream of a DynamoDB table. `stream_view_type`: `NEW_AND_OLD_IMAGES` or another of AWS's four values."""

    kind: ClassVar[str] = "DynamoDB stream"

    table: Reference | None = None
    stream_view_type: Text = "NEW_AND_OLD_IMAGES"
    other_readers: int = 0
    """Readers outside the topology, which count toward the two that a shard serves."""


@dataclass(frozen=True, slots=True)
class KinesisStream(Resource):
    """A Kinesis data stream."""

    kind: ClassVar[str] = "Kinesis stream"


@dataclass(frozen=True, slots=True)
class FirehoseStream(Resource):
    """A Firehose stream (a delivery stream)."""

    kind: ClassVar[str] = "Firehose stream"


@dataclass(frozen=True, slots=True)
class Queue(Resource):
    """An SQS queue.

    `fifo`: first in, first out. `content_based_deduplication`: of a FIFO queue, by the body.
    `visibility_timeout`: seconds (AWS's default 30). `retention`: seconds (345,600).
    `dead_letter_queue`: where a message goes after `max_receive_count` receives.
    """

    kind: ClassVar[str] = "queue"

    fifo: bool = False
    content_based_deduplication: bool = False
    visibility_timeout: Number = 30
    retention: Number = 345_600
    dead_letter_queue: Reference | None = None
    max_receive_count: Number | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a function or state machine may do beside its place in the topology: IAM actions on one resource."""

    actions: tuple[str, ...]
    resource: Reference = ""


@dataclass(frozen=True, slots=True)
class Function(Resource):
    """A Lambda function.

    `handler`: `module.function`. `runtime`, `timeout` (seconds), `memory` (MB), `environment`: as deployed.
    `code_bucket`, `code_key`: the zip in S3; None leaves them to a parameter of the template.
    `retry_attempts` (0 to 2), `event_age` (60 to 21,600 seconds): of Lambda's asynchronous queue;
    None is AWS's default.
    `on_failure`: where the asynchronous queue reports what the handler could not do; `dead_letter_queue`: the queue or
    topic to which it sends the event itself.
    `log_retention_days`: of its log group; None leaves the group to Lambda, which keeps logs for ever.
    `grants`: rights on resources of the topology; `statements`: IAM statements of the user's own, as they are.
    """

    kind: ClassVar[str] = "function"

    handler: Text | None = None
    runtime: Text | None = None
    timeout: Number | None = None
    memory: Number | None = None
    environment: Mapping[str, PartialJSON] = field(default_factory=dict)
    code_bucket: Text | None = None
    code_key: Text | None = None
    log_retention_days: Number | None = None
    retry_attempts: Number | None = None
    event_age: Number | None = None
    on_failure: Reference | None = None
    dead_letter_queue: Reference | None = None
    grants: tuple[Grant, ...] = ()
    statements: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class StateMachine(Resource):
    """A Step Functions state machine. `type`: `STANDARD` or `EXPRESS`. `definition`: in Amazon States Language."""

    kind: ClassVar[str] = "state machine"

    type: Text = "STANDARD"
    definition: PartialJSON = None
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic(Resource):
    """An SNS topic."""

    kind: ClassVar[str] = "topic"

    fifo: bool = False


@dataclass(frozen=True, slots=True)
class LogGroup(Resource):
    """A CloudWatch log group."""

    kind: ClassVar[str] = "log group"

    retention_days: Number | None = None


@dataclass(frozen=True, slots=True)
class ApiDestination(Resource):
    """An EventBridge API destination: an HTTP endpoint with its method and connection."""

    kind: ClassVar[str] = "API destination"

    endpoint: Text = ""
    method: Text = "POST"
    connection: Reference | None = None


@dataclass(frozen=True, slots=True)
class EcsCluster(Resource):
    """An ECS cluster, in which a target runs tasks."""

    kind: ClassVar[str] = "ECS cluster"


@dataclass(frozen=True, slots=True)
class Opaque(Resource):
    """A resource of any other type; `type` is its type where it was written, such as `AWS::S3::Bucket`."""

    kind: ClassVar[str] = "other resource"

    type: str = ""
    properties: Mapping[str, PartialJSON] = field(default_factory=dict)
