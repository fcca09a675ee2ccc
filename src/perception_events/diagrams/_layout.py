"""Where everything of a diagram stands: blocks in layers from left to right, and arrows that pass between them.

    graph ─ _blocks ─► frames and boxes ─ _layers ─► layers and order ─► places ─ _routes ─► the arrows' points

Parts of a graph that do not hang together are laid out by themselves and packed into rows. Nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from perception_events.diagrams._blocks import GAP, Block, blocks_of
from perception_events.diagrams._boxes import PlacedBox
from perception_events.diagrams._graph import Arrow, Graph
from perception_events.diagrams._layers import components, layers_of, order_layers
from perception_events.diagrams._routes import Column, Route, routes_of

__all__ = ["Frame", "Layout", "lay_out"]

CHANNEL = 46.0
"""Between layers: room for the arrows to bend."""
MARGIN = 16.0
PASSAGE = 8.0
"""The height that an arrow takes in a layer that it passes."""
PROPORTION = 1.7
MINIMUM_HEIGHT = 560.0
"""A layer is cut into several only where it is higher."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A bus whose rules stand in it: `header` is its title, `height` that of the whole frame."""

    header: PlacedBox
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture: its size in pixels, boxes, frames (which lie below the boxes) and the arrows' ways."""

    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    frames: tuple[Frame, ...]
    routes: tuple[Route, ...]


def lay_out(graph: Graph) -> Layout:
    """The layout of a graph; the same graph has the same layout."""
    blocks = {block.id: block for block in blocks_of(graph)}
    holder = {member.box.id: id for id, block in blocks.items() for member in block.members}
    holder |= {id: id for id in blocks}
    edges = [(holder[arrow.start], holder[arrow.end]) for arrow in graph.arrows]
    parts = []
    for ids in components(list(blocks), edges):
        inside = set(ids)
        arrows = [arrow for arrow in graph.arrows if holder[arrow.start] in inside]
        parts.append(_component([blocks[id] for id in ids], arrows, holder))
    return _packed(parts)


def _component(blocks: Sequence[Block], arrows: Sequence[Arrow], holder: dict[str, str]) -> Layout:
    by_id = {block.id: block for block in blocks}
    flow = [(holder[arrow.start], holder[arrow.end]) for arrow in arrows if not arrow.failed]
    reached = {id for edge in flow for id in edge}
    failed_ends = {arrow.end for arrow in arrows if arrow.failed}
    lane = [id for id in by_id if id in failed_ends and id not in reached and len(by_id) > 1]
    nodes = [id for id in by_id if id not in lane]
    edges = [edge for edge in dict.fromkeys(flow) if edge[0] != edge[1]]
    layer = _split(layers_of(nodes, edges), by_id)
    wanted = [(holder[arrow.start], holder[arrow.end]) for arrow in arrows if holder[arrow.end] not in lane]
    passages = _passages(dict.fromkeys(wanted), layer)
    columns = _columns(layer, passages, by_id)
    return _placed(columns, lane, by_id, arrows, holder)


def _split(layer: dict[str, int], blocks: dict[str, Block]) -> dict[str, int]:
    """The layers, without empty ones, and with a high one cut into several beside each other."""
    area = sum((block.width + CHANNEL) * (block.height + GAP) for block in blocks.values())
    limit = max(MINIMUM_HEIGHT, (area / PROPORTION) ** 0.5, *(block.height for block in blocks.values()))
    found: dict[str, int] = {}
    number = -1
    for index in sorted(set(layer.values())):
        number += 1
        height = 0.0
        for id in (id for id in layer if layer[id] == index):
            if height and height + blocks[id].height > limit:
                number, height = number + 1, 0.0
            found[id] = number
            height += blocks[id].height + GAP
    return found


@dataclass(frozen=True, slots=True)
class _Passages:
    """Where arrows pass layers: one passage for each end and layer, whatever the number of arrows.

    `nodes`: the layer of each passage. `edges`: between neighbouring layers. `ways`: the passages of each edge.
    """

    nodes: dict[str, int]
    edges: list[tuple[str, str]]
    ways: dict[tuple[str, str], list[str]]


def _passages(edges: dict[tuple[str, str], None], layer: dict[str, int]) -> _Passages:
    nodes: dict[str, int] = {}
    short: dict[tuple[str, str], None] = {}
    ways: dict[tuple[str, str], list[str]] = {}
    for start, end in edges:
        ways[start, end] = []
        if layer[start] >= layer[end]:
            continue  # it goes back: around everything
        last = start
        for number in range(layer[start] + 1, layer[end]):
            passage = f"\x00{number}\x00{end}"  # no resource's id has a NUL in it
            nodes[passage] = number
            ways[start, end].append(passage)
            short[last, passage] = None
            last = passage
        short[last, end] = None
    return _Passages(nodes, list(short), ways)


