"""What a layout moves as one: a single box, or the frame of a bus with its rules and the targets that only they have.

A bus with 300 rules would be a column of 300 boxes, and a fan of as many arrows. A frame has no arrow from the bus to
its rules, since they stand in it, and its rows stand beside each other in as many columns as suit its proportions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from perception_events.diagrams._boxes import PlacedBox, measured
from perception_events.diagrams._graph import Box, Graph, Shape

__all__ = ["GAP", "Block", "blocks_of"]

GAP = 14.0
"""Between boxes; arrows that leave a frame run in it."""
STEP = 26.0
"""Between a rule and its targets: room for an arrow."""
PROPORTION = 1.7
"""Width to height that a frame is to have: about a screen's."""
MINIMUM_HEIGHT = 420.0
"""A frame that is not higher has one column."""


@dataclass(frozen=True, slots=True)
class Block:
    """A box, or a frame and what stands in it; places are relative to the block's corner.

    `header`: the box, or the title of the frame. `members`: what stands in the frame. `exits`: the height at which the
    arrows of a member leave the frame, and whether the way there is free at the member's own height.
    """

    header: PlacedBox
    width: float
    height: float
    members: tuple[PlacedBox, ...] = ()
    exits: Mapping[str, tuple[float, bool]] | None = None

    @property
    def id(self) -> str:
        return self.header.box.id

    @property
    def framed(self) -> bool:
        return bool(self.members)


def blocks_of(graph: Graph) -> list[Block]:
    """The blocks of a graph, in the order of its boxes."""
    boxes = {box.id: box for box in graph.boxes}
    into: Counter[str] = Counter(arrow.end for arrow in set(graph.arrows))
    successors: dict[str, list[str]] = {}
    for arrow in graph.arrows:
        if not arrow.failed:
            successors.setdefault(arrow.start, []).append(arrow.end)
    frames: dict[str, list[str]] = {}
    for start, ends in successors.items():
        members = [end for end in ends if into[end] == 1 and end != start]
        if any(boxes[end].shape is Shape.RULE for end in members):
            frames[start] = [end for end in members if boxes[end].shape in (Shape.RULE, Shape.STORE)]
    rows = {frame: [_row(rule, successors, into, boxes, frames) for rule in rules] for frame, rules in frames.items()}
    inside = {id for each in rows.values() for row in each for id in row}
    return [
        _frame(box, rows[box.id], boxes) if box.id in rows else _single(box)
        for box in graph.boxes
        if box.id not in inside or box.id in rows
    ]


def _row(
    rule: str,
    successors: Mapping[str, list[str]],
    into: Counter[str],
    boxes: Mapping[str, Box],
    frames: Mapping[str, list[str]],
) -> list[str]:
    """A rule, and the targets that nothing else leads to."""
    if boxes[rule].shape is not Shape.RULE:
        return [rule]
    return [rule, *(end for end in successors.get(rule, ()) if into[end] == 1 and end not in frames)]


def _single(box: Box) -> Block:
    header = measured(box)
    return Block(header, header.width, header.height)


def _frame(box: Box, rows: Sequence[Sequence[str]], boxes: Mapping[str, Box]) -> Block:
    header = measured(box)
    sized = [[measured(boxes[id]) for id in row] for row in rows]
    heights = [max(row[0].height, _stacked(row[1:])) for row in sized]
    columns = _columns(sized, heights)
    height_of = {
        number: max(heights[index] for index in range(number, len(sized), columns.height))
        for number in range(columns.height)
    }
    members: list[PlacedBox] = []
    exits: dict[str, tuple[float, bool]] = {}
    x = GAP
    top = header.height + GAP
    for column in range(columns.width):
        indexes = range(column * columns.height, min((column + 1) * columns.height, len(sized)))
        rule_width = max(sized[index][0].width for index in indexes)
        target_width = max((box.width for index in indexes for box in sized[index][1:]), default=0.0)
        last = column == columns.width - 1
        y = top
        for row, index in enumerate(indexes):
            first, *targets = sized[index]
            height = height_of[row]
            below = y + height + GAP / 2
            members.append(_sized(first, rule_width).at(x, y + (height - first.height) / 2))
            exits[first.box.id] = (below, last and not targets)
            at = y + (height - _stacked(targets)) / 2
            for target in targets:
                members.append(_sized(target, target_width).at(x + rule_width + STEP, at))
                exits[target.box.id] = (below, last)
                at += target.height + GAP / 2
            y += height + GAP
        x += rule_width + (STEP + target_width if target_width else 0.0) + 2 * GAP
    width = max(x - GAP, header.width)
    return Block(
        _sized(header, width), width, top + sum(height_of.values()) + GAP * len(height_of), tuple(members), exits
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    width: int
    height: int


def _columns(rows: Sequence[Sequence[PlacedBox]], heights: Sequence[float]) -> _Columns:
    """How many columns the rows stand in, and how many rows a column has."""
    width = max(row[0].width for row in rows) + max((box.width + STEP for row in rows for box in row[1:]), default=0.0)
    total = sum(heights) + GAP * len(heights)
    columns = 1
    while total / columns > MINIMUM_HEIGHT and (width + 2 * GAP) * columns < total / columns * PROPORTION:
        columns += 1
    per_column = -(-len(rows) // columns)
    return _Columns(-(-len(rows) // per_column), per_column)


def _stacked(boxes: Sequence[PlacedBox]) -> float:
    return sum(box.height for box in boxes) + GAP / 2 * (len(boxes) - 1) if boxes else 0.0


def _sized(box: PlacedBox, width: float) -> PlacedBox:
    return replace(box, width=max(width, box.width))
