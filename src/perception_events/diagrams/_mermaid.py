"""The graph as a Mermaid flowchart."""

from __future__ import annotations

from perception_events.diagrams._graph import Graph, Shape, pipeline_graph
from perception_events.pipeline import Pipeline

__all__ = ["graph_mermaid"]

_BRACKETS = {
    Shape.STORE: ("[(", ")]"),
    Shape.STEP: ("[", "]"),
    Shape.BUS: ("([", "])"),
    Shape.RULE: (">", "]"),
    Shape.FUNCTION: ("[[", "]]"),
    Shape.JOIN: ("{{", "}}"),
    Shape.MODULE: ("(", ")"),
}


def graph_mermaid(pipeline: Pipeline, env: str = "dev") -> str:
    """A flowchart from left to right, the patterns on the arrows; the same declaration gives the same text."""
    graph: Graph = pipeline_graph(pipeline, env)
    ids = {box.id: f"n{index}" for index, box in enumerate(graph.boxes)}
    lines = ["flowchart LR"]
    for box in graph.boxes:
        left, right = _BRACKETS[box.shape]
        text = "<br/>".join(map(_escaped, box.lines))
        lines.append(f'    {ids[box.id]}{left}"{text}"{right}')
    for arrow in graph.arrows:
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {ids[arrow.start]} -->{label} {ids[arrow.end]}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Quotes and brackets as entities: Mermaid reads them, and Markdown leaves them alone."""
    return "".join(f"#{ord(c)};" if c in '"#<>{}[]|' else c for c in text)
