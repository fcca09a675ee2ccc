"""What all checks share: the topology, what is known beside it, and who feeds and reads whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from perception_events.patterns import Dialect
from perception_events.sources import Source, source_of
from perception_events.topology import (
    EventBus,
    EventSourceMapping,
    Filter,
    KinesisStream,
    Opaque,
    Pipe,
    Queue,
    Reference,
    Resource,
    Rule,
    Table,
    TableStream,
    Topology,
    Unresolved,
)

__all__ = ["Context", "EnrichmentEffect", "Reader", "known_number", "known_text"]

Reader: TypeAlias = Pipe | EventSourceMapping
"""What reads a source through filters."""


@dataclass(frozen=True, slots=True)
class EnrichmentEffect:
    """What an enrichment does that keeps each record as it is and adds fields to it.

    `adds`: the values that each added field can have, by its name; None where any is possible.
    """

    adds: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What is checked, and what is known beside it.

    `closed_buses`: the ids of buses on which nothing but the pipes of the topology puts events.
    `enrichment_effects`: what the enrichments of pipes do, by the pipe's id; without one it is not known.
    `overlaps`: whether rules that share events are reported too.
    """

    topology: Topology
    closed_buses: frozenset[str] = frozenset()
    enrichment_effects: Mapping[str, EnrichmentEffect] = field(default_factory=dict)
    overlaps: bool = False

    def resource(self, reference: Reference | None) -> Resource | None:
        """The resource that is referred to; None where there is none or it is not known which."""
        return self.topology[reference] if isinstance(reference, str) and reference in self.topology else None

    @property
    def readers(self) -> tuple[Reader, ...]:
        """All pipes and event source mappings."""
        return (*self.topology.of(Pipe), *self.topology.of(EventSourceMapping))

    def source_of(self, reader: Reader) -> Source | None:
        """What there is to know of the source of `reader`; None where it is not known, or not understood."""
        resource = self.resource(reader.source)
        return None if resource is None else source_of(resource)

    def stream_of(self, reader: Reader) -> TableStream | None:
        """The DynamoDB stream that `reader` reads, if it is one."""
        source = self.resource(reader.source)
        return source if isinstance(source, TableStream) else None

    def table_of(self, stream: TableStream) -> Table | None:
        """The table of a stream, if the topology holds it and its keys are known."""
        table = self.resource(stream.table)
        return table if isinstance(table, Table) and not table.existing else None

    def queue_of(self, reader: Reader) -> Queue | None:
        """The queue that `reader` reads, if it is one."""
        source = self.resource(reader.source)
        return source if isinstance(source, Queue) else None

    def kinesis_of(self, reader: Reader) -> KinesisStream | None:
        """The Kinesis stream that `reader` reads, if it is one."""
        source = self.resource(reader.source)
        return source if isinstance(source, KinesisStream) else None

    def bus_of(self, pipe: Pipe) -> EventBus | None:
        """The bus that `pipe` puts its events on, if its target is one."""
        target = self.resource(pipe.target)
        return target if isinstance(target, EventBus) else None

    def pipes_to(self, bus: str) -> tuple[Pipe, ...]:
        """The pipes that put events on the bus with this id."""
        return tuple(pipe for pipe in self.topology.of(Pipe) if pipe.target == bus)

    def rules_of(self, bus: str) -> tuple[Rule, ...]:
        """The rules of the bus with this id, in order."""
        return tuple(rule for rule in self.topology.of(Rule) if rule.bus == bus)

    @property
    def is_open(self) -> bool:
        """Whether what the topology does not show may hold permissions, policies or settings.

        Custom resources do what they are written to do; what exists already has policies of its own.
        """
        return any(
            isinstance(r, Opaque)
            and r.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack"))
            for r in self.topology
        ) or any(_is_import(link.to) for link in self.topology.unresolved_links)


def _is_import(value: object) -> bool:
    return isinstance(value, Unresolved) and "ImportValue" in f"{value.expression} {value.reason}"


def known_number(value: object) -> int | float | None:
    """`value` if it is a known number, else None."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def known_text(value: object) -> str | None:
    """`value` if it is a known text, else None."""
    return value if isinstance(value, str) else None


def dialect_of(reader: Reader) -> Dialect:
    """The dialect of a reader's filters."""
    return Dialect.PIPE if isinstance(reader, Pipe) else Dialect.EVENT_SOURCE_MAPPING


def known_filters(reader: Reader) -> list[tuple[int, Filter]]:
    """The filters whose pattern is an object, with their numbers."""
    return [(at, one) for at, one in enumerate(reader.filters) if isinstance(one.pattern, Mapping)]
