"""Small topologies for checks: a table with a stream, one reader, a bus with rules; each part can be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perception_events.topology import (
    EventBus,
    Filter,
    Function,
    Pipe,
    Queue,
    Resource,
    Rule,
    RuleTarget,
    SourceParameters,
    Table,
    TableStream,
    Topology,
)

__all__ = [
    "BUS",
    "FUNCTION",
    "LETTERS",
    "SOUND_SOURCE",
    "STREAM",
    "TABLE",
    "pipe",
    "pipe_topology",
    "rule",
    "rule_topology",
    "target",
]

TABLE = Table(
    "Orders",
    name="orders",
    partition_key="customer",
    sort_key="order",
    attribute_types={"customer": "S", "order": "N", "region": "S"},
    ttl_attribute="expires_at",
)
STREAM = TableStream("Orders.stream", table="Orders")
BUS = EventBus("Bus", name="orders")
LETTERS = Queue("Letters", dead_letter_queue="Letters")
FUNCTION = Function("Ship", name="ship", on_failure="Letters")
SOUND_SOURCE = SourceParameters(
    batch_size=10,
    starting_position="TRIM_HORIZON",
    maximum_retry_attempts=5,
    maximum_record_age=3600,
    on_partial_batch_item_failure="AUTOMATIC_BISECT",
    dead_letter_queue="Letters",
)
INSERTS = {"eventName": ["INSERT"]}


def pipe(*filters: Any, **fields: Any) -> Pipe:
    """A pipe from the stream to the function; without `filters` it takes inserts only."""
    patterns = filters or (INSERTS,)
    fields = {"source": "Orders.stream", "target": "Ship", "source_parameters": SOUND_SOURCE, **fields}
    return Pipe("Pipe", name="orders-pipe", filters=tuple(Filter(pattern) for pattern in patterns), **fields)


def pipe_topology(reader: Resource, *others: Resource) -> Topology:
    """The table with its stream, the bus, the function, `reader`, and `others`, which replace what has their id."""
    return _topology(TABLE, STREAM, BUS, LETTERS, FUNCTION, reader, *others)


def target(**fields: Any) -> RuleTarget:
    """The function as a target, with a dead-letter queue."""
    return RuleTarget(**{"id": "ship", "target": "Ship", "dead_letter_queue": "Letters", **fields})


def rule(pattern: Mapping[str, Any] | None = None, id: str = "Rule", **fields: Any) -> Rule:
    """A rule of the bus that invokes the function."""
    fields = {"bus": "Bus", "targets": (target(),), "name": id, **fields}
    return Rule(id, event_pattern={"source": ["shop"]} if pattern is None else pattern, **fields)


def rule_topology(*resources: Resource) -> Topology:
    """The bus, the function, its queue, and `resources`, which replace what has their id."""
    return _topology(BUS, LETTERS, FUNCTION, *resources)


def _topology(*resources: Resource) -> Topology:
    return Topology({resource.id: resource for resource in resources}.values())
