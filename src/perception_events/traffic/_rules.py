"""A topology -> the rules that traffic is held against, those of one bus or of all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.patterns import EventPattern
from perception_events.topology import EventBus, Rule, Topology, Unresolved, unresolved_in

__all__ = ["TrafficRule", "UndecidedRule", "rules_of", "single_values"]

MAX_VALUES = 1000
"""Of one rule: of longer lists the values are not counted one by one."""


@dataclass(frozen=True, slots=True)
class TrafficRule:
    """A rule whose pattern is known. `name`: its id in the topology. `pattern`: as JSON text."""

    name: str
    bus: str
    pattern: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class UndecidedRule:
    """A rule of which no event can be decided, and why."""

    name: str
    reason: str


def rules_of(topology: Topology, bus: str | None = None) -> tuple[list[TrafficRule], list[UndecidedRule]]:
    """The rules with a pattern, and those that cannot be decided.

    `bus`: id, ARN or name of the bus whose rules count; None for those of all buses.

    Raises:
        UnknownResourceError: there is no such bus.
    """
    wanted = topology.get(bus, EventBus).id if bus is not None else None
    rules: list[TrafficRule] = []
    undecided: list[UndecidedRule] = []
    for rule in topology.of(Rule):
        if rule.event_pattern is None or (wanted is not None and rule.bus != wanted):
            continue
        unknown = next(unresolved_in(rule.event_pattern), None)
        if unknown is not None:
            undecided.append(UndecidedRule(rule.id, f"its pattern has a value that is not known: {unknown}"))
            continue
        text = json.dumps(rule.event_pattern, ensure_ascii=False)
        try:
            EventPattern.parse(text)
        except (PerceptionEventsError, ValueError) as error:
            undecided.append(UndecidedRule(rule.id, f"its pattern is invalid: {error}"))
            continue
        held_by = "" if isinstance(rule.bus, Unresolved) else rule.bus
        rules.append(TrafficRule(rule.id, held_by, text, rule.state != "DISABLED"))
    return rules, undecided


def single_values(pattern: str) -> list[tuple[str, str, str]]:
    """For each list of several values in `pattern`: (path, one of the values as JSON, the pattern with it alone).

    The branches of `$or` are such values too. An event that a rule matches by a value matches the pattern with it
    alone.
    """
    document = json.loads(pattern)
    found = [
        (path, json.dumps(value, ensure_ascii=False), json.dumps(narrowed, ensure_ascii=False))
        for path, value, narrowed in _narrowed(document, "")
    ]
    return found if len(found) <= MAX_VALUES else []


def _narrowed(node: dict[str, Any], path: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    for name, member in node.items():
        here = f"{path}.{name}" if path else name
        if isinstance(member, dict):
            for inner, value, narrowed in _narrowed(member, here):
                yield inner, value, {**node, name: narrowed}
        elif isinstance(member, list) and len(member) > 1:
            for at, value in enumerate(member):
                if name == "$or" and isinstance(value, dict):
                    # A `$or` needs two branches: what is chosen moves beside it.
                    yield here, value, {**node, name: [value, value]}
                    for inner, deeper, narrowed in _narrowed(value, f"{here}[{at}]"):
                        yield inner, deeper, {**node, name: [narrowed, narrowed]}
                else:
                    yield here, value, {**node, name: [value]}
