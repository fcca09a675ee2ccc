"""From a text in the editor to what the simulation takes: its form, and where it goes in."""

from __future__ import annotations

import json
from typing import Any

from perception_events.errors import PerceptionEventsError
from perception_events.json_values import JSONObject
from perception_events.records import json_record
from perception_events.simulation import InputForm, Simulation, SimulationResult, input_form
from perception_events.sources import source_of
from perception_events.topology import Rule, Topology

__all__ = ["InvalidInputError", "put", "read_input", "sources_and_buses"]


class InvalidInputError(PerceptionEventsError, ValueError):
    """A text that is not an input. `line`, `column`: where it is not JSON, from 1; None where it is JSON."""

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        self.reason = reason
        self.line = line
        self.column = column
        super().__init__(reason)


def read_input(text: str) -> JSONObject:
    """One event, record, message or entry; of a Lambda event, a `get_records` response or a list the first one.

    Raises:
        InvalidInputError: it is not JSON, or none of these.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"not JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise InvalidInputError("it is nested too deep to be read") from None
    if isinstance(value, dict) and input_form(value) is None:
        value = next((value[key] for key in ("Records", "Entries", "Messages") if value.get(key)), value)
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict) or input_form(value) is None:
        raise InvalidInputError(
            "not an event (source, detail-type, detail), a stream record (dynamodb), a Kinesis record, a queue message "
            "(messageId, body) or an entry of PutEvents (Source, DetailType, Detail)"
        )
    return value


def sources_and_buses(topology: Topology) -> list[str]:
    """The ids of what something can be put into: sources that somebody reads, and buses with rules."""
    read = {link.to for resource in topology for link in topology.links_from(resource.id) if link.field == "source"}
    buses = {rule.bus for rule in topology.of(Rule)}
    return [
        resource.id
        for resource in topology
        if (resource.id in read and source_of(resource) is not None) or resource.id in buses
    ]


def put(simulation: Simulation, value: JSONObject, to: str | None) -> SimulationResult:
    """Put an input in where it belongs.

    `to`: the id of a source or bus; without it, where the input says, else every bus that has rules, or the one source
    of its kind.

    Raises:
        PerceptionEventsError: it does not fit there, or there is no such place.
    """
    form = input_form(value)
    if form is InputForm.ENTRY:
        return simulation.put_events([value])
    if form is InputForm.EVENT:
        buses: list[str | None] = [*simulation.event_buses]
        results = [simulation.put_event(value, bus) for bus in ([to] if to else buses or [None])]
        return SimulationResult(tuple(step for result in results for step in result.trace))
    record: Any = json_record(value) if form is InputForm.STREAM_RECORD else value
    return simulation.put_record(record, to)
