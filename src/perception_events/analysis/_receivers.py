"""A topology -> who receives what of which bus, stream or queue, in a form in which two versions can be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from perception_events.analysis._bus_rules import resource_label
from perception_events.errors import PerceptionEventsError
from perception_events.input_transforms import PipeInputTemplate
from perception_events.json_values import JSONObject
from perception_events.patterns import Dialect, EventPattern, InvalidEventPatternError
from perception_events.patterns.analysis import satisfiable_on_a_bus
from perception_events.topology import (
    Archive,
    EventSourceMapping,
    Pipe,
    Reference,
    Rule,
    TableStream,
    Topology,
    unresolved_in,
)
from perception_events.traffic import deliveries_of, received_input

__all__ = ["Reception", "receptions"]

EVERYTHING = EventPattern.parse({"$or": [{"eventID": [{"exists": True}]}, {"eventID": [{"exists": False}]}]})
"""What a reader without filters takes, as a pattern."""


@dataclass(frozen=True, slots=True)
class Reception:
    """A receiver takes what one pattern matches.

    `receiver`, `source`: by kind and name. `holder`: the rule, reader or archive that holds the pattern, by id.
    `pattern`: None where it is not known or not valid; `reason` says why. `text`: the pattern as it was written, with
    expressions for what is not known. `form`: how the input is made, as JSON: receptions of one receiver with equal
    forms receive the same for each event. `received`: what is received for an event, as text.
    """

    receiver: str
    source: str
    holder: str
    pattern: EventPattern | None
    text: str
    form: str
    received: Callable[[JSONObject], str] = field(compare=False)
    reason: str = ""


def receptions(topology: Topology) -> Iterator[Reception]:
    """What each receiver takes: targets of rules, archives, targets of pipes, functions of event source mappings."""
    deliveries, _, _ = deliveries_of(topology, None)
    for rule in topology.of(Rule):
        if rule.event_pattern is None or rule.state == "DISABLED":
            continue
        source = resource_label(topology, rule.bus)
        pattern, text, reason = _pattern(rule.event_pattern, Dialect.EVENT_BUS)
        if pattern is not None and satisfiable_on_a_bus(pattern).verdict is False:
            continue  # no event of a bus matches it
        if reason:
            for target in rule.targets:
                receiver = resource_label(topology, target.target)
                yield Reception(receiver, source, rule.id, None, text, "", _unknown, reason)
        for delivery in deliveries.get(rule.id, ()):
            form = delivery.form + delivery.rule_name + delivery.rule_arn
            received = partial(received_input, delivery)
            yield Reception(delivery.target, source, rule.id, pattern, text, form, received)
    for archive in topology.of(Archive):
        source = resource_label(topology, archive.bus)
        pattern, text, reason = _pattern(archive.event_pattern, Dialect.EVENT_BUS)
        receiver = resource_label(topology, archive.id)
        yield Reception(receiver, source, archive.id, pattern, text, "", _as_it_is, reason)
    readers: list[Pipe | EventSourceMapping] = [*topology.of(Pipe), *topology.of(EventSourceMapping)]
    for reader in readers:
        yield from _of_reader(topology, reader)


def _of_reader(topology: Topology, reader: Pipe | EventSourceMapping) -> Iterator[Reception]:
    if (reader.desired_state == "STOPPED") if isinstance(reader, Pipe) else (reader.enabled is False):
        return
    source = _source_label(topology, reader.source)
    if isinstance(reader, Pipe):
        receiver, form, dialect = resource_label(topology, reader.target), _pipe_form(topology, reader), Dialect.PIPE
    else:
        receiver, form, dialect = resource_label(topology, reader.function), "", Dialect.EVENT_SOURCE_MAPPING
    received = partial(_received_by_pipe, form) if form else _as_it_is
    if not reader.filters:
        yield Reception(receiver, source, reader.id, EVERYTHING, "", form, received)
        return
    # A record passes once, by whichever filter: the filters are one pattern.
    read = [_pattern(one.pattern, dialect) for one in reader.filters]
    text = "\n".join(sorted(text for _, text, _ in read))
    reason = next((reason for _, _, reason in read if reason), "")
    patterns = [json.loads(str(pattern)) for pattern, _, _ in read if pattern is not None]
    joined = None if reason else EventPattern.parse(patterns[0] if len(patterns) == 1 else {"$or": patterns})
    yield Reception(receiver, source, reader.id, joined, text, form, received, reason)


def _pattern(written: object, dialect: Dialect) -> tuple[EventPattern | None, str, str]:
    """The pattern, its text, and why it is not known where it is not."""
    text = json.dumps(written, sort_keys=True, ensure_ascii=False, default=_expression)
    if written is None:
        return EVERYTHING, "", ""
    unknown = next(unresolved_in(written), None)
    if unknown is not None:
        return None, text, f"its pattern has a value that is not known: {unknown}"
    try:
        pattern = EventPattern.parse(written, dialect=dialect)  # type: ignore[arg-type]
    except (InvalidEventPatternError, TypeError) as error:
        return None, text, f"its pattern is invalid: {error}"
    return pattern, str(pattern), ""


def _expression(value: object) -> Any:
    """What JSON has no form for: an unknown value, and mappings that are no dicts."""
    return dict(value) if isinstance(value, Mapping) else {"unknown": str(value)}


def _source_label(topology: Topology, reference: Reference) -> str:
    source = topology.find(reference) if isinstance(reference, str) and reference else None
    if isinstance(source, TableStream) and source.table:
        return f"{source.kind} of {resource_label(topology, source.table)}"
    return resource_label(topology, reference)


def _pipe_form(topology: Topology, pipe: Pipe) -> str:
    parts = {
        "enrichment": None if pipe.enrichment is None else resource_label(topology, pipe.enrichment),
        "enrichment_input": pipe.enrichment_input_template or None,
        "target_input": pipe.target_input_template or None,
        "target_parameters": pipe.target_parameters or None,
    }
    known = {name: part for name, part in parts.items() if part is not None}
    return json.dumps(known, sort_keys=True, ensure_ascii=False, default=_expression)


def _as_it_is(event: JSONObject) -> str:
    return json.dumps(event, sort_keys=True, ensure_ascii=False)


def _unknown(event: JSONObject) -> str:
    return "! not known"


def _received_by_pipe(form: str, record: JSONObject) -> str:
    """What the target of a pipe receives for a record: with an enrichment, what the enrichment receives."""
    read = json.loads(form)
    template = read.get("enrichment_input" if "enrichment" in read else "target_input")
    value: Any = record
    try:
        if isinstance(template, dict):
            value = f"! not known: {template['unknown']}"
        elif template is not None:
            value = PipeInputTemplate.parse(template).render_json(record)
    except PerceptionEventsError as error:
        value = f"! not delivered: {error}"
    shown = {name: read[name] for name in ("enrichment", "target_parameters") if name in read}
    if "enrichment" in read and "target_input" in read:
        shown["target_input"] = read["target_input"]
    return json.dumps({**shown, "receives": value} if shown else value, sort_keys=True, ensure_ascii=False)