@dataclass(frozen=True, slots=True)
class _Columns:
    columns: list[list[str]]
    passages: _Passages


def _columns(layer: dict[str, int], passages: _Passages, blocks: dict[str, Block]) -> _Columns:
    columns: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for id in blocks:
        if id in layer:
            columns[layer[id]].append(id)
    for passage, number in passages.nodes.items():
        columns[number].append(passage)
    return _Columns(order_layers(columns, passages.edges), passages)


def _placed(
    ordered: _Columns, lane: list[str], blocks: dict[str, Block], arrows: Sequence[Arrow], holder: dict[str, str]
) -> Layout:
    """The places of one component, from its own corner on."""
    heights = [
        [PASSAGE if id in ordered.passages.nodes else blocks[id].height for id in column] for column in ordered.columns
    ]
    totals = [sum(column) + GAP * (len(column) - 1) for column in heights]
    tallest = max(totals, default=0.0)
    boxes: dict[str, PlacedBox] = {}
    frames: dict[str, Frame] = {}
    columns: list[Column] = []
    at: dict[str, float] = {}
    x = 0.0
    for ids, sizes, total in zip(ordered.columns, heights, totals, strict=True):
        width = max((blocks[id].width for id in ids if id in blocks), default=0.0)
        y = (tallest - total) / 2
        for id, height in zip(ids, sizes, strict=True):
            at[id] = y + height / 2
            if id in blocks:
                _put(blocks[id], x + (width - blocks[id].width) / 2, y, boxes, frames)
            y += height + GAP
        columns.append(Column(x, x + width))
        x += width + CHANNEL
    right = max((column.right for column in columns), default=0.0)
    lane_top = tallest + 2 * GAP
    y, x, row = lane_top, 0.0, 0.0
    for id in lane:
        block = blocks[id]
        if x and x + block.width > max(right, 600.0):
            y, x, row = y + row + 2 * GAP, 0.0, 0.0
        _put(block, x, y, boxes, frames)
        x, row, right = x + block.width + 2 * GAP, max(row, block.height), max(right, x + block.width)
    bottom = y + row if lane else tallest
    layer = {id: number for number, ids in enumerate(ordered.columns) for id in ids}
    routes, left, right, bottom = routes_of(
        arrows,
        boxes=boxes,
        blocks={member: blocks[id] for member, id in holder.items() if id in blocks},
        columns=columns,
        layer=layer,
        passages={edge: [at[each] for each in way] for edge, way in ordered.passages.ways.items()},
        lane=frozenset(lane),
        size=(right, bottom),
    )
    layout = Layout(right - left, bottom, tuple(boxes.values()), tuple(frames.values()), routes)
    return _moved(layout, -left, 0.0)


def _put(block: Block, x: float, y: float, boxes: dict[str, PlacedBox], frames: dict[str, Frame]) -> None:
    boxes[block.id] = block.header.at(x, y)
    if block.framed:
        frames[block.id] = Frame(boxes[block.id], block.height)
        for member in block.members:
            boxes[member.box.id] = member.at(x + member.x, y + member.y)


def _moved(layout: Layout, dx: float, dy: float) -> Layout:
    return replace(
        layout,
        boxes=tuple(box.at(box.x + dx, box.y + dy) for box in layout.boxes),
        frames=tuple(replace(f, header=f.header.at(f.header.x + dx, f.header.y + dy)) for f in layout.frames),
        routes=tuple(route.moved(dx, dy) for route in layout.routes),
    )


def _packed(parts: Sequence[Layout]) -> Layout:
    """The parts in rows, in their order, as wide as makes the whole picture well proportioned."""
    area = sum((part.width + 2 * GAP) * (part.height + 2 * GAP) for part in parts)
    limit = max((area * PROPORTION) ** 0.5, *(part.width for part in parts), 0.0) if parts else 0.0
    x, y, row, width = 0.0, 0.0, 0.0, 0.0
    moved: list[Layout] = []
    for part in parts:
        if x and x + part.width > limit:
            x, y, row = 0.0, y + row + 2 * GAP, 0.0
        moved.append(_moved(part, x + MARGIN, y + MARGIN))
        width = max(width, x + part.width)
        x += part.width + 2 * GAP
        row = max(row, part.height)
    return Layout(
        width + 2 * MARGIN,
        y + row + 2 * MARGIN,
        tuple(box for part in moved for box in part.boxes),
        tuple(frame for part in moved for frame in part.frames),
        tuple(route for part in moved for route in part.routes),
    )
