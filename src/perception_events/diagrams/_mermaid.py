"""A graph as a Mermaid flowchart."""

from __future__ import annotations

from perception_events.diagrams._graph import Graph, Shape

__all__ = ["graph_mermaid"]

_BRACKETS = {
    Shape.STORE: ("[(", ")]"),
    Shape.STEP: ("[", "]"),
    Shape.BUS: ("([", "])"),
    Shape.RULE: (">", "]"),
    Shape.FUNCTION: ("[[", "]]"),
    Shape.JOIN: ("{{", "}}"),
    Shape.MODULE: ("(", ")"),
    Shape.UNKNOWN: ("((", "))"),
}
_PLAIN = frozenset(" _-.,:/=")
"""Characters, beside letters and digits, that neither Mermaid nor Markdown nor HTML reads as anything else."""


def graph_mermaid(graph: Graph) -> str:
    """A flowchart from left to right, the patterns on the arrows; the same graph gives the same text."""
    ids = {box.id: f"n{index}" for index, box in enumerate(graph.boxes)}
    lines = ["flowchart LR"]
    for box in graph.boxes:
        left, right = _BRACKETS[box.shape]
        text = "<br/>".join(map(_escaped, box.lines))
        lines.append(f'    {ids[box.id]}{left}"{text}"{right}')
    for arrow in graph.arrows:
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        line = "-.->" if arrow.failed else "-->"
        lines.append(f"    {ids[arrow.start]} {line}{label} {ids[arrow.end]}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Everything that could be markup as entities: Mermaid reads them, and Markdown and HTML leave them alone."""
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in text)
