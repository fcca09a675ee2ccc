"""A topology as a graph: where events come from, what moves them, and where they end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perception_events.diagrams._graph import Arrow, Box, Graph, Shape
from perception_events.topology import (
    Archive,
    EventBus,
    EventSourceMapping,
    Function,
    Number,
    Pipe,
    Queue,
    Reference,
    Resource,
    Rule,
    Schedule,
    StateMachine,
    Table,
    TableStream,
    Topology,
    Unresolved,
)

__all__ = ["topology_graph"]

_SHAPES: dict[type[Resource], Shape] = {
    EventBus: Shape.BUS,
    EventSourceMapping: Shape.STEP,
    Function: Shape.FUNCTION,
    Pipe: Shape.STEP,
    Rule: Shape.RULE,
    Schedule: Shape.STEP,
    StateMachine: Shape.STEP,
}
"""Everything else stores or takes events."""
_NAMED_BY_SHAPE = (EventBus, Function, Rule)
"""What its shape tells apart needs no line that names its kind."""


def topology_graph(topology: Topology, *, queues: bool = False) -> Graph:
    """Everything in `topology` that events pass through, with the patterns of what chooses among them.

    `queues`: draw dead-letter queues too, with dashed arrows from those who send to them; a queue that is a source or a
    target is always drawn.
    """
    return _Drawing(topology, queues).graph()


class _Drawing:
    """Collects the arrows of one topology, and the boxes at their ends."""

    def __init__(self, topology: Topology, queues: bool) -> None:
        self._topology = topology
        self._queues = queues
        self._boxes: dict[str, Box] = {}

    def graph(self) -> Graph:
        for table in self._topology.of(Table):
            self._box(table.id)
        for bus in self._topology.of(EventBus):
            self._box(bus.id)
        arrows = [*self._flow(), *(self._failures() if self._queues else ())]
        return Graph(tuple(self._boxes.values()), tuple(dict.fromkeys(arrows)), self._topology.name)

    def _flow(self) -> Iterator[Arrow]:
        for resource in self._topology:
            match resource:
                case Pipe():
                    yield from self._pipe(resource)
                case Rule():
                    yield Arrow(self._box(resource.bus), self._box(resource.id))
                    for target in resource.targets:
                        yield Arrow(self._box(resource.id), self._box(target.target))
                case EventSourceMapping():
                    source, function = self._box(resource.source), self._box(resource.function)
                    if resource.filters:  # a box of its own, since it chooses
                        yield Arrow(source, self._box(resource.id))
                        yield Arrow(resource.id, function)
                    else:
                        yield Arrow(source, function, resource=resource.id)
                case Schedule():
                    yield Arrow(self._box(resource.id), self._box(resource.target))
                case Archive():
                    yield Arrow(self._box(resource.bus), self._box(resource.id))

    def _pipe(self, pipe: Pipe) -> Iterator[Arrow]:
        start = self._box(pipe.id)
        yield Arrow(self._box(pipe.source), start)
        if pipe.enrichment is not None:
            # A box for each pipe: one function may serve several, and their events do not mix in it.
            id = f"{pipe.id}.enrichment"
            known = self._topology[pipe.enrichment] if isinstance(pipe.enrichment, str) else None
            name = str(pipe.enrichment) if known is None else _name(known)
            kind = "" if known is None or isinstance(known, Function) else f", {known.kind}"
            self._boxes[id] = Box(id, Shape.STEP, (name, f"enrichment{kind}"), kind="enrichment")
            yield Arrow(start, id)
            start = id
        yield Arrow(start, self._box(pipe.target))

    def _failures(self) -> Iterator[Arrow]:
        for resource in self._topology:
            for link in self._topology.links_from(resource.id):
                if link.field.split(".")[-1] not in ("dead_letter_queue", "on_failure"):
                    continue
                start = resource.id
                if isinstance(resource, EventSourceMapping):
                    start = resource.id if resource.filters else self._box(resource.function)
                elif start not in self._boxes:  # a queue or function that no event reaches
                    continue
                yield Arrow(start, self._box(link.to), failed=True)

    def _box(self, reference: Reference) -> str:
        """The id of the box of what is referred to, which is drawn with the first arrow."""
        if isinstance(reference, Unresolved):
            id = f"?{reference.expression}"
            self._boxes.setdefault(id, Box(id, Shape.UNKNOWN, (reference.expression, "not known"), kind="not known"))
            return id
        resource = self._topology[reference] if reference in self._topology else Resource(reference or "?")
        if isinstance(resource, TableStream) and isinstance(resource.table, str):
            resource = self._topology[resource.table]
        self._boxes.setdefault(resource.id, self._drawn(resource))
        return resource.id

    def _drawn(self, resource: Resource) -> Box:
        lines = [_name(resource)]
        match resource:
            case Table():
                streams = (one for one in self._topology.of(TableStream) if one.table == resource.id)
                lines += [f"stream: {stream.stream_view_type}" for stream in streams]
            case Pipe():
                lines.append(_batches(bool(resource.filters), resource.source_parameters.batch_size))
            case Schedule():
                lines.append(f"schedule, {resource.schedule_expression}")
            case Queue(fifo=True):
                lines.append("FIFO queue")
            case Rule():
                lines += [str(resource.schedule_expression)] if resource.schedule_expression else []
                lines += ["disabled"] if resource.state == "DISABLED" else []
            case _ if not isinstance(resource, _NAMED_BY_SHAPE):
                lines.append(resource.kind)
        if resource.condition is not None:
            lines.append(f"if {resource.condition}")
        patterns = _patterns(resource)
        return Box(
            resource.id,
            _SHAPES.get(type(resource), Shape.STORE),
            tuple(lines),
            details=tuple(_details(patterns)),
            pattern=" or ".join(map(_text, patterns)),
            kind=resource.kind,
        )


def _name(resource: Resource) -> str:
    """Its name; the id where AWS makes the name, or where it is not known."""
    known = isinstance(resource.name, str) and resource.name and not resource.made_up_name
    return str(resource.name) if known else resource.id


def _batches(filtered: bool, size: Number | None) -> str:
    words = "filter" if filtered else "pipe"
    return words if size is None else f"{words}, batches of {size}"


def _patterns(resource: Resource) -> Sequence[Any]:
    """The patterns by which `resource` chooses, one of which must match."""
    match resource:
        case Pipe() | EventSourceMapping():
            return [one.pattern for one in resource.filters]
        case Rule() | Archive() if resource.event_pattern is not None:
            return [resource.event_pattern]
    return []


def _details(patterns: Sequence[Any]) -> Iterator[str]:
    """A line for each field of the patterns: its dotted path and its list."""
    for number, pattern in enumerate(patterns):
        if number:
            yield "or"
        yield from _fields(pattern, "")


def _fields(pattern: Any, path: str) -> Iterator[str]:
    if isinstance(pattern, Mapping) and (pattern or not path):
        for name, inside in pattern.items():
            yield from _fields(inside, f"{path}.{name}" if path else name)
    else:
        yield f"{path}: {_text(pattern)}" if path else _text(pattern)


def _text(pattern: Any) -> str:
    if pattern is None:
        return ""
    if isinstance(pattern, str | Unresolved):
        return str(pattern)
    return json.dumps(pattern, ensure_ascii=False, default=str)
