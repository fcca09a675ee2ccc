"""Resources that a declaration has beside its own parts: names, ARNs and references as they are in one environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from perception_events.pipeline._errors import InvalidPipelineError
from perception_events.pipeline._names import Names
from perception_events.topology import (
    Account,
    Origin,
    Queue,
    Resource,
    Rule,
    Table,
    TableStream,
    Topic,
    with_references,
)

__all__ = ["FurtherResources"]

_FIFO = ".fifo"


class FurtherResources:
    """`Pipeline.resources` in one environment.

    `resolve` gives the id of what a reference names among the declaration's own parts.
    """

    def __init__(
        self, resources: Iterable[Resource], names: Names, account: Account, resolve: Callable[[str], str]
    ) -> None:
        self._all = tuple(resources)
        self._resources = {resource.id: resource for resource in self._all}
        self._names = names
        self._account = account
        self._resolve = resolve

    def resources(self, origin: Callable[[str], Origin]) -> Iterator[Resource]:
        """Each with its name, its ARN, its origin and its references resolved."""
        for resource in self._all:
            named = replace(
                resource,
                name=self._name(resource),
                arn=resource.arn or self._arn(resource),
                origin=resource.origin or origin(f"resources[{resource.id}]"),
            )
            yield with_references(named, self._resolve)

    def _name(self, resource: Resource) -> str:
        name = resource.name or resource.id
        if not isinstance(name, str):
            raise InvalidPipelineError(f"resources[{resource.id}]: a declared name is a text, not {name!r}")
        if isinstance(resource, TableStream):
            return self._table_name(resource)
        if resource.existing:
            return name
        if isinstance(resource, Queue | Topic) and resource.fifo:
            # The environment goes before the ending that AWS asks for.
            return self._names.of(name.removesuffix(_FIFO)) + _FIFO
        return self._names.of(name)

    def _table_name(self, stream: TableStream) -> str:
        table = self._resources.get(str(stream.table))
        return self._name(table) if isinstance(table, Table) else self._names.table

    def _arn(self, resource: Resource) -> str:
        name = self._name(resource)
        if isinstance(resource, TableStream):
            return self._account.stream_arn(self._account.arn_of(Table, name))
        if isinstance(resource, Rule):
            bus = self._resources.get(str(resource.bus))
            bus_name = self._names.bus if bus is None else self._name(bus)
            return self._account.arn("events", f"rule/{bus_name}/{name}" if bus_name != "default" else f"rule/{name}")
        return self._account.arn_of(type(resource), name)
