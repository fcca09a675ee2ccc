"""Diagrams of a topology: boxes and arrows, drawn as Mermaid or as SVG."""

from __future__ import annotations

from perception_events.diagrams._graph import Arrow, Box, Graph, Shape
from perception_events.diagrams._mermaid import graph_mermaid
from perception_events.diagrams._svg import graph_svg
from perception_events.diagrams._topology_graph import topology_graph

__all__ = ["Arrow", "Box", "Graph", "Shape", "graph_mermaid", "graph_svg", "topology_graph"]
