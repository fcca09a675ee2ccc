"""The patterns of a system, one by one: those of rules and filters, as they are and as they are tried in the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.simulation import Simulation, SimulationResult
from perception_events.sources import source_of
from perception_events.topology import EventSourceMapping, Filter, Pipe, Resource, Rule, Topology, unresolved_in
from perception_events.trace import Put, RecordSeen

__all__ = ["PatternKey", "UsedPattern", "error_object", "patterns_of", "values_seen", "with_patterns"]


@dataclass(frozen=True, slots=True)
class PatternKey:
    """Which pattern: of a rule (`index` 0), or a filter of a pipe or event source mapping."""

    resource: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class UsedPattern:
    """A pattern where it is used. `value`: JSON, in which parts may not be known, or a text that is not JSON."""

    key: PatternKey
    value: Any
    dialect: Dialect

    @property
    def text(self) -> str:
        """As the page shows it; what is not known stands there as its expression."""
        if isinstance(self.value, str):
            return self.value
        return json.dumps(self.value, indent=2, ensure_ascii=False, default=str)

    @property
    def known(self) -> bool:
        """Whether every part of it is known."""
        return next(unresolved_in(self.value), None) is None

    def parsed(self) -> EventPattern | None:
        """The pattern; None where a part is not known, or where it is rejected."""
        if not self.known:
            return None
        try:
            return EventPattern.parse(self.value, dialect=self.dialect)
        except (InvalidEventPatternError, TypeError):
            return None


def patterns_of(resource: Resource) -> list[UsedPattern]:
    """The patterns by which `resource` chooses."""
    match resource:
        case Rule() if resource.event_pattern is not None:
            return [UsedPattern(PatternKey(resource.id), resource.event_pattern, Dialect.EVENT_BUS)]
        case Pipe() | EventSourceMapping():
            dialect = Dialect.PIPE if isinstance(resource, Pipe) else Dialect.EVENT_SOURCE_MAPPING
            return [
                UsedPattern(PatternKey(resource.id, index), one.pattern, dialect)
                for index, one in enumerate(resource.filters)
            ]
    return []


def with_patterns(topology: Topology, tried: Mapping[PatternKey, Any]) -> Topology:
    """`topology` with other patterns; keys of patterns that are not there do nothing."""
    changed: dict[str, Resource] = {}
    for key, pattern in tried.items():
        resource = changed.get(key.resource) or topology.find(key.resource)
        match resource:
            case Rule() if isinstance(pattern, dict):
                changed[key.resource] = replace(resource, event_pattern=pattern)
            case Pipe() | EventSourceMapping() if key.index < len(resource.filters):
                filters = list(resource.filters)
                filters[key.index] = Filter(pattern, filters[key.index].origin)
                changed[key.resource] = replace(resource, filters=tuple(filters))
    return topology.with_resources(*changed.values()) if changed else topology


def error_object(error: InvalidEventPatternError) -> JSONObject:
    """Why a pattern is rejected, and where."""
    return {"reason": error.reason, "line": error.line, "column": error.column, "hint": error.hint, "code": error.code}


def values_seen(simulation: Simulation, result: SimulationResult | None, key: PatternKey) -> list[JSONObject]:
    """What a pattern saw of an input: the events on the rule's bus, or the records that the pipe read."""
    topology = simulation.topology
    holder = topology.find(key.resource)
    steps = result.trace if result is not None else ()
    if isinstance(holder, Rule) and isinstance(holder.bus, str):
        bus = simulation.bus(holder.bus).name
        return [step.event for step in steps if isinstance(step, Put) and step.where == bus]
    if isinstance(holder, Pipe | EventSourceMapping):
        source = source_of(topology[holder.source]) if isinstance(holder.source, str) else None
        return [
            step.record if source is None else source.decoded(step.record)
            for step in steps
            if isinstance(step, RecordSeen) and simulation.resource(step.where, type(holder)) == holder
        ]
    return []
