"""Checks of events given beside a topology: entries that PutEvents rejects, events that no rule takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perception_events.buses import EventBus as InMemoryBus
from perception_events.buses import EventBusError, Rule, RuleTarget
from perception_events.checks._context import Context
from perception_events.checks._findings import Found
from perception_events.checks._location import Location
from perception_events.checks._pattern_leaves import Leaf, pattern_leaves
from perception_events.clock import ManualClock
from perception_events.errors import InputError
from perception_events.json_values import JSONObject, compact_json
from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.topology import EventBus, Origin, Resource, unresolved_in
from perception_events.topology import Rule as DeclaredRule

__all__ = ["InvalidSampleError", "SampleEvent", "check_events", "sample_events"]

_NOW = 1_752_538_268.0


class InvalidSampleError(InputError, ValueError):
    """A file of sample events that holds none; the message says what it may hold."""


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """An entry of PutEvents, or an event as rules see it, and where it was written."""

    content: Mapping[str, Any]
    origin: Origin


def sample_events(text: str, file: str) -> list[SampleEvent]:
    """The events in a file: `{"Entries": [...]}`, a list of entries or events, or one of them.

    Raises:
        InvalidSampleError: it is not JSON, or holds something else.
    """
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSampleError(f"{file}: not JSON: {error}") from None
    path, start = "", 0
    if isinstance(read, dict) and isinstance(read.get("Entries"), list):
        path, start, read = "Entries", text.index('"Entries"'), read["Entries"]
    if not isinstance(read, list):
        read = [read]
        lines = [1]
    else:
        lines = _lines(text, text.index("[", start))
    if not read or not all(isinstance(one, dict) for one in read):
        raise InvalidSampleError(f'{file}: no events; give {{"Entries": [...]}}, entries or events as JSON objects')
    several = path or len(read) > 1
    return [
        SampleEvent(one, Origin(file, line, f"{path}[{at}]" if several else "event"))
        for at, (one, line) in enumerate(zip(read, lines, strict=True))
    ]


def _lines(text: str, start: int) -> list[int]:
    """The line of each element of the list that begins at `start`."""
    decoder = json.JSONDecoder()
    found: list[int] = []
    position = start + 1
    while True:
        while text[position] in " \t\r\n,":
            position += 1
        if text[position] == "]":
            return found
        found.append(text.count("\n", 0, position) + 1)
        _, position = decoder.raw_decode(text, position)


def check_events(context: Context, events: Sequence[SampleEvent]) -> Iterator[Found]:
    """Say of each event whether PutEvents rejects it, and whether any rule of its bus takes it."""
    for sample in events:
        location = Location(Resource(sample.origin.path, origin=sample.origin))
        content = sample.content
        if "detail-type" in content and isinstance(content.get("detail"), Mapping):
            yield from _taken(context, dict(content), None, location)
            continue
        event, reason = _put(content)
        if event is None:
            yield Found("PE501", location, reason)
        else:
            yield from _taken(context, event, content.get("EventBusName"), location)


class _Taker:
    """Keeps what it is invoked with."""

    def __init__(self) -> None:
        self.event: JSONObject | None = None

    def invoke(self, event: Any) -> None:
        """Take one event."""
        self.event = event


def _put(entry: Mapping[str, Any]) -> tuple[JSONObject | None, str]:
    """The event that an entry becomes, or None and why it is rejected."""
    taker = _Taker()
    bus = InMemoryBus("default", clock=ManualClock(_NOW), new_id=lambda: "1")
    bus.put_rule(Rule("all", {"version": ["0"]}, [RuleTarget("taker", taker)]))
    named = {name: value for name, value in entry.items() if name != "EventBusName"}
    try:
        result = bus.put_events([named])["Entries"][0]
    except EventBusError as error:
        return None, str(error).rstrip(".")
    if "ErrorCode" in result:
        return None, f"{result['ErrorCode']}: {result['ErrorMessage']}".rstrip(".")
    return taker.event, ""


def _taken(context: Context, event: JSONObject, bus_name: object, location: Location) -> Iterator[Found]:
    name = bus_name if isinstance(bus_name, str) and bus_name else "default"
    bus = context.topology.find(name, EventBus)
    rules = [
        rule
        for rule in (context.rules_of(bus.id) if bus is not None else _unplaced(context))
        if rule.event_pattern is not None and rule.state != "DISABLED"
    ]
    if bus is None and not rules:
        yield Found("PE502", location, f"no event bus {name!r} is in what was read", "name a bus that is")
        return
    nearest: tuple[int, str] | None = None
    for rule in rules:
        pattern = rule.event_pattern
        if not isinstance(pattern, Mapping) or any(unresolved_in(pattern)):
            return
        try:
            if EventPattern.parse(pattern).matches(event):
                return
        except InvalidEventPatternError:
            continue
        missed = [leaf for leaf in pattern_leaves(pattern) if not _passes(leaf, event)]
        if missed and (nearest is None or len(missed) < nearest[0]):
            nearest = (len(missed), _mismatch(rule, missed[0], event))
    where = f"no rule on {name} takes it"
    yield Found("PE502", location, f"{where}; {nearest[1]}" if nearest else where)


def _unplaced(context: Context) -> tuple[DeclaredRule, ...]:
    """The rules of which it is not known on which bus they stand."""
    return tuple(r for r in context.topology.of(DeclaredRule) if not isinstance(r.bus, str) or not r.bus)


def _passes(leaf: Leaf, event: JSONObject) -> bool:
    pattern: Any = list(leaf.values)
    for step in reversed(leaf.path):
        pattern = {step: pattern}
    return EventPattern.parse(pattern).matches(event)


def _mismatch(rule: DeclaredRule, leaf: Leaf, event: JSONObject) -> str:
    found: Any = event
    for step in leaf.path:
        found = found.get(step) if isinstance(found, dict) else None
    try:
        shown = "nothing" if found is None else compact_json(found)[:80]
    except RecursionError:
        shown = "a value of very many levels"
    return f"rule {rule.id} comes nearest: `{leaf.text}` is {shown}, expected {compact_json(list(leaf.values))[:120]}"
