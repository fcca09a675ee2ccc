"""A topology -> the rules of its buses as reviews and diffs see them: parsed patterns, targets, where they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.topology import (
    EventSourceMapping,
    Origin,
    Pipe,
    Resource,
    Rule,
    Topology,
    Unresolved,
    unresolved_in,
)
from perception_events.traffic import UndecidedRule, rules_of

__all__ = ["BusRule", "ReaderFilter", "bus_rules", "reader_filters", "resource_label"]


@dataclass(frozen=True, slots=True)
class BusRule:
    """An enabled rule with a known pattern.

    `name`: its id in the topology. `bus`: the id of its bus, empty where it is not known. `targets`: the ids of what it
    invokes, or the expressions that stand for them.
    """

    name: str
    bus: str
    pattern: EventPattern
    rule: Rule

    @property
    def targets(self) -> tuple[str, ...]:
        """What the rule invokes, each once."""
        return tuple(dict.fromkeys(str(target.target) for target in self.rule.targets))

    @property
    def origin(self) -> Origin | None:
        """Where the pattern was written."""
        return self.rule.origin.of("event_pattern") if self.rule.origin is not None else None


@dataclass(frozen=True, slots=True)
class ReaderFilter:
    """A filter of a pipe or an event source mapping, with a known pattern. `name`: `reader.filters[0]`."""

    name: str
    reader: Pipe | EventSourceMapping
    pattern: EventPattern
    origin: Origin | None


def bus_rules(topology: Topology, bus: str | None = None) -> tuple[list[BusRule], list[UndecidedRule]]:
    """The enabled rules whose patterns are known, and those of which nothing can be said.

    Args:
        topology: what the rules are part of.
        bus: id, ARN or name of the bus whose rules count; None for those of all buses.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    known, undecided = rules_of(topology, bus)
    rules = []
    for one in known:
        rule = topology[one.name]
        if one.enabled and isinstance(rule, Rule):
            rules.append(BusRule(one.name, one.bus, EventPattern.parse(one.pattern), rule))
    return rules, undecided


def reader_filters(
    readers: Iterable[Pipe | EventSourceMapping],
) -> tuple[list[ReaderFilter], list[UndecidedRule]]:
    """The filters whose patterns are known, and those of which nothing can be said."""
    filters: list[ReaderFilter] = []
    undecided: list[UndecidedRule] = []
    for reader in readers:
        dialect = Dialect.PIPE if isinstance(reader, Pipe) else Dialect.EVENT_SOURCE_MAPPING
        for number, one in enumerate(reader.filters):
            name = f"{reader.id}.filters[{number}]"
            unknown = next(unresolved_in(one.pattern), None)
            if unknown is not None:
                undecided.append(UndecidedRule(name, f"its pattern has a value that is not known: {unknown}"))
                continue
            try:
                pattern = EventPattern.parse(one.pattern, dialect=dialect)  # type: ignore[arg-type]
            except (InvalidEventPatternError, TypeError) as error:
                undecided.append(UndecidedRule(name, f"its pattern is invalid: {error}"))
                continue
            filters.append(ReaderFilter(name, reader, pattern, one.origin or reader.origin))
    return filters, undecided


def resource_label(topology: Topology, reference: str | Unresolved | None) -> str:
    """A resource by kind and name, as it is called in every version: ids and files may change, a name is its identity.

    A name that AWS will make up is no identity, so the id takes its place there.
    """
    if reference is None or reference == "":
        return "nothing"
    if isinstance(reference, Unresolved):
        return str(reference)
    resource = topology[reference]
    return f"{resource.kind} {_name(resource)}"


def _name(resource: Resource) -> str:
    if resource.made_up_name or not resource.name:
        return resource.id
    return str(resource.name)
