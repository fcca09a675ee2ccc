"""What became of an input, as the page draws it: steps and the boxes that they light up, verdicts, targets' inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from perception_events.json_values import JSONObject, JSONValue
from perception_events.simulation import RuleVerdict, Simulation, SimulationResult
from perception_events.topology import EventBus, EventSourceMapping, Pipe, Reference, Resource, TableStream
from perception_events.trace import (
    DeadLettered,
    DependsOn,
    Discarded,
    Enriched,
    FilteredOut,
    Put,
    Received,
    RecordSeen,
    Retried,
    RuleMatched,
    RulesNotMatched,
    TraceEvent,
)

__all__ = ["described", "shortened"]

SHOWN = 20_000
"""Characters, about, of a value that the page gets; the rest of a large event is cut there."""
LONGEST_TEXT = 2_000


def described(simulation: Simulation, result: SimulationResult) -> JSONObject:
    """A JSON object of the result, with the ids of resources in place of names."""
    describe = _Description(simulation)
    return {
        "steps": list(describe.steps(result.trace)),
        "rules": [describe.rule(verdict) for verdict in result.rules],
        "filters": [
            {"resource": describe.id(where, Pipe, EventSourceMapping), "mismatches": why.to_list()}
            for where, why in result.filtered_out
        ],
        "events": [shortened(event) for event in result.events],
        "received": [
            {
                "resource": one.resource,
                "kind": one.kind,
                "input": shortened(one.input),
                "parameters": shortened(one.parameters),
            }
            for one in result.received
        ],
        "failures": list(result.failures),
        "response": shortened(result.response),
    }


def shortened(value: Any, budget: int = SHOWN) -> JSONValue:
    """`value` with what exceeds the budget left out, and said so; the cost is bounded by the budget."""
    shown, _ = _cut(value, budget)
    return shown


def _cut(value: Any, budget: int) -> tuple[JSONValue, int]:
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            value = f"{value[:LONGEST_TEXT]}... ({len(value)} characters)"
        return value, budget - len(value) - 2
    if isinstance(value, dict):
        object_shown: JSONObject = {}
        for number, (name, inside) in enumerate(value.items()):
            if budget <= 0:
                object_shown["..."] = f"{len(value) - number} more fields"
                break
            object_shown[name], budget = _cut(inside, budget - len(name) - 4)
        return object_shown, budget
    if isinstance(value, list | tuple):
        list_shown: list[JSONValue] = []
        for number, inside in enumerate(value):
            if budget <= 0:
                list_shown.append(f"... {len(value) - number} more elements")
                break
            one, budget = _cut(inside, budget - 2)
            list_shown.append(one)
        return list_shown, budget
    return value, budget - 5


class _Description:
    """Says what steps mean for the boxes of the picture."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._topology = simulation.topology
        self._ids_of: dict[tuple[str, tuple[type[Resource], ...]], str] = {}

    def id(self, name: str, *kinds: type[Resource]) -> str:
        """The id of the resource that a step calls by its name."""
        known = self._ids_of.get((name, kinds))
        if known is None:
            found = self._simulation.resource(name, *kinds) or self._topology.find(name)
            known = self._ids_of[name, kinds] = name if found is None else found.id
        return known

    def rule(self, verdict: RuleVerdict) -> JSONObject:
        rule = self._simulation.rule(verdict.bus, verdict.rule)
        return {**verdict.to_dict(), "id": rule.id, "name": self.name(rule.id)}

    def name(self, id: str) -> str:
        """What people call the resource: its name, or the id where AWS makes the name."""
        resource = self._topology.find(id)
        if resource is None or resource.made_up_name or not isinstance(resource.name, str) or not resource.name:
            return id
        return resource.name

    def steps(self, trace: Iterable[TraceEvent]) -> Iterator[JSONObject]:
        for step in trace:
            for ids, state, text in self._said(step):
                lit: list[JSONValue] = list(dict.fromkeys(ids))
                yield {"step": type(step).__name__, "ids": lit, "state": state, "text": text}

    def _said(self, step: TraceEvent) -> Iterator[tuple[list[str], str, str]]:
        """The boxes that a step lights up, their state, and what it says."""
        match step:
            case RecordSeen():
                reader = self._simulation.resource(step.where, Pipe, EventSourceMapping)
                source = self._ids(reader.source) if isinstance(reader, Pipe | EventSourceMapping) else []
                id = self._reader(step.where)
                yield [*source, id], "passed", f"{self.name(id)} reads the record {step.event_id}"
            case FilteredOut():
                id = self._reader(step.where)
                yield [id], "missed", f"{self.name(id)} filters the record out"
            case Enriched():
                items = len(step.items)
                id = self._reader(step.where)
                words = f"{self.name(id)}: the enrichment returns {items} item{'' if items == 1 else 's'}"
                yield [f"{id}.enrichment"], "passed", words
            case Put():
                event = step.event
                id = self.id(step.where, EventBus)
                words = f"the event {event.get('source')} / {event.get('detail-type')} reaches {self.name(id)}"
                yield [id], "passed", words
            case RuleMatched():
                id = self._rule(step.where, step.rule)
                yield [id], "passed", f"the rule {self.name(id)} matches"
            case RulesNotMatched():
                missed = [self._rule(step.where, each.rule) for each in step.explanations]
                if missed:
                    count = "1 rule does" if len(missed) == 1 else f"{len(missed)} rules do"
                    yield missed, "missed", f"{count} not match on {step.where}"
            case DependsOn():
                ids = [self.id(step.where, Pipe, EventSourceMapping, EventBus)]
                if step.subject.startswith("rule "):
                    ids = [self._rule(step.where, step.subject.removeprefix("rule "))]
                yield ids, "depends", f"{step.subject} depends on {', '.join(step.expressions)}"
            case Received():
                yield [step.where], "passed", f"the {step.kind} {self.name(step.where)} receives it"
            case Retried():
                times = "once more" if step.count == 1 else f"{step.count} times more"
                yield [self.id(step.where)], "failed", f"{step.where} is tried {times}: {step.reason}"
            case DeadLettered():
                words = f"{step.where} gives up, and sends it to the dead-letter queue: {step.reason}"
                yield [self.id(step.where)], "failed", words
            case Discarded():
                yield [self.id(step.where)], "failed", f"{step.where} gives up, and it is lost: {step.reason}"

    def _reader(self, name: str) -> str:
        return self.id(name, Pipe, EventSourceMapping)

    def _ids(self, reference: Reference) -> list[str]:
        """The box of a source: of a table's stream, the table's."""
        if not isinstance(reference, str):
            return []
        resource = self._topology[reference]
        return [resource.table if isinstance(resource, TableStream) and isinstance(resource.table, str) else reference]

    def _rule(self, bus: str, name: str) -> str:
        try:
            return self._simulation.rule(bus, name).id
        except KeyError:
            return name
