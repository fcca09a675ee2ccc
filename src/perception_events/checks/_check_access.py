"""Notes on what may be written elsewhere: permissions, queue policies, a bucket's switch, the bus of AWS's events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location, target_location
from perception_events.checks._pattern_leaves import pattern_leaves
from perception_events.topology import (
    EventBus,
    Function,
    LogGroup,
    Opaque,
    PartialJSON,
    Permission,
    Queue,
    Resource,
    Rule,
    Topic,
    Unresolved,
)

__all__ = ["check_access"]

_PRINCIPALS = frozenset({"events.amazonaws.com", "*"})
_CHECKS: dict[type[Resource], tuple[str, str]] = {
    Function: ("PE601", "no permission lets events.amazonaws.com invoke it"),
    Queue: ("PE602", "no queue policy lets events.amazonaws.com send to it"),
    Topic: ("PE603", "no topic policy lets events.amazonaws.com publish to it"),
    LogGroup: ("PE604", "no resource policy lets events.amazonaws.com write to it"),
}


def check_access(context: Context) -> Iterator[Found]:
    """What rules need beside themselves; silent where custom resources, nested stacks or imports may hold it."""
    if context.is_open:
        return
    for rule in context.topology.of(Rule):
        yield from _permissions(context, rule)
        if isinstance(rule.event_pattern, Mapping):
            yield from _aws_sources(context, rule, rule.event_pattern)


def _permissions(context: Context, rule: Rule) -> Iterator[Found]:
    for number, target in enumerate(rule.targets):
        resource = context.resource(target.target)
        if resource is None or resource.existing or target.role is not None or type(resource) not in _CHECKS:
            continue
        if any(_allows(context, permission, resource) for permission in context.topology.of(Permission)):
            continue
        identifier, reason = _CHECKS[type(resource)]
        location = target_location(rule, number, target).of("target")
        yield Found(identifier, location, f"{resource.kind} {resource.id}: {reason}")


def _allows(context: Context, permission: Permission, resource: Resource) -> bool:
    """Whether a permission may be the one; what is not known may be."""
    principal = permission.principal
    if isinstance(principal, str) and principal not in _PRINCIPALS:
        return False
    on = permission.resource
    return on is None or isinstance(on, Unresolved) or on == resource.id or context.resource(on) is None


def _aws_sources(context: Context, rule: Rule, pattern: Mapping[str, PartialJSON]) -> Iterator[Found]:
    leaves = {leaf.path: leaf for leaf in pattern_leaves(pattern)}
    source = leaves.get(("source",))
    texts = [v for v in source.values if isinstance(v, str)] if source else []
    if source is None or not texts or not all(v.startswith("aws.") and v != "aws.partner" for v in texts):
        return
    location = Location(rule).of("event_pattern", pattern)
    bus = context.resource(rule.bus)
    if isinstance(bus, EventBus) and not bus.existing and bus.name != "default" and "/" not in str(bus.name):
        reason = f"AWS's services send to the default bus, and the rule stands on {bus.id}"
        yield Found("PE606", location.at(*source.steps), reason)
    if texts == ["aws.s3"] and not any("CloudTrail" in str(v) for v in _values(leaves, "detail-type")):
        buckets = leaves.get(("detail", "bucket", "name"))
        for name in buckets.values if buckets else ():
            bucket = context.topology.find(name, Opaque) if isinstance(name, str) else None
            if isinstance(bucket, Opaque) and bucket.type == "AWS::S3::Bucket" and not _sends_events(context, bucket):
                yield Found("PE605", Location(bucket), f"rule {rule.id} waits for the events of bucket {bucket.id}")


def _values(leaves: Mapping[tuple[str, ...], object], name: str) -> tuple[object, ...]:
    leaf = leaves.get((name,))
    return tuple(getattr(leaf, "values", ()))


def _sends_events(context: Context, bucket: Opaque) -> bool:
    """Whether the bucket may send its events; Terraform has a resource of its own for its notifications."""
    if any(one.type == "aws_s3_bucket_notification" for one in context.topology.of(Opaque)):
        return True
    settings = bucket.properties.get("NotificationConfiguration")
    if settings is None:
        return False
    if not isinstance(settings, Mapping):
        return True
    switch = settings.get("EventBridgeConfiguration")
    return switch is not None
