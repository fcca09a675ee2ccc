"""A graph as an SVG, laid out here: columns from left to right, nothing overlapping, no program needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape

from perception_events.diagrams._graph import Arrow, Box, Graph, Shape

__all__ = ["graph_svg"]

CHARACTER = 6.9
"""Pixels: a little more than a character of the monospaced font takes at its size, for every viewer's font."""
FONT_SIZE = 11
LINE = 15.0
PADDING = 8.0
GAP = 14.0
"""Between boxes of one column."""
CHANNEL = 44.0
"""Between columns, beside the labels of the arrows that cross it."""
LABEL_WIDTH = 34
"""Characters of an arrow's label in one line."""
LABEL_LINES = 8
"""Lines of a label; a longer one is cut, and its whole text shows when one points at it."""
MARGIN = 16.0

_WEIGHTS = (' font-weight="bold"', "")
_FILL = {
    Shape.STORE: "#e8f0fe",
    Shape.STEP: "#ffffff",
    Shape.BUS: "#fce8f3",
    Shape.RULE: "#fff4e0",
    Shape.FUNCTION: "#e6f4ea",
    Shape.JOIN: "#f3e8fd",
    Shape.MODULE: "#f1f3f4",
    Shape.UNKNOWN: "#ffffff",
}


@dataclass(frozen=True, slots=True)
class _Placed:
    x: float
    y: float
    width: float
    height: float
    box: Box

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def graph_svg(graph: Graph) -> str:
    """An SVG document; the same graph gives the same text. Each arrow's label stands just before its end."""
    labels = _labels(graph.arrows)
    placed = _place(graph.columns(), labels)
    width = max((p.x + p.width for p in placed.values()), default=0.0) + MARGIN
    height = max((p.y + p.height for p in placed.values()), default=0.0) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{FONT_SIZE}">',
        f"<title>{_text(graph.title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#5f6368"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    parts += [_arrow(arrow, placed, labels.get(arrow.end, [])) for arrow in graph.arrows]
    whole = {end: _whole_label(graph.arrows, end) for end in labels}
    parts += [_label(placed[end], lines, whole[end]) for end, lines in labels.items()]
    parts += [_box(p) for p in placed.values()]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(text: str) -> str:
    """`text` as XML takes it: markup escaped, and what no XML document may hold replaced."""
    return escape(re.sub("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))


def _labels(arrows: Iterable[Arrow]) -> dict[str, list[str]]:
    """The lines that stand before each box: the patterns on all arrows that end there."""
    labels: dict[str, list[str]] = {}
    for arrow in arrows:
        if arrow.label:
            lines = wrap(arrow.label, LABEL_WIDTH, break_on_hyphens=False)
            if len(lines) > LABEL_LINES:
                lines = [*lines[: LABEL_LINES - 1], "..."]
            labels.setdefault(arrow.end, []).extend(lines)
    return labels


def _whole_label(arrows: Iterable[Arrow], end: str) -> str:
    return "\n".join(arrow.label for arrow in arrows if arrow.end == end and arrow.label)


def _place(columns: list[list[Box]], label_lines: Mapping[str, list[str]]) -> dict[str, _Placed]:
    """Columns beside each other, each as wide as its widest box and the labels before it; columns centred."""
    heights = {box.id: _height(box, len(label_lines.get(box.id, []))) for boxes in columns for box in boxes}
    totals = [sum(heights[box.id] + GAP for box in boxes) - GAP for boxes in columns]
    tallest = max(totals, default=0.0)
    placed: dict[str, _Placed] = {}
    x = MARGIN
    for boxes, total in zip(columns, totals, strict=True):
        longest = max((len(line) for box in boxes for line in label_lines.get(box.id, [])), default=0)
        x += longest * CHARACTER + (CHANNEL if placed else 0)
        width = max(len(line) for box in boxes for line in box.lines) * CHARACTER + 2 * PADDING
        y = MARGIN + (tallest - total) / 2
        for box in boxes:
            placed[box.id] = _Placed(x, y, width, heights[box.id], box)
            y += heights[box.id] + GAP
        x += width
    return placed


def _height(box: Box, label_lines: int) -> float:
    """Tall enough for the box's own lines, and for the label that stands before it."""
    return max(len(box.lines), label_lines) * LINE + 2 * PADDING


def _arrow(arrow: Arrow, placed: dict[str, _Placed], label: list[str]) -> str:
    """A curve from the right side of one box to the left side of another; labelled ones end level at the label."""
    start, end = placed[arrow.start], placed[arrow.end]
    x1, y1, x2, y2 = start.x + start.width, start.middle, end.x, end.middle
    bend = x2 - max((len(line) for line in label), default=0) * CHARACTER - 12
    middle = (x1 + bend) / 2
    dashes = ' stroke-dasharray="3 3"' if arrow.failed else ""
    return (
        f'<path d="M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {bend:.1f} {y2:.1f}H{x2:.1f}" '
        f'fill="none" stroke="#5f6368"{dashes} marker-end="url(#tip)"/>'
    )


def _label(end: _Placed, lines: list[str], whole: str) -> str:
    """The pattern, on white so that it can be read where the arrow passes."""
    width = max(map(len, lines)) * CHARACTER
    x, y = end.x - width - 10, end.middle - len(lines) * LINE / 2
    texts = "".join(
        f'<text x="{x:.1f}" y="{y + (index + 0.75) * LINE:.1f}">{_text(line)}</text>'
        for index, line in enumerate(lines)
    )
    title = f"<title>{_text(whole)}</title>" if "..." in lines else ""
    size = f'width="{width:.1f}" height="{len(lines) * LINE:.1f}"'
    return f'<g class="label"><rect x="{x:.1f}" y="{y:.1f}" {size} fill="#fff"/>{title}{texts}</g>'


def _box(placed: _Placed) -> str:
    box = placed.box
    radius = {Shape.BUS: 14, Shape.MODULE: 14, Shape.STORE: 8}.get(box.shape, 3)
    dashes = ' stroke-dasharray="5 3"' if box.shape in (Shape.JOIN, Shape.UNKNOWN) else ""
    top = placed.middle - len(box.lines) * LINE / 2
    texts = "".join(
        f'<text x="{placed.x + placed.width / 2:.1f}" y="{top + (index + 0.75) * LINE:.1f}" text-anchor="middle"'
        f"{' font-weight=' + chr(34) + 'bold' + chr(34) if not index else ''}>{_text(line)}</text>"
        for index, line in enumerate(box.lines)
    )
    return (
        f'<g class="box"><rect x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" '
        f'height="{placed.height:.1f}" rx="{radius}" fill="{_FILL[box.shape]}" stroke="#5f6368"{dashes}/>{texts}</g>'
    )
