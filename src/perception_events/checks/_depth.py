"""Patterns nested deeper than any real one are set aside before the checks walk them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from perception_events.checks._findings import Found
from perception_events.checks._location import Location, filter_location
from perception_events.topology import (
    Archive,
    EventSourceMapping,
    Filter,
    Pipe,
    Resource,
    Rule,
    Topology,
    Unresolved,
)

__all__ = ["set_deep_patterns_aside"]

_MOST_LEVELS = 200
"""AWS takes patterns of 4096 characters, which hold 800 levels; no event has so many."""


def set_deep_patterns_aside(topology: Topology) -> tuple[Topology, list[Found]]:
    """The topology without patterns that are nested too deep to look at, and a finding for each of them."""
    changed: list[Resource] = []
    found: list[Found] = []
    for resource in topology:
        if isinstance(resource, Rule | Archive) and _is_deep(resource.event_pattern):
            found.append(Found("PE301", Location(resource).of("event_pattern"), _REASON))
            changed.append(replace(resource, event_pattern=_SET_ASIDE))
        elif isinstance(resource, Pipe | EventSourceMapping) and any(_is_deep(one.pattern) for one in resource.filters):
            filters: list[Filter] = []
            for at, one in enumerate(resource.filters):
                if _is_deep(one.pattern):
                    found.append(Found("PE103", filter_location(resource, at, one), _REASON))
                    one = replace(one, pattern=_SET_ASIDE)
                filters.append(one)
            changed.append(replace(resource, filters=tuple(filters)))
    return (topology.with_resources(*changed) if changed else topology), found


_REASON = f"it is nested more than {_MOST_LEVELS} levels deep, which no event is"
_SET_ASIDE = Unresolved("a pattern nested too deep", _REASON)


def _is_deep(pattern: object) -> bool:
    """Whether a pattern has more than the most levels; walked level by level, so that its depth costs no stack."""
    level = [pattern]
    for _ in range(_MOST_LEVELS + 1):
        level = [
            inside
            for value in level
            for inside in (value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ())
            if isinstance(inside, Mapping | list)
        ]
        if not level:
            return False
    return True
