"""Patterns written from fields: the text of a conjunction of paths, and of several of them."""

from __future__ import annotations

from perception_events.patterns import EventPattern, InvalidEventPatternError
from perception_events.patterns import _ast as ast
from perception_events.patterns._json_text import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import Any, TypeAlias

    from perception_events.patterns import Dialect

    Fields: TypeAlias = Mapping[str, tuple[ast.ValuePattern, ...]]

__all__ = ["Fields", "write_fields", "write_pattern"]


def write_fields(fields: Fields) -> str:
    """The text of a pattern that requires every field, as nested objects where the paths allow it."""
    tree: dict[str, Any] = {}
    for path, values in fields.items():
        node = tree
        *above, last = path.split(".")
        for name in above:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                return _dotted(fields)
        if last in node or "" in (*above, last):
            return _dotted(fields)
        node[last] = f"[{','.join(map(str, values))}]"
    return _nested(tree)


def write_pattern(alternatives: Sequence[Fields], dialect: Dialect) -> EventPattern | None:
    """The pattern that matches where one of `alternatives` does; None where it cannot be written.

    Inside `$or` a field cannot have the name of an operator, and a pattern cannot be of any length.
    """
    texts = [write_fields(fields) for fields in alternatives if fields]
    if not texts or len(texts) < len(alternatives):
        return None
    text = texts[0] if len(texts) == 1 else f'{{"$or":[{",".join(texts)}]}}'
    try:
        return EventPattern.parse(text, dialect=dialect)
    except InvalidEventPatternError:
        return None


def _nested(tree: dict[str, Any]) -> str:
    def write(node: dict[str, Any]) -> Generator[Any, Any, str]:
        members = []
        for name, member in node.items():
            content = (yield write(member)) if isinstance(member, dict) else member
            members.append(f"{ast.String(name)}:{content}")
        return "{" + ",".join(members) + "}"

    text: str = run(write(tree))
    return text


def _dotted(fields: Fields) -> str:
    members = (f"{ast.String(path)}:[{','.join(map(str, values))}]" for path, values in fields.items())
    return "{" + ",".join(members) + "}"
