"""A graph as a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Mapping

from perception_events.diagrams._blocks import blocks_of
from perception_events.diagrams._graph import Box, Graph, Shape

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
    """A flowchart from left to right, each bus around its rules; the same graph gives the same text.

    Grouped as in the other diagrams: rules, and the targets that only one of them has, stand in their bus.
    """
    ids = {box.id: f"n{index}" for index, box in enumerate(graph.boxes)}
    blocks = [block for block in blocks_of(graph) if block.framed]
    inside = {member.box.id for block in blocks for member in block.members}
    lines = ["flowchart LR"]
    lines += [_node(box, ids) for box in graph.boxes if box.id not in inside and all(b.id != box.id for b in blocks)]
    for block in blocks:
        name = ids[block.id]
        lines.append(f'    subgraph {name}g["{_escaped(block.header.box.lines[0])}"]')
        lines.append(f"    {_node(block.header.box, ids)}")
        lines += [f"    {_node(member.box, ids)}" for member in block.members]
        lines.append("    end")
    for arrow in graph.arrows:
        line = "-.->" if arrow.failed else "-->"
        lines.append(f"    {ids[arrow.start]} {line} {ids[arrow.end]}")
    return "\n".join(lines) + "\n"


def _node(box: Box, ids: Mapping[str, str]) -> str:
    left, right = _BRACKETS[box.shape]
    text = "<br/>".join(map(_escaped, (*box.lines, *box.details)))
    return f'    {ids[box.id]}{left}"{text}"{right}'


def _escaped(text: str) -> str:
    """Everything that could be markup as entities: Mermaid reads them, and Markdown and HTML leave them alone.

    Two dollar signs begin a formula even then, so that something of no width stands between them.
    """
    text = re.sub(r"\$(?=\$)", "$\u200b", text)
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in text)
