"""A graph as an SVG: what `_layout` has placed, drawn; no program is needed, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from xml.sax.saxutils import escape, quoteattr

from perception_events.diagrams._boxes import LINE, PADDING, PlacedBox
from perception_events.diagrams._graph import Graph, Shape
from perception_events.diagrams._layout import Frame, lay_out
from perception_events.diagrams._routes import Point, Route

__all__ = ["graph_svg", "static_text"]

_RADIUS = {Shape.BUS: 10, Shape.MODULE: 14, Shape.STORE: 8}


def graph_svg(graph: Graph, *, styled: bool = True) -> str:
    """An SVG document; the same graph gives the same text. It is dark where the reader's system is.

    `styled`: hold the colours and fonts; a page that has them in its own style sheet (`static/diagram.css`) sets False.
    Each box and arrow has the id of what it draws in `data-id`, an arrow also those of its ends.
    """
    layout = lay_out(graph)
    size = f"{layout.width:.0f}", f"{layout.height:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" height="{size[1]}">',
        f"<title>{_text(graph.title)}</title>",
        *([f"<style>{static_text('diagram.css')}</style>"] if styled else []),
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="canvas" width="{size[0]}" height="{size[1]}"/>',
        *(_frame(frame) for frame in layout.frames),
        *(_arrow(route) for route in layout.routes),
        *(_box(placed) for placed in layout.boxes),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


@cache
def static_text(name: str) -> str:
    """A file of `static/`, which pages have in common with the files that are drawn here."""
    return (files("perception_events.diagrams") / "static" / name).read_text(encoding="utf-8")


def _text(text: str) -> str:
    """`text` as XML takes it: markup escaped, and what no XML document may hold replaced."""
    return escape(_allowed(text))


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    return re.sub("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def _frame(frame: Frame) -> str:
    header = frame.header
    return (
        f'<rect class="frame" data-id={_attribute(header.box.id)} x="{header.x:.1f}" y="{header.y:.1f}" '
        f'width="{header.width:.1f}" height="{frame.height:.1f}" rx="{_RADIUS[Shape.BUS]}"/>'
    )


def _arrow(route: Route) -> str:
    arrow = route.arrow
    ids = f"data-start={_attribute(arrow.start)} data-end={_attribute(arrow.end)}"
    ids += f" data-id={_attribute(arrow.resource)}" if arrow.resource else ""
    kind = "arrow failed" if arrow.failed else "arrow"
    return f'<path class="{kind}" {ids} d="{_way(route.points)}" marker-end="url(#tip)"/>'


def _way(points: Iterable[Point]) -> str:
    """Straight between points of one height or one side; else a curve that begins and ends level."""
    (x, y), *others = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for x2, y2 in others:
        if abs(x - x2) < 0.05 or abs(y - y2) < 0.05:
            parts.append(f"L{x2:.1f} {y2:.1f}")
        else:
            middle = (x + x2) / 2
            parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
        x, y = x2, y2
    return "".join(parts)


def _box(placed: PlacedBox) -> str:
    box = placed.box
    texts = [*((line, "name" if index < placed.names else "") for index, line in enumerate(placed.lines))]
    texts += [(line, "detail") for line in placed.details]
    top = placed.middle - len(texts) * LINE / 2
    lines = " ".join(  # read aloud, the lines are words of their own
        f'<text{f" class={chr(34)}{kind}{chr(34)}" if kind else ""} x="{placed.x + PADDING:.1f}" '
        f'y="{top + (index + 0.75) * LINE:.1f}">{_text(line)}</text>'
        for index, (line, kind) in enumerate(texts)
    )
    title = f"<title>{_text(box.pattern)}</title>" if box.pattern else ""
    return (
        f'<g class="box {box.shape}" data-id={_attribute(box.id)} data-kind={_attribute(box.kind)}>{title}'
        f'<rect x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" height="{placed.height:.1f}" '
        f'rx="{_RADIUS.get(box.shape, 3)}"/>{lines}</g>'
    )
