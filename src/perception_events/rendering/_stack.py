"""What a template is put together on: resources by logical id, and how they refer to each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from perception_events.errors import DeclarationError
from perception_events.rendering._values import AccountArn, Att, Properties, Ref
from perception_events.resource_names import logical_id
from perception_events.topology import (
    EventBus,
    LogGroup,
    Number,
    Reference,
    Resource,
    TableStream,
    Text,
    Topic,
    Topology,
    Unresolved,
)

__all__ = ["RenderError", "Rendered", "Stack", "a_kind", "known", "known_number", "known_text"]

R = TypeVar("R", bound=Resource)


class RenderError(DeclarationError, ValueError):
    """A topology that cannot be written down as a template; the message names the resource and the fix."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One resource of a template. `attributes`: what stands beside `Type` and `Properties`."""

    type: str
    properties: Properties
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Stack:
    """The resources of one topology, in the order in which they were added.

    Raises:
        RenderError: two resources would have one logical id.
    """

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.resources: dict[str, Rendered] = {}
        self.outputs: dict[str, Any] = {}
        self._account = _account_of(topology)

    def add(self, logical: str, type: str, properties: Mapping[str, Any], **attributes: Any) -> None:
        """Add one resource; properties that are None are left out.

        Raises:
            RenderError: another resource has this logical id.
        """
        if logical in self.resources:
            raise RenderError(
                f"two resources would both be {logical!r} in the template: their ids differ only in characters that a "
                "logical id cannot have; rename one"
            )
        kept = {name: value for name, value in properties.items() if value is not None}
        self.resources[logical] = Rendered(type, kept, attributes)

    def of_type(self, *types: str) -> dict[str, Rendered]:
        """The resources of these types added so far."""
        return {logical: one for logical, one in self.resources.items() if one.type in types}

    def created(self, kind: type[R]) -> tuple[R, ...]:
        """The resources of `kind` that the template makes, in order."""
        return tuple(resource for resource in self.topology.of(kind) if not resource.existing)

    def get(self, reference: Reference, holder: Resource) -> Resource:
        """The resource that `holder` refers to.

        Raises:
            RenderError: it is not known which one.
        """
        return self.topology[known(reference, f"{holder.id} refers to")]

    def logical(self, resource: Resource) -> str:
        """Its logical id: the id, where that can be one."""
        id = resource.id
        return id if re.fullmatch(r"[A-Za-z0-9]{1,255}", id) else logical_id(id)

    def arn(self, reference: Reference, holder: Resource) -> Any:
        """The ARN of what `holder` refers to."""
        resource = self.get(reference, holder)
        if resource.existing:
            return self.deployed_arn(resource)
        if isinstance(resource, TableStream):
            if resource.table is None:
                raise RenderError(f"{resource.id}: the stream is of no table of the topology; set `table`")
            return Att(self.logical(self.get(resource.table, resource)), "StreamArn")
        return Ref(self.logical(resource)) if isinstance(resource, Topic) else Att(self.logical(resource))

    def deployed_arn(self, resource: Resource) -> Any:
        """The ARN that `resource` has or will have, without a reference to it: for what it refers to itself.

        An ARN in the account and Region of the topology is one of the account and Region that is deployed to.
        """
        arn = known(resource.arn, f"the ARN of {resource.id} is")
        match arn.split(":", 5):
            case ["arn", partition, service, region, account, rest]:
                own = (partition, region, account) == self._account
                return AccountArn(service, rest) if own else arn
        raise RenderError(f"{resource.id}: {arn!r} is not an ARN; give the resource its `arn`")

    def streams_arn(self, reference: Reference, holder: Resource) -> Any:
        """The ARN that covers the streams of a log group, which is what a right to write to it is on."""
        group = self.get(reference, holder)
        if not group.existing:
            return Att(self.logical(group))
        arn = self.deployed_arn(group)
        return AccountArn(arn.service, f"{arn.rest}:*") if isinstance(arn, AccountArn) else f"{arn}:*"

    def bus_name(self, reference: Reference, holder: Resource) -> Any:
        """The bus by name; one of another account or Region by its ARN."""
        bus = self.get(reference, holder)
        if not isinstance(bus, EventBus):
            raise RenderError(f"{holder.id} refers to {bus.id}, which is not an event bus but {a_kind(bus)}")
        if not bus.existing:
            return Ref(self.logical(bus))
        arn = self.deployed_arn(bus)
        return known(bus.name, f"the name of {bus.id} is") if isinstance(arn, AccountArn) else arn

    def log_group_named(self, name: str) -> LogGroup | None:
        """The log group of this name in the topology."""
        return next((group for group in self.topology.of(LogGroup) if group.name == name), None)


def a_kind(resource: Resource) -> str:
    """`a queue`, `an event bus`: for messages."""
    return f"{'an' if resource.kind[0] in 'AaEeIiOo' else 'a'} {resource.kind}"


V = TypeVar("V", bound=str | int | float | bool | Mapping[str, Any])


def known(value: V | Unresolved, what: str) -> V:
    """`value`, which must be known to be written down.

    Raises:
        RenderError: it is not known.
    """
    if isinstance(value, Unresolved):
        raise RenderError(f"{what} {value.expression!r}, which is not known before the deployment; give it a value")
    return value


def known_text(resource: Resource, field: str) -> str:
    """A text of `resource`, such as its name; see `known`."""
    value: Text | None = getattr(resource, field)
    return known("" if value is None else value, f"{resource.id}: `{field}` is")


def known_number(resource: Resource, field: str) -> int | float | None:
    """A number of `resource`; None where it is not set."""
    value: Number | None = getattr(resource, field)
    return None if value is None else known(value, f"{resource.id}: `{field}` is")


def _account_of(topology: Topology) -> tuple[str, str, str]:
    """Partition, Region and account that the topology was made for: those of the first resource that it makes."""
    for resource in topology:
        if not resource.existing and isinstance(resource.arn, str):
            match resource.arn.split(":", 5):
                case ["arn", partition, _, region, account, _] if region and account:
                    return partition, region, account
    return "", "", ""
