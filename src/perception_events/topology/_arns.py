"""How ARNs read: one form for each class of resource, filled in for an account and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perception_events.topology._resources import (
    ApiDestination,
    EcsCluster,
    FirehoseStream,
    Function,
    KinesisStream,
    LogGroup,
    Queue,
    Resource,
    StateMachine,
    Table,
    Topic,
)
from perception_events.topology._routing import Archive, EventBus, Pipe, Rule, Schedule

__all__ = ["ARN_FORMS", "STREAM_LABEL", "Account", "resource_class"]

STREAM_LABEL = "2025-01-01T00:00:00.000"
"""A stream's label is the time when it was switched on; nothing knows it before the deployment, so it is this one."""

ARN_FORMS: Mapping[type[Resource], str] = {
    ApiDestination: "events:{region}:{account}:api-destination/{name}",
    Archive: "events:{region}:{account}:archive/{name}",
    EcsCluster: "ecs:{region}:{account}:cluster/{name}",
    EventBus: "events:{region}:{account}:event-bus/{name}",
    FirehoseStream: "firehose:{region}:{account}:deliverystream/{name}",
    Function: "lambda:{region}:{account}:function:{name}",
    KinesisStream: "kinesis:{region}:{account}:stream/{name}",
    LogGroup: "logs:{region}:{account}:log-group:{name}",
    Pipe: "pipes:{region}:{account}:pipe/{name}",
    Queue: "sqs:{region}:{account}:{name}",
    Rule: "events:{region}:{account}:rule/{name}",
    Schedule: "scheduler:{region}:{account}:schedule/default/{name}",
    StateMachine: "states:{region}:{account}:stateMachine:{name}",
    Table: "dynamodb:{region}:{account}:table/{name}",
    Topic: "sns:{region}:{account}:{name}",
}
"""What follows the partition in the ARN of each class. The ARN of a rule of another bus than `default` has the bus's
name before the rule's.

AWS: Service Authorization Reference, "Resource types defined by" each service.
"""


@dataclass(frozen=True, slots=True)
class Account:
    """An account and a Region, and how ARNs read in them."""

    number: str = "123456789012"
    region: str = "us-east-1"

    @property
    def partition(self) -> str:
        """`aws`, or the partition of China or of GovCloud."""
        for start, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(start):
                return partition
        return "aws"

    def arn(self, service: str, rest: str) -> str:
        """`sqs`, `orders` gives `arn:aws:sqs:us-east-1:123456789012:orders`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.number}:{rest}"

    def arn_of(self, kind: type[Resource], name: str) -> str:
        """The ARN of a resource of `kind`; "" for a kind whose ARN is not made of its name."""
        before, after = self.around_name(ARN_FORMS.get(kind, ""))
        return f"{before}{name}{after}" if before else ""

    def around_name(self, form: str) -> tuple[str, str]:
        """What stands before and after the name in an ARN of `form`, which is written like those of `ARN_FORMS`."""
        if not form:
            return "", ""
        filled = form.replace("{region}", self.region).replace("{account}", self.number)
        before, _, after = filled.partition("{name}")
        return f"arn:{self.partition}:{before}", after

    def stream_arn(self, table_arn: str) -> str:
        """The ARN of a table's stream, with a made-up label."""
        return f"{table_arn}/stream/{STREAM_LABEL}"


def _beginnings() -> dict[str, tuple[tuple[str, type[Resource]], ...]]:
    """By service, what the last part of an ARN begins with, and the class of which it so is."""
    found: dict[str, tuple[tuple[str, type[Resource]], ...]] = {}
    for kind, form in ARN_FORMS.items():
        service, _, _, rest = form.split(":", 3)
        kind_word = rest.removesuffix("{name}").removesuffix("default/")
        found[service] = (*found.get(service, ()), (kind_word, kind))
    return found


_BEGINNINGS = _beginnings()


def resource_class(service: str, resource: str) -> tuple[type[Resource], str] | None:
    """The class and the name of what `resource`, the last part of an ARN of `service`, stands for.

    None for a service, or a kind of resource, that events do not pass through.
    """
    for beginning, kind in _BEGINNINGS.get(service, ()):
        if resource.startswith(beginning):
            return kind, resource.removeprefix(beginning)
    return None
