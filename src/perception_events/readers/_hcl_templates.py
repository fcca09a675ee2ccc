"""Templates of HCL: directives with what stands between them, and heredocs without their indent."""

from __future__ import annotations

from typing import Any

from perception_events.readers._hcl_syntax import ForDirective, IfDirective

__all__ = ["assembled", "dedented"]


def assembled(tokens: list[Any], position: int, closing: tuple[str, ...]) -> tuple[tuple[Any, ...], int]:
    """Directives with what stands between them; up to one of the words `closing`."""
    parts: list[Any] = []
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if not isinstance(token, tuple):
            parts.append(token)
        elif token[0] in closing:
            return tuple(parts), position - 1
        elif token[0] == "if":
            then, position = assembled(tokens, position, ("else", "endif"))
            otherwise: tuple[Any, ...] = ()
            if position < len(tokens) and tokens[position][0] == "else":
                otherwise, position = assembled(tokens, position + 1, ("endif",))
            position += 1
            parts.append(IfDirective(token[1], then, otherwise))
        elif token[0] == "for":
            body, position = assembled(tokens, position, ("endfor",))
            position += 1
            parts.append(ForDirective(token[1], token[2], token[3], body))
    return tuple(parts), position


def dedented(text: str) -> str:
    """The text of a `<<-` heredoc, without the indent that all its lines share."""
    lines = text.split("\n")
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    shift = min(indents, default=0)
    return "\n".join(line[shift:] for line in lines)
