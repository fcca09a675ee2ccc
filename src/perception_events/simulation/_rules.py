"""Buses, rules and their targets: from the topology into memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from perception_events.buses import BusTarget, DeliveryScheduler, EventBus, EventBusError, RetryPolicy, Rule, RuleTarget
from perception_events.input_transforms import MISSING, InputTransformer, InvalidTemplateError, JSONPath
from perception_events.json_values import JSONObject, JSONValue
from perception_events.patterns import EventPattern, InvalidEventPatternError, PartialPattern
from perception_events.simulation import _known as known
from perception_events.simulation._functions import AsynchronousFunction
from perception_events.simulation._network import Network
from perception_events.targets import Invocable, UndecidedError
from perception_events.topology import (
    Archive,
    Function,
    InvalidTopologyError,
    KinesisStream,
    Origin,
    Resource,
    Unresolved,
    rule_target_kind,
)
from perception_events.topology import EventBus as BusResource
from perception_events.topology import Rule as RuleResource
from perception_events.topology import RuleTarget as TargetResource

__all__ = ["add_buses", "add_rules"]

_EVERY_EVENT = EventPattern.parse({"source": [{"prefix": ""}]})


def add_buses(network: Network, deliver: DeliveryScheduler | None) -> None:
    """Every event bus of the topology, with its archives."""
    for resource in network.topology.of(BusResource):
        account, region = known.account_and_region(resource)
        network.buses[resource.id] = EventBus(
            known.name_of(resource, "bus name"),
            clock=network.clock,
            new_id=network.new_id,
            account=account,
            region=region,
            trace=network.record,
            assume_after=network.assume_after,
            deliver=deliver,
        )
    for archive in network.topology.of(Archive):
        bus = network.buses.get(archive.bus) if isinstance(archive.bus, str) else None
        if bus is not None and not known.expressions(archive.event_pattern, archive.retention_days):
            pattern: Any = archive.event_pattern
            bus.create_archive(
                known.name_of(archive, "archive name"),
                event_pattern=pattern,
                retention_days=known.number(archive.retention_days, 0),
            )


def add_rules(network: Network) -> dict[tuple[str, str], RuleResource]:
    """Every rule with a pattern, on its bus; returns the resources by the names of bus and rule in the trace.

    Raises:
        InvalidTopologyError: AWS would reject a rule or a target.
    """
    resources: dict[tuple[str, str], RuleResource] = {}
    for resource in network.topology.of(RuleResource):
        if resource.event_pattern is None:
            continue  # a schedule only: no event matches it
        # A rule whose bus is not known may be on any of them.
        unknown_bus = isinstance(resource.bus, Unresolved)
        buses = list(network.buses) if unknown_bus else [resource.bus]
        for bus_id in buses:
            bus = network.buses.get(bus_id) if isinstance(bus_id, str) else None
            if bus is None:
                continue
            name = known.name_of(resource, "rule name")
            if name in bus.rules:
                name = known.name_of(RuleResource(f"{name}-{resource.id}"), "rule name")
            try:
                bus.put_rule(_rule(network, resource, name, resource.bus if unknown_bus else ""))
            except (EventBusError, InvalidEventPatternError, InvalidTemplateError) as error:
                raise InvalidTopologyError(resource.id, str(error), resource.origin) from error
            resources[bus.name, name] = resource
    return resources


def _rule(network: Network, resource: RuleResource, name: str, unknown_bus: object) -> Rule:
    pattern = PartialPattern.parse(resource.event_pattern)
    depends_on = (*pattern.depends_on, *known.expressions(resource.state, unknown_bus))
    certain = pattern.certain if not known.expressions(resource.state, unknown_bus) else None
    return Rule(
        name,
        pattern.possible or _EVERY_EVENT,
        tuple(_target(network, resource, target) for target in resource.targets),
        state=resource.state if isinstance(resource.state, str) else "ENABLED",
        depends_on=tuple(dict.fromkeys(depends_on)),
        certain=certain if depends_on else None,
    )


def _target(network: Network, rule: RuleResource, target: TargetResource) -> RuleTarget:
    safe_id = known.name_of(Resource(target.id, name=target.id), "target id")
    policy = target.retry_policy
    attempts = known.number(policy.maximum_retry_attempts if policy else None, 185)
    age = known.number(policy.maximum_event_age if policy else None, 86_400)
    shared: dict[str, Any] = {
        "retry_policy": RetryPolicy(attempts, age),
        "dead_letter_queue": network.dead_letter_target(target.dead_letter_queue),
    }
    transformer = target.input_transformer
    inputs = (
        target.input,
        target.input_path,
        *((transformer.input_template, dict(transformer.input_paths_map)) if transformer else ()),
    )
    unknown = known.expressions(target.target, dict(target.parameters), *inputs)
    if unknown or isinstance(target.target, Unresolved):
        return RuleTarget(safe_id, _undecided(f"target {target.id} of rule {rule.id}", unknown), **shared)
    resource = network.topology[target.target]
    if isinstance(resource, BusResource) and resource.id in network.buses:
        bus = BusTarget(network.buses[resource.id])
        return RuleTarget(safe_id, bus, arn=known.arn_of(resource), **_input_of(target), **shared)
    return RuleTarget(
        safe_id,
        _receiver(network, resource, target),
        arn=known.arn_of(resource),
        **_input_of(target),
        **shared,
    )


def _input_of(target: TargetResource) -> dict[str, Any]:
    origin: Origin | None = target.origin
    if isinstance(target.input, str):
        try:
            return {"input": json.loads(target.input)}
        except ValueError as error:
            raise InvalidTopologyError(target.id, f"the input is not JSON: {error}", origin) from error
    if isinstance(target.input_path, str):
        return {"input_path": target.input_path}
    if target.input_transformer is not None:
        paths: Any = target.input_transformer.input_paths_map
        template: Any = target.input_transformer.input_template
        return {"input_transformer": InputTransformer.parse(template, paths)}
    return {}


def _receiver(network: Network, resource: Resource, target: TargetResource) -> Invocable:
    kind = rule_target_kind(resource)
    group = known.as_object(target.parameters.get(kind.parameters) if kind.parameters else None)
    if isinstance(resource, Function):
        return AsynchronousFunction(network, resource)
    if isinstance(resource, KinesisStream):
        return _KinesisReceiver(network, resource, group)
    return lambda event: network.hand_over(resource, event, group)


class _KinesisReceiver:
    """A Kinesis stream as a rule's target: the partition key is read from the event, or is its id."""

    def __init__(self, network: Network, stream: KinesisStream, parameters: JSONObject) -> None:
        self._network = network
        self._stream = stream
        path = parameters.get("PartitionKeyPath")
        self._path = JSONPath.parse(path) if isinstance(path, str) else None

    def invoke(self, event: Any) -> None:
        """Put `event` with its id as the partition key."""
        self.invoke_for(event, event)

    def invoke_for(self, given: JSONValue, event: JSONObject) -> None:
        """Put the input `given` with the partition key that `event` has."""
        key = event.get("id") if self._path is None else self._path.find(event)
        text = key if isinstance(key, str) else "" if key is MISSING else json.dumps(key)
        self._network.hand_over(self._stream, given, {"PartitionKey": text})


def _undecided(subject: str, depends_on: tuple[str, ...]) -> Callable[[Any], None]:
    def raise_undecided(event: Any) -> None:
        raise UndecidedError(subject, depends_on)

    return raise_undecided
