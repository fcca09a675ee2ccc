"""What happened to each record, step by step: typed events that pipes and buses hand to a sink."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias, TypeVar

from perception_events.json_values import JSONObject, JSONValue

__all__ = [
    "DeadLettered",
    "Delivered",
    "Enriched",
    "FilteredOut",
    "Put",
    "RecordSeen",
    "RecordsTrimmed",
    "Retried",
    "RuleMatched",
    "Trace",
    "TraceEvent",
    "TraceSink",
]


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One step: at which time (seconds since the epoch), and in which pipe or bus."""

    time: float
    where: str

    def to_dict(self) -> JSONObject:
        """A JSON object: the step's name, then its fields."""
        values: JSONObject = {"step": type(self).__name__}
        for field in fields(self):
            value = getattr(self, field.name)
            values[field.name] = list(value) if isinstance(value, tuple) else value
        return values

    def what(self) -> str:
        """One line for a reader: the fields that are short."""
        shown = ((f.name, getattr(self, f.name)) for f in fields(self)[2:])
        return " ".join(f"{name}={_shown(value)}" for name, value in shown if not isinstance(value, dict))


@dataclass(frozen=True, slots=True)
class RecordSeen(TraceEvent):
    """A pipe read a stream record."""

    event_id: str
    record: JSONObject


@dataclass(frozen=True, slots=True)
class RecordsTrimmed(TraceEvent):
    """Records behind the sequence number `after` were older than the stream keeps them before they were read: lost."""

    shard_id: str
    after: str


@dataclass(frozen=True, slots=True)
class FilteredOut(TraceEvent):
    """No filter of the pipe matched; `misses` says why, a line for each field that missed."""

    event_id: str
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enriched(TraceEvent):
    """The enrichment answered with `items` for the records `event_ids`."""

    event_ids: tuple[str, ...]
    items: tuple[JSONValue, ...]


@dataclass(frozen=True, slots=True)
class Put(TraceEvent):
    """An event reached the bus."""

    event: JSONObject


@dataclass(frozen=True, slots=True)
class RuleMatched(TraceEvent):
    """A rule of the bus matched the event."""

    event_id: str
    rule: str


@dataclass(frozen=True, slots=True)
class Delivered(TraceEvent):
    """A target took the event."""

    event_id: str
    rule: str
    target: str
    event: JSONValue


@dataclass(frozen=True, slots=True)
class Retried(TraceEvent):
    """An attempt failed, and the next one, number `retry`, follows; `kind` says whose failure it was."""

    event_ids: tuple[str, ...]
    retry: int
    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class DeadLettered(TraceEvent):
    """Given up; `message` is what the dead-letter queue got, None where there is no queue."""

    event_ids: tuple[str, ...]
    condition: str
    reason: str
    message: JSONObject | None


TraceSink: TypeAlias = Callable[[TraceEvent], object]
"""What is called with every step."""

Event = TypeVar("Event", bound=TraceEvent)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} items" if any(isinstance(v, dict | list) for v in value) else ", ".join(map(str, value))
    return str(value)


class Trace:
    """A sink that keeps every step, in order."""

    def __init__(self) -> None:
        self.events: list[TraceEvent] = []

    def record(self, event: TraceEvent) -> None:
        """Keep `event`."""
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        """The steps of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def to_json_lines(self) -> str:
        """One JSON object a step."""
        return "".join(json.dumps(event.to_dict(), ensure_ascii=False) + "\n" for event in self.events)

    def table(self) -> str:
        """The steps as aligned columns: time since the first one in seconds, step, where, and what."""
        rows = [("seconds", "step", "where", "what")]
        start = self.events[0].time if self.events else 0.0
        rows += [
            (f"{event.time - start:.3f}", type(event).__name__, event.where, event.what()) for event in self.events
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = (
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
        )
        return "\n".join(line.rstrip() for line in lines)

    def __iter__(self) -> Iterator[TraceEvent]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)
