"""Event patterns and filters as templates hold them: an object, JSON text, or JSON text with unknown parts."""

from __future__ import annotations

import re
from typing import Any

from perception_events.readers._json import read_json
from perception_events.readers._problems import DocumentError
from perception_events.topology import LocatedDict, LocatedList, PartialJSON, Unresolved

__all__ = ["read_pattern_text", "without_unknown_keys"]

_EXPRESSION = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", re.DOTALL)
_INSIDE = re.compile(r'"(?:[^"\\$]|\\.|\$(?!\{)|\$\{(?:[^{}]|\{[^{}]*\})*\})*"|\$\{(?:[^{}]|\{[^{}]*\})*\}', re.DOTALL)


def read_pattern_text(text: str | Unresolved, line: int | None = None) -> PartialJSON:
    """The JSON that `text` holds; where only parts of the text are unknown, leaves of it are `Unresolved`.

    `line`: the line on which the text begins.

    Raises:
        DocumentError: the text is known and is not JSON.
    """
    if isinstance(text, str):
        return _as_partial(read_json(text.rstrip(), first_line=line or 1))
    marked = _INSIDE.sub(_readable, text.expression)
    try:
        value = read_json(marked, first_line=line or 1)
    except DocumentError:
        return text
    if not isinstance(value, dict):
        return text
    partial = _unknown_leaves(value, text)
    return text if without_unknown_keys(partial) is None else partial


def without_unknown_keys(value: Any) -> Any | None:
    """`value`, or None where the name of a field is not known, so that nothing can be said of it."""
    if isinstance(value, dict):
        if any("${" in key for key in value):
            return None
        return None if any(without_unknown_keys(one) is None for one in value.values() if one is not None) else value
    if isinstance(value, list):
        return None if any(without_unknown_keys(one) is None for one in value if one is not None) else value
    return value


def _readable(match: re.Match[str]) -> str:
    """A JSON string with its `${...}` escaped; a `${...}` that stands for a whole value as a string."""
    if match[0][0] == '"':
        return _EXPRESSION.sub(lambda inside: _quoted(inside[0]), match[0])
    return f'"{_quoted(match[0])}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def _unknown_leaves(value: Any, text: Unresolved) -> Any:
    if isinstance(value, dict):
        lines = getattr(value, "lines", None)
        content = {key: _unknown_leaves(one, text) for key, one in value.items()}
        return LocatedDict(content, line=getattr(value, "line", None), lines=lines)
    if isinstance(value, list):
        elements = [_unknown_leaves(one, text) for one in value]
        return LocatedList(elements, line=getattr(value, "line", None), lines=getattr(value, "lines", None))
    if isinstance(value, str) and "${" in value:
        return Unresolved(value, text.reason, text.origin)
    return value


def _as_partial(value: Any) -> PartialJSON:
    return value  # type: ignore[no-any-return]
