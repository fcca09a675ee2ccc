"""Where in its source a rejected pattern is wrong, for errors that are found after it was read.

The AST keeps no positions, because only a rejection needs them: then the source is read once more.
"""

from __future__ import annotations

from perception_events.patterns._errors import InvalidEventPatternError
from perception_events.patterns._json_text import Node, node_of, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = ["located"]


def located(error: InvalidEventPatternError, source: str | bytes | Mapping[str, Any]) -> InvalidEventPatternError:
    """`error` with JSON Pointer, and for text with line, column and marker; it names a dotted path or a pointer."""
    text = source if isinstance(source, str) else None
    if isinstance(source, bytes | bytearray):
        text = bytes(source).decode("utf-8-sig")
    root = read(text) if text is not None else node_of(source)
    found: tuple[str, Node] | None = None
    for pointer, path, node in _fields(root):
        if (error.path is not None and path == error.path) or (error.path is None and pointer == error.pointer):
            found = pointer, node  # of a field that is named twice the last one counts
    pointer, node = found or (error.pointer, root)
    return InvalidEventPatternError(
        error.reason, code=error.code, pointer=pointer, text=text, offset=node.offset, hint=error.hint, path=error.path
    )


def _fields(root: Node) -> Iterator[tuple[str, str | None, Node]]:
    """JSON Pointer, dotted path (None inside a field's list) and node of all in a pattern, in the text's order."""
    stack: list[tuple[str, tuple[str, ...] | None, Node]] = [("", (), root)]
    while stack:
        pointer, names, node = stack.pop()
        # As the compiler joins them: an empty name at the top vanishes.
        yield pointer, None if names is None else ".".join(names[1:] if names[:1] == ("",) else names), node
        alternatives = node.kind == "array" and pointer.endswith("/$or")
        children = []
        for index, (key, _, child) in enumerate(node.children):
            if node.kind == "array":
                children.append((f"{pointer}/{index}", names if alternatives else None, child))
            else:
                step = key.replace("~", "~0").replace("/", "~1")
                inner = names if key == "$or" or names is None else (*names, key)
                children.append((f"{pointer}/{step}", inner, child))
        stack.extend(reversed(children))
