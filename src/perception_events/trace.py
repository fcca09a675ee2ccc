"""What happened to each record, step by step: typed events that pipes, buses and queues hand to a sink."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias, TypeVar, overload

from perception_events.json_values import JSONObject, JSONValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from perception_events.patterns import RuleExplanation

__all__ = [
    "DeadLettered",
    "Delivered",
    "DependsOn",
    "Discarded",
    "Enriched",
    "Explanations",
    "FilteredOut",
    "Put",
    "Received",
    "RecordSeen",
    "RecordsTrimmed",
    "Retried",
    "Returned",
    "RuleMatched",
    "RulesNotMatched",
    "Trace",
    "TraceEvent",
    "TraceSink",
]


class Explanations(Sequence["RuleExplanation"]):
    """Why patterns did not match, each by its name (of a rule, or `filter 2`); worked out when first looked at.

    `explain`: gives the explanations. What it looks at must not change before.
    """

    def __init__(self, explain: Callable[[], Iterable[RuleExplanation]]) -> None:
        self._explain = explain
        self._known: tuple[RuleExplanation, ...] | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each field: `rule: field: expected ..., found ...`; the rule is left out where it has no name."""
        return tuple(
            f"{f'{each.rule}: ' if each.rule else ''}{one.path}: expected {one.expected}, found {one.found}"
            for each in self
            for one in each.mismatches
        )

    def to_list(self) -> list[JSONValue]:
        """A JSON object for each field of each rule that is at fault."""
        return [
            {"rule": each.rule, "field": one.path, "expected": one.expected, "found": one.found, "fix": one.fix}
            for each in self
            for one in each.mismatches
        ]

    def _all(self) -> tuple[RuleExplanation, ...]:
        if self._known is None:
            self._known = tuple(self._explain())
        return self._known

    @overload
    def __getitem__(self, index: int) -> RuleExplanation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RuleExplanation, ...]: ...
    def __getitem__(self, index: int | slice) -> RuleExplanation | tuple[RuleExplanation, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == other._all() if isinstance(other, Explanations) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return f"Explanations({list(self.lines)})"


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One step: at which time (seconds since the epoch), and where: the name of the pipe, bus or target."""

    time: float
    where: str

    def to_dict(self) -> JSONObject:
        """A JSON object: the step's name, then its fields."""
        values: JSONObject = {"step": type(self).__name__}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Explanations):
                value = value.to_list()
            values[field.name] = list(value) if isinstance(value, tuple) else value
        return values

    def what(self) -> str:
        """One line for a reader: the fields that are short."""
        shown = ((f.name, getattr(self, f.name)) for f in fields(self)[2:])
        return " ".join(f"{name}={_shown(value)}" for name, value in shown if not isinstance(value, dict))


@dataclass(frozen=True, slots=True)
class RecordSeen(TraceEvent):
    """A pipe read a record of its source."""

    event_id: str
    record: JSONObject


@dataclass(frozen=True, slots=True)
class RecordsTrimmed(TraceEvent):
    """Records after the sequence number `after` expired in the stream before they were read: they are lost.

    `after` is empty where nothing of the shard had been read.
    """

    shard_id: str
    after: str


@dataclass(frozen=True, slots=True)
class FilteredOut(TraceEvent):
    """No filter matched; `explanations` say why: by `filter 1`, `filter 2`, ..., without a name for a single filter."""

    event_id: str
    explanations: Explanations


@dataclass(frozen=True, slots=True)
class Enriched(TraceEvent):
    """The enrichment returned `items` for the records `event_ids`; not repeated while retries bring the same."""

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
class RulesNotMatched(TraceEvent):
    """The enabled rules of the bus that did not match the event: rule, field, expected and found."""

    event_id: str
    explanations: Explanations


@dataclass(frozen=True, slots=True)
class DependsOn(TraceEvent):
    """What happens next is not known: it depends on `expressions`, which stand for values known after deployment.

    `subject`: what cannot be decided, such as `rule orders`, `filter 1`, `target of rule orders`.
    """

    event_id: str
    subject: str
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivered(TraceEvent):
    """A rule's target took the event."""

    event_id: str
    rule: str
    target: str
    event: JSONValue


@dataclass(frozen=True, slots=True)
class Received(TraceEvent):
    """A target received `input`, with the parameters of its kind; `where` is the resource, `kind` what it is."""

    kind: str
    input: JSONValue
    parameters: JSONObject


@dataclass(frozen=True, slots=True)
class Retried(TraceEvent):
    """`count` attempts in a row failed in the same way, from `since` to `time`, and each was followed by another.

    `retry`: the number of the last of these retries. `kind`: whose failure it was. `assumed`: how many of the attempts
    were not made, because those before them had failed in the same way.
    """

    event_ids: tuple[str, ...]
    retry: int
    reason: str
    kind: str
    count: int = 1
    since: float = 0.0
    assumed: int = 0


@dataclass(frozen=True, slots=True)
class Returned(TraceEvent):
    """Messages go back to their queue, where they are visible again after the visibility timeout."""

    event_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class DeadLettered(TraceEvent):
    """Given up; `message` is what the dead-letter target got.

    `seconds`: how long it was tried. `held_up_shard`: whether what came after it in its shard waited so long.
    """

    event_ids: tuple[str, ...]
    condition: str
    reason: str
    message: JSONObject
    seconds: float = 0.0
    held_up_shard: bool = False


@dataclass(frozen=True, slots=True)
class Discarded(TraceEvent):
    """Given up and lost: there is no dead-letter target, or it failed. The others: as of `DeadLettered`."""

    event_ids: tuple[str, ...]
    condition: str
    reason: str
    seconds: float = 0.0
    held_up_shard: bool = False


TraceSink: TypeAlias = Callable[[TraceEvent], object]
"""What is called with every step."""

Event = TypeVar("Event", bound=TraceEvent)


def _shown(value: object) -> str:
    if isinstance(value, Explanations):
        return "; ".join(value.lines)
    if isinstance(value, tuple):
        return f"{len(value)} items" if any(isinstance(v, dict | list) for v in value) else ", ".join(map(str, value))
    return str(value)


class Trace:
    """A sink that keeps steps, in order.

    `limit`: how many steps are kept, the newest; None keeps all. `dropped` counts those that are gone.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.events: deque[TraceEvent] = deque(maxlen=limit)
        self.dropped = 0

    def record(self, event: TraceEvent) -> None:
        """Keep `event`."""
        if len(self.events) == self.events.maxlen:
            self.dropped += 1
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
