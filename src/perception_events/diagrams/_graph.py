"""Boxes and arrows, and the column that each box stands in: what both diagrams, Mermaid and SVG, are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """A thing; `lines` are its texts, the first one its name."""

    id: str
    shape: Shape
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another. `label`: a pattern, or nothing. `failed`: only what could not be delivered goes here."""

    start: str
    end: str
    label: str = ""
    failed: bool = False


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

    def columns(self) -> list[list[Box]]:
        """The boxes from left to right: each behind all that lead to it, and each as close to them as it can be.

        Within a column a box stands near the middle of those that lead to it, so that few arrows cross. Arrows that
        close a circle do not count, and those of dead letters only for queues that nothing else leads to. Modules stand
        last.
        """
        forward = _forward(self.boxes, [arrow for arrow in self.arrows if not arrow.failed])
        column = _longest_ways([box.id for box in self.boxes], forward)
        for start in sorted(forward, key=lambda id: column[id], reverse=True):
            column[start] = min(column[end] for end in forward[start]) - 1
        reached = {id for arrow in self.arrows if not arrow.failed for id in (arrow.start, arrow.end)}
        for arrow in self.arrows:
            if arrow.failed and arrow.end not in reached:
                column[arrow.end] = max(column[arrow.end], column[arrow.start] + 1)
        last = max(column.values(), default=0)
        column |= {box.id: last for box in self.boxes if box.shape is Shape.MODULE}
        columns: list[list[Box]] = [[] for _ in range(last + 1)]
        for box in self.boxes:
            columns[column[box.id]].append(box)
        return _untangled([one for one in columns if one], self.arrows)


def _successors(arrows: Iterable[Arrow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for arrow in arrows:
        found.setdefault(arrow.start, []).append(arrow.end)
    return found


def _forward(boxes: Iterable[Box], arrows: Iterable[Arrow]) -> dict[str, list[str]]:
    """The arrows without those that close a circle, as found by a depth-first walk from the first boxes on."""
    successors = _successors(arrows)
    forward: dict[str, list[str]] = {}
    finished: set[str] = set()
    for box in boxes:
        path: dict[str, None] = {}
        waiting = [iter((box.id,))]
        while waiting:
            id = next(waiting[-1], None)
            if id is None:
                waiting.pop()
                if path:
                    finished.add(path.popitem()[0])
                continue
            if id in path:
                continue  # it closes a circle
            if path:
                forward.setdefault(next(reversed(path)), []).append(id)
            if id not in finished:
                path[id] = None
                waiting.append(iter(successors.get(id, ())))
    return forward


def _longest_ways(ids: list[str], forward: Mapping[str, list[str]]) -> dict[str, int]:
    """How many arrows the longest way to each box has."""
    incoming = dict.fromkeys(ids, 0)
    for ends in forward.values():
        for end in ends:
            incoming[end] += 1
    longest = dict.fromkeys(ids, 0)
    ready = [id for id in ids if not incoming[id]]
    while ready:
        start = ready.pop()
        for end in forward.get(start, ()):
            longest[end] = max(longest[end], longest[start] + 1)
            incoming[end] -= 1
            if not incoming[end]:
                ready.append(end)
    return longest


def _untangled(columns: list[list[Box]], arrows: Iterable[Arrow]) -> list[list[Box]]:
    """Each column in the order of the mean place of what leads to its boxes; a box without any keeps its place."""
    predecessors: dict[str, list[str]] = {}
    for arrow in arrows:
        predecessors.setdefault(arrow.end, []).append(arrow.start)
    place: dict[str, float] = {}
    ordered = []
    for boxes in columns:
        means = {}
        for at, box in enumerate(boxes):
            before = [place[id] for id in predecessors.get(box.id, ()) if id in place]
            means[box.id] = sum(before) / len(before) if before else at / len(boxes)
        sorted_boxes = sorted(boxes, key=lambda box: means[box.id])
        place |= {box.id: at / len(boxes) for at, box in enumerate(sorted_boxes)}
        ordered.append(sorted_boxes)
    return ordered
