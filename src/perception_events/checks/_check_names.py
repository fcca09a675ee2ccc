"""Checks of names: what AWS does not let a thing be called."""

from __future__ import annotations

from collections.abc import Iterator

from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location, target_location
from perception_events.resource_names import name_requirement
from perception_events.topology import Archive, EventBus, Function, Pipe, Resource, Rule, Table

__all__ = ["check_names"]

_KINDS: dict[type[Resource], str] = {
    Table: "table name",
    Pipe: "pipe name",
    EventBus: "bus name",
    Rule: "rule name",
    Archive: "archive name",
    Function: "function name",
}


def check_names(context: Context) -> Iterator[Found]:
    """Every name that AWS rejects; names of what exists already have been taken."""
    for resource in context.topology:
        kind = _KINDS.get(type(resource))
        if kind is None or resource.existing:
            continue
        known = isinstance(resource.name, str) and resource.name and not resource.made_up_name
        words = name_requirement(kind, str(resource.name)) if known else None
        if words is not None:
            reason = f"{resource.name!r} has {len(str(resource.name))} characters; AWS takes {words}"
            yield Found("PE401", Location(resource).of("name"), reason)
        if isinstance(resource, Rule):
            for number, target in enumerate(resource.targets):
                words = name_requirement("target id", target.id)
                if words is not None:
                    reason = f"the target id {target.id!r} has {len(target.id)} characters; AWS takes {words}"
                    yield Found("PE401", target_location(resource, number, target).of("id"), reason)
