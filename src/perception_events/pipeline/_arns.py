"""The ARNs that the declaration's parts have in one account and Region."""

from __future__ import annotations

from dataclasses import dataclass

from perception_events.topology import (
    ApiDestination,
    Archive,
    EcsCluster,
    EventBus,
    FirehoseStream,
    Function,
    KinesisStream,
    LogGroup,
    Pipe,
    Queue,
    Resource,
    Schedule,
    StateMachine,
    Table,
    Topic,
)

__all__ = ["Account"]

_STREAM_LABEL = "2025-01-01T00:00:00.000"
"""A stream's label is the time when it was switched on; a declaration cannot know it, so it is always this one."""


_FORMS: dict[type[Resource], str] = {
    ApiDestination: "events:api-destination/{name}",
    Archive: "events:archive/{name}",
    EcsCluster: "ecs:cluster/{name}",
    EventBus: "events:event-bus/{name}",
    FirehoseStream: "firehose:deliverystream/{name}",
    Function: "lambda:function:{name}",
    KinesisStream: "kinesis:stream/{name}",
    LogGroup: "logs:log-group:{name}",
    Pipe: "pipes:pipe/{name}",
    Queue: "sqs:{name}",
    Schedule: "scheduler:schedule/default/{name}",
    StateMachine: "states:stateMachine:{name}",
    Table: "dynamodb:table/{name}",
    Topic: "sns:{name}",
}


@dataclass(frozen=True, slots=True)
class Account:
    """An account and a Region, and how ARNs read in them."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """`aws`, or the partition of China or of GovCloud."""
        for start, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(start):
                return partition
        return "aws"

    def arn(self, service: str, rest: str) -> str:
        """`sqs`, `orders` gives `arn:aws:sqs:us-east-1:123456789012:orders`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def arn_of(self, kind: type[Resource], name: str) -> str:
        """The ARN of a resource of `kind`; "" for a kind whose ARN is not made of its name."""
        service, _, rest = _FORMS.get(kind, "").partition(":")
        return self.arn(service, rest.replace("{name}", name)) if service else ""

    def stream_arn(self, table_arn: str) -> str:
        """The ARN of a table's stream, with a made-up label."""
        return f"{table_arn}/stream/{_STREAM_LABEL}"
