"""Diagrams of what is declared: Mermaid and SVG."""

from __future__ import annotations

from perception_events.diagrams._mermaid import graph_mermaid
from perception_events.diagrams._svg import graph_svg

__all__ = ["graph_mermaid", "graph_svg"]
