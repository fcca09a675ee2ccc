"""Diagrams of a topology: boxes and arrows in one layout, drawn as SVG, as a page, or grouped alike as Mermaid."""

from __future__ import annotations

from perception_events.diagrams._graph import Arrow, Box, Graph, Shape
from perception_events.diagrams._html import graph_html
from perception_events.diagrams._layout import Frame, Layout, lay_out
from perception_events.diagrams._mermaid import graph_mermaid
from perception_events.diagrams._svg import graph_svg, static_text
from perception_events.diagrams._topology_graph import topology_graph

__all__ = [
    "Arrow",
    "Box",
    "Frame",
    "Graph",
    "Layout",
    "Shape",
    "graph_html",
    "graph_mermaid",
    "graph_svg",
    "lay_out",
    "static_text",
    "topology_graph",
]
