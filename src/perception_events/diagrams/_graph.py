"""Boxes and arrows: what every diagram is drawn from, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["Arrow", "Box", "Graph", "Shape"]


class Shape(StrEnum):
    """What kind of thing a box is."""

    STORE = "store"
    STEP = "step"
    BUS = "bus"
    RULE = "rule"
    FUNCTION = "function"
    JOIN = "join"
    MODULE = "module"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Box:
    """A thing; `lines` are its texts, the first one its name.

    `id`: unique in the graph, and the resource's id where the box is one. `details`: the fields of its patterns, one a
    line, such as `detail.status: ["open"]`. `pattern`: the whole patterns as JSON, for whoever asks for them.
    `kind`: what it is, in AWS's words, for filters and for screen readers.
    """

    id: str
    shape: Shape
    lines: tuple[str, ...]
    details: tuple[str, ...] = ()
    pattern: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another.

    `failed`: only what could not be delivered goes here. `resource`: the id of the resource that the arrow itself is,
    such as an event source mapping; empty for a step within a resource.
    """

    start: str
    end: str
    failed: bool = False
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes and arrows, in the order in which they were drawn; `title` says of what."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    title: str = ""

    def with_parts(self, boxes: Iterable[Box] = (), arrows: Iterable[Arrow] = ()) -> Graph:
        """This graph with more boxes and arrows; what is there twice is drawn once."""
        return replace(
            self,
            boxes=tuple({box.id: box for box in (*self.boxes, *boxes)}.values()),
            arrows=tuple(dict.fromkeys((*self.arrows, *arrows))),
        )

    def with_note(self, id: str, note: str) -> Graph:
        """This graph with one more line in the box `id`."""
        return replace(
            self,
            boxes=tuple(replace(box, lines=(*box.lines, note)) if box.id == id else box for box in self.boxes),
        )
