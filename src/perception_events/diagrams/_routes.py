"""The way of each arrow: out of its box, through the passages of the layers between, into the box where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from perception_events.diagrams._blocks import Block
from perception_events.diagrams._boxes import PlacedBox
from perception_events.diagrams._graph import Arrow

__all__ = ["Column", "Point", "Route", "routes_of"]

Point = tuple[float, float]
_STUB = 10.0
"""How far an arrow that goes around something keeps away from it."""
_TRACK = 5.0
"""Between arrows that go around together."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a layer begins and ends, from the left."""

    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Route:
    """The points of an arrow. Between points of one height or one side it is straight, and bent between others."""

    arrow: Arrow
    points: tuple[Point, ...]

    def moved(self, dx: float, dy: float) -> Route:
        """The same way elsewhere."""
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))


def routes_of(
    arrows: Sequence[Arrow],
    *,
    boxes: Mapping[str, PlacedBox],
    blocks: Mapping[str, Block],
    columns: Sequence[Column],
    layer: Mapping[str, int],
    passages: Mapping[tuple[str, str], Sequence[float]],
    lane: frozenset[str],
    size: tuple[float, float],
) -> tuple[tuple[Route, ...], float, float, float]:
    """The routes, and the left, right and lower edge of the picture with them.

    `blocks`: the block that each box stands in. `passages`: the heights at which an edge passes each layer between.
    `lane`: the dead-letter queues below everything. `size`: the picture without its arrows.
    """
    right, bottom = size
    left = 0.0
    routes: list[Route] = []
    tracks: dict[str, float] = {}
    for arrow in arrows:
        start, end = boxes[arrow.start], boxes[arrow.end]
        from_block, to_block = blocks[arrow.start], blocks[arrow.end]
        entry_height = end.y + to_block.height / 2 if to_block.id == arrow.end else end.middle
        if from_block is to_block and (from_block.id == arrow.start or arrow.end != to_block.id):
            if from_block.id != arrow.start:  # a rule and its target; a bus's rules stand in it and need no arrow
                points: list[Point] = [(start.right, start.middle), (end.x, end.middle)]
                routes.append(Route(arrow, tuple(points)))
            continue
        first = layer.get(from_block.id)
        column = columns[first] if first is not None else Column(start.x, start.right)
        points = _way_out(start, from_block, boxes[from_block.id], column)
        if to_block.id in lane and first is not None:
            x = column.right + _STUB / 2
            track = end.y - _STUB
            points += [(x, points[-1][1]), (x, track), (end.x + end.width / 2, track), (end.x + end.width / 2, end.y)]
        elif first is not None and to_block.id in layer and first < layer[to_block.id]:
            for number, height in enumerate(passages[from_block.id, to_block.id], start=first + 1):
                points += [(columns[number].left, height), (columns[number].right, height)]
            points += [(columns[layer[to_block.id]].left, entry_height), (end.x, entry_height)]
        else:
            track = tracks.setdefault(arrow.end, bottom + _STUB + _TRACK * len(tracks))
            entry = columns[layer[to_block.id]].left if to_block.id in layer else end.x
            x = column.right + _STUB
            points += [(x, points[-1][1]), (x, track), (entry - _STUB, track), (entry - _STUB, entry_height)]
            points.append((end.x, entry_height))
            left, right = min(left, entry - _STUB), max(right, x)
        routes.append(Route(arrow, tuple(_without_repetition(points))))
    return tuple(routes), left, right, max([bottom, *(track + _TRACK for track in tracks.values())])


def _way_out(start: PlacedBox, block: Block, header: PlacedBox, column: Column) -> list[Point]:
    """From the right side of a box to the edge of its layer; in a frame through the gap below its row."""
    points: list[Point] = [(start.right, start.middle)]
    height = start.middle
    if block.exits is not None and start.box.id != block.id:
        below, free = block.exits[start.box.id]
        if not free:
            height = header.y + below
            points += [(start.right + _STUB / 2, start.middle), (start.right + _STUB / 2, height)]
    points.append((column.right, height))
    return points


def _without_repetition(points: Sequence[Point]) -> list[Point]:
    return [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
