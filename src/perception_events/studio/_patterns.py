"""The patterns of a system, one by one: those of rules and filters, as they are and as they are tried in the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from perception_events.json_values import JSONObject
from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.topology import EventSourceMapping, Filter, Pipe, Resource, Rule, Topology, unresolved_in

__all__ = ["PatternKey", "UsedPattern", "error_object", "patterns_of", "with_patterns"]


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
